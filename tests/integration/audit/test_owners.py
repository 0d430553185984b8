"""The list by which auditors see the log is compared with it, stretch by stretch, and mended without forgetting."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from uuid import UUID

import psycopg
import pytest

from deploy.demo.clocks import FixedClock
from services.audit.comparing import OWNER_JOBS
from services.audit.figures import LOG
from services.audit.queries import owners
from services.audit.queries.health import compared_owners
from services.chassis.db import Database, connect
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from tests.benchmarks.audit_console import page_plans
from tests.integration.audit.conftest import START, LogAtWork
from tests.integration.audit.test_controllers import ADD, CONSENT, DRAFTED, RECORDED, owned
from tests.integration.audit.test_retention import EMPTIED
from tests.integration.audit.test_web import OPERATIONS, OTHER, OWN, serving, two_cases

FIGURE = next(one for one in LOG if one.name == "lotsennetz_log_owners_differing")
AS_NEW = {"missing": 0.0, "surplus": 0.0}


def astray(log: LogAtWork) -> list[tuple[int, bool]]:
    rows = log.connection.execute("SELECT * FROM owners_astray(0, 8192)").fetchall()
    return sorted((row["astray_at"], row["is_missing"]) for row in rows)


def told(log: LogAtWork) -> dict[str, float]:
    return {row["way"]: row["value"] for row in log.connection.execute(FIGURE.sql).fetchall()}


def hear_cases(log: LogAtWork, chance: Random, entries: int) -> None:
    """As it is: one controller records an enquiry, a referral belongs to one enquiry; in any order."""
    with psycopg.connect(log.superuser_dsn, autocommit=True) as superuser:
        superuser.execute("CREATE TEMP TABLE heard (LIKE entries)")
        for position in range(entries):
            number, person = chance.randrange(8), UUID(int=3000 + chance.randrange(5))
            enquiry, referral = UUID(int=1000 + number), UUID(int=2000 + number)
            controller = UUID(int=4000 + number % 3)
            one = chance.choice(
                [
                    (RECORDED, enquiry, None, person, controller),
                    (DRAFTED, enquiry, referral, person, None),
                    (CONSENT, None, None, person, None),
                    ("referral.received.v1", None, referral, None, controller),
                    ("referral.personal_data_viewed.v1", enquiry, None, None, None),
                    ("referral.signed_in.v1", None, None, None, None),
                ]
            )
            superuser.execute(ADD.encode(), (position, *one))
        for half in ("<", ">="):
            chosen = f"SELECT * FROM heard WHERE position {half} {entries // 2} ORDER BY position"
            superuser.execute(f"INSERT INTO entries {chosen}".encode())


def let_expire(log: LogAtWork, which: str) -> None:
    """As the retention role does, without its waiting: what the database does by itself happens."""
    with psycopg.connect(log.superuser_dsn, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE entries DISABLE TRIGGER only_expires")
        superuser.execute(f"UPDATE entries SET {EMPTIED} WHERE {which}".encode())
        superuser.execute("ALTER TABLE entries ENABLE TRIGGER only_expires")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 6))])
def test_nothing_that_happens_by_itself_is_called_a_difference(log: LogAtWork, seed: int):
    """Whatever expires, in whatever order, and whoever comes after that."""
    chance = Random(seed)
    hear_cases(log, chance, 120)
    assert owned(log) and astray(log) == []
    for _ in range(3):
        let_expire(log, f"position IN ({', '.join(str(chance.randrange(120)) for _ in range(25))})")
        assert astray(log) == []
    before = owned(log)
    with connect(log.owner_dsn) as owner:
        owner.execute("SELECT own_everything()")
    assert set(before) <= set(owned(log)) and astray(log) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("DELETE FROM owned_entries WHERE position IN (2, 9)", [(2, True), (9, True)]),
        (f"UPDATE owned_entries SET controller_id = '{OTHER}' WHERE position = 7", [(7, False), (7, True)]),
        (f"INSERT INTO owned_entries VALUES ('{OTHER}', 1, 'referral.drafted.v1', now())", [(1, False)]),
        (f"INSERT INTO owned_entries VALUES ('{OTHER}', 10, 'referral.consent_given.v1', now())", [(10, False)]),
        (f"INSERT INTO owned_entries VALUES ('{OWN}', 99, 'referral.drafted.v1', now())", [(99, False)]),
        ("UPDATE owned_entries SET occurred_at = now() WHERE position = 0", [(0, False), (0, True)]),
    ],
)
@pytest.mark.parametrize("is_something_gone", [pytest.param(False, marks=pytest.mark.long), True])
def test_what_somebody_changed_in_the_list_is_found_and_mended(log, tampering, found, is_something_gone):
    two_cases(log)
    if is_something_gone:
        let_expire(log, "position = 4")
    kept = owned(log)
    log.tamper(tampering)
    # of what is about a person alone nobody knows any more how it was, once a beginning is gone
    expected = [one for one in found if not (is_something_gone and one == (9, True))]
    assert astray(log) == expected
    with connect(log.owner_dsn) as owner:
        owner.execute("SELECT own_everything()")
    assert (owned(log), astray(log)) == (kept, [])


def test_what_is_left_of_a_case_that_is_gone_stays_its_controller_s(log: LogAtWork):
    two_cases(log)
    let_expire(log, "position IN (0, 1)")  # how a case began; that it was received is still there
    kept = owned(log)
    assert (2, OWN) in kept
    for mended in range(2):
        with connect(log.owner_dsn) as owner:
            owner.execute("SELECT own_everything()")
        assert owned(log) == kept, mended


@pytest.fixture
def clock(log: LogAtWork) -> Iterator[ClockRole]:
    with Database(log.app_dsn) as database:
        yield ClockRole(Unit(database, FixedClock(START), "audit"), OWNER_JOBS)


def tick(clock: ClockRole, after: timedelta) -> int:
    clock.unit.clock.instant += after
    return clock.run_due(OWNER_JOBS[0])


def test_the_clock_compares_one_stretch_a_minute_and_tells_what_differs(log, clock, monkeypatch):
    monkeypatch.setattr(owners, "BLOCK", 4)
    assert tick(clock, timedelta(0)) == 0
    two_cases(log)
    log.tamper("DELETE FROM owned_entries WHERE position = 5")
    found = [(tick(clock, timedelta(minutes=1)), told(log)["missing"]) for _ in range(4)]
    assert found == [(1, 0), (1, 1), (1, 1), (0, 1)]
    assert tick(clock, timedelta(seconds=1)) == 0
    status = compared_owners(log.connection)
    assert (status["missing"], status["surplus"]) == (1, 0)
    assert status["since"] == (START + timedelta(minutes=1)).isoformat()
    with connect(log.owner_dsn) as owner:
        owner.execute("SELECT own_everything()")
    assert told(log) == AS_NEW
    assert [tick(clock, timedelta(minutes=1)) for _ in range(4)] == [1, 1, 1, 0]
    assert told(log) == AS_NEW
    log.tamper(f"INSERT INTO owned_entries VALUES ('{OTHER}', 1, 'referral.drafted.v1', now())")
    assert [tick(clock, timedelta(hours=1)) for _ in range(3)] == [1, 1, 1]
    assert told(log) == {"missing": 0.0, "surplus": 1.0}


@pytest.mark.parametrize(
    ("language", "said"), [("de", "Zu wenige: 1, zu viele: 0."), ("en", "Too few: 1, too many: 0.")]
)
def test_a_difference_stands_on_the_page_of_integrity_until_it_is_mended(log, clock, language, said):
    two_cases(log)
    with serving(log) as client:

        def page():
            answer = client.get("/audit/integrity", headers={**OPERATIONS, "Accept-Language": language})
            return " ".join(answer.get_data(as_text=True).split())

        assert tick(clock, timedelta(0)) == 1 and said not in page()
        log.tamper("DELETE FROM owned_entries WHERE position = 5")
        assert tick(clock, timedelta(hours=1)) == 1 and said in page()
        with connect(log.owner_dsn) as owner:
            owner.execute("SELECT own_everything()")
        assert said not in page()


def test_whether_anything_that_told_is_gone_is_asked_of_its_own_index(log: LogAtWork):
    two_cases(log)
    with connect(log.superuser_dsn) as connection:
        plans = page_plans(connection, {"astray": lambda on: owners.astray(on, 0)})
    assert "entries_that_told" in plans["astray"], plans["astray"]
