"""The topology is applied by one command, may be applied again, and gives each user exactly its rights."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import kombu
import pytest
from amqp.exceptions import AccessRefused

from contracts import topology as wanted
from lotse import topology
from lotse.broker import Broker, BrokerError
from tests.waiting import eventually


@pytest.fixture
def broker_admin(make_vhost: Callable[[], Any]) -> Broker:
    fresh = make_vhost()
    return Broker(fresh.management_url, fresh.vhost)


@pytest.fixture
def partner(broker_admin: Broker) -> Any:
    organization_id = uuid4()
    topology.onboard(broker_admin, organization_id, "secret")
    yield organization_id
    topology.offboard(broker_admin, organization_id)


def connection(broker: Any, vhost: str, user: str, password: str) -> kombu.Connection:
    port = int(broker.amqp_uri.split("@")[1].split(":")[1].split("/")[0])
    return kombu.Connection(f"amqp://{user}:{password}@127.0.0.1:{port}/{vhost}", connect_timeout=5)


def test_applying_twice_finds_nothing_missing_the_second_time(broker_admin: Broker) -> None:
    assert broker_admin.missing(wanted.core()) == []
    topology.apply_to(broker_admin)
    assert broker_admin.missing(wanted.core()) == []


@pytest.mark.parametrize(
    ("version", "lifted"), [("3.10.8", False), ("3.13.7", False), ("4.0.2", True), ("4.1.0", True)]
)
def test_what_is_looked_at_is_not_thrown_away_for_it(
    version: str, lifted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look is a delivery, and from 4 on a queue has a limit of them unless a policy lifts it."""
    asked: list[tuple[str, str, Any]] = []

    def call(_: Broker, method: str, path: str, body: Any = None) -> Any:
        asked.append((method, path, body))
        return {"rabbitmq_version": version}

    monkeypatch.setattr(Broker, "call", call)
    Broker("http://127.0.0.1:1", "net").lift_delivery_limit(["dead", "partners.dead"])
    policies = [(path, body) for method, path, body in asked if method == "PUT"]
    assert bool(policies) is lifted
    for path, body in policies:
        assert (path, body["definition"]) == ("/policies/net/looked-at", {"delivery-limit": -1})
        assert re.fullmatch(body["pattern"], "partners.dead") and not re.fullmatch(body["pattern"], "partners-dead")
        assert not re.fullmatch(body["pattern"], "audit.inbox.0")


def test_a_lost_binding_is_named_and_repaired(broker_admin: Broker) -> None:
    vhost = broker_admin.vhost
    broker_admin.call("DELETE", f"/bindings/{vhost}/e/directory.events/q/referral.inbox.0/%23")
    assert topology.apply_to(broker_admin) == ["binding directory.events -> referral.inbox.0 (#)"]
    assert topology.apply_to(broker_admin) == []


def test_what_differs_from_the_contracts_is_named(broker_admin: Broker) -> None:
    """Another number of partitions, other arguments, and fewer copies than the cluster has nodes."""
    assert topology.differences(broker_admin) == []
    broker_admin.bind(wanted.Binding("notifications.events", "referral.inbox.0", "#"))
    vhost = broker_admin.vhost
    broker_admin.call("DELETE", f"/queues/{vhost}/dead")
    broker_admin.call("PUT", f"/queues/{vhost}/dead", {"durable": True, "arguments": {"x-queue-type": "classic"}})
    assert topology.differences(broker_admin) == [
        "arguments of queue dead",
        "binding notifications.events -> referral.inbox.0 (#)",
    ]


def test_a_queue_with_fewer_copies_than_there_might_be_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = [
        {"name": "dead", "members": ["a", "b", "c"]},
        {"name": "unrouted", "members": ["a"]},
        {"name": "audit.inbox.0"},  # just made: nobody knows yet
        {"name": "somebody's own", "members": ["a"]},
    ]
    nodes = [{"name": name} for name in "abcde"]
    monkeypatch.setattr(Broker, "call", lambda _, __, path: nodes if path.startswith("/nodes") else queues)
    assert Broker("http://127.0.0.1:1").thin(wanted.core()) == [("unrouted", 1, 3)]
    nodes[1:] = []
    assert Broker("http://127.0.0.1:1").thin(wanted.core()) == []


