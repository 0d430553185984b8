"""A webhook where nothing arrives for days: switched off with notice, and on again by a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import ChannelKind
from services.chassis.errors import NotFoundError, RefusedError
from services.notifications import commands, queries
from services.notifications.commands import endpoints, resending
from services.notifications.dispatcher import Dispatcher
from services.notifications.switched_off_mail import SwitchedOffMail
from tests.integration.notifications.conftest import PUBLIC_URL, Notifications, listing
from tests.integration.notifications.receiver import Receiver, running
from tests.integration.notifications.test_mail import Mailbox, mailbox, smtp

__all__ = ["mailbox", "smtp"]
DAY = timedelta(days=1)
LEAD, CONTACT = "leitung@lotsen.example", "it@kammer.example"


def a_partner(notifications: Notifications, url: str, **more: Any) -> UUID:
    partner = notifications.an_organization(ChannelKind.WEBHOOK, url=url, **more)
    notifications.keep_secret(partner)
    return partner


def fail_for(
    notifications: Notifications, partner: UUID, days: int, dispatcher: Dispatcher | None = None
) -> list[UUID]:
    """A referral each day; everything due is tried then."""
    made = []
    for _ in range(days + 1):
        made.append(notifications.a_request(partner))
        while notifications.dispatch(dispatcher):
            pass
        notifications.clock.instant += DAY
    return made


def enable(notifications: Notifications, partner: UUID) -> int:
    with notifications.unit.work(actor="staff:op") as work:
        return endpoints.enable(work, partner)


def test_after_five_days_without_a_success_a_webhook_is_called_no_more(notifications: Notifications) -> None:
    with running(Receiver([500])) as receiver:
        partner = a_partner(notifications, receiver.url)
        *earlier, last = fail_for(notifications, partner, 5)
        assert notifications.said().count("notifications.webhook_disabled.v1") == 1
        called = len(receiver.got)
        later = notifications.a_request(partner)
        notifications.clock.instant += DAY
        assert notifications.dispatch() == 0
    assert len(receiver.got) == called
    assert notifications.states(earlier[0]) == ["parked"]
    for referral in (last, later):
        (delivery,) = notifications.deliveries(referral)
        assert (delivery["state"], delivery["due_at"]) == ("parked", None)
    assert notifications.deliveries(later)[0]["cause"] == "webhook-disabled"
    with notifications.db.read() as connection:
        (seen,) = queries.troubled_webhooks(connection)
    assert (seen["cause"], seen["waiting"]) == ("http-500", 7)


def test_one_success_begins_the_count_anew(notifications: Notifications) -> None:
    with running(Receiver([500])) as receiver:
        partner = a_partner(notifications, receiver.url)
        fail_for(notifications, partner, 4)
        receiver.statuses = [204]
        fail_for(notifications, partner, 0)
        receiver.statuses = [500]
        fail_for(notifications, partner, 4)
        assert "notifications.webhook_disabled.v1" not in notifications.said()
        fail_for(notifications, partner, 1)
    assert "notifications.webhook_disabled.v1" in notifications.said()


def test_switched_on_again_what_waited_leaves(notifications: Notifications) -> None:
    with running(Receiver([500])) as receiver:
        partner = a_partner(notifications, receiver.url)
        fail_for(notifications, partner, 5)
        later = [notifications.a_request(partner) for _ in range(2)]
        receiver.statuses = [204]
        assert enable(notifications, partner) >= 2
        while notifications.dispatch():
            pass
    assert [notifications.states(referral) for referral in later] == [["confirmed"], ["confirmed"]]
    with notifications.db.read() as connection:
        assert queries.troubled_webhooks(connection) == []
    with pytest.raises(RefusedError):
        enable(notifications, partner)


def test_nobody_unknown_is_switched_on(notifications: Notifications) -> None:
    with pytest.raises(NotFoundError):
        enable(notifications, listing(ChannelKind.WEBHOOK).organization_id)


def test_who_says_gone_is_called_no_more_at_once(notifications: Notifications) -> None:
    with running(Receiver([410])) as receiver:
        partner = a_partner(notifications, receiver.url)
        notifications.a_request(partner)
        waiting = notifications.a_request(partner)
        notifications.dispatch()
        assert notifications.dispatch() == 0
    assert notifications.deliveries(waiting)[0]["cause"] == "webhook-disabled"


def test_what_is_missing_here_is_not_held_against_the_partner(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        fail_for(notifications, partner, 7)
    assert "notifications.webhook_disabled.v1" not in notifications.said()


def test_another_address_begins_the_count_anew(notifications: Notifications) -> None:
    with running(Receiver([500])) as old, running(Receiver([500])) as new:
        partner = a_partner(notifications, old.url)
        fail_for(notifications, partner, 4)
        moved = listing(ChannelKind.WEBHOOK, partner, url=new.url)
        object.__setattr__(moved, "version", 2)
        notifications.hear(moved)
        fail_for(notifications, partner, 4)
    assert "notifications.webhook_disabled.v1" not in notifications.said()


def test_an_attempt_that_fails_after_the_switch_is_put_aside_with_the_others(notifications: Notifications) -> None:
    """A notice made in the very moment of switching off may still be tried once."""
    with running(Receiver([410, 500])) as receiver:
        partner = a_partner(notifications, receiver.url)
        notifications.a_request(partner)
        notifications.dispatch()
        late = notifications.a_request(partner)
        with notifications.unit.work(actor="staff:op") as work:
            commands.replay(work, notifications.deliveries(late)[0]["delivery_id"])
        notifications.dispatch()
    assert notifications.states(late) == ["parked"]
    assert len(receiver.got) == 2


# --- who is told ----------------------------------------------------------------------------------------------------


def telling(notifications: Notifications, smtp: tuple[str, int], lead: str | None = LEAD) -> Dispatcher:
    dispatcher = notifications.dispatcher(smtp=smtp)
    mail = SwitchedOffMail(notifications.unit, dispatcher.mails, lead, PUBLIC_URL)
    dispatcher.on_switched_off = mail.tell
    return dispatcher


def test_the_lead_and_the_contact_of_the_agreement_are_told_once(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    dispatcher = telling(notifications, smtp)
    with running(Receiver([410])) as receiver:
        partner = a_partner(notifications, receiver.url, contact=CONTACT)
        notifications.a_request(partner)
        notifications.dispatch(dispatcher)
    dispatcher.tell_switched_off()
    assert [mail["To"] for mail in mailbox.mails] == [LEAD, CONTACT]
    to_lead, to_contact = (mail.get_content() for mail in mailbox.mails)
    assert "Kammer" in to_lead
    assert f"{PUBLIC_URL}/notifications/deliveries" in to_lead
    assert "/partner/v1/events" in to_contact
    assert "R-26-4F7KQ" not in to_lead + to_contact


def test_a_mail_server_that_was_away_only_delays_the_news(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    with running(Receiver([410])) as receiver:
        partner = a_partner(notifications, receiver.url, contact=CONTACT)
        notifications.a_request(partner)
        notifications.dispatch(telling(notifications, ("127.0.0.1", 1)))
    assert mailbox.mails == []
    telling(notifications, smtp).tell_switched_off()
    assert [mail["To"] for mail in mailbox.mails] == [LEAD, CONTACT]


def test_where_nobody_can_be_told_nobody_is_looked_for_for_ever(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    with running(Receiver([410])) as receiver:
        notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch(telling(notifications, smtp, lead=None))
    telling(notifications, smtp).tell_switched_off()
    assert mailbox.mails == []


def test_switched_off_a_second_time_is_news_again(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    dispatcher = telling(notifications, smtp)
    with running(Receiver([410])) as receiver:
        partner = a_partner(notifications, receiver.url)
        for _ in range(2):
            notifications.a_request(partner)
            notifications.dispatch(dispatcher)
            notifications.clock.instant += DAY
            enable(notifications, partner)
    assert [mail["To"] for mail in mailbox.mails] == [LEAD, LEAD]


# --- a test, and everything since a moment --------------------------------------------------------------------------


def send_test(notifications: Notifications, partner: UUID) -> UUID:
    with notifications.unit.work(actor="staff:op") as work:
        return resending.send_test(work, partner, PUBLIC_URL)


def delivery(notifications: Notifications, delivery_id: UUID) -> Any:
    with notifications.db.read() as connection:
        return queries.delivery(connection, delivery_id)


@pytest.mark.parametrize(("status", "state"), [(204, "confirmed"), (500, "parked")])
def test_a_test_is_tried_once_and_shows_what_came_of_it(notifications: Notifications, status: int, state: str) -> None:
    with running(Receiver([status])) as receiver:
        tried = send_test(notifications, a_partner(notifications, receiver.url))
        notifications.dispatch()
        assert notifications.dispatch() == 0
    seen = delivery(notifications, tried)
    assert (seen["kind"], seen["state"], seen["attempts"][0]["status_code"]) == ("test", state, status)
    assert "notifications.trial_notice_made.v1" in notifications.said()


def test_a_webhook_that_is_switched_off_can_still_be_tested(notifications: Notifications) -> None:
    with running(Receiver([410, 204])) as receiver:
        partner = a_partner(notifications, receiver.url)
        notifications.a_request(partner)
        notifications.dispatch()
        tried = send_test(notifications, partner)
        notifications.dispatch()
        later = notifications.a_request(partner)
        assert notifications.dispatch() == 0
    assert delivery(notifications, tried)["state"] == "confirmed"
    assert notifications.states(later) == ["parked"]


def test_a_test_lies_in_queue_and_feed_like_any_notice(notifications: Notifications) -> None:
    queue, pull = (notifications.an_organization(kind) for kind in (ChannelKind.AMQP, ChannelKind.PULL))
    assert delivery(notifications, send_test(notifications, queue))["state"] == "sent"
    assert any(row["routing_key"] == str(queue) for row in notifications.outbox())
    send_test(notifications, pull)
    with notifications.db.read() as connection:
        assert b'"test"' in queries.feed(connection, pull, 0, 10).bodies[0]


@pytest.mark.parametrize("kind", [ChannelKind.LIGHT, ChannelKind.NONE])
def test_where_no_system_listens_there_is_nothing_to_test(notifications: Notifications, kind: ChannelKind) -> None:
    with pytest.raises(RefusedError):
        send_test(notifications, notifications.an_organization(kind))


def send_since(notifications: Notifications, partner: UUID, since: Any, after: int = 0) -> tuple[int, int | None]:
    with notifications.unit.work(actor="staff:op") as work:
        return resending.send_since(work, partner, since, after)


def test_what_was_made_since_a_moment_goes_out_once_more_under_the_same_ids(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        partner, other = (a_partner(notifications, receiver.url) for _ in range(2))
        notifications.a_request(other)
        fail_for(notifications, partner, 3)
        before = [headers["webhook-id"] for headers, _ in receiver.got]
        assert send_since(notifications, partner, notifications.clock.instant - 2 * DAY) == (2, None)
        while notifications.dispatch():
            pass
    assert [headers["webhook-id"] for headers, _ in receiver.got[len(before) :]] == before[-2:]
    assert notifications.said().count("notifications.notice_replayed.v1") == 2


def test_a_queue_that_lost_its_letters_gets_them_once_more(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    referral = notifications.a_request(partner)
    since = notifications.clock.instant
    assert send_since(notifications, partner, since) == (1, None)
    first, second = [row for row in notifications.outbox() if row["routing_key"] == str(partner)]
    assert bytes(first["body"]) == bytes(second["body"])
    (seen,) = notifications.deliveries(referral)
    assert (seen["state"], seen["attempt"], len(seen["attempts"])) == ("sent", 2, 2)


def test_much_is_sent_again_in_parts(notifications: Notifications, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resending, "BATCH", 2)
    partner = notifications.an_organization(ChannelKind.AMQP)
    for _ in range(3):
        notifications.a_request(partner)
    sent, go_on = send_since(notifications, partner, notifications.clock.instant)
    assert (sent, go_on is None) == (2, False)
    assert send_since(notifications, partner, notifications.clock.instant, go_on or 0) == (1, None)


def test_nothing_is_sent_again_to_a_webhook_that_is_switched_off(notifications: Notifications) -> None:
    with running(Receiver([410])) as receiver:
        partner = a_partner(notifications, receiver.url)
        notifications.a_request(partner)
        notifications.dispatch()
    with pytest.raises(RefusedError):
        send_since(notifications, partner, notifications.clock.instant)
