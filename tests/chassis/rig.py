"""What the chassis is tested with: a room that tells, rooms that listen, and their processes."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from contracts.directory import ImportApplied, ServiceRetired
from contracts.envelope import write
from deploy.demo.clocks import FixedClock
from deploy.demo.databases import DatabaseAddresses
from services.chassis.clock import SystemClock
from services.chassis.db import Connection, Database, connect
from services.chassis.errors import UnavailableError
from services.chassis.hear import Mail
from services.chassis.migrate import migrate
from services.chassis.work import Unit, new_id
from tests.brokers import as_user
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DIRECTORY = "/lotsennetz/directory"


def an_import(import_id: UUID | None = None, number: int = 1) -> ImportApplied:
    """A small event; several about one id make a subject with a sequence."""
    return ImportApplied(
        import_id=import_id or uuid4(), organizations=number, services=0, unchanged=0, sha256=f"{number:064x}"
    )


def a_mail(
    subject: UUID,
    sequence: int | None,
    *,
    number: int = 0,
    event_id: UUID | None = None,
    queue: str = "referral.inbox.0",
) -> Mail:
    """A message as the broker would hand it over."""
    envelope = write(
        an_import(subject, number or sequence or 0),
        id=event_id or new_id(),
        source=DIRECTORY,
        sequence=sequence,
        time=NOW,
        actor="system:test",
        correlation_id=uuid4(),
    )
    return Mail(envelope.raw, queue, {"position": sequence or 0}, user_id="directory")


def a_retirement(service_id: UUID, sequence: int) -> Mail:
    event = ServiceRetired(service_id=service_id, version=sequence, organization_id=uuid4())
    envelope = write(
        event, id=new_id(), source=DIRECTORY, sequence=sequence, time=NOW, actor="system:test", correlation_id=uuid4()
    )
    return Mail(envelope.raw, "referral.inbox.0", user_id="directory")


@dataclass
class Room:
    """One service's database, seen from a test."""

    name: str
    dsn: str
    owner_dsn: str
    db: Database = field(init=False)

    def __post_init__(self) -> None:
        self.db = Database(self.dsn, 0, 8, name=f"{self.name}.test")

    def unit(self, instant: datetime | None = None) -> Unit:
        return Unit(self.db, FixedClock(instant) if instant else SystemClock(), self.name)

    def rows(self, sql: str, *params: object) -> list[dict[str, object]]:
        """Look, patiently: the server may be on its way back."""

        def look() -> tuple[list[dict[str, object]]] | None:
            with contextlib.suppress(UnavailableError), self.db.session() as connection:
                return (connection.execute(sql.encode(), params).fetchall(),)
            return None

        return eventually(look, timeout=30)[0]  # type: ignore[index]

    def value(self, sql: str, *params: object) -> object:
        return next(iter(self.rows(sql, *params)[0].values()))

    def own(self, sql: str) -> None:
        """Something only the owner may do."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            connection.execute(sql.encode())

    def session(self) -> Connection:
        return connect(self.dsn, name=f"{self.name}.test")

    def tell(self, count: int, subjects: int = 5, *, per_work: int = 10) -> list[UUID]:
        """Announce `count` events about a few subjects in turn, a few per transaction."""
        ids = [uuid4() for _ in range(subjects)]
        told = 0
        while told < count:
            with self.unit().work(actor="system:test") as work:
                for _ in range(min(per_work, count - told)):
                    work.announce(an_import(ids[told % subjects], told + 1))
                    told += 1
        return ids

    def unpublished(self) -> int:
        return int(str(self.value("SELECT count(*) FROM outbox WHERE published_at IS NULL")))

    def heard(self) -> int:
        return int(str(self.value("SELECT count(*) FROM heard")))


HEARD = """
CREATE TABLE heard (
    n bigint GENERATED ALWAYS AS IDENTITY, event_id uuid NOT NULL, subject text NOT NULL, sequence bigint,
    position bigint, type text NOT NULL, number integer
)"""


def furnish(service: str, addresses: DatabaseAddresses) -> Room:
    """Put the chassis' own tables into an empty database, and one for what was heard."""
    migrate(addresses.owner_dsn)
    room = Room(service, addresses.app_dsn, addresses.owner_dsn)
    room.own(HEARD)
    return room


def settings_of(room: Room, amqp_uri: str) -> dict[str, str]:
    """The environment a service process is started with."""
    return {
        **os.environ,
        "MODE": "demo",
        "DATABASE_URL": room.dsn,
        "MIGRATION_DATABASE_URL": room.owner_dsn,
        "AMQP_URI": as_user(amqp_uri, room.name),
        "PUBLIC_URL": "http://127.0.0.1:8100",
        "ISSUER_URL": "http://127.0.0.1:8190",
        "OIDC_CLIENT_SECRET": "demo-secret",
        "DEPLOYMENT_KEY": "d3" * 32,
        "PYTHONPATH": str(ROOT),
    }


@dataclass
class Process:
    """A role of a service, really running."""

    module: str
    role: str
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> "Process":
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", self.module, self.role]
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, cwd=ROOT)
        return self

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self, words: str) -> int:
        return self.log.read_text().count(words)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds: float = 10) -> int:
        self.process.terminate()
        return self.process.wait(seconds)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running(process: Process, *, until: str | None = None) -> Iterator[Process]:
    """Start it, wait for a word in its log, and leave nothing running."""
    process.start()
    try:
        if until:
            eventually(lambda: process.said(until), timeout=20)
        yield process
    finally:
        if process.alive:
            process.kill()


def faults_in(room: Room) -> dict[str, int]:
    """What must all be zero: the same event twice, or a subject's numbers out of order."""
    row = room.rows(
        """
        SELECT (SELECT count(*) - count(DISTINCT event_id) FROM heard) AS duplicates,
               (SELECT count(*) FROM (SELECT sequence - lag(sequence) OVER (PARTITION BY subject ORDER BY n) AS step
                                      FROM heard) AS steps WHERE step < 1) AS inversions,
               (SELECT count(*) FROM parked_events) AS parked, (SELECT count(*) FROM held_events) AS held
        """
    )[0]
    return {name: int(str(value)) for name, value in row.items()}


NO_FAULTS = {"duplicates": 0, "inversions": 0, "parked": 0, "held": 0}


LISTENS = "consumer.listens"
LEADS = "relay.leads"


def worker_of(room: Room, amqp_uri: str, folder: Path, **more: str) -> Process:
    env = {**settings_of(room, amqp_uri), "TEST_SERVICE": room.name, **more}
    return Process("tests.chassis.listener", "worker", env, folder / f"{room.name}-{uuid4().hex[:4]}.log")


def relay_of(room: Room, amqp_uri: str, folder: Path) -> Process:
    return Process(
        "tests.chassis.sender", "relay", settings_of(room, amqp_uri), folder / f"relay-{uuid4().hex[:4]}.log"
    )
