"""A month to answer, three with a reason told in time, and nothing after that (GDPR Art. 12(3))."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import ExtensionReason, RequestAnswer, RequestChannel, Site, SubjectRight
from services.chassis.errors import InvalidError, RefusedError
from services.referral.domain import subject_rights
from services.referral.domain.subject_rights import SubjectRequest

RECEIVED = date(2026, 3, 2)


def a_request(**changes: Any) -> SubjectRequest:
    usual: dict[str, Any] = {
        "id": UUID(int=1),
        "right": SubjectRight.ACCESS,
        "channel": RequestChannel.LETTER,
        "site": Site.AACHEN,
        "organization_id": UUID(int=2),
        "received_on": RECEIVED,
        "due_on": subject_rights.due_on(RECEIVED),
    }
    return SubjectRequest(**{**usual, **changes})


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 3, 2), date(2026, 4, 2)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2026, 12, 15), date(2027, 1, 15)),
    ],
)
def test_an_answer_is_due_one_month_after_receipt_however_long_the_month(received: date, due: date):
    assert subject_rights.due_on(received) == due


def test_the_desk_is_reminded_with_a_week_left():
    assert a_request().remind_on == date(2026, 3, 26)


def test_it_is_extended_to_three_months_from_receipt_within_the_first():
    longer = subject_rights.extend(a_request(), ExtensionReason.COMPLEXITY, date(2026, 4, 2))

    assert longer.due_on == date(2026, 6, 2)
    assert longer.extended_on == date(2026, 4, 2)


def test_it_is_not_extended_once_the_month_is_over():
    with pytest.raises(RefusedError, match="too-late"):
        subject_rights.extend(a_request(), ExtensionReason.COMPLEXITY, date(2026, 4, 3))


def test_it_is_not_extended_twice():
    longer = subject_rights.extend(a_request(), ExtensionReason.COMPLEXITY, RECEIVED)

    with pytest.raises(RefusedError, match="already"):
        subject_rights.extend(longer, ExtensionReason.MANY_REQUESTS, RECEIVED)


@pytest.mark.parametrize("on", [date(2026, 3, 1), date(2026, 3, 11)])
def test_it_is_answered_neither_before_it_came_nor_after_today(on: date):
    with pytest.raises(InvalidError):
        subject_rights.answer(a_request(), RequestAnswer.GRANTED, on, date(2026, 3, 10))


def test_it_is_answered_once():
    done = subject_rights.answer(a_request(), RequestAnswer.GRANTED, RECEIVED, RECEIVED)

    assert not done.is_open
    for again in (
        lambda: subject_rights.answer(done, RequestAnswer.UNFOUNDED, RECEIVED, RECEIVED),
        lambda: subject_rights.extend(done, ExtensionReason.COMPLEXITY, RECEIVED),
    ):
        with pytest.raises(RefusedError, match="answered"):
            again()


def test_what_comes_tomorrow_cannot_be_taken_down_today():
    with pytest.raises(InvalidError):
        subject_rights.check_received(date(2026, 3, 3), RECEIVED)


def test_facts_do_not_name_an_employers_contact():
    assert a_request(person_id=UUID(int=3)).named_person_id == UUID(int=3)
    assert a_request(person_id=UUID(int=3), is_contact=True).named_person_id is None
