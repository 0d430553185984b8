"""How long things are kept: the day before and the day itself, for every period, and what stands in the way."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import RetentionKind
from services.referral.domain.retention import DEFAULTS, Case, Period, Periods, period

DAY = date(2026, 11, 23)
PERIODS = Periods()


def a_case(**changes: object) -> Case:
    return replace(Case(uuid4(), DAY), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spelled", "start", "over"),
    [
        ("90d", date(2026, 1, 1), date(2026, 4, 1)),
        ("6m", date(2026, 5, 23), date(2026, 11, 23)),
        ("6m", date(2026, 8, 31), date(2027, 2, 28)),
        ("6m", date(2027, 8, 31), date(2028, 2, 29)),
        ("12m", date(2028, 2, 29), date(2029, 2, 28)),
        ("3y", date(2026, 11, 23), date(2029, 11, 23)),
        ("1m", date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_last_the_month_has(spelled: str, start: date, over: date) -> None:
    assert period(spelled).after(start) == over


@pytest.mark.parametrize("spelled", ["", "0d", "6", "6w", "-6m", "6 m", "1000d", "m6", "six months"])
def test_what_is_no_period_is_refused(spelled: str) -> None:
    with pytest.raises(ValueError, match=f"^{spelled}$"):
        period(spelled)


def test_a_period_says_itself_as_it_is_spelled() -> None:
    assert [str(period(one)) for one in ("90d", "6m", "3y")] == ["90d", "6m", "36m"]


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.sampled_from(sorted(set(DEFAULTS.values()), key=str)))
def test_the_latest_start_is_the_last_day_whose_period_is_over(on: date, kept: Period) -> None:
    start = kept.latest_start(on)
    assert kept.after(start) <= on < kept.after(start + timedelta(days=1))


def test_every_kind_has_a_period() -> None:
    assert set(DEFAULTS) == set(RetentionKind)


def test_an_enquiry_without_a_referral_goes_six_months_after_the_last_contact() -> None:
    assert PERIODS.case_due_on(a_case()) == date(2027, 5, 23)
    assert PERIODS.case_due_on(a_case(closed_on=DAY)) == date(2027, 5, 23)


def test_a_case_goes_twelve_months_after_its_last_referral_ended() -> None:
    case = a_case(ended_on=(date(2026, 1, 5), date(2026, 7, 1)), last_contact_on=date(2026, 7, 1))
    assert PERIODS.case_due_on(case) == date(2027, 7, 1)


def test_whoever_came_again_is_not_forgotten_in_the_middle_of_it_unless_somebody_closed_the_case() -> None:
    case = a_case(ended_on=(date(2026, 1, 5),), last_contact_on=date(2026, 11, 1))
    assert PERIODS.case_due_on(case) == date(2027, 5, 1)
    assert PERIODS.case_due_on(replace(case, closed_on=date(2026, 11, 2))) == date(2027, 1, 5)
    assert PERIODS.case_due_on(replace(case, closed_on=date(2026, 12, 1), is_closed_by_itself=True)) == date(2027, 5, 1)


@pytest.mark.parametrize("blocked", [{"is_open": True}, {"is_owed": True}])
@pytest.mark.parametrize("ended", [(), (date(2020, 1, 1),)])
def test_what_goes_on_or_is_owed_has_no_day(blocked: dict[str, bool], ended: tuple[date, ...]) -> None:
    case = a_case(ended_on=ended, last_contact_on=date(2020, 1, 1), **blocked)
    assert PERIODS.case_due_on(case) is None
    assert PERIODS.restriction_due_on(case) is None


def test_a_person_goes_with_the_last_of_her_cases() -> None:
    early, late = a_case(), a_case(ended_on=(DAY,))
    assert PERIODS.person_due_on((early,)) == (RetentionKind.ENQUIRY_WITHOUT_REFERRAL, date(2027, 5, 23))
    assert PERIODS.person_due_on((late, early)) == (RetentionKind.CLOSED_CASE, date(2027, 11, 23))
    assert PERIODS.person_due_on((late, early, a_case(is_open=True))) is None
    assert PERIODS.person_due_on(()) is None


def test_a_case_that_nobody_closed_is_restricted_once_all_ended_and_nobody_came_for_thirty_days() -> None:
    case = a_case(ended_on=(date(2026, 10, 1),), last_contact_on=date(2026, 10, 20))
    assert PERIODS.restriction_due_on(case) == date(2026, 11, 19)
    assert PERIODS.restriction_due_on(replace(case, last_contact_on=date(2026, 9, 1))) == date(2026, 10, 31)
    assert PERIODS.restriction_due_on(replace(case, closed_on=DAY)) is None
    assert PERIODS.restriction_due_on(a_case()) is None


def test_other_periods_count_where_they_are_configured() -> None:
    shorter = Periods({**DEFAULTS, RetentionKind.ENQUIRY_WITHOUT_REFERRAL: period("30d")})
    assert shorter.case_due_on(a_case()) == date(2026, 12, 23)
