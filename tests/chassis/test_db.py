"""Every connection carries its deadlines, and trouble of the database's own has one name."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

import pytest

from services.chassis.db import AWAY_SECONDS, POOL_SECONDS, Connection, Database, take_time
from services.chassis.errors import UnavailableError
from tests.chassis.rig import Room
from tests.system.faults.network import at_port
from tests.system.faults.way import ways
from tests.waiting import PATIENCE, eventually

DEADLINES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.mark.parametrize("setting", DEADLINES)
def test_no_connection_waits_for_ever(directory: Room, setting: str) -> None:
    with directory.db.session() as writer, directory.db.read() as reader, directory.session() as own:
        for connection in (writer, reader, own):
            row = connection.execute(f"SHOW {setting}".encode()).fetchone()
            assert row is not None
            assert row[setting] not in {"0", "0ms"}


def test_a_peer_that_vanished_is_noticed(directory: Room) -> None:
    with directory.db.session() as connection:
        assert connection.info.get_parameters()["tcp_user_timeout"] == "5000"


def test_a_reader_cannot_write(directory: Room) -> None:
    import psycopg

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), directory.db.read() as connection:
        connection.execute("DELETE FROM inbox")


def test_waiting_behind_a_lock_ends_as_unavailable(directory: Room) -> None:
    with directory.session() as other, other.transaction():
        other.execute("LOCK TABLE inbox")
        with pytest.raises(UnavailableError), directory.db.transaction() as tx:
            tx.execute("SET LOCAL lock_timeout = '100ms'")
            tx.execute("DELETE FROM inbox")


def test_after_the_server_went_away_only_what_was_under_way_fails(directory: Room) -> None:
    with directory.db.session() as one, directory.db.session() as two, directory.db.read() as reader:
        for connection in (one, two, reader):
            connection.execute("SELECT 1")
    directory_pids = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'directory.test'"
    with pytest.raises(UnavailableError), directory.db.session() as victim:
        with directory.session() as killer:
            killer.execute(directory_pids.encode() + b" AND datname = current_database() AND pid <> pg_backend_pid()")
        victim.execute("SELECT 1")
    for _ in range(5):
        directory.db.ping()
        with directory.db.read() as reader:
            reader.execute("SELECT 1")


def test_a_server_that_is_not_there_is_unavailable_soon() -> None:
    with Database("postgresql://nobody@127.0.0.1:1/none", 0, 1) as db, pytest.raises(UnavailableError):
        db.ping()


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections, as the kernel of a frozen server does, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_speaks_is_unavailable_soon() -> None:
    with silent_server() as port, Database(f"postgresql://nobody@127.0.0.1:{port}/none", 0, 1) as db:
        began = monotonic()
        with pytest.raises(UnavailableError):
            db.ping()
        assert monotonic() - began < (POOL_SECONDS + 1) * PATIENCE


def test_a_server_that_fell_silent_is_let_go(directory: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked and never answered: its own deadline passes, then ours; who comes next is told sooner and finds it when it
    speaks again."""
    monkeypatch.setattr(Connection, "patience", 0.5)
    with ways() as lay:
        way = lay(urlsplit(directory.dsn).port or 5432)
        with Database(at_port(directory.dsn, way.port), 1, 4, name="directory.test") as db:
            db.ping()
            way.back.hold()
            began = monotonic()
            with pytest.raises(UnavailableError) as first, db.transaction() as tx:
                tx.execute("SELECT 1")
            assert first.value.retry_after > 0
            assert 0.5 <= monotonic() - began < 2 * PATIENCE
            began = monotonic()
            with pytest.raises(UnavailableError):
                db.ping()
            assert monotonic() - began < (AWAY_SECONDS + 1) * PATIENCE
            way.mend()
            eventually(lambda: answers(db), timeout=20)


def answers(db: Database) -> bool:
    try:
        db.ping()
    except UnavailableError:
        return False
    return True


def test_who_says_so_may_take_longer(directory: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "patience", 0.5)
    with directory.db.transaction() as tx:
        take_time(tx, 60)
        tx.execute("SELECT pg_sleep(1)")
        assert tx.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "1min"}
    with pytest.raises(UnavailableError), directory.db.transaction() as tx:
        tx.execute("SELECT pg_sleep(5)")
