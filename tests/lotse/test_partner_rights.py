"""What a partner's broker user may do: read its queue, write its exchange. Everything else is tried, and refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest
import urllib3
from amqp.exceptions import AccessRefused, AMQPError, NotAllowed, PreconditionFailed

from contracts import topology as wanted
from contracts.topology import PARTNERS, for_partner, partner_exchange, partner_queue, partner_user
from lotse import topology
from lotse.broker import Broker, BrokerError

PASSWORD = "secret"
EXCHANGES = [one.name for one in wanted.core().exchanges] + ["", "amq.topic", "amq.fanout", "amq.rabbitmq.trace"]
QUEUES = [one.name for one in wanted.core().queues]


@dataclass
class Place:
    """A virtual host with two partners, and the first one's way in."""

    admin: Broker
    amqp_uri: str
    me: UUID
    other: UUID
    link: Any = None

    def channel(self) -> Any:
        """A fresh one: a refusal ends the channel it happened on."""
        if self.link is None or not self.link.connected:
            self.link = self.connect(self.admin.vhost)
        return self.link.channel()

    def connect(self, vhost: str, user: str = "", password: str = PASSWORD) -> Any:
        host = self.amqp_uri.rpartition("@")[2].partition("/")[0]
        link = amqp.Connection(
            host=host,
            userid=user or partner_user(self.me),
            password=password,
            virtual_host=vhost,
            confirm_publish=True,
            connect_timeout=5,
            read_timeout=10,
        )
        link.connect()
        return link


@pytest.fixture(scope="module")
def place(make_vhost: Callable[[], Any]) -> Iterator[Place]:
    fresh = make_vhost()
    found = Place(Broker(fresh.management_url, fresh.vhost), fresh.amqp_uri, uuid4(), uuid4())
    for one in (found.me, found.other):
        topology.onboard(found.admin, one, PASSWORD)
    yield found
    for one in (found.me, found.other):
        topology.offboard(found.admin, one)


def refused(place: Place, act: Callable[[Any], object]) -> bool:
    """Whether the broker says that this is not allowed - and nothing else."""
    channel = place.channel()
    try:
        act(channel)
    except AccessRefused:
        return True
    except AMQPError as error:
        pytest.fail(f"another answer than a refusal: {error!r}")
    return False


def say(channel: Any, exchange: str, key: str, **properties: Any) -> None:
    """Publish and wait until the broker has taken or refused it."""
    channel.basic_publish(amqp.Message("{}", **properties), exchange, key, timeout=10)


def test_its_own_queue_can_be_read_and_its_own_exchange_written(place: Place) -> None:
    channel = place.channel()
    say(channel, partner_exchange(place.me), "partner.accept.v1", user_id=partner_user(place.me))
    channel.basic_get(partner_queue(place.me))
    channel.basic_consume(partner_queue(place.me))


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda name: name or "default")
def test_no_other_exchange_can_be_written(place: Place, exchange: str) -> None:
    """The nameless one would lead into any queue, the partners' one into any partner's."""
    for key in (partner_queue(place.other), str(place.other), "referral.inbox.0"):
        assert refused(place, lambda channel, key=key: say(channel, exchange, key))


def test_the_exchange_of_another_partner_cannot_be_written(place: Place) -> None:
    assert refused(place, lambda channel: say(channel, partner_exchange(place.other), "partner.accept.v1"))


@pytest.mark.parametrize("queue", QUEUES)
def test_no_queue_of_the_network_can_be_read_emptied_or_removed(place: Place, queue: str) -> None:
    assert refused(place, lambda channel: channel.basic_get(queue))
    assert refused(place, lambda channel: channel.basic_consume(queue))
    assert refused(place, lambda channel: channel.queue_purge(queue))
    assert refused(place, lambda channel: channel.queue_delete(queue))


def test_the_queue_of_another_partner_cannot_be_read_emptied_or_removed(place: Place) -> None:
    queue = partner_queue(place.other)
    for act in (
        lambda channel: channel.basic_get(queue),
        lambda channel: channel.basic_consume(queue),
        lambda channel: channel.queue_purge(queue),
        lambda channel: channel.queue_delete(queue),
    ):
        assert refused(place, act)


def test_nothing_can_be_made_or_removed_not_even_what_is_its_own(place: Place) -> None:
    queue, exchange = partner_queue(place.me), partner_exchange(place.me)
    for act in (
        lambda channel: channel.queue_declare("mine", durable=True, auto_delete=False),
        lambda channel: channel.queue_declare("", exclusive=True),
        lambda channel: channel.queue_declare(f"{queue}.more"),
        lambda channel: channel.exchange_declare("mine", "topic"),
        lambda channel: channel.exchange_declare("mine", "fanout", arguments={"alternate-exchange": "partners"}),
        lambda channel: channel.queue_delete(queue),
        lambda channel: channel.exchange_delete(exchange),
        lambda channel: channel.queue_declare(queue, durable=True, arguments={"x-max-length": 1}),
    ):
        assert refused(place, act)


