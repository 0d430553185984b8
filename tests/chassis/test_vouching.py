"""On a real broker: an event planted in an inbox is told from one that its service sent."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import amqp
import pytest

from contracts.topology import OPERATIONS_USER, Permissions, partner_user
from lotse.broker import Broker as Manager
from services.chassis import broker as amqp_broker
from services.chassis.broker import INFRASTRUCTURE_ERRORS
from services.chassis.hear import Mail, doors_of
from services.chassis.inbox import PLANTED, PUT_BACK, Inbox
from tests.brokers import as_user
from tests.chassis.listener import Listener
from tests.chassis.rig import Room, a_mail
from tests.chassis.test_relay import drained, messages, relaying
from tests.conftest import Broker
from tests.waiting import eventually

INBOX = "referral.inbox.0"
PARTNER = UUID("7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01")
SUBJECT = UUID("7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a02")


@pytest.fixture(scope="module")
def vhost(make_vhost: Callable[[], Broker]) -> Broker:
    """One for all of these tests, which leave its queues empty."""
    return make_vhost()


@pytest.fixture
def inbox(referral: Room) -> Inbox:
    return Inbox(referral.unit(), Listener(), doors_of(Listener), INBOX)


@pytest.fixture
def partners_uri(vhost: Broker) -> Iterator[str]:
    """A partner's user whom somebody gave far too much: it may write into every queue."""
    manager, user = Manager(vhost.management_url, vhost.vhost), partner_user(PARTNER)
    manager.ensure_user(Permissions(user, write=".*", read="^$"), "of-the-partner")
    yield f"amqp://{user}:of-the-partner@{vhost.amqp_uri.rpartition('@')[2]}"
    manager.call("DELETE", f"/users/{user}")


def plant(uri: str, *, claims_to_be: str | None) -> None:
    """A key event of the directory, written straight into referral's inbox."""
    who = {"user_id": claims_to_be} if claims_to_be else {}
    link: Any = amqp_broker.connect(uri, "test")
    try:
        message = amqp.Message(a_mail(SUBJECT, 1).raw, delivery_mode=2, **who)
        link.channel().basic_publish_confirm(message, "", INBOX)
    finally:
        amqp_broker.close_quietly(link)


def lying(vhost: Broker) -> list[Mail]:
    """What lies in the inbox, as a consumer gets it."""
    return [
        Mail(body if isinstance(body := message.body, bytes) else body.encode(), INBOX, {}, properties.get("user_id"))
        for message in eventually(lambda: messages(vhost.amqp_uri))
        if (properties := message.properties) is not None
    ]


def reasons(room: Room) -> list[object]:
    return [row["reason"] for row in room.rows("SELECT reason FROM parked_events ORDER BY parked_id")]


@pytest.mark.parametrize("says", ["its own name", "nothing"])
def test_what_a_partner_plants_is_parked(
    inbox: Inbox, referral: Room, vhost: Broker, partners_uri: str, says: str
) -> None:
    plant(partners_uri, claims_to_be=partner_user(PARTNER) if says == "its own name" else None)
    inbox.hear(lying(vhost))
    assert (referral.heard(), reasons(referral)) == (0, [PLANTED])


@pytest.mark.parametrize("whose", ["partner", "operations"])
def test_nobody_passes_for_the_directory_at_the_broker(vhost: Broker, partners_uri: str, whose: str) -> None:
    uri = partners_uri if whose == "partner" else as_user(vhost.amqp_uri, OPERATIONS_USER)
    with pytest.raises(INFRASTRUCTURE_ERRORS, match="user_id"):
        plant(uri, claims_to_be="directory")


def test_what_operations_write_into_an_inbox_waits_for_somebody_with_a_name(
    inbox: Inbox, referral: Room, vhost: Broker
) -> None:
    plant(as_user(vhost.amqp_uri, OPERATIONS_USER), claims_to_be=OPERATIONS_USER)
    inbox.hear(lying(vhost))
    assert (referral.heard(), reasons(referral)) == (0, [PUT_BACK])


def test_what_the_service_itself_sends_is_heard(inbox: Inbox, referral: Room, directory: Room, vhost: Broker) -> None:
    directory.tell(3)
    with relaying(directory, as_user(vhost.amqp_uri, "directory")):
        drained(directory)
    inbox.hear(lying(vhost))
    assert (referral.heard(), reasons(referral)) == (3, [])
