"""What becomes of twenty notices under each fault of delivery: counted, not argued. Nothing may be lost.

    DELIVERY_FAULTS=docs/results python -m pytest -m long tests/integration/notifications/test_delivery_faults.py

also writes `delivery-faults.json` and `.md` there. The ladder runs at a hundredth of its time, a webhook may take one
second; how long a fault lasts is measured, and so is the time from its end until everything is there.
"""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest

from contracts import envelope
from contracts.codes import ChannelKind
from contracts.topology import PARTNERS_DEAD, for_partner, partner_queue
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.rabbitmq_server import RabbitServer
from lotse import topology
from services.chassis.clock import SystemClock
from services.chassis.db import Database
from services.chassis.work import Unit
from services.notifications import queries
from services.notifications.domain.ladder import Ladder
from tests.brokers import PASSWORDS
from tests.conftest import Broker
from tests.integration.notifications.conftest import Notifications, listing, requested
from tests.integration.notifications.receiver import Receiver, running
from tests.integration.notifications.test_partner_queue import with_arguments
from tests.integration.notifications.test_processes import Outside, amqp_address, processes, settings_of, waiting
from tests.waiting import eventually

NOTICES = 20
SCALE = 0.01
FAULT_SECONDS = 1.5
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Figures:
    """One fault: what was tried, what arrived how often, how soon after its end, and what is missing."""

    fault: str
    notices: int
    attempts: int
    delivered: int
    duplicates: int
    seconds_after_recovery: float
    lost: int


@pytest.fixture(scope="module")
def results() -> Iterator[list[Figures]]:
    """Collects the figures, and writes them down where somebody asks for it."""
    found: list[Figures] = []
    yield found
    folder = os.environ.get("DELIVERY_FAULTS")
    if folder and found:
        kept = Path(folder, "delivery-faults.json")
        before = [Figures(**one) for one in json.loads(kept.read_text())] if kept.exists() else []
        rows = list({one.fault: one for one in (*before, *found)}.values())  # a part that was run anew replaces its row
        kept.write_text(json.dumps([asdict(one) for one in rows], indent=2) + "\n")
        kept.with_suffix(".md").write_text(as_page(rows))


def as_page(found: list[Figures]) -> str:
    head = f"""# What becomes of notices under faults of delivery

{NOTICES} notices each; the ladder at a hundredth of its time (0, 0.05 s, 3 s, 18 s, ...), one second for an answer of a
webhook. *Attempts* are ours (webhook) or the broker's (queue). *Delivered* counts notices the partner has, by whichever
way; *duplicates* are notices it took more than once, always under one id. Measured beside other work on two cores by
`tests/integration/notifications/test_delivery_faults.py`.

| fault | notices | attempts | delivered | duplicates | after recovery | lost |
|---|---|---|---|---|---|---|
"""
    rows = (
        f"| {one.fault} | {one.notices} | {one.attempts} | {one.delivered} | {one.duplicates}"
        f" | {one.seconds_after_recovery:.1f} s | {one.lost} |\n"
        for one in found
    )
    return head + "".join(rows)


@pytest.fixture
def alive(make_database: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Notifications]:
    """Notifications on the machine's own clock."""
    monkeypatch.setenv("PUBLIC_URL", "http://localhost:8100")
    with Database(make_database("notifications").app_dsn) as db:
        clock = SystemClock()
        yield Notifications(db, clock, Unit(db, clock, "notifications"))  # type: ignore[arg-type]


