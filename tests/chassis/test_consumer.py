"""The ear by itself: when it listens to a queue it shares with other workers, and when it lets go of it."""

import json
import socket
import warnings
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import amqp
import pytest

from contracts.topology import inbox_queue
from services.chassis.hear import Mail
from tests.brokers import as_user
from tests.conftest import Broker
from tests.waiting import PATIENCE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # eventlet says of itself that it is old; the worker asks nothing new of it
    from services.chassis import consumer
    from services.chassis.consumer import Batches

QUEUE = inbox_queue("referral")


class Container:
    """Runs the method at once, as nameko would in a greenlet."""

    def spawn_worker(self, batches: Batches, arguments: Any, _: Any, handle_result: Any) -> None:
        failure = None
        try:
            batches.hearer.hear(arguments[0]) if arguments[0] is not None else batches.hearer.tick()
        except Exception as error:
            failure = (type(error), error, None)
        handle_result(None, None, failure)


class Ear:
    """Writes down what it hears; stops listening when it has heard enough."""

    def __init__(self, enough: int) -> None:
        self.enough, self.heard, self.ticks = enough, [], 0  # type: ignore[var-annotated]
        self.batches: Batches | None = None

    def hear(self, mails: Sequence[Mail]) -> None:
        self.heard += [mail.raw for mail in mails]
        if len(self.heard) >= self.enough and self.batches:
            self.batches._stopping = True

    def tick(self) -> None:
        self.ticks += 1

    def probe(self) -> None:
        """The database answers."""


def an_ear(vhost: Broker, enough: int, *, is_shared: bool = False) -> tuple[Ear, Batches]:
    ear = Ear(enough)
    batches = Batches(QUEUE, ear, as_user(vhost.amqp_uri, "referral"), is_shared)
    batches.container = Container()
    ear.batches = batches
    return ear, batches


@pytest.fixture
def vhost(make_vhost: Any) -> Broker:
    made: Broker = make_vhost()
    return made


@pytest.fixture
def said(vhost: Broker) -> Iterator[list[bytes]]:
    """Ten letters in the queue."""
    bodies = [json.dumps(number).encode() for number in range(10)]
    link = consumer.broker.connect(vhost.amqp_uri, "test")
    channel = link.channel()
    for body in bodies:
        channel.basic_publish(amqp.Message(body), routing_key=QUEUE)
    yield bodies
    link.close()


def waiting(vhost: Broker) -> int:
    link = consumer.broker.connect(vhost.amqp_uri, "test")
    found: int = link.channel().queue_declare(QUEUE, passive=True).message_count
    link.close()
    return found


@pytest.mark.parametrize("is_shared", [False, True], ids=["one queue", "shared"])
def test_what_lies_in_the_queue_is_heard_in_order_and_acknowledged(
    vhost: Broker, said: list[bytes], is_shared: bool
) -> None:
    ear, batches = an_ear(vhost, len(said), is_shared=is_shared)
    batches._run()
    assert ear.heard == said
    assert waiting(vhost) == 0 and not Batches.held


def test_a_shared_queue_is_let_go_of_after_a_while_and_taken_again_where_nobody_else_listens(
    vhost: Broker, said: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "SHARE_SECONDS", 0.0)
    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.01)
    turns = 0

    def wait(self: Batches, link: Any) -> float:
        nonlocal turns
        turns += 1
        if turns == 3:
            monkeypatch.setattr(consumer, "SHARE_SECONDS", 30.0)
        return wait_for_turn(self, link)

    wait_for_turn = Batches._wait_for_turn
    monkeypatch.setattr(Batches, "_wait_for_turn", wait)
    ear, batches = an_ear(vhost, len(said), is_shared=True)
    batches._run()
    assert turns == 3 and ear.heard == said


def test_a_shared_queue_somebody_listens_to_is_left_alone_until_that_one_is_gone(
    vhost: Broker, said: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.01)
    other = consumer.broker.connect(vhost.amqp_uri, "test")
    listens = other.channel()
    listens.basic_qos(0, 1, False)
    listens.basic_consume(QUEUE, callback=lambda _: None)
    looks = 0

    def looked(self: Batches, channel: Any, times: int) -> bool:
        nonlocal looks
        looks += 1
        if looks == 5:
            other.close()
        return is_free(self, channel, times)

    is_free = Batches._is_free
    monkeypatch.setattr(Batches, "_is_free", looked)
    ear, batches = an_ear(vhost, len(said), is_shared=True)
    batches._run()
    assert looks > 5
    assert sorted(ear.heard) == sorted(said)


def test_of_several_addresses_the_first_that_answers_is_taken(vhost: Broker) -> None:
    link = consumer.broker.connect(f"amqp://nobody@127.0.0.1:9;{vhost.amqp_uri}", "test")
    assert link.connected
    link.close()
    with pytest.raises(OSError):
        consumer.broker.connect("amqp://nobody@127.0.0.1:9;amqp://nobody@127.0.0.1:19", "test")


def test_a_node_that_fell_silent_is_passed_over(vhost: Broker) -> None:
    """Its kernel still takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = monotonic()
        link = consumer.broker.connect(f"amqp://nobody@127.0.0.1:{silent.getsockname()[1]};{vhost.amqp_uri}", "test")
        assert link.connected
        assert monotonic() - began < 5 * PATIENCE
        link.close()
