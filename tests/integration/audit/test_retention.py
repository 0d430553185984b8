"""Retention: content goes after its time, and only then; the hashes stay and the log verifies as before."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from contracts.envelope import read
from deploy.demo.clocks import FixedClock
from services.audit import commands, jobs, retention
from services.audit.domain.expiry import spans_of
from services.audit.exports import extract_lines
from services.audit.queries.search import Search, entries_at, search
from services.chassis.db import Database, connect
from services.chassis.hear import Arrival
from services.chassis.jobs import ClockJob, ClockRole
from services.chassis.work import Unit
from tests.integration.audit.test_verifier import VERIFIER, Verified, of_database, write_export
from tests.integration.audit.test_web import DPO, OWN, an_event, hear, serving, two_cases
from tests.unit.audit.events import a_consent_given

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime.now(UTC).replace(year=2100)
CLEARED = ["subject", "actor", "correlation_id", "enquiry_id", "referral_id", "person_id", "organization_id"]
EMPTIED = "leaf = NULL, " + ", ".join(f"{name} = NULL" for name in CLEARED)


@pytest.fixture
def old(log, monkeypatch):
    """Ten entries of 2020 and five of today, all signed and published."""
    monkeypatch.delenv("RETENTION_DATABASE_URL", raising=False)
    monkeypatch.setenv("MODE", "demo")
    log.hear(*range(10), now=LONG_AGO)
    log.hear(*range(10, 15), now=datetime.now(UTC))
    log.sign(LATER)
    log.publish()
    return log


def as_owner(log, statement):
    with connect(log.owner_dsn) as connection:
        return connection.execute(statement.encode())


def clock_of(database, *chosen):
    unit = Unit(database, FixedClock(datetime.now(UTC)), "audit")
    return ClockRole(unit, tuple(job for job in jobs.CLOCK_JOBS if job.name in chosen))


def tell(log):
    """The clock tells, relay and worker carry, a head is signed: what running processes do in a second or two."""
    with Database(log.app_dsn) as database:
        clock = clock_of(database, "tell_run", "tell_period")
        done = sum(clock.run_due(job) for job in clock.jobs)
    rows = log.connection.execute("SELECT body FROM outbox ORDER BY number").fetchall()
    heard = [Arrival(read(bytes(row["body"])), "audit.inbox.0") for row in rows]
    with log.connection.transaction():
        commands.record(log.connection, log.writer, heard, datetime.now(UTC))
    log.sign(LATER + timedelta(days=len(rows)))
    log.publish()
    return done


def expire(log):
    """A whole run, as the retention role."""
    with connect(log.retention_dsn) as connection:
        retention.plan(connection)
        tell(log)
        return sum(retention.empty(connection, run) for run in retention.ready(connection))


def test_what_is_past_its_period_loses_its_content_and_keeps_its_hashes(old):
    query = "SELECT position, leaf_hash, chain_hash FROM entries WHERE position < 15 ORDER BY position"
    before = old.connection.execute(query).fetchall()
    with connect(old.retention_dsn) as connection:
        assert retention.due(connection) == 10
    assert [expire(old), expire(old)] == [10, 0]
    assert before == old.connection.execute(query).fetchall()
    rows = old.connection.execute("SELECT * FROM entries ORDER BY position").fetchall()
    assert all(row["leaf"] is None and not any(row[name] for name in CLEARED) for row in rows[:10])
    assert all(row["leaf"] is not None and row["actor"] for row in rows[10:])


def test_the_log_verifies_as_before(old, tmp_path):
    expire(old)
    answer = of_database(old)
    assert (answer.code, answer.answer["entries"], answer.answer["expired"]) == (0, 16, 10), answer.answer
    export = write_export(old, tmp_path / "export.ndjson")
    command = [VERIFIER, "--export", export, "--key", old.key_file]
    assert subprocess.run([sys.executable, *command], check=False, capture_output=True).returncode == 0
    assert [one.expired for one in search(old.connection, Search()).entries].count(True) == 10


def test_content_that_a_superuser_took_early_is_found_missing(old, tmp_path):
    old.tamper(f"UPDATE entries SET {EMPTIED} WHERE position IN (11, 12)")
    assert of_database(old).says("removed", 11, 12)
    export = write_export(old, tmp_path / "export.ndjson")
    assert Verified("--export", export, "--checkpoint", old.directory, "--key", old.key_file).says("removed", 11, 12)


def test_content_taken_early_beside_what_expired_is_found_missing(old):
    expire(old)
    old.tamper(f"UPDATE entries SET {EMPTIED} WHERE position IN (10, 14)")
    assert of_database(old).says("removed", 10, 10)


def test_content_that_the_job_took_early_because_somebody_set_back_the_clock_is_found_missing(log, tmp_path):
    """All as it should be but for the times in the database: told, signed, emptied under the role that may."""
    log.hear(*range(10), now=LONG_AGO)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for numbers, now in ((range(10, 12), yesterday), (range(12, 15), datetime.now(UTC))):
        log.hear(*numbers, now=now)
        log.sign(now + timedelta(seconds=2))
        log.publish()
    log.tamper(*(f"UPDATE {table} SET recorded_at = '2020-01-01'" for table in ("entries", "heads")))
    assert expire(log) == 15
    found = of_database(log)
    assert found.says("removed", 12, 14) and "too early" in found.finding["detail"]
    export = write_export(log, tmp_path / "export.ndjson")
    assert Verified("--export", export, "--checkpoint", log.directory, "--key", log.key_file).says("removed", 12, 14)


def set_period(log, keep, kind="referral.received.v1"):
    row = f"('{kind}', '{keep}', 'Section 7 of some act', 'STATUTORY_DUTY')"
    as_owner(log, f"INSERT INTO retention_periods (kind, keep, legal_reason, ground) VALUES {row}")


def test_a_run_whose_period_was_made_longer_leaves_what_is_not_over_and_is_done(old):
    with connect(old.retention_dsn) as connection:
        retention.plan(connection)
        tell(old)
        set_period(old, "30 years")
        assert [retention.empty(connection, run) for run in retention.ready(connection)] == [0]
        left = retention.ready(connection), retention.waiting(connection).runs, retention.due(connection)
        assert left == ([], 0, 0)
    assert of_database(old).answer["expired"] == 0
    set_period(old, "3 years")
    assert expire(old) == 10
    assert of_database(old).answer["expired"] == 10


def test_a_run_that_waits_is_shown_and_is_told_however_late(old):
    with connect(old.retention_dsn) as connection:
        retention.plan(connection)
    old.tamper("UPDATE retention_runs SET ran_at = now() - interval '60 days'")
    with serving(old) as client:
        seen = client.get("/audit/operator/log", headers=DPO).json["expiry"]
        assert (seen["waiting"], seen["stuck"]) == (1, True)
        page = client.get("/audit/integrity", headers={**DPO, "Accept-Language": "en"}).get_data(as_text=True)
        assert "1 run of the retention job waits" in page
    assert expire(old) == 10
    with serving(old) as client:
        assert client.get("/audit/operator/log", headers=DPO).json["expiry"] == {
            "waiting": 0,
            "since": None,
            "stuck": False,
        }
        assert "retention job" not in client.get("/audit/integrity", headers=DPO).get_data(as_text=True)


def test_whose_a_case_is_stays_known_as_long_as_anything_of_it_is_kept(log):
    """Both controllers know one of the persons; consents are kept longer than everything else."""
    set_period(log, "10 years", "referral.consent_given.v1")
    two_cases(log, LONG_AGO)
    newest = replace(an_event("referral.enquiry_recorded.v1"), organization_id=OWN, person_id=UUID(int=81))
    hear(log, log.arrival(20, newest), now=datetime.now(UTC))
    assert [expire(log) for _ in range(3)] == [3, 3, 0]  # what was received, then the drafts
    assert sorted(entries_at(log.connection, range(12), OWN)) == [0, 6, 9, 11]
    set_period(log, "2 years", "referral.consent_given.v1")
    assert expire(log) == 2
    assert expire(log) == 3  # nothing else is kept of either person


def test_that_somebody_looked_at_a_case_does_not_keep_it(log):
    """The officer's looks, exports, searches and reviews name what they were about; none is something about it."""
    ids = {"enquiry_id": UUID(int=61), "person_id": UUID(int=81)}
    recorded = replace(an_event("referral.enquiry_recorded.v1"), organization_id=OWN, **ids)
    drafted = replace(an_event("referral.drafted.v1"), referral_id=UUID(int=71), **ids)
    hear(log, log.arrival(1, recorded), log.arrival(2, drafted), now=LONG_AGO)
    looks = ("log_viewed", "log_exported", "search_saved", "review_held")
    looked = [replace(an_event(f"audit.{one}.v1"), referral_id=UUID(int=71), **ids) for one in looks]
    lately = datetime.now(UTC) - timedelta(days=5)
    hear(log, *(log.arrival(number, one, source="/x") for number, one in enumerate(looked, 3)), now=lately)
    log.sign(LATER)
    assert sorted(entries_at(log.connection, range(6), OWN)) == [0, 1, 2, 3, 4, 5]
    assert [expire(log) for _ in range(3)] == [1, 1, 0]
    assert sorted(entries_at(log.connection, range(6), OWN)) == [2, 3, 4, 5]  # the looks stay her auditor's to see


