"""What a unit is spared: mail at night, five hundred mails at once, and mail nobody reads because nobody is there."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts import referral as said
from contracts.codes import ChannelKind, Duty, EndReason, Party, ReminderKind, Status, Urgency
from contracts.event import Reference
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.notifications.channels.digest import LINKED
from services.notifications.commands import units
from services.notifications.domain.hours import QuietHours
from services.notifications.domain.policy import GATHER
from services.notifications.store.units import EVERYBODY
from tests.integration.notifications.conftest import NOW, PUBLIC_URL, Notifications, requested
from tests.mailing import Mailbox, smtp_server

UNIT = "team-m@jobcenter.example"
CONTACT = "leitung@jobcenter.example"
NIGHT = QuietHours(time(19), time(7))
EVENING, MORNING = datetime(2026, 11, 23, 20, tzinfo=UTC), datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


@pytest.fixture
def unit(notifications: Notifications) -> UUID:
    return notifications.an_organization(ChannelKind.LIGHT, mailbox=UNIT, contact=CONTACT)


def a_referral(notifications: Notifications, unit: UUID, number: int = 1, urgency: Urgency = Urgency.NORMAL) -> UUID:
    referral_id = uuid4()
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    tail = "".join(letters[number // 24**power % 24] for power in range(4))
    one = requested(referral_id, unit)
    changes = {"reference": Reference(f"R-26-{tail}2"), "urgency": urgency}
    notifications.hear(said.ReferralRequested(**{**{name: getattr(one, name) for name in one.__slots__}, **changes}))
    return referral_id


def remind(notifications: Notifications, unit: UUID, referral_id: UUID) -> None:
    notifications.hear(
        said.ReminderDue(
            referral_id=referral_id, organization_id=unit, reminder=ReminderKind.FIRST, waiting_for=Party.PARTNER
        )
    )


def everything_leaves(notifications: Notifications, smtp: tuple[str, int]) -> None:
    dispatcher = notifications.dispatcher(smtp=smtp)
    while notifications.dispatch(dispatcher):
        pass


def quiet(notifications: Notifications, unit: UUID, hours: QuietHours | None = NIGHT) -> None:
    with notifications.unit.work(actor="staff:op") as work:
        units.set_quiet_hours(work, unit, hours)


def away(notifications: Notifications, unit: UUID, **changes: Any) -> UUID:
    usual = {
        "from_on": date(2026, 11, 24),
        "until_on": date(2026, 11, 26),
        "substitute_mailbox": "team-n@jobcenter.example",
    }
    with notifications.unit.work(actor="staff:op") as work:
        return units.set_absence(work, unit, **{**usual, **changes}).absence_id


@pytest.mark.parametrize("many", [60, pytest.param(500, marks=pytest.mark.long)])
def test_however_many_are_overdue_at_once_each_unit_gets_one_mail(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID, many: int
) -> None:
    other = notifications.an_organization(ChannelKind.LIGHT, mailbox="andere@amt.example")
    owed = [a_referral(notifications, unit, number) for number in range(many)]
    few = [a_referral(notifications, other, number) for number in (many, many + 1)]
    with notifications.db.transaction() as tx:  # their first mails left days ago
        tx.execute("UPDATE deliveries SET state = 'sent', attempt = 1, due_at = NULL")
    for referral_id in owed:
        remind(notifications, unit, referral_id)
    for referral_id in few:
        remind(notifications, other, referral_id)
    everything_leaves(notifications, smtp)
    assert mailbox.mails == []
    notifications.clock.instant += GATHER
    everything_leaves(notifications, smtp)
    by_mailbox = {mail["To"]: mail for mail in mailbox.mails}
    assert (len(mailbox.mails), set(by_mailbox)) == (2, {UNIT, "andere@amt.example"})
    text = by_mailbox[UNIT].get_content()
    assert len(set(re.findall(r"R-26-[A-Z]{4}2", text))) == many
    assert str(many) in by_mailbox[UNIT]["Subject"]
    assert len(re.findall(rf"{PUBLIC_URL}/referral/desk/enter/", text)) == LINKED
    assert {state for referral_id in owed for state in notifications.states(referral_id)} == {"sent"}
    assert notifications.said().count("notifications.notice_sent.v1") == many + 2
    assert notifications.said().count("notifications.desk_link_issued.v1") == LINKED + 2


def test_a_digest_says_numbers_and_codes_and_nothing_else(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    usual, urgent = a_referral(notifications, unit, 1), a_referral(notifications, unit, 2, Urgency.URGENT)
    everything_leaves(notifications, smtp)
    mailbox.mails.clear()
    for referral_id in (usual, urgent):
        remind(notifications, unit, referral_id)
    notifications.clock.instant += GATHER
    everything_leaves(notifications, smtp)
    [mail] = mailbox.mails
    lines = [line for line in mail.get_content().splitlines() if line]
    listed = lines[lines.index("Dringend / urgent:") + 1 :]
    assert [line for line in listed if not line.startswith(PUBLIC_URL)] == ["R-26-CAAA2", "R-26-BAAA2"]
    assert "Dies ist kein Antrag" in mail.get_content()


def test_one_reminder_alone_is_a_mail_like_any_other(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    referral_id = a_referral(notifications, unit)
    everything_leaves(notifications, smtp)
    remind(notifications, unit, referral_id)
    notifications.clock.instant += GATHER
    everything_leaves(notifications, smtp)
    assert [mail["Subject"] for mail in mailbox.mails] == [mailbox.mails[0]["Subject"]] * 2


def test_who_answers_meanwhile_is_reminded_of_nothing(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    referral_id = a_referral(notifications, unit)
    everything_leaves(notifications, smtp)
    remind(notifications, unit, referral_id)
    notifications.hear(said.ReferralReceived(referral_id=referral_id, organization_id=unit, by_hand=None))
    assert notifications.states(referral_id) == ["confirmed", "pending"]
    notifications.hear(
        said.ReferralAccepted(referral_id=referral_id, organization_id=unit, contact_by=NOW.date(), by_hand=None)
    )
    assert notifications.states(referral_id) == ["confirmed", "withdrawn"]
    notifications.clock.instant += GATHER
    everything_leaves(notifications, smtp)
    assert len(mailbox.mails) == 1


def test_escalations_to_the_contact_of_an_agreement_are_gathered_too(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    for number in range(3):
        referral_id = a_referral(notifications, unit, number)
        notifications.hear(
            said.DutyEscalated(
                referral_id=referral_id, organization_id=unit, duties=(Duty.STATE_DELETION,), due_on=NOW.date()
            )
        )
    everything_leaves(notifications, smtp)
    mailbox.mails.clear()
    notifications.clock.instant += GATHER
    everything_leaves(notifications, smtp)
    [mail] = mailbox.mails
    assert mail["To"] == CONTACT
    assert "/desk/enter/" not in mail.get_content()


def test_a_mail_server_that_is_away_leaves_the_whole_list_to_be_tried_again(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    both = [a_referral(notifications, unit, number) for number in (1, 2)]
    everything_leaves(notifications, smtp)
    mailbox.mails.clear()
    for referral_id in both:
        remind(notifications, unit, referral_id)
    notifications.clock.instant += GATHER
    mailbox.says = "451 later"
    notifications.dispatch(notifications.dispatcher(smtp=smtp))
    assert [notifications.states(one)[-1] for one in both] == ["failed", "failed"]
    mailbox.says = "250 OK"
    notifications.clock.instant += timedelta(minutes=5)
    everything_leaves(notifications, smtp)
    assert len(mailbox.mails) == 1
    assert [notifications.states(one)[-1] for one in both] == ["sent", "sent"]


def test_at_night_a_unit_is_left_alone_unless_it_is_urgent(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    quiet(notifications, unit)
    notifications.clock.instant = EVENING
    a_referral(notifications, unit, 1)
    urgent = a_referral(notifications, unit, 2, Urgency.URGENT)
    everything_leaves(notifications, smtp)
    assert len(mailbox.mails) == 1
    assert notifications.states(urgent) == ["sent"]
    notifications.clock.instant = MORNING
    everything_leaves(notifications, smtp)
    assert len(mailbox.mails) == 2


def test_a_stop_is_told_at_night_and_a_mail_that_failed_is_not_repeated_into_it(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    quiet(notifications, unit)
    stopped = a_referral(notifications, unit, 1)
    everything_leaves(notifications, smtp)
    notifications.clock.instant = EVENING - timedelta(hours=2, minutes=1)  # 18:59 in winter
    mailbox.says = "451 later"
    failed = a_referral(notifications, unit, 2)
    for _ in range(2):
        notifications.dispatch(notifications.dispatcher(smtp=smtp))
        notifications.clock.instant += timedelta(seconds=5)
    mailbox.says = "250 OK"
    notifications.clock.instant = EVENING
    notifications.hear(
        said.ReferralCancelled(
            referral_id=stopped,
            organization_id=unit,
            previous=Status.REQUESTED,
            reason=EndReason.PERSON_DECLINED,
        )
    )
    everything_leaves(notifications, smtp)
    assert (notifications.states(stopped), notifications.states(failed)) == (["sent", "sent"], ["failed"])
    notifications.clock.instant = MORNING
    everything_leaves(notifications, smtp)
    assert notifications.states(failed) == ["sent"]


def test_the_hours_for_everybody_count_where_a_unit_has_none_of_its_own(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    quiet(notifications, EVERYBODY)
    nightly = notifications.an_organization(ChannelKind.LIGHT, mailbox="nachtdienst@amt.example")
    quiet(notifications, nightly, None)
    notifications.clock.instant = EVENING
    for one in (unit, nightly):
        a_referral(notifications, one)
    everything_leaves(notifications, smtp)
    assert [mail["To"] for mail in mailbox.mails] == ["nachtdienst@amt.example"]
    assert notifications.said()[:2] == ["notifications.unit_hours_set.v1"] * 2


def test_while_nobody_is_there_the_substitute_gets_the_mail_and_afterwards_the_unit_again(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    away(notifications, unit)
    to = []
    for day in range(23, 29):
        notifications.clock.instant = datetime(2026, 11, day, 9, tzinfo=UTC)
        a_referral(notifications, unit, day)
        everything_leaves(notifications, smtp)
        to.append(mailbox.mails[-1]["To"])
    assert to == [UNIT, *["team-n@jobcenter.example"] * 3, UNIT, UNIT]


def test_who_is_back_early_says_so(
    notifications: Notifications, mailbox: Mailbox, smtp: tuple[str, int], unit: UUID
) -> None:
    absence_id = away(notifications, unit, from_on=NOW.date())
    with notifications.unit.work(actor="staff:op") as work:
        assert units.end_absence(work, absence_id) == unit
    a_referral(notifications, unit)
    everything_leaves(notifications, smtp)
    assert [mail["To"] for mail in mailbox.mails] == [UNIT]
    with pytest.raises(NotFoundError), notifications.unit.work(actor="staff:op") as work:
        units.end_absence(work, absence_id)
    away(notifications, unit, from_on=NOW.date())


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"until_on": date(2026, 11, 22)}, {"until_on": "today-or-later"}),
        ({"until_on": date(2026, 11, 23)}, {"until_on": "not-before-the-first-day"}),
        ({"until_on": date(2027, 11, 23)}, {"until_on": "within-92-days"}),
        ({"substitute_mailbox": "nobody"}, {"substitute_mailbox": "a-mailbox"}),
        ({"substitute_mailbox": "x@jobcenter.example\nBcc: y@z.example"}, {"substitute_mailbox": "a-mailbox"}),
        ({"substitute_mailbox": "me@freemail.example"}, {"substitute_mailbox": "a-mailbox-of-the-same-house"}),
        ({"substitute_mailbox": UNIT.upper()}, {"substitute_mailbox": "another-mailbox"}),
    ],
)
def test_an_absence_that_would_lose_mail_or_lead_it_out_of_the_house_is_refused(
    notifications: Notifications, unit: UUID, changes: dict[str, Any], wrong: dict[str, str]
) -> None:
    with pytest.raises(InvalidError) as refused:
        away(notifications, unit, **changes)
    assert refused.value.fields == wrong
    assert notifications.said() == []


def test_two_substitutes_for_one_day_are_one_too_many(notifications: Notifications, unit: UUID) -> None:
    away(notifications, unit)
    with pytest.raises(RefusedError, match="absent-already"):
        away(notifications, unit, from_on=date(2026, 11, 26), until_on=date(2026, 11, 30))
    away(notifications, unit, from_on=date(2026, 11, 27), until_on=date(2026, 11, 30))


def test_nobody_unknown_has_hours_or_is_away(notifications: Notifications) -> None:
    with pytest.raises(NotFoundError):
        quiet(notifications, uuid4())
    with pytest.raises(NotFoundError):
        away(notifications, uuid4())
