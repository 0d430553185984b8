"""The clock of a data breach: hours as they pass, and what an assessment has to say at each level of risk."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import BreachReason, BreachRisk, DelayReason, NoNoticeGround
from services.chassis.errors import InvalidError, RefusedError
from services.referral.domain import breach
from services.referral.domain.breach import Assessment, BreachCheck, BreachState
from services.referral.domain.workdays import PLACE

AWARE = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # a Friday afternoon
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def a_check(**changes: Any) -> BreachCheck:
    return BreachCheck(**{"id": UUID(int=1), "referral_id": UUID(int=2), "became_aware_at": AWARE, **changes})


def found(**changes: Any) -> Assessment:
    usual: dict[str, Any] = {"risk": BreachRisk.NONE, "reasons": (BreachReason.DELETED_UNUSED,)}
    return Assessment(**{**usual, **changes})


def a_risk(**changes: Any) -> Assessment:
    usual: dict[str, Any] = {
        "risk": BreachRisk.RISK,
        "reasons": (BreachReason.SEEN_BY_STRANGER,),
        "notified_authority_at": AWARE + 10 * HOUR,
    }
    return found(**{**usual, **changes})


def fields(check: BreachCheck, said: Assessment, now: datetime = AWARE + 100 * HOUR) -> set[str]:
    with pytest.raises(InvalidError) as refused:
        breach.assess(check, said, now)
    return set(refused.value.fields)


def test_the_hours_run_through_the_weekend():
    assert a_check().ends_at == datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("aware", "ends"),
    [
        # The night of 25 October 2026 has an hour more, the one of 28 March 2027 an hour less.
        (datetime(2026, 10, 24, 12, tzinfo=PLACE), datetime(2026, 10, 27, 11, tzinfo=PLACE)),
        (datetime(2027, 3, 27, 12, tzinfo=PLACE), datetime(2027, 3, 30, 13, tzinfo=PLACE)),
    ],
    ids=["october", "march"],
)
def test_the_hours_are_hours_that_pass_when_the_clocks_change(aware: datetime, ends: datetime):
    assert breach.ends_at(aware).astimezone(PLACE) == ends
    assert breach.hours_left(aware, aware) == 72
    assert breach.hours_left(aware, ends) == 0
    assert breach.hours_since(aware, ends) == 72


def test_the_day_they_end_is_the_day_here():
    assert breach.due_on(datetime(2026, 11, 20, 23, 30, tzinfo=UTC)).day == 24


def test_the_hours_are_over_only_after_the_last_second():
    check = a_check()
    assert check.state(check.ends_at) is BreachState.OPEN
    assert check.state(check.ends_at + SECOND) is BreachState.OVERDUE
    assert (check.hours_left(check.ends_at), check.hours_left(check.ends_at + SECOND)) == (0, -1)


@pytest.mark.parametrize(
    ("told", "hours", "stage"),
    [
        (0, 23, None),
        (0, 24, 24),
        (24, 47, None),
        (24, 48, 48),
        (48, 66, 66),
        (66, 72, 72),
        (72, 90, None),
        (0, 70, 66),
    ],
)
def test_each_stage_is_due_once_and_a_late_clock_meets_only_the_last(told: int, hours: int, stage: int):
    assert breach.stage(a_check(escalated_hours=told), AWARE + hours * HOUR) == stage


def test_nothing_is_due_once_it_is_assessed():
    check = breach.assess(a_check(), found(), AWARE + HOUR)
    assert check.state(AWARE + 100 * HOUR) is BreachState.ASSESSED
    assert breach.stage(check, AWARE + 100 * HOUR) is None


def test_no_risk_needs_a_reason_that_soothes():
    assert fields(a_check(), found(reasons=())) == {"reasons"}
    assert fields(a_check(), found(reasons=(BreachReason.SENSITIVE_DATA,))) == {"reasons"}
    both = (BreachReason.SENSITIVE_DATA, BreachReason.UNREADABLE)
    assert breach.assess(a_check(), found(reasons=both), AWARE + HOUR).assessed_at == AWARE + HOUR


def test_a_risk_needs_the_authority_and_a_reason_that_weighs():
    assert fields(a_check(), a_risk(notified_authority_at=None)) == {"notified_authority_at"}
    assert fields(a_check(), a_risk(reasons=(BreachReason.HARMLESS_DATA,))) == {"reasons"}


def test_later_than_72_hours_needs_the_reason_for_the_delay_and_only_then():
    end = a_check().ends_at
    late = a_risk(notified_authority_at=end + SECOND)
    assert fields(a_check(), late) == {"delay"}
    assert fields(a_check(), a_risk(notified_authority_at=end, delay=DelayReason.FACTS_UNCLEAR)) == {"delay"}
    breach.assess(a_check(), a_risk(notified_authority_at=end), end + HOUR)
    breach.assess(a_check(), replace(late, delay=DelayReason.FACTS_UNCLEAR), end + HOUR)


def test_a_high_risk_is_told_to_the_person_or_one_of_three_grounds_is_named():
    high = a_risk(risk=BreachRisk.HIGH)
    told, excused = {"notified_person_at": AWARE + HOUR}, {"no_notice_ground": NoNoticeGround.RISK_REMOVED}
    assert fields(a_check(), high) == {"notified_person_at"}
    assert fields(a_check(), replace(high, **told, **excused)) == {"notified_person_at"}
    assert fields(a_check(), a_risk(**excused)) == {"no_notice_ground"}
    for enough in (told, excused):
        breach.assess(a_check(), replace(high, **enough), AWARE + 20 * HOUR)


@pytest.mark.parametrize("at", [AWARE - SECOND, AWARE + 20 * HOUR + SECOND])
@pytest.mark.parametrize("name", ["notified_authority_at", "notified_person_at"])
def test_nobody_was_told_before_it_was_known_or_in_the_future(name: str, at: datetime):
    assert fields(a_check(), a_risk(**{name: at}), AWARE + 20 * HOUR) == {name}


def test_an_assessment_is_made_once():
    check = breach.assess(a_check(), found(), AWARE + HOUR)
    with pytest.raises(RefusedError):
        breach.assess(check, found(), AWARE + HOUR)