def test_what_was_told_of_expiry_never_expires_itself(old):
    expire(old)
    told = old.connection.execute("SELECT position FROM entries WHERE type = 'audit.entries_expired.v1'").fetchall()
    assert [row["position"] for row in told] == [15]
    old.tamper("UPDATE entries SET recorded_at = '2020-01-01' WHERE position = 15")
    with connect(old.retention_dsn) as connection:
        assert retention.due(connection) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, f"UPDATE entries SET {EMPTIED} WHERE position = 15")
    old.tamper(f"UPDATE entries SET {EMPTIED} WHERE position = 15")
    assert of_database(old).says("removed", 0, 9)


def test_nothing_goes_before_the_log_has_told_it(old):
    with connect(old.retention_dsn) as connection:
        assert retention.plan(connection) == 10
        assert retention.plan(connection) == 0
        assert retention.ready(connection) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"UPDATE entries SET {EMPTIED} WHERE position = 3".encode())


def test_an_extract_with_an_expired_entry_is_proven_by_its_hash(old, tmp_path):
    expire(old)
    path = tmp_path / "extract.ndjson"
    with connect(old.app_dsn) as connection:
        path.write_bytes(b"".join(extract_lines(connection, [3, 12])))
    answer = Verified("--export", path, "--key", old.key_file)
    assert (answer.code, answer.answer["entries"], answer.answer["expired"]) == (0, 3, 1), answer.answer
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["leaf_hash"] = "00" * 32
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert Verified("--export", path, "--key", old.key_file).says("changed", 3)


