"""A log of made-up events in a fresh database, grown with the service's own code."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from contracts.envelope import write
from services.audit import commands
from services.audit.keys import make_signer, save_signer
from services.audit.writer import Writer
from services.chassis.db import Connection, connect
from services.chassis.hear import Arrival
from services.chassis.migrate import migrate
from tests.unit.audit.events import a_disclosure_decided, a_referral_received

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
START = datetime(2020, 1, 1, tzinfo=UTC)
BUILD_BATCH = 200


def arrivals(first: int, count: int, told: Any = None) -> list[Arrival]:
    """Events of 50 actors about many referrals of 40 partners; every third is a disclosure decision."""
    return [_arrival(number, told) for number in range(first, first + count)]


def _arrival(number: int, told: Any) -> Arrival:
    ids = {"referral_id": UUID(int=number // 12 + 1), "organization_id": UUID(int=1_000_000_000 + number % 40)}
    usual: Any = (
        a_referral_received(**ids)
        if number % 3
        else a_disclosure_decided(**ids, decision_id=UUID(int=2_000_000_000 + number))
    )
    envelope = write(
        told or usual,
        id=UUID(int=(1 << 100) + number),
        source="/lotsennetz/referral",
        sequence=number,
        time=START + timedelta(seconds=number),
        actor=f"staff:{number % 50:032x}",
        correlation_id=UUID(int=number),
    )
    return Arrival(envelope, "audit.inbox.0", position=number + 1)


class Log:
    """A log in a fresh database; knows how long its own appending took."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.connection: Connection = connect(dsn, statement_ms=1_800_000)
        self.directory = folder / "checkpoints"
        self.directory.mkdir()
        signer = make_signer("lotsennetz.example/benchmark")
        save_signer(signer, folder / "log.key")
        self.writer = Writer(signer, self.directory)
        self.size = 0
        self.seconds = 0.0

    def hear(self, batch: Sequence[Arrival]) -> None:
        began = time.perf_counter()
        with self.connection.transaction():
            commands.record(self.connection, self.writer, batch, batch[-1].envelope.time)
        self.seconds += time.perf_counter() - began
        self.size += len(batch)

    def grow(self, entries: int) -> None:
        while self.size < entries:
            self.hear(arrivals(self.size, min(BUILD_BATCH, entries - self.size)))


def seal_at(log: Log, now: datetime) -> None:
    """Sign and publish where the log stands."""
    with log.connection.transaction():
        commands.sign_what_is_left(log.connection, log.writer, now)
    commands.publish_newest(log.connection, log.writer)


@contextmanager
def database(admin: str) -> Iterator[str]:
    """A migrated database that is gone afterwards."""
    with _named(admin, "template0") as dsn:
        migrate(dsn, ROOT / "services" / "audit" / "migrations")
        yield dsn


@contextmanager
def copied_database(admin: str, dsn: str) -> Iterator[str]:
    """A copy of a database nobody is connected to."""
    with _named(admin, dsn.rpartition("/")[2]) as copy:
        yield copy


@contextmanager
def _named(admin: str, template: str) -> Iterator[str]:
    name = f"bench_audit_{secrets.token_hex(4)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    try:
        yield f"{admin.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
