"""Whose entries a controller's people see: by her cases the same as entry by entry, and not from end to end."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from uuid import UUID

import psycopg
import pytest

from deploy.demo.databases import DatabaseAddresses
from services.audit.queries.search import Search, entries_at, positions, positions_of_case, search
from services.audit.queries.streams import last_comparison
from services.audit.queries.tree import witnesses
from services.chassis.db import Connection, connect
from tests.benchmarks.audit_console import CONTROLLED, NONE, page_plans, small_auditors, stage, whole
from tests.integration.audit.conftest import LogAtWork, a_log
from tests.integration.audit.test_retention import EMPTIED
from tests.integration.audit.test_web import OWN, two_cases

#: Entry by entry, as it was asked at first and as DECISIONS 124 says it.
ENTRY_BY_ENTRY = """
SELECT position FROM entries WHERE EXISTS (
    SELECT 1 FROM entries AS own WHERE own.enquiry_id = entries.enquiry_id
        AND own.type = 'referral.enquiry_recorded.v1' AND own.organization_id = %(hers)s
) OR EXISTS (
    SELECT 1 FROM entries AS drafted JOIN entries AS own ON own.enquiry_id = drafted.enquiry_id
    WHERE drafted.referral_id = entries.referral_id AND drafted.type = 'referral.drafted.v1'
        AND own.type = 'referral.enquiry_recorded.v1' AND own.organization_id = %(hers)s
) OR (entries.enquiry_id IS NULL AND entries.referral_id IS NULL AND EXISTS (
    SELECT 1 FROM entries AS own WHERE own.person_id = entries.person_id
        AND own.type = 'referral.enquiry_recorded.v1' AND own.organization_id = %(hers)s
) AND NOT EXISTS (
    SELECT 1 FROM entries AS other WHERE other.person_id = entries.person_id
        AND other.type = 'referral.enquiry_recorded.v1' AND other.organization_id <> %(hers)s
)) ORDER BY position
"""
ADD = """
INSERT INTO heard (position, event_id, type, source, actor, occurred_at, recorded_at, enquiry_id, referral_id,
    person_id, organization_id, leaf, leaf_hash, chain_hash)
VALUES (%s, gen_random_uuid(), %s, '/x', 'staff:x', now() - random() * interval '1 day', now(), %s, %s, %s, %s, '{}',
    sha256('\\x00'::bytea || '{}'), sha256('x'))
