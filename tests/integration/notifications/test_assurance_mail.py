"""Organizations are asked about their entries by one mail each, with a link of their own and nothing about anybody."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts import assurance_link
from contracts.codes import ChannelKind
from contracts.directory import AssuranceAsked
from services.chassis.db import Database
from services.notifications.assurance_mail import LINK_LIFE, AssuranceMail
from services.notifications.commands import units
from services.notifications.domain.hours import QuietHours
from tests.integration.notifications.conftest import DEPLOYMENT_KEY, PUBLIC_URL, Notifications
from tests.mailing import Mailbox, smtp_server

UNIT, CONTACT = "eingang@kammer.example", "kontakt@kammer.example"


@pytest.fixture(scope="module")
def notifications(make_database: Callable[[str], Any]) -> Iterator[Notifications]:
    with Database(make_database("notifications").app_dsn) as db:
        yield Notifications.of(db)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mails(notifications: Notifications, mailbox: Mailbox) -> Iterator[AssuranceMail]:
    with smtp_server(mailbox) as smtp:
        sender = notifications.dispatcher(smtp=smtp).mails
        yield AssuranceMail(notifications.unit, sender, PUBLIC_URL, DEPLOYMENT_KEY)


def asked(notifications: Notifications, organization_id: UUID, *, reminder: bool = False) -> UUID:
    ask_id = uuid4()
    notifications.hear(
        AssuranceAsked(ask_id=ask_id, organization_id=organization_id, services=3, reminder=reminder), uuid4()
    )
    return ask_id


def told(notifications: Notifications) -> int:
    return notifications.said().count("notifications.assurance_mailed.v1")


def test_one_mail_in_two_languages_with_a_link_to_what_was_asked(
    notifications: Notifications, mailbox: Mailbox, mails: AssuranceMail
) -> None:
    house = notifications.an_organization(ChannelKind.WEBHOOK, contact=CONTACT)
    ask_id, before = asked(notifications, house), told(notifications)
    for _ in range(2):
        mails.tell()
    (mail,) = mailbox.mails
    text = mail.get_content()
    assert (mail["To"], mail["Subject"]) == (CONTACT, "Stimmen Ihre Einträge im Verzeichnis noch?")
    assert "ein Tipp genügt" in text
    assert "one tap is enough" in text
    (token,) = set(re.findall(rf"{PUBLIC_URL}/directory/confirm/([\w-]+)", text))
    link = assurance_link.read(DEPLOYMENT_KEY, token)
    assert link == assurance_link.AssuranceLink(ask_id, notifications.clock.now() + LINK_LIFE)
    assert told(notifications) == before + 1


def test_a_desk_s_own_mailbox_is_asked_first_and_on_its_holidays_the_substitute(
    notifications: Notifications, mailbox: Mailbox, mails: AssuranceMail
) -> None:
    house = notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT, contact=CONTACT)
    asked(notifications, house)
    mails.tell()
    today = notifications.clock.today()
    with notifications.unit.work(actor="staff:op") as work:
        units.set_absence(
            work,
            house,
            from_on=today,
            until_on=today + timedelta(days=3),
            substitute_mailbox="vertretung@kammer.example",
        )
    asked(notifications, house, reminder=True)
    mails.tell()
    assert [mail["To"] for mail in mailbox.mails] == [UNIT, "vertretung@kammer.example"]
    assert mailbox.mails[-1]["Subject"].startswith("Erinnerung")


def test_a_mail_server_that_is_away_only_delays_it_and_what_never_arrives_is_told_once(
    notifications: Notifications, mailbox: Mailbox, mails: AssuranceMail
) -> None:
    house = notifications.an_organization(ChannelKind.PULL, contact=CONTACT)
    asked(notifications, house)
    before = told(notifications)
    mailbox.says = "450 mailbox busy"
    mails.tell()
    assert (len(mailbox.mails), told(notifications)) == (0, before)
    mailbox.says = "550 no such user"
    for _ in range(2):
        mails.tell()
    assert (len(mailbox.mails), told(notifications)) == (0, before + 1)
    asked(notifications, notifications.an_organization(ChannelKind.NONE))
    mails.tell()
    assert told(notifications) == before + 2, "nobody there who could be asked"


def test_nobody_is_asked_in_hours_of_rest(notifications: Notifications, mailbox: Mailbox, mails: AssuranceMail) -> None:
    house = notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT)
    with notifications.unit.work(actor="staff:op") as work:
        units.set_quiet_hours(work, house, QuietHours(time(18), time(8)))
    asked(notifications, house)
    notifications.clock.instant = datetime(2026, 11, 23, 20, tzinfo=UTC)
    mails.tell()
    assert mailbox.mails == []
    notifications.clock.instant = datetime(2026, 11, 24, 8, tzinfo=UTC)
    mails.tell()
    assert len(mailbox.mails) == 1
