"""On a real broker: results are kept back, lost or doubled, answers held up; whatever else there is passes by."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest

from contracts.codes import Action
from contracts.topology import COMMANDS_QUEUE, PARTNERS, partner_exchange, partner_queue, partner_user
from lotse import topology
from lotse.broker import Broker
from lotse.certify.interception import Interception
from tests.waiting import eventually


@dataclass
class Place:
    """A virtual host with one partner, the examiner between, and both ends to look at."""

    admin: Broker
    uri: str
    me: UUID
    between: Interception

    def link(self, user: str = "", password: str = "secret") -> Any:
        host, login = self.uri.rpartition("@")[2].partition("/")[0], self.uri.partition("//")[2].partition("@")[0]
        name, _, word = login.partition(":")
        made = amqp.Connection(
            host=host, userid=user or name, password=password if user else word, virtual_host=self.admin.vhost
        )
        made.connect()
        return made

    def tell(self, *commands: str) -> None:
        """What the network sends: the results of these, or a notice."""
        with self.link() as link:
            for command in commands:
                data = {"command_id": command} if command != "notice" else {"kind": "test"}
                kind = "partner.command_result.v1" if command != "notice" else "partner.notice.v1"
                body = json.dumps({"id": str(uuid4()), "type": kind, "data": data}).encode()
                message = amqp.Message(body, delivery_mode=2, content_type="application/cloudevents+json")
                link.channel().basic_publish(message, PARTNERS, str(self.me))

    def say(self, *actions: str) -> None:
        with self.link(partner_user(self.me)) as link:
            for action in actions:
                message = amqp.Message(
                    action.encode(), content_encoding="binary", delivery_mode=2, user_id=partner_user(self.me)
                )
                link.channel().basic_publish(message, partner_exchange(self.me), f"partner.{action}.v1")

    def read(self, queue: str) -> list[Any]:
        with self.link() as link:
            channel, found = link.channel(), []
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                found.append(message)
        return found

    def heard(self) -> list[str]:
        """What has reached the partner."""
        self.between.turn()
        bodies = [json.loads(message.body)["data"] for message in self.read(partner_queue(self.me))]
        return [str(data.get("command_id", "notice")) for data in bodies]

    def commands(self) -> list[tuple[str, str]]:
        """What has reached the network within a moment, and who the broker says has said it."""
        found: list[Any] = []
        with self.link() as link:
            link.channel().basic_consume(COMMANDS_QUEUE, callback=found.append, no_ack=True)
            with suppress(TimeoutError):
                while True:
                    link.drain_events(timeout=0.5)
        return [(message.body.decode(), message.properties["user_id"]) for message in found]


@pytest.fixture(scope="module")
def place(make_vhost: Callable[[], Any]) -> Place:
    fresh, me = make_vhost(), uuid4()
    admin = Broker(fresh.management_url, fresh.vhost)
    topology.onboard(admin, me, "secret")
    return Place(admin, fresh.amqp_uri, me, Interception(admin, me))


@pytest.fixture(autouse=True)
def everything_is_as_it_was(place: Place) -> Any:
    yield
    assert topology.drift(place.admin, place.me) == []
    assert [row["name"] for row in place.admin.queues() if row["name"].startswith("sandbox")] == []


def arrives(place: Place, wanted: list[str]) -> None:
    """These reach the partner, in this order, and nothing else."""
    got: list[str] = []

    def all_there() -> bool:
        got.extend(place.heard())
        return len(got) >= len(wanted)

    eventually(all_there, timeout=20, interval=0.1)
    assert got == wanted


def test_a_result_is_lost_and_everything_else_passes_by_in_its_order(place: Place):
    with place.between.of_results(lambda command: 0 if command == "b" else 1):
        place.tell("a", "b", "notice", "c")
        arrives(place, ["a", "notice", "c"])
    place.tell("d")
    arrives(place, ["d"])


def test_a_result_is_kept_back_until_it_is_handed_over(place: Place):
    with place.between.of_results(lambda command: 0 if command == "a" else 1):
        place.tell("a", "b")
        arrives(place, ["b"])
        assert place.between.hand_over() == 1
        arrives(place, ["a"])


def test_every_result_comes_three_times_and_a_notice_once(place: Place):
    with place.between.of_results(lambda _: 3):
        place.tell("a", "notice")
        arrives(place, ["a", "a", "a", "notice"])


def test_what_is_under_way_when_it_ends_arrives_all_the_same(place: Place):
    with place.between.of_results(lambda _: 1):
        place.tell("a", "b")
    arrives(place, ["a", "b"])


def test_answers_of_one_kind_are_held_up_and_the_broker_vouches_for_them_afterwards(place: Place):
    seen: list[tuple[str, str]] = []

    def come(count: int) -> bool:
        seen.extend(place.commands())
        return len(seen) >= count

    with place.between.of_answers(Action.ACCEPT):
        place.say("receive", "accept", "start")
        eventually(lambda: come(2), timeout=20, interval=0.1)
        assert seen == [("receive", partner_user(place.me)), ("start", partner_user(place.me))]
    eventually(lambda: come(3), timeout=20, interval=0.1)
    assert seen[2:] == [("accept", partner_user(place.me))]


def test_if_the_examiner_dies_the_partner_is_put_right_by_sync(place: Place):
    begun = place.between.of_results(lambda _: 1)
    begun.__enter__()
    assert topology.drift(place.admin, place.me) == [
        f"missing: binding {PARTNERS} -> {partner_queue(place.me)} ({place.me})"
    ]
    topology.onboard(place.admin, place.me, None)
    assert topology.drift(place.admin, place.me) == []
    begun.__exit__(None, None, None)
