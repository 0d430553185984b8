"""How fast the relay empties a full outbox, beside publishing the same bytes with nothing else to do."""

import threading
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

import psycopg

from contracts.referral import ReferralReceived
from services.chassis import broker
from services.chassis.clock import SystemClock
from services.chassis.db import Database, connect
from services.chassis.despatch import Parcel, Shelf
from services.chassis.relay import Relay
from services.chassis.work import Unit
from tests.benchmarks.stage import Servers, bare_stage
from tests.waiting import eventually

WINDOW = 500


@dataclass(frozen=True)
class Drain:
    relay_per_second: float
    raw_per_second: float

    @property
    def ratio(self) -> float:
        return self.relay_per_second / self.raw_per_second


def measure(servers: Servers, count: int) -> Drain:
    """The same letters twice: through the relay, then straight from memory."""
    with bare_stage(servers) as (dsn, amqp_uri):
        fill(dsn, count)
        relayed = count / _relay(dsn, amqp_uri)
        parcels = _parcels(dsn)
    with bare_stage(servers) as (_, amqp_uri):
        return Drain(relayed, count / _publish(amqp_uri, parcels))


def fill(dsn: str, count: int) -> None:
    with Database(dsn, 1, 1) as db:
        unit = Unit(db, SystemClock(), "referral")
        for _ in range(0, count, WINDOW):
            with unit.work(actor="system:bench") as work:
                for _ in range(WINDOW):
                    work.announce(ReferralReceived(referral_id=uuid4(), organization_id=uuid4()))


def _relay(dsn: str, amqp_uri: str) -> float:
    stop = threading.Event()
    relay = Relay(dsn=dsn, amqp_uri=amqp_uri, service="referral")
    thread = threading.Thread(target=relay.run, args=(stop,))
    with psycopg.connect(dsn, autocommit=True) as looker:
        thread.start()
        eventually(lambda: _published(looker), timeout=120, interval=0.01)
        stop.set()
        thread.join()
        row = looker.execute(
            "SELECT extract(epoch FROM max(published_at) - (SELECT min(beaten_at) FROM beats))::float8 FROM outbox"
        ).fetchone()
    assert row is not None
    return float(row[0])


def _published(looker: psycopg.Connection[tuple[object, ...]]) -> bool:
    return looker.execute("SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1").fetchone() is None


def _parcels(dsn: str) -> list[Parcel]:
    with connect(dsn) as session:
        session.execute("UPDATE outbox SET position = NULL, published_at = NULL")
        return Shelf(session, 1_000_000).next([])


def _publish(amqp_uri: str, parcels: list[Parcel]) -> float:
    link = broker.connect(amqp_uri, "bench")
    publisher = broker.Publisher(link)
    began = perf_counter()
    for start in range(0, len(parcels), WINDOW):
        publisher.publish(parcels[start : start + WINDOW])
    seconds = perf_counter() - began
    link.close()
    return seconds