@contextmanager
def dispatching(notifications: Notifications) -> Iterator[None]:
    """The real dispatcher, in a thread."""
    stop = threading.Event()
    dispatcher = notifications.dispatcher(ladder=Ladder(scale=SCALE))
    thread = threading.Thread(target=dispatcher.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@dataclass
class Counting(Receiver):
    """Knows which notices it has taken: answered with a success, even if nobody waited for the answer."""

    took: Counter[str] = field(default_factory=Counter)

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        status = super().answer(headers, body)
        if status < 300 and self.raw is None:
            self.took[headers["webhook-id"]] += 1
        return status


def slow(receiver: Receiver) -> None:
    receiver.delay = 1.3


def refusing(receiver: Receiver) -> None:
    receiver.statuses = [500]


def talking_garbage(receiver: Receiver) -> None:
    receiver.raw = b"\x00\xff\xfe what is this\r\n" * 50


def redirecting(receiver: Receiver) -> None:
    receiver.statuses, receiver.elsewhere = [302], "http://169.254.169.254/latest/meta-data"


WEBHOOK_FAULTS = {
    "webhook answers too slowly": slow,
    "webhook answers 500": refusing,
    "webhook answers garbage": talking_garbage,
    "webhook redirects to a link-local address": redirecting,
}


@pytest.mark.parametrize("fault", list(WEBHOOK_FAULTS))
def test_after_a_fault_of_its_webhook_a_partner_has_everything(
    alive: Notifications, results: list[Figures], fault: str
) -> None:
    with running(Counting()) as receiver:
        WEBHOOK_FAULTS[fault](receiver)
        partner = alive.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        alive.keep_secret(partner)
        referrals = [alive.a_request(partner) for _ in range(NOTICES)]
        with dispatching(alive):
            eventually(lambda: attempts_of(alive, referrals) > 0, 30)
            time.sleep(FAULT_SECONDS)  # the fault lasts; what is waited for is its end, and that is now
            receiver.delay, receiver.raw, receiver.statuses = 0.0, None, [204]
            well_at = time.monotonic()
            eventually(lambda: all(alive.states(one) == ["confirmed"] for one in referrals), 120, 0.2)
            seconds = time.monotonic() - well_at
        assert isinstance(receiver, Counting)
        got = receiver.took
    told = attempts_of(alive, referrals)
    results.append(figures(fault, told, got, seconds))
    assert results[-1].lost == 0
    assert told >= NOTICES


def attempts_of(notifications: Notifications, referrals: list[UUID]) -> int:
    return sum(len(row["attempts"]) for one in referrals for row in notifications.deliveries(one))


def figures(fault: str, attempts: int, got: Counter[str], seconds: float) -> Figures:
    duplicates = sum(1 for count in got.values() if count > 1)
    return Figures(fault, NOTICES, attempts, len(got), duplicates, round(seconds, 2), NOTICES - len(got))


def test_of_a_full_queue_the_feed_still_has_what_gave_way(
    alive: Notifications, make_vhost: Callable[[], Broker], results: list[Figures]
) -> None:
    outside, partner = Outside(make_vhost()), alive.an_organization(ChannelKind.AMQP)
    outside.manager.apply(with_arguments(for_partner(partner), max_length=5))
    for _ in range(NOTICES):
        alive.a_request(partner)
    bodies = [bytes(row["body"]) for row in alive.outbox() if row["exchange"] == "partners"]
    publish_bytes(outside, partner, bodies)
    eventually(lambda: waiting(outside, PARTNERS_DEAD) == NOTICES - 5)
    well_at = time.monotonic()
    got = Counter(envelope.read(taken(outside, partner)).id for _ in range(5))
    with alive.db.read() as connection:
        feed = queries.feed(connection, partner, 0, 500).bodies
    got.update(notice for notice in (envelope.read(body).id for body in feed) if notice not in got)
    named = Counter({str(notice): count for notice, count in got.items()})
    results.append(figures("queue full (5 places), the rest by the feed", NOTICES, named, time.monotonic() - well_at))
    assert (results[-1].lost, len(feed)) == (0, NOTICES)


def publish_bytes(outside: Outside, partner: UUID, bodies: list[bytes]) -> None:
    for body in bodies:
        message = amqp.Message(body, delivery_mode=2)
        outside.channel.basic_publish(message, "partners", str(partner), mandatory=True)


def taken(outside: Outside, partner: UUID) -> bytes:
    message = outside.channel.basic_get(partner_queue(partner), no_ack=True)
    return message.body if isinstance(message.body, bytes) else str(message.body).encode()


class Reader:
    """One of a partner's systems: takes, remembers, acknowledges, comes again when the broker was away."""

    def __init__(self, vhost: Broker, partner: UUID, *, dies_holding: int | None = None) -> None:
        self.vhost, self.partner, self.dies_holding = vhost, partner, dies_holding
        self.seen: list[str] = []
        self.acknowledged: list[str] = []

    def run(self, done: Callable[[], bool]) -> None:
        while not done():
            try:
                self._read(done)
            except (OSError, amqp.AMQPError):
                time.sleep(0.2)  # away; asked again until it is there
                if self.dies_holding == 0:
                    return

    def _read(self, done: Callable[[], bool]) -> None:
        link = amqp.Connection(**amqp_address(self.vhost.amqp_uri), virtual_host=self.vhost.vhost)
        link.connect()
        channel = link.channel()
        channel.basic_qos(0, 5, False)
        channel.basic_consume(partner_queue(self.partner), callback=self._take)
        try:
            while not done():
                try:
                    link.drain_events(timeout=0.2)
                except TimeoutError:
                    continue
        finally:
            link.collect()

    def _take(self, message: Any) -> None:
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        notice = str(envelope.read(body).id)
        self.seen.append(notice)
        if self.dies_holding is not None and len(self.seen) >= self.dies_holding:
            self.dies_holding = 0
            raise ConnectionAbortedError
        message.channel.basic_ack(message.delivery_tag)
        self.acknowledged.append(notice)


def test_two_systems_compete_and_one_dies_with_what_it_holds(
    alive: Notifications, make_vhost: Callable[[], Broker], results: list[Figures]
) -> None:
    vhost = make_vhost()
    outside, partner = Outside(vhost), alive.an_organization(ChannelKind.AMQP)
    outside.manager.apply(for_partner(partner))
    for _ in range(NOTICES):
        alive.a_request(partner)
    readers = [Reader(vhost, partner, dies_holding=4), Reader(vhost, partner)]

    def done() -> bool:
        return len({one for reader in readers for one in reader.acknowledged}) >= NOTICES

    threads = [threading.Thread(target=reader.run, args=(done,)) for reader in readers]
    for thread in threads:
        thread.start()
    publish_bytes(outside, partner, [bytes(row["body"]) for row in alive.outbox() if row["exchange"] == "partners"])
    eventually(lambda: readers[0].dies_holding == 0, 30)
    died_at = time.monotonic()
    eventually(done, 60)
    seconds = time.monotonic() - died_at
    for thread in threads:
        thread.join(30)
    seen = Counter(one for reader in readers for one in reader.seen)
    kept = Counter(one for reader in readers for one in reader.acknowledged)
    results.append(figures("two systems compete, one dies holding notices", seen.total(), kept, seconds))
    assert (results[-1].lost, results[-1].duplicates) == (0, 0)


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    rabbit = RabbitServer(tmp_path_factory.mktemp("faults"))
    try:
        rabbit.start()
    except NoBrokerError as error:
        pytest.skip(f"no broker of our own can be started here: {error}")
    topology.apply(rabbit.management_url, "faults", PASSWORDS)
    yield rabbit
    rabbit.stop()


def test_the_broker_restarts_in_the_middle_of_delivery(
    own_broker: RabbitServer, make_database: Callable[[str], Any], tmp_path: Path, results: list[Figures]
) -> None:
    vhost = Broker(f"{own_broker.amqp_uri}/faults", own_broker.management_url, "faults")
    outside, partner = Outside(vhost), listing(ChannelKind.AMQP)
    outside.manager.apply(for_partner(partner.organization_id))
    own = settings_of(make_database("notifications").app_dsn, vhost.amqp_uri, tmp_path)
    reader = Reader(vhost, partner.organization_id)

    def done() -> bool:
        return len(set(reader.acknowledged)) >= NOTICES

    with processes(own, tmp_path / "roles.log", ("worker", "relay")):
        outside.say("directory", partner)
        for _ in range(NOTICES // 2):
            outside.say("referral", requested(uuid4(), partner.organization_id))
        thread = threading.Thread(target=reader.run, args=(done,))
        thread.start()
        eventually(lambda: reader.acknowledged, 60)
        own_broker.restart()
        back_at = time.monotonic()
        again = Outside(vhost)
        for _ in range(NOTICES - NOTICES // 2):
            again.say("referral", requested(uuid4(), partner.organization_id))
        eventually(done, 120)
        seconds = time.monotonic() - back_at
        thread.join(30)
    kept = Counter(reader.acknowledged)
    results.append(figures("broker restarted in the middle of delivery", len(reader.seen), kept, seconds))
    assert results[-1].lost == 0
