"""A partner's own queue: one that sleeps harms nobody, and two systems of one partner share the work."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest

from contracts.topology import (
    COMMANDS_QUEUE,
    DEAD,
    PARTNERS,
    PARTNERS_DEAD,
    UNROUTED,
    Policy,
    Topology,
    core,
    for_partner,
    partner_exchange,
    partner_queue,
    partner_user,
)
from lotse.topology import onboard
from tests.conftest import Broker
from tests.integration.notifications.test_processes import Outside, amqp_address, waiting
from tests.waiting import eventually


def with_arguments(wanted: Topology, **arguments: Any) -> Topology:
    """The partner's topology, its queue bounded more tightly."""
    (queue,) = wanted.queues
    named = {f"x-{name.replace('_', '-')}": value for name, value in arguments.items()}
    return replace(wanted, queues=(replace(queue, arguments={**queue.arguments, **named}),))


def publish(outside: Outside, partner: UUID, numbers: range) -> None:
    for number in numbers:
        message = amqp.Message(str(number), delivery_mode=2)
        # Returns only when the broker has confirmed; a refused message would raise.
        outside.channel.basic_publish(message, PARTNERS, str(partner), mandatory=True)


def test_a_full_queue_gives_way_at_its_old_end_and_refuses_nothing(make_vhost: Callable[[], Broker]) -> None:
    outside, partner, awake = Outside(make_vhost()), uuid4(), uuid4()
    outside.manager.apply(with_arguments(for_partner(partner), max_length=3))
    outside.manager.apply(for_partner(awake))
    publish(outside, partner, range(5))
    publish(outside, awake, range(1))
    eventually(lambda: waiting(outside, PARTNERS_DEAD) == 2)
    kept = [outside.channel.basic_get(partner_queue(partner), no_ack=True).body for _ in range(3)]
    assert kept == ["2", "3", "4"]
    assert outside.channel.basic_get(partner_queue(awake), no_ack=True).body == "0"
    assert waiting(outside, DEAD) == 0, (
        "what partners leave lying does not push out what the network itself could not do"
    )


def test_what_lies_too_long_gives_way_too(make_vhost: Callable[[], Broker]) -> None:
    outside, partner = Outside(make_vhost()), uuid4()
    outside.manager.apply(with_arguments(for_partner(partner), message_ttl=200))
    publish(outside, partner, range(2))
    eventually(lambda: waiting(outside, PARTNERS_DEAD) == 2)
    assert waiting(outside, partner_queue(partner)) == 0


def test_whatever_a_partner_can_let_grow_is_bounded_in_length_and_age() -> None:
    (dead,) = [queue for queue in core().queues if queue.name == PARTNERS_DEAD]
    for queue in (dead, *for_partner(uuid4()).queues):
        assert queue.arguments["x-overflow"] == "drop-head"
        assert {"x-max-length", "x-message-ttl"} <= queue.arguments.keys()
    (commands,) = [queue for queue in core().queues if queue.name == COMMANDS_QUEUE]
    (bound,) = [policy for policy in core().policies if policy.queue == COMMANDS_QUEUE]
    assert commands.arguments["x-overflow"] == "reject-publish", "what a partner said is refused, never dropped"
    assert {"max-length", "max-length-bytes"} <= bound.definition.keys()


@pytest.mark.parametrize(("bound", "size"), [({"max-length": 3}, 10), ({"max-length-bytes": 30_000}, 10_000)])
def test_a_partner_that_says_more_than_can_lie_there_is_refused_and_nothing_said_before_is_lost(
    make_vhost: Callable[[], Broker], bound: dict[str, int], size: int
) -> None:
    vhost, partner = make_vhost(), uuid4()
    outside = Outside(vhost)
    onboard(outside.manager, partner, "secret")
    outside.manager.apply(replace(core(), policies=(Policy(COMMANDS_QUEUE, bound),)))
    host = vhost.amqp_uri.rpartition("@")[2].partition("/")[0]
    taken = 0
    with amqp.Connection(host, partner_user(partner), "secret", virtual_host=vhost.vhost, confirm_publish=True) as link:

        def say() -> bool:
            nonlocal taken
            try:
                link.channel(1).basic_publish(
                    amqp.Message("x" * size, delivery_mode=2), partner_exchange(partner), "partner.accept.v1"
                )
            except amqp.exceptions.MessageNacked:
                return True
            taken += 1
            assert taken < 100, "nobody bounds what a partner lets lie"
            return False

        eventually(say, timeout=20)
    eventually(lambda: waiting(outside, COMMANDS_QUEUE) == taken)
    assert (waiting(outside, DEAD), waiting(outside, UNROUTED)) == (0, 0)


class System:
    """One of a partner's systems at its queue; it may die with what it has taken."""

    def __init__(self, vhost: Broker, partner: UUID, taken: list[str], dies_at: int | None = None) -> None:
        self.link = amqp.Connection(**amqp_address(vhost.amqp_uri), virtual_host=vhost.vhost)
        self.link.connect()
        self.channel = self.link.channel()
        self.channel.basic_qos(0, 5, False)
        self.channel.basic_consume(partner_queue(partner), callback=self.take)
        self.taken, self.dies_at, self.count = taken, dies_at, 0

    def take(self, message: Any) -> None:
        self.count += 1
        if self.dies_at is not None and self.count >= self.dies_at:
            raise ConnectionAbortedError
        self.taken.append(message.body)
        self.channel.basic_ack(message.delivery_tag)

    def work(self, done: Callable[[], bool]) -> None:
        try:
            while not done():
                try:
                    self.link.drain_events(timeout=0.2)
                except TimeoutError:
                    continue
        except ConnectionAbortedError:
            self.link.collect()  # the socket is closed, nothing is said


def test_two_systems_of_one_partner_share_its_notices_and_none_is_lost_when_one_dies(
    make_vhost: Callable[[], Broker],
) -> None:
    vhost, partner = make_vhost(), uuid4()
    outside = Outside(vhost)
    outside.manager.apply(for_partner(partner))
    steady: list[str] = []
    frail: list[str] = []
    systems = [System(vhost, partner, frail, dies_at=4), System(vhost, partner, steady)]
    publish(outside, partner, range(30))
    threads = [threading.Thread(target=one.work, args=(lambda: len(steady) + len(frail) >= 30,)) for one in systems]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    counted = Counter(steady + frail)
    assert counted == Counter(map(str, range(30))), "each is acknowledged once; what the dead one held came again"
    assert len(frail) == 3
    eventually(lambda: waiting(outside, partner_queue(partner)) == 0)