@pytest.mark.parametrize("source", [one for one in EXCHANGES if one])
def test_nothing_can_be_tapped_by_a_binding(place: Place, source: str) -> None:
    mine, out = partner_queue(place.me), partner_exchange(place.me)
    assert refused(place, lambda channel: channel.queue_bind(mine, source, "#"))
    assert refused(place, lambda channel: channel.exchange_bind(out, source, "#"))
    assert refused(place, lambda channel: channel.exchange_bind(source, out, "#"))


def test_its_own_binding_cannot_be_undone_and_anothers_notices_not_be_bound(place: Place) -> None:
    mine = partner_queue(place.me)
    assert refused(place, lambda channel: channel.queue_bind(mine, PARTNERS, str(place.other)))
    assert refused(place, lambda channel: channel.queue_unbind(mine, PARTNERS, str(place.me)))


def test_extra_recipients_in_a_header_reach_nobody(place: Place) -> None:
    """`CC` and `BCC` add routing keys, but of the same exchange; from there all roads lead to the commands' queue."""
    channel = place.channel()
    copies = {name: [partner_queue(place.other), str(place.other)] for name in ("CC", "BCC")}
    say(channel, partner_exchange(place.me), "x", application_headers=copies)
    theirs = place.connect(place.admin.vhost, partner_user(place.other)).channel()
    assert theirs.basic_get(partner_queue(place.other), no_ack=True) is None


def test_another_senders_name_is_refused_by_the_broker(place: Place) -> None:
    for name in (partner_user(place.other), "referral", "guest"):
        with pytest.raises(PreconditionFailed):
            say(place.channel(), partner_exchange(place.me), "partner.accept.v1", user_id=name)


def test_no_other_virtual_host_and_no_administration_opens(place: Place, make_vhost: Callable[[], Any]) -> None:
    for vhost in ("/", make_vhost().vhost):
        with pytest.raises((NotAllowed, AccessRefused)):
            place.connect(vhost)
    management = place.admin._base
    login = urllib3.make_headers(basic_auth=f"{partner_user(place.me)}:{PASSWORD}")
    for path in ("/whoami", "/queues", "/definitions", "/users"):
        assert urllib3.request("GET", management + path, headers=login, retries=False, timeout=10).status == 401


def test_a_wrong_password_opens_nothing(place: Place) -> None:
    with pytest.raises((AccessRefused, OSError)):
        place.connect(place.admin.vhost, password="guess")


# --- what may drift -------------------------------------------------------------------------------------------------


def test_a_user_that_may_pose_as_others_or_stands_elsewhere_is_drift_and_repaired(
    place: Place, make_vhost: Callable[[], Any]
) -> None:
    user, elsewhere = partner_user(place.me), make_vhost().vhost
    place.admin.call("PUT", f"/users/{user}", {"password": PASSWORD, "tags": "impersonator"})
    place.admin.call("PUT", f"/permissions/{elsewhere}/{user}", {"configure": "", "write": ".*", "read": ".*"})
    assert topology.drift(place.admin, place.me) == [
        f"too much: tag impersonator of {user}",
        f"too much: virtual host {elsewhere} of {user}",
    ]
    topology.onboard(place.admin, place.me, None)
    assert topology.drift(place.admin, place.me) == []
    place.connect(place.admin.vhost).close()


def test_a_queue_with_old_arguments_is_made_anew_unless_something_waits_in_it(place: Place) -> None:
    other, queue = place.other, partner_queue(place.other)
    (now,) = for_partner(other).queues
    old = {name: value for name, value in now.arguments.items() if name != "x-message-ttl"}
    path = f"/queues/{place.admin.vhost}/{queue}"
    place.admin.call("DELETE", path)
    place.admin.call("PUT", path, {"durable": True, "arguments": old})
    found = topology.drift(place.admin, other)
    assert f"differs: arguments of queue {queue}" in found
    place.admin.call(
        "POST",
        f"/exchanges/{place.admin.vhost}/amq.default/publish",
        {"properties": {}, "routing_key": queue, "payload": "x", "payload_encoding": "string"},
    )
    with pytest.raises(BrokerError):
        topology.onboard(place.admin, other, None)
    theirs = place.connect(place.admin.vhost, partner_user(other)).channel()
    assert theirs.basic_get(queue, no_ack=True) is not None
    topology.onboard(place.admin, other, None)
    assert topology.drift(place.admin, other) == []
