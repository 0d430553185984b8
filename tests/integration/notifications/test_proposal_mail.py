"""Editors are told that proposals wait, partners how theirs ended: counted, with a link, no word of what they say."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import ChannelKind, Participation, ProposalOutcome
from contracts.directory import ProposalMade, ProposalSettled
from contracts.event import Code
from services.chassis.db import Database
from services.notifications.commands import units
from services.notifications.domain.hours import QuietHours
from services.notifications.domain.policy import GATHER
from services.notifications.proposal_mail import ProposalMail
from tests.integration.notifications.conftest import PUBLIC_URL, Notifications, listing
from tests.mailing import Mailbox, smtp_server

EDITORS, UNIT = "redaktion@netz.example", "eingang@kammer.example"
LINK = f"{PUBLIC_URL}/directory/proposals"


@pytest.fixture(scope="module")
def notifications(make_database: Callable[[str], Any]) -> Iterator[Notifications]:
    with Database(make_database("notifications").app_dsn) as db:
        yield Notifications.of(db)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mails(notifications: Notifications, mailbox: Mailbox) -> Iterator[ProposalMail]:
    with smtp_server(mailbox) as smtp:
        sender = notifications.dispatcher(smtp=smtp).mails
        yield ProposalMail(notifications.unit, sender, EDITORS, PUBLIC_URL, GATHER)


def proposed(notifications: Notifications, house: UUID) -> UUID:
    proposal_id = uuid4()
    made = ProposalMade(proposal_id=proposal_id, organization_id=house, kind=Code("service"), object_id=uuid4())
    for _ in range(2):
        notifications.hear(made)
    return proposal_id


def settled(notifications: Notifications, house: UUID, proposal_id: UUID, outcome: ProposalOutcome) -> None:
    notifications.hear(ProposalSettled(proposal_id=proposal_id, organization_id=house, outcome=outcome))


def left(notifications: Notifications, house: UUID) -> int:
    with notifications.db.read() as connection:
        rows = connection.execute("SELECT 1 FROM proposals WHERE organization_id = %s", (house,)).fetchall()
    return len(rows)


def test_editors_are_told_once_of_all_that_wait_and_not_of_what_was_taken_back(
    notifications: Notifications, mailbox: Mailbox, mails: ProposalMail
) -> None:
    house, other = (notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT) for _ in range(2))
    for _ in range(2):
        proposed(notifications, house)
    settled(notifications, other, proposed(notifications, other), ProposalOutcome.WITHDRAWN)
    settled(notifications, house, proposed(notifications, house), ProposalOutcome.REPLACED)
    mails.tell()
    assert mailbox.mails == [], "the first waits for the others"

    notifications.clock.instant += GATHER
    mailbox.says = "450 mailbox busy"
    mails.tell()
    mailbox.says = "250 OK"
    for _ in range(2):
        mails.tell()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert (mail["To"], mail["Subject"]) == (EDITORS, "Vorschläge zum Verzeichnis warten auf die Redaktion")
    assert (text.count("(2)"), text.count("- Kammer"), text.count(LINK)) == (2, 2, 2), "one partner, two languages"

    proposed(notifications, other)
    notifications.clock.instant += GATHER
    mails.tell()
    assert len(mailbox.mails) == 2, "what is new is told anew"


def test_the_partner_hears_by_one_mail_how_all_of_its_proposals_ended(
    notifications: Notifications, mailbox: Mailbox, mails: ProposalMail
) -> None:
    house = notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT)
    for outcome in (
        ProposalOutcome.RELEASED,
        ProposalOutcome.RELEASED,
        ProposalOutcome.CHANGED,
        ProposalOutcome.DECLINED,
    ):
        settled(notifications, house, proposed(notifications, house), outcome)
    mails.tell()
    assert mailbox.mails == []
    notifications.clock.instant += GATHER
    for _ in range(2):
        mails.tell()
    (mail,) = [one for one in mailbox.mails if one["To"] == UNIT]
    text = mail.get_content()
    assert "2 freigegeben, 1 geändert freigegeben, 1 abgelehnt" in text and LINK in text
    assert "2 released, 1 released with changes, 1 declined" in text
    assert left(notifications, house) == 0, "what is told is gone"


def test_a_partner_without_a_mailbox_waits_for_nobody(
    notifications: Notifications, mailbox: Mailbox, mails: ProposalMail
) -> None:
    house = notifications.an_organization(ChannelKind.NONE)
    settled(notifications, house, proposed(notifications, house), ProposalOutcome.DECLINED)
    notifications.clock.instant += GATHER
    mails.tell()
    assert left(notifications, house) == 0
    assert [one for one in mailbox.mails if one["To"] != EDITORS] == []


def test_whoever_rests_hears_it_when_it_is_back_and_nobody_in_hours_of_rest(
    notifications: Notifications, mailbox: Mailbox, mails: ProposalMail
) -> None:
    house = notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT)
    settled(notifications, house, proposed(notifications, house), ProposalOutcome.RELEASED)
    published = listing(ChannelKind.LIGHT, mailbox=UNIT, organization_id=house)
    notifications.hear(replace(published, version=2, participation=Participation.SUSPENDED))
    notifications.clock.instant += GATHER
    mails.tell()
    assert [one for one in mailbox.mails if one["To"] == UNIT] == []

    notifications.hear(replace(published, version=3))
    with notifications.unit.work(actor="staff:op") as work:
        units.set_quiet_hours(work, house, QuietHours(time(18), time(8)))
    notifications.clock.instant = datetime(2026, 12, 1, 20, tzinfo=UTC)
    mails.tell()
    assert [one for one in mailbox.mails if one["To"] == UNIT] == []
    notifications.clock.instant = datetime(2026, 12, 2, 8, tzinfo=UTC)
    mails.tell()
    assert [one["To"] for one in mailbox.mails if one["To"] == UNIT] == [UNIT]


def test_where_no_editor_has_a_mailbox_partners_are_told_all_the_same(
    notifications: Notifications, mailbox: Mailbox, mails: ProposalMail
) -> None:
    house = notifications.an_organization(ChannelKind.WEBHOOK, contact="kontakt@kammer.example")
    settled(notifications, house, proposed(notifications, house), ProposalOutcome.RELEASED)
    notifications.clock.instant += GATHER
    replace(mails, mailbox=None).tell()
    assert [one["To"] for one in mailbox.mails] == ["kontakt@kammer.example"]
