"""A log of made-up events in a fresh database, grown with the service's own code."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from contracts.envelope import Envelope, write
from contracts.event import subject_of
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
RECEIVED, DECIDED = a_referral_received(), a_disclosure_decided()
ENVELOPES: dict[type, Envelope] = {}


def arrivals(first: int, count: int, told: Any = None) -> list[Arrival]:
    """Events of 50 actors about many referrals of 40 partners; every third is a disclosure decision."""
    return [_arrival(number, told) for number in range(first, first + count)]


def _arrival(number: int, told: Any) -> Arrival:
    """As a relay would bring it; the bytes stand for themselves, since the log keeps only their hash."""
    ids: dict[str, Any] = {
        "referral_id": UUID(int=number // 12 + 1),
        "organization_id": UUID(int=1_000_000_000 + number % 40),
    }
    if told is None:
        decision_id = UUID(int=2_000_000_000 + number)
        told = replace(RECEIVED, **ids) if number % 3 else replace(DECIDED, decision_id=decision_id, **ids)
    made = ENVELOPES.get(type(told)) or _first_of_its_kind(told)
    envelope = replace(
        made,
        id=UUID(int=(1 << 100) + number),
        subject=subject_of(told),
        sequence=number,
        time=START + timedelta(seconds=number),
        actor=f"staff:{number % 50:032x}",
        correlationid=UUID(int=number),
        data=told,
        raw=b"%d" % number,
    )
    return Arrival(envelope, "audit.inbox.0", position=number + 1)


def _first_of_its_kind(told: Any) -> Envelope:
    """Written and checked once, as a service does for each; the others differ in ids and times only."""
    ENVELOPES[type(told)] = write(
        told,
        id=UUID(int=1),
        source="/lotsennetz/referral",
        sequence=1,
        time=START,
        actor="staff:" + "0" * 32,
        correlation_id=UUID(int=1),
    )
    return ENVELOPES[type(told)]


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
        self.at = START

    def hear(self, batch: Sequence[Arrival], at: datetime | None = None) -> None:
        """By the time of its events, if no other is given: years pass in minutes, and every batch's head is signed."""
        began = time.perf_counter()
        self.at = at or batch[-1].envelope.time
        with self.connection.transaction():
            commands.record(self.connection, self.writer, batch, self.at)
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
