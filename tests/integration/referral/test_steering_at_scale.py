"""The steering group's figures when a hundred thousand referrals have been made: the page and each of its tables."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import Obstacle, RejectionReason, Site, Topic
from services.chassis.db import Database
from services.referral.domain.quarters import view_asked
from services.referral.queries.indicators import figures
from services.referral.queries.steering import Table, rows_of
from tests.integration.referral.crowd import crowd
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR, NOW, Scene

pytestmark = pytest.mark.long
MANY = 100_000
TODAY = NOW.date()
CROWDS = 200
STATUSES = ("completed", "accepted", "completed", "in_progress", "rejected", "completed", "expired", "requested")


def somewhere(chance: Random) -> dict[str, Any]:
    """Five years, all sites and topics, twenty bodies; most are finished, some declined, many took a while."""
    status, sent = chance.choice(STATUSES), TODAY - timedelta(days=chance.randrange(30, 1_826))
    begun = status in ("completed", "in_progress")
    over = status in ("completed", "rejected", "expired")
    return {
        "sent": sent,
        "status": status,
        "topic": str(chance.choice(list(Topic))),
        "site": str(chance.choice(list(Site))),
        "organization_id": UUID(int=chance.randrange(20)),
        "rejection": str(chance.choice(list(RejectionReason))) if status == "rejected" else None,
        "obstacles": [str(chance.choice(list(Obstacle)))] if status == "completed" else [],
        "ended_on": (sent + timedelta(days=25)).isoformat() if over else None,
        "first_contact_on": (sent + timedelta(days=chance.randrange(1, 20))).isoformat() if begun else None,
        "accepted_after": chance.randrange(14) if begun or status == "accepted" else None,
    }


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    with Database(str(make_database("referral").app_dsn)) as db:
        scene = Scene(db)
        network = Network(scene)
        template, chance = scene.requested(), Random(1)
        for _ in range(CROWDS):
            crowd(scene, template, MANY // CROWDS, **somewhere(chance))
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            work.tx.execute("ANALYZE referrals")
        yield network
        scene.close()


def slow_end(times: list[float]) -> float:
    """The ninety-fifth percentile, in milliseconds."""
    return 1_000 * sorted(times)[int(len(times) * 0.95)]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("", 3), ("from=2026-Q1&to=2026-Q4&site=neuss", 2), ("from=2021-Q1&to=2026-Q4", 6)],
    ids=["two-years", "a-year-at-a-site", "all-hundred-thousand"],
)
def test_the_page_comes_in_time(
    network: Network, asked: str, seconds: int, record_property: Callable[[str, object], None]
):
    reader, times = network.staff(roles=["coordinator"]), []
    for _ in range(10):
        begun = time.perf_counter()
        assert reader.ask("GET", f"/referral/steering?{asked}", Accept="text/html").status_code == 200
        times.append(time.perf_counter() - begun)
    print(f"steering {asked or 'default'}: p95 {slow_end(times):.0f} ms, median {slow_end(sorted(times)[:6]):.0f} ms")
    record_property("p95_ms", round(slow_end(times)))
    assert slow_end(times) < 1_000 * seconds, "on a machine with much else to do"


def test_each_table_and_the_yearly_report_come_in_time(network: Network):
    view, own = view_asked("", "", "", TODAY), network.app.extensions["referral"].indicators
    with network.scene.db.read() as connection:
        for table in Table:
            begun = time.perf_counter()
            rows = rows_of(connection, table, view, TODAY)
            print(f"{table}: {len(rows)} rows, {1_000 * (time.perf_counter() - begun):.0f} ms")
        begun = time.perf_counter()
        told = figures(connection, own.beside(own.all[0]), own.all[0].first, own.all[0].last)
    print(f"yearly report: {1_000 * (time.perf_counter() - begun):.0f} ms")
    assert any(one.cases for one in told.values())
    assert time.perf_counter() - begun < 4
