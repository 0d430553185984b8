"""Retention: content goes after its time, and only then; the hashes stay and the log verifies as before."""

import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest

from deploy.demo.clocks import FixedClock
from services.audit import jobs, retention
from services.audit.queries.search import Search, search
from services.chassis.db import Database, connect
from services.chassis.jobs import ClockJob, ClockRole
from services.chassis.work import Unit
from tests.integration.audit.test_verifier import VERIFIER, of_database, write_export
from tests.integration.audit.test_web import DPO, serving

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CLEARED = ["subject", "actor", "correlation_id", "enquiry_id", "referral_id", "person_id", "organization_id"]


@pytest.fixture
def old(log):
    """Ten entries of 2020 and five of today, all signed and published."""
    log.hear(*range(10), now=LONG_AGO)
    log.hear(*range(10, 15), now=datetime.now(UTC))
    log.sign(datetime.now(UTC).replace(year=2100))
    log.publish()
    return log


def as_owner(log, statement):
    with connect(log.owner_dsn) as connection:
        return connection.execute(statement.encode())


def test_what_is_past_its_period_loses_its_content_and_keeps_its_hashes(old):
    before = old.connection.execute("SELECT position, leaf_hash, chain_hash FROM entries ORDER BY position").fetchall()
    with connect(old.owner_dsn) as connection:
        assert retention.due(connection) == 10
        assert retention.expire(connection) == 10
        assert retention.expire(connection) == 0
    after = old.connection.execute("SELECT position, leaf_hash, chain_hash FROM entries ORDER BY position").fetchall()
    assert before == after
    rows = old.connection.execute("SELECT * FROM entries ORDER BY position").fetchall()
    assert all(row["leaf"] is None and not any(row[name] for name in CLEARED) for row in rows[:10])
    assert all(row["leaf"] is not None and row["actor"] for row in rows[10:])


def test_the_log_verifies_as_before(old, tmp_path):
    with connect(old.owner_dsn) as connection:
        retention.expire(connection)
    answer = of_database(old)
    assert (answer.code, answer.answer["entries"], answer.answer["expired"]) == (0, 15, 10), answer.answer
    export = write_export(old, tmp_path / "export.ndjson")
    command = [VERIFIER, "--export", export, "--key", old.key_file]
    assert subprocess.run([sys.executable, *command], check=False, capture_output=True).returncode == 0
    assert [one.expired for one in search(old.connection, Search()).entries].count(True) == 10


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
    emptied = "leaf = NULL, " + ", ".join(f"{name} = NULL" for name in CLEARED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, f"UPDATE entries SET {emptied} WHERE position = 12")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(old.app_dsn) as connection:
        connection.execute(f"UPDATE entries SET {emptied} WHERE position = 3".encode())


def test_a_kind_may_be_kept_longer_but_no_period_is_taken_back_or_set_by_the_service(old):
    row = "('referral.received.v1', '30 years', 'Section 7 of some act')"
    statement = f"INSERT INTO retention_periods (kind, keep, legal_reason) VALUES {row}"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(old.app_dsn) as connection:
        connection.execute(statement.encode())
    as_owner(old, statement)
    with connect(old.owner_dsn) as connection:
        assert retention.due(connection) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner(old, "DELETE FROM retention_periods")


def test_a_run_is_told_once(old):
    with connect(old.owner_dsn) as connection:
        retention.expire(connection)
    with Database(old.app_dsn) as database:
        unit = Unit(database, FixedClock(datetime.now(UTC)), "audit")
        job = ClockJob("tell_run", jobs.untold_runs, jobs.tell_run)
        clock = ClockRole(unit, (job,))
        assert [clock.run_due(job), clock.run_due(job)] == [1, 0]
    rows = old.connection.execute("SELECT body FROM outbox").fetchall()
    assert [b"audit.entries_expired.v1" in bytes(row["body"]) for row in rows] == [True]


def test_pages_show_that_the_content_has_expired(old):
    with connect(old.owner_dsn) as connection:
        retention.expire(connection)
    with serving(old) as client:
        headers = {**DPO, "Accept-Language": "en"}
        assert client.get("/audit/", headers=headers).status_code == 200
        page = client.get("/audit/entries/3", headers=headers).get_data(as_text=True)
        assert "The content has expired" in page
        assert client.get("/audit/api/v1/entries", headers=headers).json["entries"][-1]["leaf"] is None


def test_the_program_says_what_it_would_do_and_does_it(old, monkeypatch, capsys):
    monkeypatch.setenv("RETENTION_DATABASE_URL", old.owner_dsn)
    retention.main(["--dry-run"])
    retention.main([])
    said = capsys.readouterr().out
    assert said == "10 entries are past their period\n10 entries emptied; their hashes stay\n"
    monkeypatch.delenv("RETENTION_DATABASE_URL")
    with pytest.raises(SystemExit, match="RETENTION_DATABASE_URL"):
        retention.main([])
