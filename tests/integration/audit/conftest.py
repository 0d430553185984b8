"""A log of its own per test: a fresh database, a signing key and a directory for checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from contracts.envelope import Envelope
from contracts.envelope import write as write_envelope
from deploy.demo.databases import DatabaseAddresses
from services.audit import commands
from services.audit.keys import Signer, make_signer, save_signer
from services.audit.writer import Writer
from services.chassis.db import Connection, connect
from services.chassis.hear import Arrival
from tests.unit.audit.events import a_referral_received

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def an_arrival(number: int, event: object | None = None, **attributes: object) -> Arrival:
    """The number-th event of a stream, always the same."""
    return Arrival(an_envelope(number, event, **attributes), queue="audit.inbox.0", position=number)


def an_envelope(number: int, event: object | None = None, **attributes: object) -> Envelope:
    chosen = {
        "id": UUID(int=number),
        "source": "/lotsennetz/referral",
        "sequence": number,
        "time": START + timedelta(seconds=number),
        "actor": "staff:" + "ab" * 16,
        "correlation_id": UUID(int=7),
        **attributes,
    }
    return write_envelope(event or a_referral_received(), **chosen)


@dataclass
class LogAtWork:
    """A log and everything that belongs to it."""

    owner_dsn: str
    app_dsn: str
    superuser_dsn: str
    retention_dsn: str
    directory: Path
    key_file: Path
    writer: Writer
    connection: Connection = field(repr=False)
    #: The key before this one, still in somebody's hands.
    old: Signer | None = None

    def elsewhere(self, connection: Connection, directory: Path | None = None) -> "LogAtWork":
        """The same log's key on another database."""
        writer = Writer(self.writer.signer, directory or self.directory)
        return replace(self, connection=connection, writer=writer)

    arrival = staticmethod(an_arrival)

    def hear(self, *numbers: int, now: datetime = START) -> int:
        with self.connection.transaction():
            return commands.record(self.connection, self.writer, [an_arrival(number) for number in numbers], now)

    def sign(self, now: datetime = START + timedelta(hours=1)) -> bool:
        with self.connection.transaction():
            return commands.sign_what_is_left(self.connection, self.writer, now)

    def publish(self) -> int | None:
        return commands.publish_newest(self.connection, self.writer)

    def positions(self) -> list[tuple[int, int]]:
        rows = self.connection.execute("SELECT position, event_id FROM entries ORDER BY position").fetchall()
        return [(row["position"], row["event_id"].int) for row in rows]

    def tamper(self, *statements: str) -> None:
        """What a superuser can do: triggers, constraints and all are in his hands."""
        with psycopg.connect(self.superuser_dsn, autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("ALTER TABLE entries DROP CONSTRAINT IF EXISTS entries_check")
            for statement in statements:
                superuser.execute(statement.encode())


@contextmanager
def a_log(make_database: Callable[[str], DatabaseAddresses], postgres: str, folder: Path) -> Iterator[LogAtWork]:
    addresses = make_database("audit")
    signer = make_signer("lotsennetz.example/audit")
    save_signer(signer, folder / "log.key")
    directory = folder / "checkpoints"
    directory.mkdir()
    name = addresses.app_dsn.rpartition("/")[2]
    superuser = f"{postgres.rpartition('/')[0]}/{name}"
    with connect(addresses.app_dsn) as connection:
        key_file, writer = folder / "log.key.pub", Writer(signer, directory)
        ways = (addresses.owner_dsn, addresses.app_dsn, superuser, addresses.retention_dsn)
        yield LogAtWork(*ways, directory, key_file, writer, connection)


@pytest.fixture
def log(make_database: Callable[[str], DatabaseAddresses], postgres: str, tmp_path: Path) -> Iterator[LogAtWork]:
    with a_log(make_database, postgres, tmp_path) as made:
        yield made
