"""A partner that never reads its queue must not silence the network."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import amqp

from contracts.topology import DEAD, PARTNERS, for_partner
from tests.conftest import Broker
from tests.integration.notifications.test_processes import Outside, waiting
from tests.waiting import eventually


def test_a_full_queue_gives_way_at_its_old_end_and_refuses_nothing(make_vhost: Callable[[], Broker]) -> None:
    outside = Outside(make_vhost())
    partner = uuid4()
    wanted = for_partner(partner)
    (queue,) = wanted.queues
    small = replace(queue, arguments={**queue.arguments, "x-max-length": 3})
    outside.manager.apply(replace(wanted, queues=(small,)))
    for number in range(5):
        message = amqp.Message(str(number), delivery_mode=2)
        # Returns only when the broker has confirmed; a refused message would raise.
        outside.channel.basic_publish(message, PARTNERS, str(partner), mandatory=True)
    eventually(lambda: waiting(outside, DEAD) == 2)
    kept = [outside.channel.basic_get(queue.name, no_ack=True).body for _ in range(3)]
    assert kept == ["2", "3", "4"]
