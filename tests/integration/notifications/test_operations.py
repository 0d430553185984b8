"""What operators do about deliveries: facts change and the page with them, trying again delivers, giving up needs a
reason, and nobody sees what is in a notice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from contracts import envelope
from contracts import referral as said
from contracts.codes import ChannelKind, Duty, DutyCause, EndReason, Status
from services.notifications import commands, store
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.notifications.conftest import SECRET, Notifications, listing
from tests.integration.notifications.receiver import Receiver, running

OPERATOR = "/notifications/operator"
PLANTED = "Rosalinde Planted"


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def client(notifications: Notifications, issuer: TestIssuer) -> Iterator[FlaskClient]:
    with create_app(settings(), notifications.unit, issuer_keys=issuer.keys()).test_client() as client:
        yield client


@pytest.fixture
def operator(issuer: TestIssuer) -> dict[str, str]:
    return bearer(issuer.token(sub="ole", roles=["operations"]))


@contextmanager
def a_failing_webhook(notifications: Notifications, *, count: int = 2) -> Iterator[tuple[Receiver, UUID, list[UUID]]]:
    """A receiver that says 500 to everything until it is mended, with some notices that failed once."""
    with running(Receiver([500])) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner, SECRET)
        referrals = [notifications.a_request(partner) for _ in range(count)]
        for _ in referrals:
            notifications.dispatch()
        yield receiver, partner, referrals


def parked_mails(notifications: Notifications, count: int = 3) -> tuple[UUID, list[UUID]]:
    """A unit without a mailbox: nothing can be sent there."""
    partner = notifications.an_organization(ChannelKind.LIGHT)
    referrals = [notifications.a_request(partner) for _ in range(count)]
    for _ in referrals:
        notifications.dispatch()
    return partner, referrals


def page(client: FlaskClient, headers: dict[str, str], path: str = "/notifications/deliveries") -> str:
    answer = client.get(f"{path}{'&' if '?' in path else '?'}lang=de", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def facts(notifications: Notifications, kind: str) -> list[Any]:
    bodies = [row["body"] for row in notifications.outbox() if row["routing_key"] == f"notifications.{kind}.v1"]
    return [envelope.read(bytes(body)) for body in bodies]


def test_the_page_follows_what_happens(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    assert "Nichts hängt fest" in page(client, operator)
    with a_failing_webhook(notifications) as (receiver, _, referrals):
        seen = page(client, operator)
        assert "Erneut versuchen (2)" in seen
        assert "fehlgeschlagen: 2" in seen
        receiver.statuses = [204]
        notifications.clock.instant += timedelta(seconds=6)
        for _ in referrals:
            notifications.dispatch()
    assert "Nichts hängt fest" in page(client, operator)
    assert [notifications.states(one) for one in referrals] == [["confirmed"]] * 2


def test_a_group_that_fails_is_tried_again_at_once_and_really_arrives(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    with a_failing_webhook(notifications) as (receiver, partner, referrals):
        receiver.statuses = [204]
        receiver.got.clear()
        assert notifications.dispatch() == 0  # not due yet
        group = {"organization_id": str(partner), "channel": "webhook", "state": "failed", "cause": "http-500"}
        answer = client.post("/notifications/stuck/retries", data=group, headers=operator)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/notifications/deliveries?done=2")
        for _ in referrals:
            notifications.dispatch()
        assert len(receiver.got) == 2
    assert [notifications.states(one) for one in referrals] == [["confirmed"]] * 2
    assert {fact.data.organization_id for fact in facts(notifications, "notice_replayed")} == {partner}
    assert client.post("/notifications/stuck/retries", data=group, headers=operator).headers["Location"].endswith("0")


def test_one_group_is_tried_again_and_the_others_stay(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    _, mine = parked_mails(notifications)
    partner, others = parked_mails(notifications, 2)
    answer = client.post(
        f"{OPERATOR}/stuck/retries",
        json={"organization_id": str(partner), "cause": "mailbox-missing"},
        headers=operator,
    )
    assert answer.json == {"handled": 2}
    assert [notifications.states(one) for one in mine] == [["parked"]] * 3
    assert [notifications.states(one) for one in others] == [["pending"]] * 2
    assert client.post(f"{OPERATOR}/stuck/retries", json={}, headers=operator).json == {"handled": 3}


def test_a_text_no_database_holds_is_a_wrong_field_and_no_incident(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    parked_mails(notifications)
    answer = client.post(f"{OPERATOR}/stuck/retries", json={"cause": "mail\0"}, headers=operator)
    assert (answer.status_code, answer.json["slug"], set(answer.json["fields"])) == (422, "request.invalid", {"cause"})
    page = client.post(
        "/notifications/stuck/retries", data={"cause": "mail\0"}, headers={**operator, "Accept": "text/html"}
    )
    assert page.status_code == 422


def test_many_more_than_one_batch_are_all_handled(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.commands.stuck.BATCH", 2)
    partner, referrals = parked_mails(notifications, 5)
    body = {"organization_id": str(partner), "reason": "TOLD_ANOTHER_WAY"}
    assert client.post(f"{OPERATOR}/stuck/discards", json=body, headers=operator).json == {"handled": 5}
    assert [notifications.states(one) for one in referrals] == [["discarded"]] * 5


def test_giving_up_needs_a_reason_and_is_a_fact(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    partner, (referral, *_) = parked_mails(notifications, 1)
    (delivery,) = notifications.deliveries(referral)
    path = f"{OPERATOR}/deliveries/{delivery['delivery_id']}/discard"
    for body in ({}, {"reason": ""}, {"reason": "because"}):
        assert client.post(path, json=body, headers=operator).status_code == 422
    form = f"/notifications/deliveries/{delivery['delivery_id']}/discard"
    assert client.post(form, data={"reason": "because"}, headers=operator).status_code == 422
    assert notifications.states(referral) == ["parked"]
    assert client.post(path, json={"reason": "TOLD_ANOTHER_WAY"}, headers=operator).json["state"] == "discarded"
    (fact,) = facts(notifications, "notice_discarded")
    told = fact.data
    assert (told.organization_id, told.cause, told.reason) == (partner, "mailbox-missing", "TOLD_ANOTHER_WAY")
    assert fact.actor.startswith("staff:")
    shown = page(client, operator, f"/notifications/deliveries/{delivery['delivery_id']}")
    assert "auf anderem Weg mitgeteilt" in shown
    assert "Nichts hängt fest" in page(client, operator)
    assert client.post(path, json={"reason": "OUTDATED"}, headers=operator).status_code == 409
    replayed = client.post(f"{OPERATOR}/deliveries/{delivery['delivery_id']}/replay", headers=operator)
    assert replayed.status_code == 409
    assert notifications.dispatch() == 0


def test_a_group_is_never_given_up_without_its_partner(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    parked_mails(notifications)
    assert client.post(f"{OPERATOR}/stuck/discards", json={"reason": "OUTDATED"}, headers=operator).status_code == 422
    answer = client.post("/notifications/stuck/discards", data={"reason": "OUTDATED"}, headers=operator)
    assert answer.status_code == 422
    assert facts(notifications, "notice_discarded") == []


def test_what_was_given_up_stays_in_the_feed_and_counts_as_received_when_the_partner_acts(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer, operator: dict[str, str]
) -> None:
    partner, (referral, *_) = parked_mails(notifications, 1)
    body = {"organization_id": str(partner), "reason": "OUTDATED"}
    client.post(f"{OPERATOR}/stuck/discards", json=body, headers=operator)
    token = bearer(issuer.token(sub="p", roles=None, organization_id=str(partner)))
    assert len(client.get("/partner/v1/events", headers=token).json["events"]) == 1
    notifications.hear(said.DeskEntered(referral_id=referral, organization_id=partner, link_id=uuid4()))
    assert notifications.states(referral) == ["confirmed"]


def test_retrying_does_not_call_a_webhook_that_is_switched_off(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    with running(Receiver([410])) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner, SECRET)
        notifications.a_request(partner)
        notifications.dispatch()
        before = len(receiver.got)
        assert client.post(f"{OPERATOR}/stuck/retries", json={}, headers=operator).json == {"handled": 0}
        notifications.dispatch()
        assert len(receiver.got) == before


def test_lag_and_the_oldest_that_was_not_acknowledged(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    first = notifications.a_request(partner)
    notifications.clock.instant += timedelta(hours=3)
    notifications.a_request(partner)
    (row,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
    (oldest,) = notifications.deliveries(first)
    assert (row["organization_id"], row["unacknowledged"], row["parked"]) == (str(partner), 2, 0)
    assert row["oldest_id"] == str(oldest["delivery_id"])
    assert f'/notifications/deliveries/{oldest["delivery_id"]}"' in page(client, operator)
    notifications.hear(said.DeskEntered(referral_id=first, organization_id=partner, link_id=uuid4()))
    (row,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
    assert (row["unacknowledged"], row["oldest_id"] == str(oldest["delivery_id"])) == (1, False)


@pytest.mark.parametrize("channel", [ChannelKind.AMQP, ChannelKind.PULL])
def test_a_referral_nobody_needs_to_answer_any_more_waits_for_nobody_by_queue(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str], channel: ChannelKind
) -> None:
    """By the feed a partner says of each notice that it has it; by the queue only by what it does."""
    partner = notifications.an_organization(channel)
    referral, owed = notifications.a_request(partner), uuid4()
    (before,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
    notifications.hear(
        said.ReferralCancelled(
            referral_id=referral, organization_id=partner, reason=EndReason.MISTAKE, previous=Status.REQUESTED
        )
    )
    (row,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
    assert (before["unacknowledged"], row["unacknowledged"]) == (1, 0 if channel is ChannelKind.AMQP else 2)
    duty = said.DutyOpened(
        referral_id=referral,
        organization_id=partner,
        duty_id=owed,
        duty=Duty.ACKNOWLEDGE_STOP,
        cause=DutyCause.WITHDRAWAL,
        category=None,
        due_on=notifications.clock.now().date(),
    )
    notifications.hear(duty)
    (later,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
    assert later["unacknowledged"] == row["unacknowledged"] + 1, "what is owed is waited for after the end, too"


def test_a_webhook_partner_that_took_everything_by_the_feed_is_not_shown_as_failing(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer, operator: dict[str, str]
) -> None:
    with a_failing_webhook(notifications, count=2) as (_, partner, referrals):
        token = bearer(issuer.token(sub="p", roles=None, organization_id=str(partner)))
        cursor = client.get("/partner/v1/events", headers=token).json["cursor"]
        taken = client.post("/partner/v1/acknowledgements", json={"cursor": cursor}, headers=token)
        assert taken.json == {"cursor": cursor, "confirmed": 2}
        assert [notifications.states(one) for one in referrals] == [["confirmed"], ["confirmed"]]
        (row,) = client.get(f"{OPERATOR}/lag", headers=operator).json["partners"]
        assert (row["leaving"], row["parked"], row["unacknowledged"]) == (0, 0, 0)


def test_a_webhook_whose_partner_rests_is_called_no_more_and_the_feed_keeps_what_happened(
    notifications: Notifications,
) -> None:
    with running(Receiver([200])) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner, SECRET)
        waiting = notifications.a_request(partner)
        notifications.hear(replace(listing(ChannelKind.NONE, partner), version=2))
        later = notifications.a_request(partner)
        notifications.dispatch()
        assert (receiver.got, notifications.deliveries(later)) == ([], [])
        assert notifications.states(waiting) != ["sent"]
    with notifications.db.read() as connection:
        kept = connection.execute("SELECT count(*) AS n FROM notices WHERE organization_id = %s", (partner,)).fetchone()
    assert kept == {"n": 2}


def test_what_is_overdue_reaches_the_contact_by_mail_whatever_the_system_took_by_the_feed(
    notifications: Notifications,
) -> None:
    partner, referral = notifications.an_organization(ChannelKind.PULL, contact="contact@hwk.example"), uuid4()
    escalated = said.DutyEscalated(
        referral_id=referral, organization_id=partner, duties=(Duty.STATE_DELETION,), due_on=notifications.clock.today()
    )
    notifications.hear(escalated)
    with notifications.unit.work(actor=f"partner:{partner}") as work:
        assert commands.acknowledge_feed(work, partner, store.last_position(work.tx, partner)) == 0
    assert notifications.states(referral) == ["pending"]


def test_attempts_are_shown_with_answer_code_and_time(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    with a_failing_webhook(notifications, count=1) as (_, _, (referral,)):
        (delivery,) = notifications.deliveries(referral)
    shown = page(client, operator, f"/notifications/deliveries/{delivery['delivery_id']}")
    assert "500" in shown
    assert " ms" in shown


def test_the_envelope_is_shown_and_its_content_never(
    client: FlaskClient, notifications: Notifications, operator: dict[str, str]
) -> None:
    """Were a name ever to get into a notice, none of these pages would show it."""
    _, (referral, *_) = parked_mails(notifications, 1)
    with notifications.db.transaction() as tx:
        tx.execute(
            "UPDATE notices SET body = convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb, '{data,kind}',"
            " to_jsonb(%s::text))::text, 'UTF8')",
            (PLANTED,),
        )
    (delivery,) = notifications.deliveries(referral)
    api = client.get(f"{OPERATOR}/deliveries/{delivery['delivery_id']}", headers=operator)
    assert api.json["envelope"]["type"] == "partner.notice.v1"
    assert api.json["envelope"]["size"] > 100
    pages = [
        api.text,
        page(client, operator),
        page(client, operator, f"/notifications/deliveries/{delivery['delivery_id']}"),
        page(client, operator, f"/notifications/referrals/{referral}"),
        client.get(f"{OPERATOR}/deliveries", headers=operator).text,
        client.get(f"{OPERATOR}/lag", headers=operator).text,
    ]
    assert api.json["envelope"]["sha256"] in pages[2]
    assert not [text for text in pages if "Rosalinde" in text]


def test_only_lead_and_operations_intervene_and_the_operators_door_is_operations_alone(
    client: FlaskClient, notifications: Notifications, issuer: TestIssuer
) -> None:
    _, (referral, *_) = parked_mails(notifications, 1)
    (delivery,) = notifications.deliveries(referral)
    one = f"/notifications/deliveries/{delivery['delivery_id']}"
    for role, allowed in (("navigator", False), ("dpo", False), ("lead", True)):
        headers = bearer(issuer.token(sub=role, roles=[role]))
        assert (client.get(one, headers=headers).status_code == 200) is allowed
        assert client.post(f"{OPERATOR}/stuck/retries", json={}, headers=headers).status_code == 403
        if not allowed:
            for path in ("/notifications/stuck/retries", "/notifications/stuck/discards", f"{one}/discard"):
                assert client.post(path, data={"reason": "OUTDATED"}, headers=headers).status_code == 403
    for path in ("/notifications/stuck/retries", "/notifications/stuck/discards", f"{one}/discard", f"{one}/replay"):
        assert client.get(path).status_code == 405
