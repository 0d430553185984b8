"""The worker's ear: takes messages from one queue in batches and acknowledges each batch with one word.

A batch closes after 200 messages, a few milliseconds after its *first* one, or when nothing followed for one: relays
send in windows, and between two of them waiting gathers nothing. If handling fails because the database or
the broker is ill, the whole channel is dropped: the broker then gives everything back in order. Giving single messages
back would put them behind those already fetched. Before it listens again it waits until the database answers, so that
an outage costs each message one delivery and not one per attempt.

Where an inbox is several queues, workers share these out among themselves: each listens where nobody does, sooner the
fewer it has, and lets go of a queue after a while, so that one that came later gets its part. Should two listen at
once, the broker serves one of them alone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any, ClassVar, Protocol

import eventlet
from eventlet.event import Event
from nameko.extensions import Entrypoint

from services.chassis import broker, topology
from services.chassis.backoff import Backoff
from services.chassis.hear import Mail
from services.chassis.inbox import ILL
from services.chassis.logging import get_logger

PREFETCH = 500
BATCH = 200
LINGER_SECONDS, QUIET_SECONDS = 0.005, 0.001
IDLE_SECONDS = 0.5
TICK_SECONDS = 1.0
SETUP_SECONDS = 10.0
SHARE_SECONDS, LOOK_SECONDS = 30.0, 0.5
TROUBLE: tuple[type[Exception], ...] = (*ILL, *broker.INFRASTRUCTURE_ERRORS, topology.TopologyError)


class Hearer(Protocol):
    """What handles the mail of one queue."""

    def hear(self, mails: Sequence[Mail]) -> None: ...
    def tick(self) -> None: ...
    def probe(self) -> None:
        """Raise if the database does not answer."""


@dataclass(slots=True)
class Batch:
    """Messages fetched but not yet handled."""

    queue: str
    mails: list[Mail] = field(default_factory=list)
    last_tag: int = 0
    due_at: float = 0.0

    def add(self, message: Any) -> None:
        if not self.mails:
            self.due_at = monotonic() + LINGER_SECONDS
        info, properties = message.delivery_info, message.properties
        self.last_tag = info["delivery_tag"]
        self.mails.append(
            Mail(
                _bytes(message.body),
                self.queue,
                properties.get("application_headers") or {},
                properties.get("user_id"),
                bool(info["redelivered"]),
            )
        )

    @property
    def is_due(self) -> bool:
        return len(self.mails) >= BATCH or (bool(self.mails) and monotonic() >= self.due_at)

    def patience(self) -> float:
        """How long to wait for more."""
        return min(max(self.due_at - monotonic(), 0.0005), QUIET_SECONDS) if self.mails else IDLE_SECONDS


class Batches(Entrypoint):  # type: ignore[misc]
    """A nameko entrypoint: its method gets whole batches; what it raises decides what is acknowledged."""

    #: The shared queues this process listens to.
    held: ClassVar[set[str]] = set()

    def __init__(self, queue: str, hearer: Hearer, amqp_uri: str, is_shared: bool = False, **options: Any) -> None:
        super().__init__(expected_exceptions=TROUBLE, **options)
        self.queue, self.hearer, self.amqp_uri, self.is_shared = queue, hearer, amqp_uri, is_shared
        self._stopping = False
        self._gone: Any = Event()
        self._next_tick = 0.0

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=f"consumer of {self.queue}")

    def stop(self) -> None:
        """Finish the batch under way, acknowledge it, then go."""
        self._stopping = True
        self._gone.wait()

    def _run(self) -> None:
        backoff = Backoff()
        try:
            while not self._stopping:
                try:
                    self.hearer.probe()
                    self._listen(backoff)
                except Exception as error:
                    delay = backoff.next()
                    get_logger().warning(
                        "consumer.interrupted",
                        error=type(error).__name__,
                        queue=self.queue,
                        reason=str(error) if isinstance(error, topology.TopologyError) else None,
                        retry_in=round(delay, 2),
                    )
                    self._sleep(delay)
        finally:
            self._gone.send(None)

    def _sleep(self, seconds: float) -> None:
        until = monotonic() + seconds
        while not self._stopping and monotonic() < until:
            eventlet.sleep(min(0.1, seconds))

    def _listen(self, backoff: Backoff) -> None:
        link = broker.connect(self.amqp_uri, self.queue)
        try:
            until = self._wait_for_turn(link)
            Batches.held |= {self.queue} if self.is_shared else set()
            batch = Batch(self.queue)
            with eventlet.Timeout(SETUP_SECONDS, TimeoutError("the broker fell silent")):
                topology.require(link, [], [self.queue])
                channel = link.channel()
                channel.basic_qos(0, PREFETCH, False)
                channel.basic_consume(self.queue, callback=batch.add, on_cancel=_cancelled)
            get_logger().info("consumer.listens", queue=self.queue)
            while not self._stopping and monotonic() < until:
                self._gather(link, batch)
                if batch.mails:
                    self._handle(link, channel, batch)
                    backoff.reset()
                self._breathe(link)
        finally:
            Batches.held.discard(self.queue)
            broker.close_quietly(link)

    def _wait_for_turn(self, link: Any) -> float:
        """Until nobody listens to a shared queue, even after those with fewer of them had their chance; until when."""
        if not self.is_shared:
            return inf
        channel = link.channel()
        while not (self._is_free(channel, 1) and self._is_free(channel, len(Batches.held))) and not self._stopping:
            link.heartbeat_tick()
        return monotonic() + SHARE_SECONDS * random.uniform(0.75, 1.25)  # noqa: S311 - spreads turns, guards nothing

    def _is_free(self, channel: Any, looks: int) -> bool:
        self._sleep(looks * LOOK_SECONDS)
        return not channel.queue_declare(self.queue, passive=True).consumer_count

    def _gather(self, link: Any, batch: Batch) -> None:
        """Fetch until the batch is due, or until it is time to look at the clock."""
        while not batch.is_due and not self._stopping:
            try:
                link.drain_events(timeout=batch.patience())
            except TimeoutError:
                return

    def _handle(self, link: Any, channel: Any, batch: Batch) -> None:
        mails, tag = batch.mails, batch.last_tag
        batch.mails = []
        self._in_worker(link, mails)
        channel.basic_ack(tag, multiple=True)

    def _breathe(self, link: Any) -> None:
        if monotonic() >= self._next_tick:
            self._next_tick = monotonic() + TICK_SECONDS
            self._in_worker(link, None)
            link.heartbeat_tick()

    def _in_worker(self, link: Any, mails: list[Mail] | None) -> None:
        """Let nameko run the method; keep the broker's heart beating meanwhile, on the one greenlet that may."""
        done: Any = Event()

        def handled(_: Any, result: Any, failure: Any) -> tuple[Any, Any]:
            done.send(failure)
            return result, failure

        self.container.spawn_worker(self, (mails,), {}, handle_result=handled)
        while not done.ready():
            with eventlet.Timeout(2.0, False):
                done.wait()
            if not done.ready():
                link.heartbeat_tick()
        failure = done.wait()
        if failure is not None:
            raise failure[1]


class ConsumerCancelledError(OSError):
    """The broker took the consumer away (the queue was deleted or moved)."""


def _cancelled(tag: str) -> None:
    raise ConsumerCancelledError(tag)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
