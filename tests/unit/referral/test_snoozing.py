"""Until when a task may be put off: a month, and never past a deadline that a law sets."""

from datetime import date, timedelta

import pytest

from contracts.codes import TaskKind
from services.chassis.errors import InvalidError
from services.referral.domain.snoozing import LONGEST, SET_BY_LAW, check, latest

TODAY = date(2026, 11, 26)
ORDINARY = [kind for kind in TaskKind if kind not in SET_BY_LAW]


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_task_may_go_a_month_past_its_own_day(kind: TaskKind) -> None:
    check(kind, TODAY, TODAY + LONGEST, TODAY)
    with pytest.raises(InvalidError) as refused:
        check(kind, TODAY, TODAY + LONGEST + timedelta(days=1), TODAY)
    assert refused.value.fields == {"until": "within-31-days"}


@pytest.mark.parametrize("kind", SET_BY_LAW)
def test_what_a_law_sets_may_go_to_its_day_and_not_past_it(kind: TaskKind) -> None:
    due_on = TODAY + timedelta(days=3)
    check(kind, due_on, due_on, TODAY)
    with pytest.raises(InvalidError) as refused:
        check(kind, due_on, due_on + timedelta(days=1), TODAY)
    assert refused.value.fields == {"until": "not-past-a-legal-deadline"}


@pytest.mark.parametrize("kind", SET_BY_LAW)
def test_what_a_law_wanted_yesterday_may_not_be_put_off_at_all(kind: TaskKind) -> None:
    assert latest(kind, TODAY - timedelta(days=1), TODAY) < TODAY
    with pytest.raises(InvalidError):
        check(kind, TODAY - timedelta(days=1), TODAY + timedelta(days=1), TODAY)


@pytest.mark.parametrize("until", [TODAY, TODAY - timedelta(days=1)], ids=["today", "yesterday"])
def test_nothing_is_put_off_until_a_day_that_has_come(until: date) -> None:
    with pytest.raises(InvalidError) as refused:
        check(TaskKind.ANSWER_MISSING, TODAY, until, TODAY)
    assert refused.value.fields == {"until": "a-day-to-come"}
