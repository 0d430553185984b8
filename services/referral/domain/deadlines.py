"""When what falls due. A referral's deadlines are computed from its state alone, so they can be stored and redone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.codes import Status, Urgency
from services.referral.domain.lifecycle import TAKEN_ON, waits_for_conclusion
from services.referral.domain.workdays import IsWorkingDay, add_working_days, start_of, working_days_between

if TYPE_CHECKING:
    from services.referral.domain.referral import Referral

EXPIRY_DAYS = 14
REMINDER_DAYS = (3, 9)
URGENT_EXPIRY_WORKING_DAYS = 5
URGENT_REMINDER_WORKING_DAYS = (2, 4)
CONTACT_WORKING_DAYS = {Urgency.URGENT: 2, Urgency.NORMAL: 5, Urgency.LOW: 10}
#: So long after the promised day the lead hears that there still was no contact.
CONTACT_LEAD_WORKING_DAYS = 5
#: Who cannot make contact within so many days has a waiting list, and should say so.
CONTACT_DAYS_AT_MOST = 60
QUESTION_LEAD_WORKING_DAYS = 5
QUESTION_EXPIRY_WORKING_DAYS = 20
WAITLIST_REMINDER_DAYS = 60
WAITLIST_EXPIRY_DAYS = 90
DUTY_WORKING_DAYS = 10
#: So long after it was due, whoever signed the agreement is told, and the data-protection officer.
DUTY_ESCALATION_WORKING_DAYS = 5
CUSTODIAL_DAYS = 30
CONSENT_REMINDER_DAYS = 14


class DeadlineKind(StrEnum):
    """What the clock does when the day has come."""

    RELEASE = "release"
    REMIND_FIRST = "remind_first"
    REMIND_SECOND = "remind_second"
    EXPIRE = "expire"
    CONCLUDE = "conclude"
    QUESTION_OVERDUE = "question_overdue"
    REMIND_WAITLIST = "remind_waitlist"
    CONTACT_OVERDUE = "contact_overdue"
    CONTACT_STILL_MISSING = "contact_still_missing"
    DUTY_OVERDUE = "duty_overdue"
    DUTY_ESCALATED = "duty_escalated"
    CUSTODIAL_CLEANUP = "custodial_cleanup"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing that falls due, once."""

    kind: DeadlineKind
    due_at: datetime


def expires_on(urgency: Urgency, clock_on: date, is_working_day: IsWorkingDay) -> date:
    """The day on which a request that nobody reacted to ends: calendar day 14, urgent on working day 5."""
    if urgency is Urgency.URGENT:
        return add_working_days(clock_on, URGENT_EXPIRY_WORKING_DAYS, is_working_day)
    return clock_on + timedelta(days=EXPIRY_DAYS)


def reminders_on(urgency: Urgency, clock_on: date, is_working_day: IsWorkingDay) -> tuple[date, date]:
    """The two days on which the partner is reminded before that."""
    if urgency is Urgency.URGENT:
        first, second = (add_working_days(clock_on, count, is_working_day) for count in URGENT_REMINDER_WORKING_DAYS)
        return first, second
    first, second = (clock_on + timedelta(days=count) for count in REMINDER_DAYS)
    return first, second


def clock_after_standstill(
    urgency: Urgency, clock_on: date, asked_on: date, answered_on: date, is_working_day: IsWorkingDay
) -> date:
    """Where the partner's clock starts once the sender has answered: the days the ball lay here do not count."""
    if urgency is Urgency.URGENT:
        stood = working_days_between(asked_on, answered_on, is_working_day)
        return add_working_days(clock_on, stood, is_working_day)
    return clock_on + (answered_on - asked_on)


