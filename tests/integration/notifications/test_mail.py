"""Mail of the light path over a real SMTP server."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from joserfc import jwt

from contracts import referral as said
from contracts.capacity_link import CapacityLink, read
from contracts.codes import ChannelKind, ChannelOutcome, Duty, DutyCause, EndReason, KeyUse, Status
from contracts.directory import (
    PartnerChannelHandedIn,
    PartnerChannelSettled,
    PartnerKeyConfirmed,
    PartnerKeyHandedIn,
)
from contracts.event import Code
from services.notifications import commands
from services.notifications.channels.desk_link import AUDIENCE
from services.notifications.domain.policy import GATHER
from services.notifications.key_mail import WaitingKeyMail
from services.notifications.parked_mail import LeadMail
from tests.integration.notifications.conftest import DEPLOYMENT_KEY, NOW, PUBLIC_URL, Notifications
from tests.mailing import Mailbox, smtp_server

MAILBOX = "team-m@jobcenter.example"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


def link_in(mail: EmailMessage) -> str:
    found = re.findall(rf"{PUBLIC_URL}/referral/desk/enter/[\w.-]+", mail.get_content())
    assert len(found) == 2
    assert found[0] == found[1]
    return str(found[0])


def test_a_unit_gets_number_and_link_in_two_languages(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox=MAILBOX)
    referral = notifications.a_request(partner)
    dispatcher = notifications.dispatcher(smtp=smtp)
    notifications.dispatch(dispatcher)
    (mail,) = mailbox.mails
    assert mail["To"] == MAILBOX
    text = mail.get_content()
    assert "R-26-4F7KQ" in mail["Subject"]
    assert "Ein neuer Verweis liegt für Sie bereit." in text
    assert "A new referral is waiting for you." in text
    places = set(re.findall(rf"{PUBLIC_URL}/directory/units/([\w-]+)", text))
    assert [read(DEPLOYMENT_KEY, one, NOW) for one in places] == [CapacityLink(partner, None)]
    token = link_in(mail).rpartition("/")[2]
    claims = jwt.decode(token, dispatcher.mails.links.key, algorithms=["Ed25519"]).claims
    assert (claims["organization_id"], claims["referral_id"], claims["aud"]) == (str(partner), str(referral), AUDIENCE)
    assert claims["exp"] > claims["iat"]
    assert notifications.states(referral) == ["sent"]
    assert notifications.said() == ["notifications.desk_link_issued.v1", "notifications.notice_sent.v1"]
    notifications.hear(said.DeskEntered(referral_id=referral, organization_id=partner, link_id=UUID(claims["jti"])))
    assert notifications.states(referral) == ["confirmed"]


@pytest.mark.parametrize(
    ("says", "state", "cause"),
    [("450 mailbox busy", "failed", "smtp-450"), ("550 no such user", "parked", "smtp-550")],
)
def test_a_mail_server_says_later_or_never(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], says: str, state: str, cause: str
) -> None:
    mailbox.says = says
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT, mailbox=MAILBOX))
    notifications.dispatch(notifications.dispatcher(smtp=smtp))
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], delivery["cause"]) == (state, cause)
    assert "notifications.desk_link_issued.v1" not in notifications.said()


def test_no_mail_server_is_a_failure_and_no_mailbox_is_final(notifications: Notifications) -> None:
    reachable = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT, mailbox=MAILBOX))
    nowhere = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    notifications.dispatch()
    assert notifications.deliveries(reachable)[0]["cause"] == "connection-failed"
    assert notifications.deliveries(nowhere)[0]["state"] == "parked"


def test_the_lead_is_told_of_parked_deliveries_in_one_mail(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    units = [notifications.an_organization(ChannelKind.LIGHT) for _ in range(2)]
    referrals = [notifications.a_request(unit) for unit in units for _ in range(3)]
    dispatcher = notifications.dispatcher(smtp=smtp)
    lead = LeadMail(notifications.unit, dispatcher.mails, "leitung@netz.example", PUBLIC_URL, GATHER)
    dispatcher.on_parked = lead.tell
    for _ in referrals:
        notifications.dispatch(dispatcher)
    dispatcher.tell_parked()
    assert mailbox.mails == [], "the first waits for the others"

    notifications.clock.instant += GATHER
    mailbox.says = "450 mailbox busy"
    dispatcher.tell_parked()
    assert mailbox.mails == []
    mailbox.says = "250 OK"
    for _ in range(2):
        dispatcher.tell_parked()
    (mail,) = mailbox.mails
    assert mail["To"] == "leitung@netz.example"
    text = mail.get_content()
    assert text.count("- 3 × Kammer (light): mailbox-missing") == 4, "two units, in two languages"
    assert f"{PUBLIC_URL}/notifications/deliveries" in text
    assert not any(str(referral) in text for referral in referrals)


def test_the_lead_is_told_once_that_keys_wait_for_a_second_person_and_not_which(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    def handed_in(partner: UUID, thumbprint: str) -> PartnerKeyHandedIn:
        return PartnerKeyHandedIn(organization_id=partner, thumbprint=Code(thumbprint), use=KeyUse.ENC)

    partner, confirmed = (notifications.an_organization(ChannelKind.PULL) for _ in range(2))
    mails = notifications.dispatcher(smtp=smtp).mails
    lead = WaitingKeyMail(notifications.unit, mails, "leitung@netz.example", PUBLIC_URL, GATHER)
    for one in (handed_in(partner, "first-one"), handed_in(partner, "second-one"), handed_in(confirmed, "third-one")):
        notifications.hear(one)
        notifications.hear(one)
    fields = {"organization_id": confirmed, "thumbprint": Code("third-one"), "use": KeyUse.ENC}
    notifications.hear(PartnerKeyConfirmed(**fields))
    lead.tell()
    assert mailbox.mails == [], "the first waits for the others"

    notifications.clock.instant += GATHER
    mailbox.says = "450 mailbox busy"
    lead.tell()
    mailbox.says = "250 OK"
    for _ in range(2):
        lead.tell()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert mail["To"] == "leitung@netz.example" and f"{PUBLIC_URL}/directory/keys" in text
    assert (text.count("(2)"), text.count("- Kammer")) == (2, 2), "two keys of one partner, in two languages"
    assert "-one" not in text, "who confirms types what the partner told"

    notifications.hear(handed_in(confirmed, "fourth-one"))
    notifications.clock.instant += GATHER
    lead.tell()
    assert len(mailbox.mails) == 2


def test_the_lead_is_told_of_a_channel_that_waits_and_of_none_that_was_settled_before(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    partner, settled = (notifications.an_organization(ChannelKind.PULL) for _ in range(2))
    lead = WaitingKeyMail(
        notifications.unit, notifications.dispatcher(smtp=smtp).mails, "leitung@netz.example", PUBLIC_URL, GATHER
    )
    for one in (partner, settled):
        notifications.hear(
            PartnerChannelHandedIn(organization_id=one, thumbprint=Code("a-channel"), kind=ChannelKind.LIGHT)
        )
    notifications.hear(
        PartnerChannelSettled(organization_id=settled, thumbprint=Code("a-channel"), outcome=ChannelOutcome.MISTYPED)
    )
    notifications.clock.instant += GATHER
    lead.tell()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert (text.count("(1)"), "Kanäle" in text) == (2, True), "one, in two languages"
    assert "a-channel" not in text


def test_what_is_parked_anew_is_told_anew(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    dispatcher = notifications.dispatcher(smtp=smtp)
    lead = LeadMail(notifications.unit, dispatcher.mails, "leitung@netz.example", PUBLIC_URL, GATHER)
    for mails in (1, 2):
        notifications.dispatch(dispatcher)
        notifications.clock.instant += GATHER
        lead.tell()
        assert len(mailbox.mails) == mails
        (delivery,) = notifications.deliveries(referral)
        with notifications.unit.work(actor="staff:op") as work:
            commands.replay(work, delivery["delivery_id"])
        notifications.clock.instant += timedelta(minutes=1)


@pytest.mark.parametrize("kind", [ChannelKind.AMQP, ChannelKind.LIGHT, ChannelKind.NONE])
def test_what_is_owed_too_long_is_told_to_the_contact_of_the_agreement_without_a_link(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], kind: ChannelKind
) -> None:
    partner = notifications.an_organization(kind, mailbox=MAILBOX, contact="datenschutz@jobcenter.example")
    referral = notifications.a_request(partner)
    dispatcher = notifications.dispatcher(smtp=smtp)
    notifications.dispatch(dispatcher)
    mailbox.mails.clear()

    escalated = said.DutyEscalated(
        referral_id=referral, organization_id=partner, duties=(Duty.STATE_DELETION,), due_on=NOW.date()
    )
    notifications.hear(escalated)
    notifications.clock.instant += GATHER
    notifications.dispatch(dispatcher)

    (mail,) = mailbox.mails
    assert mail["To"] == "datenschutz@jobcenter.example"
    assert mail["Subject"] == "Mitteilung zu Verweis R-26-4F7KQ"
    text = mail.get_content()
    assert "Art. 19 DSGVO" in text
    assert "Art. 19 GDPR" in text
    assert PUBLIC_URL not in text
    assert notifications.deliveries(referral)[-1]["channel"] == "contact"


def test_an_agreement_that_names_nobody_is_seen_where_deliveries_are_stuck(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.NONE)
    referral = notifications.a_request(partner)
    notifications.hear(said.DutyEscalated(referral_id=referral, organization_id=partner, duties=(), due_on=NOW.date()))
    notifications.clock.instant += GATHER
    notifications.dispatch()
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], delivery["cause"]) == ("parked", "mailbox-missing")


def wants_a_link(notifications: Notifications, referral: UUID, partner: UUID) -> None:
    notifications.hear(said.DeskLinkRequested(referral_id=referral, organization_id=partner, link_id=uuid4()))


def test_a_unit_that_lost_its_link_gets_a_fresh_one(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int]
) -> None:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox=MAILBOX)
    referral = notifications.a_request(partner)
    dispatcher = notifications.dispatcher(smtp=smtp)
    notifications.dispatch(dispatcher)
    wants_a_link(notifications, referral, partner)
    notifications.dispatch(dispatcher)
    first, second = mailbox.mails
    assert second["To"] == MAILBOX
    assert "Hier ist der neue Link zu einem Verweis, den Sie angefordert haben." in second.get_content()
    assert link_in(first) != link_in(second)
    assert [row["kind"] for row in notifications.deliveries(referral)] == ["referral_requested", "desk_link_renewed"]
    assert notifications.said().count("notifications.desk_link_issued.v1") == 2


def test_a_closed_referral_gets_no_new_link_unless_something_is_owed(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox=MAILBOX)
    referral = notifications.a_request(partner)
    ids = {"referral_id": referral, "organization_id": partner}
    notifications.hear(said.ReferralCancelled(**ids, reason=EndReason.MISTAKE, previous=Status.RECEIVED))
    wants_a_link(notifications, referral, partner)
    assert notifications.states(referral) == ["withdrawn"]
    owed = {"duty": Duty.STATE_DELETION, "cause": DutyCause.CANCEL, "category": None, "due_on": NOW.date()}
    notifications.hear(said.DutyOpened(**ids, **owed, duty_id=uuid4()))
    wants_a_link(notifications, referral, partner)
    kinds = [row["kind"] for row in notifications.deliveries(referral)]
    assert kinds == ["referral_requested", "duty_opened", "desk_link_renewed"]


def test_a_partner_with_a_system_of_its_own_is_sent_no_link(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    referral = notifications.a_request(partner)
    wants_a_link(notifications, referral, partner)
    assert [row["kind"] for row in notifications.deliveries(referral)] == ["referral_requested"]
