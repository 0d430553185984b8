"""When an organization's word is old, when it is asked, and when an editor has to step in."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from contracts import assurance_link
from services.chassis.errors import InvalidError
from services.directory.domain.assurance import Asked, Step, may_be_asked_by_hand, step, words_of
from services.directory.domain.freshness import Freshness, freshness

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, Freshness.FRESH),
        (180, Freshness.FRESH),
        (181, Freshness.DUE),
        (365, Freshness.DUE),
        (366, Freshness.STALE),
        (None, Freshness.NEVER),
    ],
)
def test_an_entry_is_due_after_180_days_and_counts_no_more_after_365(days: int | None, expected: Freshness) -> None:
    said_on = None if days is None else (TODAY - timedelta(days=days)).isoformat()
    assert freshness(said_on, TODAY) is expected


@pytest.mark.parametrize(
    ("asked", "reminded", "mailbox", "expected"),
    [
        (None, None, True, Step.NEXT),
        (None, None, False, Step.NOBODY),
        (13, None, True, Step.ASKED),
        (27, 13, True, Step.REMINDED),
        (28, 14, True, Step.UNANSWERED),
        (73, 59, True, Step.UNANSWERED),
        (74, 60, True, Step.NEXT),
        (74, 60, False, Step.NOBODY),
    ],
)
def test_who_does_not_answer_is_an_editor_s_task_and_later_asked_again(
    asked: int | None, reminded: int | None, mailbox: bool, expected: Step
) -> None:
    ago = [None if days is None else NOW - timedelta(days=days) for days in (asked, reminded)]
    assert step(Asked(ago[0], ago[1], mailbox), NOW) is expected


def test_by_hand_nobody_is_asked_twice_a_day_nor_without_a_mailbox() -> None:
    assert not may_be_asked_by_hand(Asked(NOW - timedelta(hours=23), None, True), NOW)
    assert not may_be_asked_by_hand(Asked(NOW - timedelta(days=20), NOW - timedelta(hours=1), True), NOW)
    assert may_be_asked_by_hand(Asked(NOW - timedelta(days=1), None, True), NOW)
    assert not may_be_asked_by_hand(Asked(None, None, False), NOW)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001])
def test_no_words_and_too_many_are_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        words_of(text)
    assert refused.value.fields == {"words": "some-words"}


def test_a_link_says_what_was_asked_and_until_when_and_nobody_else_makes_one() -> None:
    ask_id, until = uuid4(), datetime(2027, 1, 7, 9, tzinfo=UTC)
    token = assurance_link.sign(KEY, ask_id, until)
    assert assurance_link.read(KEY, token) == assurance_link.AssuranceLink(ask_id, until)
    assert assurance_link.read(bytes(32), token) is None
    for wrong in ("", "x", "ä", token[:-1], token[:-2] + "AA", "A" + token[1:], token + "A"):
        assert assurance_link.read(KEY, wrong) is None
