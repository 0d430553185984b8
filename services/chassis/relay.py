"""The relay: takes letters from the outbox to the broker, in order, and forgets only what was confirmed.

One leads, others stand by (a session lock in the database): two relays sharing rows would reorder them. A position is
committed before its letter leaves, so after a crash it leaves again under the same one; the inbox knows it by its id.
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any

from contracts.topology import events_exchange
from services.chassis import beats, broker, telemetry, topology, tracing
from services.chassis.backoff import Backoff
from services.chassis.db import Connection
from services.chassis.despatch import Head, Parcel, Shelf
from services.chassis.leader import RELAY, lead
from services.chassis.logging import get_logger

WINDOW = 500
MANY = 200
POLL_BUSY = 0.002
POLL_IDLE = 0.020
REPORT_SECONDS = 60.0
#: Who has led so long without trouble has overcome it.
CALM_SECONDS = 1.0
DAYS_AHEAD, DAYS_KEPT = 3, 35
#: Their own words name an exchange or a queue, never a content.
OURS = (broker.PublishError, topology.TopologyError)

Report = Callable[[Head], None]


class Relay:
    """One service's relay; `run` returns when `stop` is set and what was under way is confirmed."""

    def __init__(
        self, *, dsn: str, amqp_uri: str, service: str, report: Report | None = None, window: int = WINDOW
    ) -> None:
        self._dsn = dsn
        self._amqp_uri = amqp_uri
        self._service = service
        self._exchange = events_exchange(service)
        self._report = report
        self._window = window
        self._log = get_logger()

    def run(self, stop: Event) -> None:
        """Lead, or stand by to lead; after trouble begin anew, ever more patiently."""
        name, trouble = f"{self._service}.relay", (*broker.INFRASTRUCTURE_ERRORS, *OURS)
        lead(name, self._dsn, RELAY, stop, lambda database, backoff: self._lead(database, stop, backoff), trouble)

    def _lead(self, database: Connection, stop: Event, backoff: Backoff) -> None:
        link = broker.connect(self._amqp_uri, f"{self._service}.relay")
        try:
            topology.require(link, [self._exchange], topology.listeners_of(self._exchange))
            with ThreadPoolExecutor(1, "relay.placing") as beside:
                turns = Turns(database, link, self._window, beside)
                self._log.info("relay.leads")
                self._turn_until(stop, turns, database, backoff)
                self._say_goodbye(turns)
        finally:
            broker.close_quietly(link)

    def _turn_until(self, stop: Event, turns: "Turns", database: Connection, backoff: Backoff) -> None:
        pause, next_second, last_beat, next_report = POLL_BUSY, 0.0, 0.0, monotonic() + REPORT_SECONDS
        calm = monotonic() + CALM_SECONDS
        while not stop.is_set():
            moved = turns.turn()
            now = monotonic()
            if now >= next_second:
                next_second = now + 1.0
                turns.breathe()
            if now >= calm:  # whoever is refused with its first window has led, too: that is no success
                backoff.reset()
            last_beat = beats.due(last_beat, database, "relay", {"published": turns.published})
            if now >= next_report:
                next_report = now + REPORT_SECONDS
                self._each_minute(turns, database)
            if moved < MANY:  # a short rest fills the next window; many small ones cost more than they hasten
                pause = POLL_BUSY if moved else min(pause * 2, POLL_IDLE)
                stop.wait(pause)

    def _each_minute(self, turns: "Turns", database: Connection) -> None:
        turns.shelf.look_around()
        database.execute("SELECT outbox_turn_partitions(%s, %s)", (DAYS_AHEAD, DAYS_KEPT))
        self._tell(turns)

    def _tell(self, turns: "Turns") -> None:
        if self._report is not None:
            self._report(turns.shelf.heads.get(self._exchange, Head()))

    def _say_goodbye(self, turns: "Turns") -> None:
        """Nothing stays half sent, and the last thing said is how far the stream goes."""
        turns.finish()
        self._tell(turns)
        turns.finish()


def tell_of(confirmed: list[Parcel]) -> None:
    """What the broker has confirmed, each below the request or message it was written for."""
    for parcel in confirmed if telemetry.is_on() else ():
        told: telemetry.Attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": parcel.exchange}
        told |= {"messaging.message.id": str(parcel.event_id), "messaging.operation.type": "send"}
        trace = tracing.continue_from(parcel.headers.get("ce-traceparent"))
        telemetry.ended(trace, f"send {parcel.routing_key}", telemetry.Kind.PRODUCER, 0.0, told)


class Turns:
    """One leadership: a window leaves as soon as it is placed, while the broker still confirms the one before.

    While a full window leaves, the next one is placed: where one was full more is waiting, and putting messages into
    bytes keeps this side as busy as placing keeps the database.
    """

    def __init__(self, database: Connection, link: Any, window: int, beside: Executor) -> None:
        self.shelf = Shelf(database, window)
        self.published = 0
        self._window, self._beside = window, beside
        self._ahead: list[Parcel] = []
        self._link = link
        self._publisher = broker.Publisher(link)
        self._in_flight: list[Parcel] = self.shelf.left_behind()
        self._confirmed: list[Parcel] = []
        self._publisher.send(self._in_flight)

    def turn(self) -> int:
        """Place, send, wait for what was sent the turn before; returns how many letters moved a step."""
        moved = len(self._confirmed) + len(self._in_flight)
        following = self._ahead or self.shelf.next(self._to_mark())
        placing = self._beside.submit(self.shelf.next, self._to_mark()) if len(following) >= self._window else None
        self._publisher.send(following)
        self._publisher.wait(but_the_last=True)
        tell_of(self._in_flight)
        self.published += len(self._in_flight)
        self._confirmed += self._in_flight
        self._in_flight, self._ahead = following, placing.result() if placing else []
        return moved + len(following)

    def _to_mark(self) -> list[Parcel]:
        """What was confirmed, handed over once: whoever gets it marks it."""
        confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def finish(self, seconds: float = 3.0) -> None:
        deadline = monotonic() + seconds
        while self.turn() and monotonic() < deadline:
            pass

    def breathe(self) -> None:
        """Heartbeats both ways, so that a dead peer is noticed while nothing is to be sent."""
        with contextlib.suppress(TimeoutError):
            self._link.drain_events(timeout=0.001)
        self._link.heartbeat_tick()
