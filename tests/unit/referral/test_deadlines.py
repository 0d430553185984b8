"""Every timer of the design as one row: where a referral stands, and what falls due when."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from contracts.codes import BackLevel, QuestionCode, Status, Urgency
from services.referral.calendar import is_working_day
from services.referral.domain.deadlines import DeadlineKind as Kind
from services.referral.domain.deadlines import (
    clock_after_standstill,
    contact_by,
    deadlines,
    due_on,
    expires_on,
    reminders_on,
)
from services.referral.domain.referral import Question
from services.referral.domain.workdays import add_working_days, is_weekday, start_of, working_days_between
from tests.unit.referral.builders import NOON, TODAY, a_referral, duties

#: Whitsun: Whit Monday 25 May 2026 and Corpus Christi 4 June 2026 are holidays in North Rhine-Westphalia.
HOLIDAYS = {date(2026, 5, 25), date(2026, 6, 4)}


A_QUESTION = Question(id=UUID(int=1), code=QuestionCode.LANGUAGE_LEVEL, asked_on=TODAY)


def in_nrw(day: date) -> bool:
    return is_weekday(day) and day not in HOLIDAYS


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        (Status.DRAFT, {}, {}),
        (
            Status.REQUESTED,
            {},
            {Kind.REMIND_FIRST: "2026-03-05", Kind.REMIND_SECOND: "2026-03-11", Kind.EXPIRE: "2026-03-16"},
        ),
        (
            Status.RECEIVED,
            {"clock_on": TODAY + timedelta(days=4)},
            {Kind.REMIND_FIRST: "2026-03-09", Kind.REMIND_SECOND: "2026-03-15", Kind.EXPIRE: "2026-03-20"},
        ),
        (
            Status.REQUESTED,
            {"urgency": Urgency.URGENT},
            {Kind.REMIND_FIRST: "2026-03-04", Kind.REMIND_SECOND: "2026-03-06", Kind.EXPIRE: "2026-03-09"},
        ),
        (Status.RECEIVED, {"back_level": BackLevel.RECEIPT, "fetched_at": NOON}, {Kind.CONCLUDE: "2026-03-16"}),
        (Status.REQUESTED, {"back_level": BackLevel.NONE, "fetched_at": NOON}, {Kind.CONCLUDE: "2026-03-16"}),
        (
            Status.REQUESTED,
            {"back_level": BackLevel.NONE},
            {Kind.REMIND_FIRST: "2026-03-05", Kind.REMIND_SECOND: "2026-03-11", Kind.EXPIRE: "2026-03-16"},
        ),
        (Status.CLARIFICATION, {}, {Kind.QUESTION_OVERDUE: "2026-03-09", Kind.EXPIRE: "2026-03-30"}),
        (Status.WAITLISTED, {}, {Kind.REMIND_WAITLIST: "2026-05-01", Kind.EXPIRE: "2026-05-31"}),
        (
            Status.ACCEPTED,
            {},
            {Kind.CONTACT_OVERDUE: "2026-03-10", Kind.CONTACT_STILL_MISSING: "2026-03-17"},
        ),
        (Status.IN_PROGRESS, {"questions": (A_QUESTION,)}, {Kind.QUESTION_OVERDUE: "2026-03-09"}),
        (Status.PAUSED, {"questions": (A_QUESTION,)}, {Kind.QUESTION_OVERDUE: "2026-03-09"}),
        (
            Status.WAITLISTED,
            {"waitlisted_on": TODAY + timedelta(days=10)},
            {Kind.REMIND_WAITLIST: "2026-05-11", Kind.EXPIRE: "2026-06-10"},
        ),
        (Status.IN_PROGRESS, {}, {}),
        (Status.IN_PROGRESS, {"contact_by": TODAY}, {}),
        (Status.PAUSED, {}, {}),
        (Status.COMPLETED, {}, {Kind.CUSTODIAL_CLEANUP: "2026-04-01"}),
        (
            Status.CANCELLED,
            {"duties": duties()},
            {
                Kind.DUTY_OVERDUE: "2026-03-17",
                Kind.DUTY_ESCALATED: "2026-03-24",
                Kind.CUSTODIAL_CLEANUP: "2026-04-01",
            },
        ),
    ],
)
def test_what_falls_due(status, changes, expected):
    found = {one.kind: one.due_at for one in deadlines(a_referral(status, **changes), is_weekday)}
    assert found == {kind: start_of(date.fromisoformat(day)) for kind, day in expected.items()}


def test_before_release_only_the_release_is_due():
    [one] = deadlines(a_referral(Status.AWAITING_CONSENT), is_weekday)
    assert (one.kind, one.due_at) == (Kind.RELEASE, NOON)


def test_a_withheld_referral_waits_for_nobody():
    assert deadlines(a_referral(Status.AWAITING_CONSENT, release_at=None), is_weekday) == ()


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED])
def test_an_incomplete_row_counts_from_its_draft_rather_than_never(status):
    bare = a_referral(status, clock_on=None, waitlisted_on=None, questions=())
    assert {one.kind for one in deadlines(bare, is_weekday)} & {Kind.EXPIRE, Kind.CONCLUDE}


@pytest.mark.parametrize(
    ("status", "changes", "day"),
    [
        (Status.REQUESTED, {}, "2026-03-16"),
        (Status.ACCEPTED, {}, "2026-03-09"),
        (Status.CANCELLED, {"duties": duties()}, "2026-03-16"),
        (Status.IN_PROGRESS, {}, None),
        (Status.IN_PROGRESS, {"contact_by": TODAY}, None),
        (Status.DRAFT, {}, None),
        (Status.ACCEPTED, {"contact_by": None}, None),
    ],
)
def test_a_list_shows_the_day_on_which_something_ends(status, changes, day):
    assert due_on(a_referral(status, **changes), is_weekday) == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    ("urgency", "day"),
    [(Urgency.URGENT, "2026-05-27"), (Urgency.NORMAL, "2026-06-01"), (Urgency.LOW, "2026-06-09")],
)
def test_first_contact_is_due_in_working_days_and_a_holiday_is_none(urgency, day):
    assert contact_by(urgency, date(2026, 5, 22), in_nrw) == date.fromisoformat(day)


def test_urgent_timers_skip_weekends_and_holidays():
    friday = date(2026, 5, 22)
    assert expires_on(Urgency.URGENT, friday, in_nrw) == date(2026, 6, 1)
    assert reminders_on(Urgency.URGENT, friday, in_nrw) == (date(2026, 5, 27), date(2026, 5, 29))


def test_the_clock_stands_still_while_the_ball_lies_with_the_sender():
    friday, monday = TODAY + timedelta(days=4), TODAY + timedelta(days=7)
    assert clock_after_standstill(Urgency.NORMAL, TODAY, friday, monday, is_weekday) == TODAY + timedelta(days=3)
    assert clock_after_standstill(Urgency.URGENT, TODAY, friday, monday, is_weekday) == TODAY + timedelta(days=1)
    assert clock_after_standstill(Urgency.URGENT, TODAY, friday, friday, is_weekday) == TODAY


def test_working_days_are_counted_after_the_first_day():
    friday = date(2026, 5, 22)
    assert add_working_days(friday, 0, in_nrw) == friday
    assert add_working_days(friday, 1, in_nrw) == date(2026, 5, 26)
    assert working_days_between(friday, date(2026, 5, 26), in_nrw) == 1
    assert working_days_between(friday, friday, in_nrw) == 0


def test_a_day_begins_at_midnight_in_berlin_winter_and_summer():
    assert start_of(date(2026, 1, 15)).isoformat() == "2026-01-14T23:00:00+00:00"
    assert start_of(date(2026, 7, 15)).isoformat() == "2026-07-14T22:00:00+00:00"


@pytest.mark.parametrize(
    ("asked_on", "first", "second", "ends"),
    [
        ("2026-12-23", "2026-12-28", "2026-12-30", "2026-12-31"),  # Christmas Day on a Friday, the weekend
        ("2026-12-30", "2027-01-04", "2027-01-06", "2027-01-07"),  # New Year; Epiphany is none in this state
        ("2026-04-01", "2026-04-07", "2026-04-09", "2026-04-10"),  # Good Friday and Easter Monday
        ("2026-06-03", "2026-06-08", "2026-06-10", "2026-06-11"),  # Corpus Christi on a Thursday
        ("2027-10-29", "2027-11-03", "2027-11-05", "2027-11-08"),  # All Saints' Day on a Monday
    ],
)
def test_the_urgent_timers_know_the_states_own_holidays(asked_on, first, second, ends):
    begun = date.fromisoformat(asked_on)
    days = (*reminders_on(Urgency.URGENT, begun, is_working_day), expires_on(Urgency.URGENT, begun, is_working_day))
    assert [day.isoformat() for day in days] == [first, second, ends]


@pytest.mark.parametrize(
    ("requested_on", "instant"),
    [("2026-03-20", "2026-04-02T22:00:00+00:00"), ("2026-10-20", "2026-11-02T23:00:00+00:00")],
)
def test_fourteen_days_end_at_midnight_though_an_hour_was_lost_or_won(requested_on, instant):
    asked = a_referral(Status.REQUESTED, clock_on=date.fromisoformat(requested_on))
    found = {one.kind: one.due_at.isoformat() for one in deadlines(asked, is_working_day)}
    assert found[Kind.EXPIRE] == instant
