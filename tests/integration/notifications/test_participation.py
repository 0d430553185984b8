"""What is due to a partner that rests is held, not lost: it leaves once the partner is back, never after it left."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from contracts import referral as said
from contracts.codes import ChannelKind, Duty, DutyCause, Participation
from contracts.topology import PARTNERS
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.notifications.conftest import NOW, SECRET, Notifications, listing
from tests.integration.notifications.receiver import Receiver, running
from tests.mailing import Mailbox, smtp_server

RESTS, LEFT, BACK = Participation.SUSPENDED, Participation.ENDED, Participation.TAKING_PART
#: Each change is the next version of the entry.
VERSIONS = {RESTS: 2, LEFT: 3, BACK: 4}


def stands(notifications: Notifications, partner: UUID, kind: ChannelKind, now: Participation, **how: str) -> None:
    published = replace(listing(kind, partner, **how), version=VERSIONS[now], participation=now)  # type: ignore[arg-type]
    notifications.hear(published)


def in_queue(notifications: Notifications) -> int:
    return sum(row["exchange"] == PARTNERS for row in notifications.outbox())


def test_a_webhook_is_not_called_while_its_partner_rests_and_everything_leaves_in_the_end(
    notifications: Notifications,
) -> None:
    with running(Receiver([200])) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        notifications.keep_secret(partner, SECRET)
        before = notifications.a_request(partner)
        stands(notifications, partner, ChannelKind.WEBHOOK, RESTS, url=receiver.url)
        meanwhile = notifications.a_request(partner)
        for _ in range(3):
            assert notifications.dispatch() == 0
        assert (receiver.got, notifications.states(before), notifications.states(meanwhile)) == (
            [],
            ["pending"],
            ["pending"],
        )
        stands(notifications, partner, ChannelKind.WEBHOOK, BACK, url=receiver.url)
        while notifications.dispatch():
            pass
        assert len(receiver.got) == 2
        assert notifications.states(before) == notifications.states(meanwhile) == ["confirmed"]


def test_nothing_is_put_into_a_queue_while_its_partner_rests_and_everything_in_its_order_afterwards(
    notifications: Notifications,
) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    stands(notifications, partner, ChannelKind.AMQP, RESTS)
    first, second = notifications.a_request(partner), notifications.a_request(partner)
    notifications.dispatch()
    assert (in_queue(notifications), notifications.states(first)) == (0, ["pending"])
    stands(notifications, partner, ChannelKind.AMQP, BACK)
    assert in_queue(notifications) == 2
    assert notifications.states(first) == notifications.states(second) == ["sent"]
    subjects = [row["body"] for row in notifications.outbox() if row["exchange"] == PARTNERS]
    assert [str(one).encode() in bytes(body) for one, body in zip((first, second), subjects, strict=True)] == [True] * 2
    stands(notifications, partner, ChannelKind.AMQP, BACK)
    assert in_queue(notifications) == 2, "heard twice, done once"


def test_a_unit_gets_no_mail_while_it_rests_and_the_mail_afterwards(notifications: Notifications) -> None:
    mailbox = Mailbox()
    with smtp_server(mailbox) as smtp:
        dispatcher = notifications.dispatcher(smtp=smtp)
        partner = notifications.an_organization(ChannelKind.LIGHT, mailbox="eingang@verein.example")
        stands(notifications, partner, ChannelKind.LIGHT, RESTS, mailbox="eingang@verein.example")
        notifications.a_request(partner)
        notifications.dispatch(dispatcher)
        assert mailbox.mails == []
        stands(notifications, partner, ChannelKind.LIGHT, BACK, mailbox="eingang@verein.example")
        notifications.dispatch(dispatcher)
        assert len(mailbox.mails) == 1


def test_what_lost_its_sense_meanwhile_does_not_leave(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    stands(notifications, partner, ChannelKind.AMQP, RESTS)
    referral = notifications.a_request(partner)
    notifications.hear(
        said.ReferralExpired(referral_id=referral, organization_id=partner, previous=said.Status.REQUESTED)
    )
    stands(notifications, partner, ChannelKind.AMQP, BACK)
    assert (in_queue(notifications), notifications.states(referral)) == (0, ["withdrawn"])


@pytest.mark.parametrize(("standing", "slug"), [(RESTS, "partner.suspended"), (LEFT, "partner.left")])
def test_the_feed_is_closed_to_whoever_rests(notifications: Notifications, standing: Participation, slug: str) -> None:
    issuer = TestIssuer()
    client = create_app(settings(), notifications.unit, issuer_keys=issuer.keys()).test_client()
    partner = notifications.an_organization(ChannelKind.PULL)
    token = bearer(issuer.token(sub="system", roles=None, organization_id=str(partner)))
    notifications.a_request(partner)
    stands(notifications, partner, ChannelKind.PULL, standing)
    for answer in (
        client.get("/partner/v1/events", headers=token),
        client.post("/partner/v1/acknowledgements", json={"cursor": 1}, headers=token),
    ):
        assert (answer.status_code, answer.content_type, answer.json["slug"]) == (403, "application/problem+json", slug)
    other = bearer(issuer.token(sub="other", roles=None, organization_id=str(uuid4())))
    assert client.get("/partner/v1/events", headers=other).status_code == 200
    stands(notifications, partner, ChannelKind.PULL, BACK)
    assert len(client.get("/partner/v1/events", headers=token).json["events"]) == 1, "nothing was lost"


def test_after_it_left_nothing_leaves_but_to_its_contact_what_is_owed(notifications: Notifications) -> None:
    mailbox, how = Mailbox(), {"mailbox": "eingang@verein.example", "contact": "vorstand@verein.example"}
    with smtp_server(mailbox) as smtp:
        dispatcher = notifications.dispatcher(smtp=smtp)
        partner = notifications.an_organization(ChannelKind.LIGHT, **how)
        referral = notifications.a_request(partner)
        stands(notifications, partner, ChannelKind.LIGHT, LEFT, **how)
        assert notifications.states(referral) == ["withdrawn"]
        notifications.a_request(partner)
        owed = said.DutyOpened(
            referral_id=referral,
            organization_id=partner,
            duty_id=uuid4(),
            duty=Duty.STATE_DELETION,
            cause=DutyCause.PARTICIPATION_ENDED,
            category=None,
            due_on=NOW.date(),
        )
        notifications.hear(owed)
        while notifications.dispatch(dispatcher):
            pass
        assert [mail["to"] for mail in mailbox.mails] == ["vorstand@verein.example"]
