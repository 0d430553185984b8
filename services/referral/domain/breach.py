"""The clock of a data breach and what its assessment has to say (GDPR Art. 33, 34).

The 72 hours are hours: they run through nights, weekends, holidays and the change of the clocks. All arithmetic is done
in UTC, because two moments of one time zone are subtracted by what the wall clock shows, not by what has passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from contracts.codes import BreachReason, BreachRisk, DelayReason, NoNoticeGround
from services.chassis.errors import InvalidError, RefusedError
from services.referral.domain.workdays import PLACE

#: Within this time of becoming aware, the supervisory authority is told where there is a risk (Art. 33(1)).
HOURS = 72
#: After so many hours without an assessment the lead is told again: six are left at 66; at the end the data-protection
#: officer is shown it, too.
ESCALATION_HOURS = (24, 48, 66, HOURS)
ONE_HOUR = timedelta(hours=1)
NEAR_HOURS = 24

SOOTHING = frozenset(
    {
        BreachReason.RECIPIENT_BOUND,
        BreachReason.DELETED_UNUSED,
        BreachReason.UNREADABLE,
        BreachReason.HARMLESS_DATA,
    }
)
#: At least one reason has to carry the level; others may be named beside it, because both sides are weighed.
CARRYING: Mapping[BreachRisk, frozenset[BreachReason]] = MappingProxyType(
    {
        BreachRisk.NONE: SOOTHING,
        BreachRisk.RISK: frozenset(BreachReason) - SOOTHING,
        BreachRisk.HIGH: frozenset(BreachReason) - SOOTHING,
    }
)


class BreachState(StrEnum):
    """How a check stands."""

    OPEN = "open"
    OVERDUE = "overdue"
    ASSESSED = "assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the lead found."""

    risk: BreachRisk
    reasons: tuple[BreachReason, ...]
    notified_authority_at: datetime | None = None
    delay: DelayReason | None = None
    notified_person_at: datetime | None = None
    no_notice_ground: NoNoticeGround | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachCheck:
    """One check, from becoming aware to its assessment."""

    id: UUID
    referral_id: UUID
    became_aware_at: datetime
    escalated_hours: int = 0
    assessment: Assessment | None = None
    assessed_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        return ends_at(self.became_aware_at)

    def state(self, now: datetime) -> BreachState:
        if self.assessment is not None:
            return BreachState.ASSESSED
        return BreachState.OVERDUE if now > self.ends_at else BreachState.OPEN

    def hours_left(self, now: datetime) -> int:
        return hours_left(self.became_aware_at, now)

    def is_near(self, now: datetime) -> bool:
        return self.hours_left(now) < NEAR_HOURS


def ends_at(became_aware_at: datetime) -> datetime:
    return became_aware_at.astimezone(UTC) + HOURS * ONE_HOUR


def due_on(became_aware_at: datetime) -> date:
    """The day, as people here write it, on which the hours are over."""
    return ends_at(became_aware_at).astimezone(PLACE).date()


def hours_left(became_aware_at: datetime, now: datetime) -> int:
    """Whole hours; below nought once they are over."""
    return (ends_at(became_aware_at) - now.astimezone(UTC)) // ONE_HOUR


def hours_since(became_aware_at: datetime, now: datetime) -> int:
    return (now.astimezone(UTC) - became_aware_at.astimezone(UTC)) // ONE_HOUR


def stage(check: BreachCheck, now: datetime) -> int | None:
    """The escalation that is due now: the last one reached, so that a clock that stood still tells it once."""
    if check.assessment is not None:
        return None
    reached = [hours for hours in ESCALATION_HOURS if hours <= hours_since(check.became_aware_at, now)]
    return reached[-1] if reached and reached[-1] > check.escalated_hours else None


def assess(check: BreachCheck, found: Assessment, now: datetime) -> BreachCheck:
    """Once, and whole: what the law asks for at this level of risk is there, or nothing is kept."""
    if check.assessment is not None:
        raise RefusedError("breach.assessed")
    wrong = _reasons(found) | _moments(check, found, now) | _authority(check, found) | _person(found)
    if wrong:
        raise InvalidError("breach.incomplete", wrong)
    return replace(check, assessment=found, assessed_at=now)


def _reasons(found: Assessment) -> dict[str, str]:
    return {} if CARRYING[found.risk] & set(found.reasons) else {"reasons": "a-reason-for-this-risk"}


def _moments(check: BreachCheck, found: Assessment, now: datetime) -> dict[str, str]:
    given = {"notified_authority_at": found.notified_authority_at, "notified_person_at": found.notified_person_at}
    return {
        name: "between-awareness-and-now"
        for name, at in given.items()
        if at is not None and not check.became_aware_at <= at <= now
    }


def _authority(check: BreachCheck, found: Assessment) -> dict[str, str]:
    """A risk is told to the supervisory authority; later than 72 hours, with the reasons for the delay."""
    at = found.notified_authority_at
    if at is None and found.risk is not BreachRisk.NONE:
        return {"notified_authority_at": "needed-where-there-is-a-risk"}
    is_late = at is not None and at > check.ends_at
    return {} if is_late == (found.delay is not None) else {"delay": "exactly-when-later-than-72-hours"}


def _person(found: Assessment) -> dict[str, str]:
    """A high risk is told to the person, unless one of the three grounds of Art. 34(3) stands against it."""
    if found.risk is not BreachRisk.HIGH:
        return {} if found.no_notice_ground is None else {"no_notice_ground": "only-where-the-risk-is-high"}
    told, excused = found.notified_person_at is not None, found.no_notice_ground is not None
    return {} if told != excused else {"notified_person_at": "either-told-or-a-ground"}
