"""Letters that lie in the broker's dead queues: counted by cause, put back, given up; on a real RabbitMQ."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest
from flask.testing import FlaskClient

from contracts import envelope
from contracts.codes import ChannelKind
from contracts.topology import (
    COMMANDS_QUEUE,
    DEAD,
    OPERATIONS_USER,
    PARTNERS_DEAD,
    UNROUTED,
    core,
    for_partner,
    inbox_queue,
    partner_queue,
)
from services.notifications.web.app import create_app
from tests.brokers import as_user
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.conftest import Broker
from tests.integration.notifications.conftest import Notifications, requested
from tests.integration.notifications.test_operations import facts
from tests.integration.notifications.test_partner_queue import publish, with_arguments
from tests.integration.notifications.test_processes import Outside, waiting
from tests.waiting import eventually

LETTERS = "/notifications/operator/letters"
ISSUER = TestIssuer()
OPERATOR = bearer(ISSUER.token(sub="ole", roles=["operations"]))
PLANTED = "Rosalinde Planted"


@dataclass
class Place:
    """A network's broker, and the operators' door with the rights of the user `operations`."""

    outside: Outside
    client: FlaskClient
    notifications: Notifications

    def look(self, **which: str) -> Any:
        answer = self.client.get(LETTERS, query_string=which, headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        return answer.json

    def do(self, what: str, **which: str) -> Any:
        answer = self.client.post(f"{LETTERS}/{what}", json=which, headers=OPERATOR)
        assert answer.status_code == 200, answer.text
        return answer.json

    def lie(self, queue: str, count: int) -> None:
        eventually(lambda: waiting(self.outside, queue) == count)

    def partner(self, **arguments: Any) -> UUID:
        """A partner on the queue, whose queue may be more tightly bounded."""
        partner = self.notifications.an_organization(ChannelKind.AMQP)
        self.outside.manager.apply(with_arguments(for_partner(partner), **arguments))
        return partner

    def refuse(self, queue: str, count: int, dead: str) -> None:
        """What a receiver does that cannot take them: the broker lays them aside."""
        for _ in range(count):
            self.outside.take(queue, refuse=True)
        self.lie(dead, count)


def operations_uri(vhost: Broker) -> str:
    """The address of the user `operations`, with its rights in this virtual host."""
    return as_user(vhost.amqp_uri, OPERATIONS_USER)


@pytest.fixture(scope="module")
def outside(make_vhost: Callable[[], Broker]) -> Outside:
    """One virtual host for all of these tests, which leave their queues empty."""
    return Outside(make_vhost())


@pytest.fixture
def place(outside: Outside, notifications: Notifications) -> Iterator[Place]:
    manager = outside.manager
    told = settings(OPERATIONS_AMQP_URI=operations_uri(outside.broker))
    with create_app(told, notifications.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        yield Place(outside, client, notifications)
    manager.apply(core())
    for queue in core().queues:
        manager.call("DELETE", f"/queues/{manager.vhost}/{queue.name}/contents")


def test_what_a_partner_left_lying_is_counted_by_cause_and_put_back(place: Place) -> None:
    partner = place.partner(max_length=3)
    publish(place.outside, partner, range(5))
    place.lie(PARTNERS_DEAD, 2)
    seen = place.look()
    assert seen["lying"] == {"unrouted": 0, "dead": 0, "partners.dead": 2}
    (group,) = seen["groups"]
    assert (group["cause"], group["count"], group["organization_id"]) == ("queue-full", 2, str(partner))
    for _ in range(3):
        place.outside.channel.basic_get(partner_queue(partner), no_ack=True)
    assert place.do("returns") == {"handled": 2, "unconfirmed": 0, "without_home": 0}
    place.lie(partner_queue(partner), 2)
    assert place.look()["letters"] == []
    told = facts(place.notifications, "letter_returned")
    assert {(fact.data.cause, fact.data.home) for fact in told} == {("queue-full", partner_queue(partner))}
    assert len(told) == 2
    assert place.do("returns") == {"handled": 0, "unconfirmed": 0, "without_home": 0}, "twice does nothing twice"


def test_looking_takes_nothing_away_however_often(place: Place) -> None:
    partner = place.partner()
    publish(place.outside, partner, range(3))
    place.refuse(partner_queue(partner), 3, PARTNERS_DEAD)
    order = [one["sha256"] for one in place.look()["letters"]]
    for _ in range(25):
        assert [one["sha256"] for one in place.look()["letters"]] == order
    place.lie(PARTNERS_DEAD, 3)


def test_a_letter_whose_return_is_not_confirmed_stays_and_no_fact_is_told(place: Place) -> None:
    gone, there = uuid4(), place.partner()
    for partner in (gone, there):
        publish(place.outside, partner, range(1))
    place.refuse(partner_queue(there), 1, PARTNERS_DEAD)
    place.lie(UNROUTED, 1)
    assert place.do("returns") == {"handled": 1, "unconfirmed": 1, "without_home": 0}, "one holds up no other"
    place.lie(UNROUTED, 1)
    assert len(facts(place.notifications, "letter_returned")) == 1
    place.outside.manager.apply(for_partner(gone))
    assert place.do("returns", place=UNROUTED)["handled"] == 1
    place.lie(partner_queue(gone), 1)
    place.lie(UNROUTED, 0)


def test_an_event_a_service_could_not_take_comes_to_it_again_as_it_was(place: Place) -> None:
    place.outside.say("referral", requested(uuid4(), uuid4()))
    inbox = inbox_queue("notifications")
    first = place.outside.take(inbox, refuse=True)
    place.lie(DEAD, 1)
    (letter,) = place.look(place=DEAD)["letters"]
    assert (letter["cause"], letter["home"], letter["type"]) == ("rejected", inbox, "referral.requested.v1")
    assert letter["letter_id"] == first.properties["message_id"]
    assert place.do("returns", letter_id=letter["letter_id"])["handled"] == 1
    again = place.outside.take(inbox)
    assert again.body == first.body
    assert again.properties["message_id"] == first.properties["message_id"]
    assert again.properties["application_headers"] == first.properties["application_headers"]


def test_an_event_nobody_heard_is_put_back_to_everybody_who_should_have(place: Place) -> None:
    manager = place.outside.manager
    listeners = ("notifications", "audit")
    for listener in listeners:
        manager.call("DELETE", f"/bindings/{manager.vhost}/e/referral.events/q/{inbox_queue(listener)}/%23")
    place.outside.say("referral", requested(uuid4(), uuid4()))
    place.lie(UNROUTED, 1)
    (group,) = place.look()["groups"]
    assert (group["cause"], group["home"]) == ("unroutable", "notifications.inbox.0 audit.inbox.0")
    assert place.do("returns", home=group["home"])["handled"] == 1
    for listener in listeners:
        place.lie(inbox_queue(listener), 1)
    assert {fact.data.home for fact in facts(place.notifications, "letter_returned")} == set(
        map(inbox_queue, listeners)
    )


def test_nobody_says_a_partners_command_again_in_its_name_and_its_headers_lead_nowhere(place: Place) -> None:
    forged = {"x-death": [{"queue": "audit.inbox.0", "reason": "rejected"}], "x-first-death-queue": "audit.inbox.0"}
    message = amqp.Message(json.dumps({"note": PLANTED}), application_headers={**forged, "ce-type": PLANTED})
    place.outside.channel.basic_publish(message, "", COMMANDS_QUEUE)
    place.refuse(COMMANDS_QUEUE, 1, DEAD)
    answer = place.client.get(LETTERS, headers=OPERATOR)
    assert PLANTED not in answer.text
    (letter,) = answer.json["letters"]  # type: ignore[index]
    assert (letter["home"], letter["type"]) == (None, None)
    assert place.do("returns") == {"handled": 0, "unconfirmed": 0, "without_home": 1}
    place.lie(DEAD, 1)
    assert waiting(place.outside, "audit.inbox.0") == 0


def test_one_is_dropped_with_a_reason_that_the_log_keeps(place: Place) -> None:
    partner = place.partner()
    publish(place.outside, partner, range(3))
    place.refuse(partner_queue(partner), 3, PARTNERS_DEAD)
    letter_id = place.look()["letters"][0]["letter_id"]
    assert place.do("drops", letter_id=letter_id, reason="DUPLICATE")["handled"] == 1
    place.lie(PARTNERS_DEAD, 2)
    assert place.do("drops", letter_id=letter_id, reason="DUPLICATE")["handled"] == 0
    assert place.do("drops", place=PARTNERS_DEAD, cause="expired", reason="OUTDATED")["handled"] == 0
    assert place.do("drops", place=PARTNERS_DEAD, cause="rejected", reason="OUTDATED")["handled"] == 2
    place.lie(PARTNERS_DEAD, 0)
    told = facts(place.notifications, "letter_dropped")
    assert [fact.data.reason for fact in told] == ["DUPLICATE", "OUTDATED", "OUTDATED"]
    assert str(told[0].data.letter_id) == letter_id


def test_nothing_is_dropped_without_a_reason_or_without_saying_what(place: Place) -> None:
    for body in ({"place": DEAD, "cause": "rejected"}, {"reason": "OUTDATED"}, {"place": DEAD, "reason": "OUTDATED"}):
        assert place.client.post(f"{LETTERS}/drops", json=body, headers=OPERATOR).status_code == 422
    assert place.client.get(f"{LETTERS}/{uuid4()}", headers=OPERATOR).status_code == 404


def test_the_page_shows_handles_and_says_what_became_of_it(place: Place) -> None:
    partner = place.partner()
    publish(place.outside, partner, range(2))
    place.refuse(partner_queue(partner), 2, PARTNERS_DEAD)
    page = place.client.get("/notifications/letters/?lang=de", headers=OPERATOR).text
    assert "vom Empfänger zurückgewiesen" in page
    assert "Zurücklegen (2)" in page
    letter_id = place.look()["letters"][0]["letter_id"]
    one = place.client.get(f"/notifications/letters/{letter_id}?lang=de", headers=OPERATOR)
    assert place.look()["letters"][0]["sha256"] in one.text
    given = {"place": PARTNERS_DEAD, "cause": "rejected", "home": partner_queue(partner)}
    answer = place.client.post("/notifications/letters/returns", data=given, headers=OPERATOR)
    assert (answer.status_code, answer.headers["Location"].partition("?")[2]) == (
        303,
        "handled=2&unconfirmed=0&without_home=0",
    )
    assert (
        "Bearbeitete Nachrichten: 2" in place.client.get(answer.headers["Location"] + "&lang=de", headers=OPERATOR).text
    )
    missing = place.client.post("/notifications/letters/drops", data=given, headers=OPERATOR)
    assert missing.status_code == 422


def test_others_see_nothing_and_without_the_setting_it_is_said(place: Place, notifications: Notifications) -> None:
    navigator = bearer(ISSUER.token(sub="nav", roles=["navigator"]))
    assert place.client.get("/notifications/letters/", headers=navigator).status_code == 403
    with create_app(settings(), notifications.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        answer = client.get(LETTERS, headers=OPERATOR)
    assert (answer.status_code, answer.json["slug"]) == (503, "letters.not-set-up")  # type: ignore[index]


def test_a_broker_that_does_not_answer_is_said_to_be_the_trouble(notifications: Notifications) -> None:
    told = settings(OPERATIONS_AMQP_URI="amqp://operations:x@127.0.0.1:1/none")
    with create_app(told, notifications.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        answer = client.get(LETTERS, headers=OPERATOR)
    assert (answer.status_code, answer.json["slug"]) == (503, "broker.unavailable")  # type: ignore[index]


def test_an_envelope_is_one_of_the_network_again_after_its_return(place: Place) -> None:
    """What comes back is read by the worker as it read the first: position, attributes and bytes."""
    event = requested(uuid4(), uuid4())
    place.outside.say("referral", event)
    place.refuse(inbox_queue("audit"), 1, DEAD)
    place.do("returns")
    message = place.outside.take(inbox_queue("audit"))
    assert envelope.read(message.body if isinstance(message.body, bytes) else message.body.encode()).data == event
