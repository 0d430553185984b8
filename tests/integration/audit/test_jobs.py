"""What the clock does with a log that became quiet."""

import json
from datetime import timedelta

import pytest

from deploy.demo.clocks import FixedClock
from services.audit import handlers, jobs
from services.audit.comparing import OWNER_JOBS
from services.audit.finding_jobs import FINDING_JOBS
from services.chassis.db import Database
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from tests.integration.audit.conftest import START, an_arrival


@pytest.fixture
def clock(log, monkeypatch):
    """The clock role, one tick at a time, on a fixed instant."""
    monkeypatch.setattr(jobs, "writer", lambda: log.writer)
    with Database(log.app_dsn) as database:
        elsewhere = (*FINDING_JOBS, *OWNER_JOBS)  # they have tests of their own
        chosen = [job for job in jobs.CLOCK_JOBS if job not in elsewhere]
        role = ClockRole(Unit(database, FixedClock(START + timedelta(seconds=5)), "audit"), chosen)
        yield role


def tick(clock, seconds=1.0):
    clock.unit.clock.instant += timedelta(seconds=seconds)
    return sum(clock.run_due(job) for job in clock.jobs)


def told(log):
    rows = log.connection.execute("SELECT body FROM outbox ORDER BY number").fetchall()
    return [json.loads(bytes(row["body"])) for row in rows]


def test_an_empty_log_has_nothing_due(clock, log):
    assert tick(clock) == 0


def test_the_head_is_signed_published_and_told(clock, log):
    log.hear(*range(3))
    log.hear(3)
    assert tick(clock) == 1
    assert log.writer.published().size == 4
    (event,) = told(log)
    assert event["type"] == "audit.checkpoint_signed.v1"
    assert event["data"]["size"] == 4
    assert event["data"]["root_sha256"] == log.writer.published().root.hex()
    assert tick(clock) == 0


def test_telling_of_a_head_does_not_go_round_in_circles(clock, log):
    """The telling makes an entry, the entry a head; but heads are told at most once a minute."""
    log.hear(1)
    tick(clock)
    heard = an_arrival(2, time=clock.unit.clock.now())
    with clock.unit.work(actor="system:test") as work:
        handlers.append(work, log.writer, [heard])
    log.connection.execute("SELECT 1")
    assert len(told(log)) == 1
    told_as_entry = an_arrival(3, _checkpoint_event(log), time=clock.unit.clock.now(), source="/lotsennetz/audit")
    with clock.unit.work(actor="system:test") as work:
        handlers.append(work, log.writer, [told_as_entry])
    assert tick(clock) == 1
    assert log.writer.published().size == 3
    assert len(told(log)) == 1
    with clock.unit.work(actor="system:test") as work:
        handlers.append(work, log.writer, [an_arrival(4)])
    assert tick(clock, seconds=61) == 1
    assert len(told(log)) == 2


def _checkpoint_event(log):
    from contracts.event import from_dict

    return from_dict("audit.checkpoint_signed.v1", told(log)[0]["data"])


def test_what_cannot_be_published_is_tried_again(clock, log):
    log.hear(1)
    log.directory.rename(log.directory.with_name("gone"))
    assert tick(clock) == 0
    log.directory.with_name("gone").rename(log.directory)
    clock._later.clear()
    assert tick(clock) == 1
    assert log.writer.published().size == 1