def contact_by(urgency: Urgency, accepted_on: date, is_working_day: IsWorkingDay) -> date:
    """By when the partner makes first contact unless it names another day."""
    return add_working_days(accepted_on, CONTACT_WORKING_DAYS[urgency], is_working_day)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an urgency sets off: by when there has to be contact, and how long a request waits for an answer."""

    contact_working_days: int
    expiry_days: int
    in_working_days: bool


def consequence(urgency: Urgency) -> Consequence:
    """The same figures the deadlines are made of."""
    is_urgent = urgency is Urgency.URGENT
    return Consequence(
        CONTACT_WORKING_DAYS[urgency], URGENT_EXPIRY_WORKING_DAYS if is_urgent else EXPIRY_DAYS, is_urgent
    )


def deadlines(referral: "Referral", is_working_day: IsWorkingDay) -> tuple[Deadline, ...]:
    """Everything that will fall due if nothing happens any more; what has passed is in it too."""
    if referral.release_at is not None:
        return (Deadline(DeadlineKind.RELEASE, referral.release_at),)
    return tuple(Deadline(kind, start_of(day)) for kind, day in _days(referral, is_working_day))


def due_on(referral: "Referral", is_working_day: IsWorkingDay) -> date | None:
    """The day a list shows beside the referral: the next one on which something ends or is overdue."""
    shown = {DeadlineKind.EXPIRE, DeadlineKind.CONCLUDE}
    days = [day for kind, day in _days(referral, is_working_day) if kind in shown]
    days += [one.due_on for one in referral.duties]
    if referral.status is Status.ACCEPTED and referral.contact_by is not None:
        days.append(referral.contact_by)
    return min(days, default=None)


Day = tuple[DeadlineKind, date]


def _days(referral: "Referral", is_working_day: IsWorkingDay) -> Iterator[Day]:
    if referral.status in (Status.REQUESTED, Status.RECEIVED):
        yield from _unanswered(referral, is_working_day)
    elif referral.status is Status.CLARIFICATION:
        yield from _in_clarification(referral, is_working_day)
    elif referral.status is Status.WAITLISTED:
        yield from _on_waitlist(referral)
    elif referral.status is Status.ACCEPTED and referral.contact_by is not None:
        yield from _promised(referral.contact_by, is_working_day)
    if referral.status in TAKEN_ON:
        yield from _asked_in_passing(referral, is_working_day)
    yield from _owed(referral, is_working_day)
    if referral.ended_on is not None:
        yield DeadlineKind.CUSTODIAL_CLEANUP, referral.ended_on + timedelta(days=CUSTODIAL_DAYS)


def _unanswered(referral: "Referral", is_working_day: IsWorkingDay) -> Iterator[Day]:
    clock_on = referral.clock_on or referral.drafted_on
    if not _silence_is_law(referral):
        first, second = reminders_on(referral.urgency, clock_on, is_working_day)
        yield DeadlineKind.REMIND_FIRST, first
        yield DeadlineKind.REMIND_SECOND, second
    yield _end_of(referral, expires_on(referral.urgency, clock_on, is_working_day))


def _silence_is_law(referral: "Referral") -> bool:
    return waits_for_conclusion(referral.back_level, fetched=referral.is_fetched)


def _end_of(referral: "Referral", day: date) -> Day:
    """Silence ends a referral, except where the partner may not speak: there the sender asks the person."""
    return (DeadlineKind.CONCLUDE if _silence_is_law(referral) else DeadlineKind.EXPIRE), day


def _promised(contact_by: date, is_working_day: IsWorkingDay) -> Iterator[Day]:
    """Taken over is not handed over: that is done with the first contact, and somebody asks until it was made."""
    yield DeadlineKind.CONTACT_OVERDUE, contact_by + timedelta(days=1)
    lead_on = add_working_days(contact_by, CONTACT_LEAD_WORKING_DAYS, is_working_day)
    yield DeadlineKind.CONTACT_STILL_MISSING, lead_on + timedelta(days=1)


def _asked_in_passing(referral: "Referral", is_working_day: IsWorkingDay) -> Iterator[Day]:
    """A question while work goes on stops nothing; still somebody waits for an answer."""
    if referral.questions:
        asked_on = min(question.asked_on for question in referral.questions)
        yield DeadlineKind.QUESTION_OVERDUE, add_working_days(asked_on, QUESTION_LEAD_WORKING_DAYS, is_working_day)


def _in_clarification(referral: "Referral", is_working_day: IsWorkingDay) -> Iterator[Day]:
    asked_on = min((question.asked_on for question in referral.questions), default=referral.drafted_on)
    yield DeadlineKind.QUESTION_OVERDUE, add_working_days(asked_on, QUESTION_LEAD_WORKING_DAYS, is_working_day)
    yield _end_of(referral, add_working_days(asked_on, QUESTION_EXPIRY_WORKING_DAYS, is_working_day))


def _on_waitlist(referral: "Referral") -> Iterator[Day]:
    renewed_on = referral.waitlisted_on or referral.drafted_on
    yield DeadlineKind.REMIND_WAITLIST, renewed_on + timedelta(days=WAITLIST_REMINDER_DAYS)
    yield _end_of(referral, renewed_on + timedelta(days=WAITLIST_EXPIRY_DAYS))


def _owed(referral: "Referral", is_working_day: IsWorkingDay) -> Iterator[Day]:
    for due in sorted({one.due_on for one in referral.duties}):
        yield DeadlineKind.DUTY_OVERDUE, due + timedelta(days=1)
        yield DeadlineKind.DUTY_ESCALATED, escalated_on(due, is_working_day)


def escalated_on(due_on: date, is_working_day: IsWorkingDay) -> date:
    """The day on which a duty that was due then and is still open goes beyond the partner's own desk."""
    return add_working_days(due_on, DUTY_ESCALATION_WORKING_DAYS, is_working_day) + timedelta(days=1)