def test_a_queue_that_was_there_before_its_bound_is_bounded_with_what_lies_in_it(broker_admin: Broker) -> None:
    policy = f"/policies/{broker_admin.vhost}/{wanted.COMMANDS_QUEUE}"
    broker_admin.call("DELETE", policy)
    letter = {"properties": {"delivery_mode": 2}, "routing_key": "", "payload": "x", "payload_encoding": "string"}
    broker_admin.call("POST", f"/exchanges/{broker_admin.vhost}/{wanted.COMMANDS_EXCHANGE}/publish", letter)
    assert topology.apply_to(broker_admin) == [f"policy {wanted.COMMANDS_QUEUE}"]
    queue = f"/queues/{broker_admin.vhost}/{wanted.COMMANDS_QUEUE}"
    bound = eventually(lambda: broker_admin.call("GET", queue).get("effective_policy_definition"))
    assert bound == {"max-length": wanted.COMMANDS_MAX_LENGTH, "max-length-bytes": wanted.COMMANDS_MAX_BYTES}
    eventually(lambda: broker_admin.call("GET", queue).get("messages") == 1)
    assert topology.apply_to(broker_admin) == []


def test_a_queue_with_other_arguments_is_refused_and_named(broker_admin: Broker) -> None:
    broker_admin.call("DELETE", f"/queues/{broker_admin.vhost}/referral.inbox.0")
    broker_admin.call("PUT", f"/queues/{broker_admin.vhost}/referral.inbox.0", {"durable": True})
    with pytest.raises(BrokerError, match=r"referral\.inbox\.0"):
        topology.apply_to(broker_admin)


def test_what_nobody_listens_to_ends_in_the_unrouted_queue(broker: Any, broker_admin: Broker) -> None:
    broker_admin.call(
        "POST",
        f"/exchanges/{broker_admin.vhost}/partners/publish",
        {"properties": {}, "routing_key": "nobody", "payload": "x", "payload_encoding": "string"},
    )
    got = broker_admin.call(
        "POST",
        f"/queues/{broker_admin.vhost}/unrouted/get",
        {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"},
    )
    assert [message["routing_key"] for message in got] == ["nobody"]


def test_a_partner_may_read_its_queue_and_write_its_exchange_only(
    broker: Any, broker_admin: Broker, partner: UUID
) -> None:
    user = wanted.partner_user(partner)
    with connection(broker, broker_admin.vhost, user, "secret") as own:
        channel = own.channel()
        channel.queue_declare(wanted.partner_queue(partner), passive=True)
        channel.basic_publish(
            _message("{}", user), exchange=wanted.partner_exchange(partner), routing_key="partner.accept.v1"
        )
        channel.close()
        for act in (
            lambda channel: channel.basic_get("referral.inbox.0"),
            lambda channel: channel.queue_declare("mine", durable=True),
            lambda channel: channel.exchange_declare("mine", "topic"),
            lambda channel: _publish_and_wait(channel, "referral.events", user),
            lambda channel: _publish_and_wait(channel, "partners", user),
        ):
            with pytest.raises(AccessRefused):
                act(own.channel())


def test_a_suspended_partner_is_cut_off_and_comes_back_by_onboarding(
    broker: Any, broker_admin: Broker, partner: UUID
) -> None:
    topology.suspend(broker_admin, partner)
    assert topology.drift(broker_admin, partner) == [f"missing: permissions of {wanted.partner_user(partner)}"]
    topology.onboard(broker_admin, partner, None)
    assert topology.drift(broker_admin, partner) == []


def test_wider_permissions_than_wanted_are_drift(broker_admin: Broker, partner: UUID) -> None:
    user = wanted.partner_user(partner)
    broker_admin.ensure_user(wanted.Permissions(user, write=".*", read=".*"), None)
    assert topology.drift(broker_admin, partner) == [f"differs: permissions of {user}"]


def test_an_offboarded_partner_leaves_nothing_behind(broker_admin: Broker, partner: UUID) -> None:
    topology.offboard(broker_admin, partner)
    assert wanted.partner_user(partner) not in broker_admin.users()
    assert len(broker_admin.missing(wanted.for_partner(partner))) == 4
    topology.offboard(broker_admin, partner)


def _message(body: str, user: str) -> Any:
    from amqp.basic_message import Message

    return Message(body, user_id=user)


def _publish_and_wait(channel: Any, exchange: str, user: str) -> None:
    channel.basic_publish(_message("{}", user), exchange=exchange, routing_key="x")
    channel.connection.drain_events(timeout=3)