"""
RECORDED, DRAFTED, CONSENT = "referral.enquiry_recorded.v1", "referral.drafted.v1", "referral.consent_given.v1"

CHECKS = """
INSERT INTO stream_checks SELECT '/lotsennetz/referral', n, repeat('0', 64), n % 1000 <> 0, now()
FROM generate_series(1, 5000) AS n
"""
COSIGNED = (
    "INSERT INTO heads SELECT n, sha256('x'), '', sha256('x'), now() FROM generate_series(1, 3000) AS n",
    "INSERT INTO checkpoints SELECT n, '', now() FROM generate_series(1, 3000) AS n",
    "INSERT INTO cosignatures SELECT witness, size, '', now(), now()"
    " FROM checkpoints, (VALUES ('west'), ('east')) AS w (witness)",
)


def any_entry(chance: Random) -> tuple[str, *tuple[UUID | None, ...]]:
    """Some type with some of the ids it may have, and a few combinations it never has."""
    enquiry, referral, person, controller = (
        UUID(int=kind * 1000 + chance.randrange(most)) for kind, most in ((1, 12), (2, 15), (3, 9), (4, 4))
    )
    return chance.choice(
        [
            (RECORDED, enquiry, None, person, controller),
            (DRAFTED, enquiry, referral, person, None),
            (CONSENT, None, None, person, None),
            ("referral.received.v1", None, referral, None, controller),
            ("referral.disclosure_decided.v1", None, referral, person, controller),
            ("referral.personal_data_viewed.v1", enquiry, None, None, None),
            ("referral.signed_in.v1", None, None, None, None),
            (RECORDED, enquiry, None, None, controller),
            (DRAFTED, None, referral, person, None),
        ]
    )


def hear_anything(log: LogAtWork, chance: Random, entries: int) -> None:
    """Entries in batches of some, in any order: what says whose a case is comes before or after what is about it."""
    with psycopg.connect(log.superuser_dsn, autocommit=True) as superuser:
        superuser.execute("CREATE TEMP TABLE heard (LIKE entries)")
        for position in range(entries):
            superuser.execute(ADD.encode(), (position, *any_entry(chance)))
        first = 0
        while first < entries:
            after = first + chance.randrange(1, 12)
            superuser.execute(
                "INSERT INTO entries SELECT * FROM heard WHERE position >= %s AND position < %s ORDER BY position",
                (first, after),
            )
            first = after


def owned(log: LogAtWork) -> list[tuple[int, UUID]]:
    rows = log.connection.execute("SELECT position, controller_id FROM owned_entries ORDER BY position, controller_id")
    return [(row["position"], row["controller_id"]) for row in rows]


def own_everything(log: LogAtWork) -> None:
    with connect(log.owner_dsn) as owner:
        owner.execute("TRUNCATE owned_entries")
        owner.execute("SELECT own_everything()")


def shows_what_was_shown_entry_by_entry(log: LogAtWork) -> None:
    """To four controllers and two without any case; asked of her list, and of each entry."""
    for hers in (UUID(int=4000 + number) for number in range(6)):
        rows = log.connection.execute(ENTRY_BY_ENTRY, {"hers": hers}).fetchall()
        expected = [row["position"] for row in rows]
        assert sorted(positions(log.connection, Search(controller=hers), 500)) == expected
        shown = search(log.connection, Search(controller=hers), limit=500).entries
        assert sorted(one.position for one in shown) == expected
        assert sorted(entries_at(log.connection, range(500), hers)) == expected
        assert bool(expected) == (hers.int < 4004)


@pytest.mark.parametrize("seed", range(3))
def test_a_controller_sees_what_she_saw_entry_by_entry(log: LogAtWork, seed: int):
    """Persons whom several know, late entries, entries whose content was taken, and a controller without any case."""
    hear_anything(log, Random(seed), 60 + 60 * seed)
    shows_what_was_shown_entry_by_entry(log)
    kept = owned(log)
    own_everything(log)
    assert owned(log) == kept
    log.tamper(f"UPDATE entries SET {EMPTIED} WHERE position % 7 = 3")
    own_everything(log)
    assert len(owned(log)) < len(kept)
    shows_what_was_shown_entry_by_entry(log)


@pytest.mark.parametrize("table", ["owned_entries", "finding_standing"])
def test_the_service_itself_cannot_say_whose_an_entry_is_or_where_a_finding_stands(log: LogAtWork, table: str):
    two_cases(log)
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET position = 0",
        f"INSERT INTO {table} DEFAULT VALUES",
    ):
        with connect(log.app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    for name in ("own_everything", "stand_anew"):
        with connect(log.app_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT {name}()".encode())


def test_of_one_kind_or_time_her_own_list_is_read(long_log: Connection):
    row = long_log.execute(CONTROLLED).fetchone()
    assert row is not None
    hers = row["organization_id"]
    since = row["occurred_at"] - timedelta(days=400)
    wanted = Search(controller=hers, type=CONSENT, since=since, until=row["occurred_at"])
    plan = page_plans(long_log, {"newest": lambda on: search(on, wanted)})["newest"]
    assert "owned_entries_by_type" in plan and whole(plan) == "no", plan
    page = search(long_log, wanted, limit=5)
    rest = search(long_log, wanted, page.cursor, limit=100).entries
    found = [*page.entries, *rest]
    rows = long_log.execute(ENTRY_BY_ENTRY, {"hers": hers}).fetchall()
    among = entries_at(long_log, [one["position"] for one in rows])
    fits = [one for one in among.values() if one.type == CONSENT and since <= one.occurred_at < row["occurred_at"]]
    assert len(page.entries) == 5 and len(fits) > 5
    assert found == sorted(fits, key=lambda one: (one.occurred_at, one.position), reverse=True)


def test_a_lead_s_extract_of_a_person_two_controllers_know_holds_her_own_case_alone(log: LogAtWork):
    two_cases(log)
    both, hers = UUID(int=81), UUID(int=82)
    assert sorted(positions_of_case(log.connection, "person_id", both, 50)) == [3, 4, 5, 6, 7, 8, 10]
    assert sorted(positions_of_case(log.connection, "person_id", both, 50, OWN)) == [6, 7, 8]
    assert sorted(positions_of_case(log.connection, "person_id", hers, 50, OWN)) == [0, 1, 2, 9]


@pytest.fixture(scope="module")
def long_log(
    make_database: Callable[..., DatabaseAddresses], postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """Twenty thousand entries of forty controllers, and two who have hardly any."""
    with (
        a_log(make_database, postgres, tmp_path_factory.mktemp("long")) as log,
        connect(log.superuser_dsn, statement_ms=60_000) as superuser,
    ):
        stage(superuser, 20_000)
        yield superuser


@pytest.mark.parametrize("page", sorted(small_auditors()))
def test_for_a_controller_with_hardly_any_case_nobody_reads_the_log(long_log: Connection, page: str):
    plans = page_plans(long_log, {page: small_auditors()[page]})
    assert whole(plans[page]) == "no", plans[page]


def test_what_is_asked_entry_by_entry_is_called_reading_the_log(long_log: Connection):
    asked = {"newest": lambda on: on.execute(ENTRY_BY_ENTRY, {"hers": NONE})}
    assert whole(page_plans(long_log, asked)["newest"]) == "yes"


def test_a_walk_with_a_filter_is_called_reading_the_log():
    walk = (
        "->  Index Scan Backward using entries_by_time on entries (actual rows=0 loops=1)\n"
        "  Filter: (x)\n  Rows Removed by Filter: 20000"
    )
    assert whole(walk) == "yes"
    assert whole(walk.replace("rows=0", "rows=51").replace("20000", "2000")) == "2,000 passed over"
    assert whole("->  Seq Scan on entries own (actual rows=3 loops=1)") == "yes"
    assert whole("->  Index Scan using entries_pkey on entries\n  Index Cond: (position = 3)\n  Filter: (x)") == "no"


def test_the_clock_counts_differing_comparisons_and_witnesses_without_reading_all_there_are(long_log: Connection):
    long_log.execute(CHECKS)
    for statement in COSIGNED:
        long_log.execute(statement)
    long_log.execute("ANALYZE stream_checks, cosignatures")
    asked = {"checks": lambda on: last_comparison(on, "/lotsennetz/referral"), "witnesses": witnesses}
    plans = page_plans(long_log, asked)
    assert "stream_checks_differing" in plans["checks"] and "Rows Removed" not in plans["checks"], plans["checks"]
    assert "Seq Scan on cosignatures" not in plans["witnesses"], plans["witnesses"]
    assert "rows=3000" not in plans["witnesses"], plans["witnesses"]
    found = last_comparison(long_log, "/lotsennetz/referral")
    assert (found.position, found.differing) == (5_000, 5)
    assert [(one["witness"], one["size"]) for one in witnesses(long_log)] == [("east", 20_000), ("west", 20_000)]