def test_an_extract_whose_content_was_taken_out_is_no_expired_one(old, tmp_path):
    path = tmp_path / "extract.ndjson"
    with connect(old.app_dsn) as connection:
        path.write_bytes(b"".join(extract_lines(connection, [3])))
    header, entry = [json.loads(line) for line in path.read_text().splitlines()]
    digest = old.connection.execute("SELECT leaf_hash FROM entries WHERE position = 3").fetchone()["leaf_hash"]
    entry |= {"leaf": None, "leaf_hash": digest.hex()}
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, entry)))
    assert Verified("--export", path, "--key", old.key_file).says("removed", 3, 3)


def test_kinds_with_periods_of_their_own_are_told_apart(log):
    """Consents are kept for ten years: what is told of the others leaves them out."""
    arrivals = [log.arrival(number, a_consent_given() if number % 3 == 0 else None) for number in range(9)]
    with log.connection.transaction():
        commands.record(log.connection, log.writer, arrivals, LONG_AGO)
    row = "('referral.consent_given.v1', '10 years', 'Art. 7(1) GDPR', 'PROOF_OF_DISCLOSURE')"
    as_owner(log, f"INSERT INTO retention_periods (kind, keep, legal_reason, ground) VALUES {row}")
    assert expire(log) == 6
    told = [json.loads(bytes(row["leaf"])) for row in log.connection.execute(NEWEST_TOLD)]
    data = {leaf["type"]: leaf["data"] for leaf in told}
    spans = data["audit.entries_expired.v1"]["spans"]
    assert spans == [{"first": first, "last": first + 1} for first in (1, 4, 7)]
    assert data["audit.entries_expired.v1"]["keep_days"] == 1095
    assert data["audit.retention_period_set.v1"] == {
        "kind": "referral.consent_given.v1",
        "keep_days": 3652,
        "ground": "PROOF_OF_DISCLOSURE",
        "period_id": data["audit.retention_period_set.v1"]["period_id"],
    }
    assert of_database(log).code == 0


NEWEST_TOLD = "SELECT leaf FROM entries WHERE source = '/lotsennetz/audit' AND leaf IS NOT NULL"


def test_stretches_hold_neighbors_together_and_end_before_they_are_too_many():
    assert spans_of([1, 2, 3, 7, 9, 10], 3) == [(1, 3), (7, 7), (9, 10)]
    assert spans_of([1, 2, 3, 7, 9, 10], 2) == [(1, 3), (7, 7)]
    assert spans_of([], 2) == []


def test_the_clock_does_a_night_s_run_under_the_retention_role(old, monkeypatch):
    monkeypatch.setenv("RETENTION_DATABASE_URL", old.retention_dsn)
    monkeypatch.setenv("RETENTION_HOUR", "0")
    with Database(old.app_dsn) as database:
        clock = clock_of(database, "plan_retention", "empty_run")
        assert [clock.run_due(job) for job in clock.jobs] == [1, 0]
        assert [clock.run_due(job) for job in clock.jobs] == [0, 0]
        tell(old)
        assert [clock.run_due(job) for job in clock.jobs] == [0, 1]
        assert [clock.run_due(job) for job in clock.jobs] == [0, 0]
    assert of_database(old).answer["expired"] == 10


@pytest.mark.parametrize(
    "change",
    [
        "leaf = NULL",
        "leaf = NULL, subject = NULL",
        "leaf_hash = sha256('x'), leaf = NULL, " + ", ".join(f"{name} = NULL" for name in CLEARED),
        "type = 'other.thing.v1', leaf = NULL, " + ", ".join(f"{name} = NULL" for name in CLEARED),
        "actor = NULL",
    ],
)
def test_anything_but_the_whole_expiry_is_refused_even_to_the_owner(old, change):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, f"UPDATE entries SET {change} WHERE position = 3")


def test_before_its_time_nothing_expires_for_anybody(old):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, f"UPDATE entries SET {EMPTIED} WHERE position = 12")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(old.app_dsn) as connection:
        connection.execute(f"UPDATE entries SET {EMPTIED} WHERE position = 3".encode())


def test_a_kind_may_be_kept_longer_but_no_period_is_taken_back_or_set_by_the_service(old):
    row = "('referral.received.v1', '30 years', 'Section 7 of some act', 'STATUTORY_DUTY')"
    statement = f"INSERT INTO retention_periods (kind, keep, legal_reason, ground) VALUES {row}"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(old.app_dsn) as connection:
        connection.execute(statement.encode())
    as_owner(old, statement)
    with connect(old.owner_dsn) as connection:
        assert retention.due(connection) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, "DELETE FROM retention_periods")


def test_a_run_is_told_once(old):
    with connect(old.retention_dsn) as connection:
        retention.plan(connection)
    with Database(old.app_dsn) as database:
        unit = Unit(database, FixedClock(datetime.now(UTC)), "audit")
        job = ClockJob("tell_run", jobs.untold_runs, jobs.tell_run)
        clock = ClockRole(unit, (job,))
        assert [clock.run_due(job), clock.run_due(job)] == [1, 0]
    rows = old.connection.execute("SELECT body FROM outbox").fetchall()
    assert [b"audit.entries_expired.v1" in bytes(row["body"]) for row in rows] == [True]


def test_pages_show_that_the_content_has_expired(old):
    expire(old)
    with serving(old) as client:
        headers = {**DPO, "Accept-Language": "en"}
        assert client.get("/audit/", headers=headers).status_code == 200
        page = client.get("/audit/entries/3", headers=headers).get_data(as_text=True)
        assert "The content has expired" in page
        assert client.get("/audit/api/v1/entries", headers=headers).json["entries"][-1]["leaf"] is None


def test_the_program_says_what_it_would_do_and_does_it(old, monkeypatch, capsys):
    monkeypatch.setenv("RETENTION_DATABASE_URL", old.retention_dsn)
    retention.main(["--dry-run"])
    with pytest.raises(SystemExit, match="1 runs wait until the log has told them"):
        retention.main(["--wait", "0"])
    tell(old)
    retention.main(["--wait", "0"])
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "10 entries are past their period",
        "0 entries emptied; their hashes stay",
        "10 entries emptied; their hashes stay",
    ]
    monkeypatch.delenv("RETENTION_DATABASE_URL")
    with pytest.raises(SystemExit, match="RETENTION_DATABASE_URL"):
        retention.main([])
