"""How well a service fits a person: five parts that add up to at most one hundred, each a reason that can be shown."""

from datetime import date

from contracts.codes import Capacity
from services.referral.domain.candidates import Candidate, Seeker
from services.referral.domain.footing import STALE_DAYS

#: A capacity reported longer ago than this is as good as unknown.
CAPACITY_DAYS = 30


def score(candidate: Candidate, seeker: Seeker, on: date) -> dict[str, int]:
    """Five parts that add up to at most 100, each a reason that can be shown."""
    return {
        "language": _language_points(candidate, seeker),
        "capacity": _capacity_points(candidate, on),
        "fresh": 15 if candidate.assured_on and (on - candidate.assured_on).days <= STALE_DAYS else 0,
        "near": min(15, 2 * area_match(candidate, seeker)),
        "answers_soon": max(0, 15 - candidate.answer_days) if candidate.answer_days is not None else 0,
    }


def _language_points(candidate: Candidate, seeker: Seeker) -> int:
    spoken = {language.partition("-")[0] for language in candidate.languages}
    wanted = {language.partition("-")[0] for language in seeker.languages}
    if wanted & spoken:
        return 30
    return INTERPRETER_POINTS if candidate.interpreters else 0


def reasons(candidate: Candidate, seeker: Seeker, on: date) -> tuple[str, ...]:
    """What of the score may be said as a reason; not knowing about places is none, and an interpreter is no speaker."""
    points = score(candidate, seeker, on)
    said = {
        "language": points["language"] > INTERPRETER_POINTS,
        "interpreters": points["language"] == INTERPRETER_POINTS,
        "capacity": _reported(candidate, on) is Capacity.CAPACITY,
        **{code: points[code] > 0 for code in ("fresh", "near", "answers_soon")},
    }
    return tuple(code for code, holds in said.items() if holds)


INTERPRETER_POINTS = 20
CAPACITY_POINTS = {Capacity.CAPACITY: 25, Capacity.ASSESSMENT_FIRST: 15, Capacity.WAITLIST: 8, Capacity.NO_CAPACITY: 0}
UNKNOWN_CAPACITY_POINTS = 10


def _capacity_points(candidate: Candidate, on: date) -> int:
    return CAPACITY_POINTS.get(_reported(candidate, on), UNKNOWN_CAPACITY_POINTS)


def _reported(candidate: Candidate, on: date) -> Capacity:
    """What was said lately enough to count."""
    reported_on = candidate.capacity_reported_on
    is_old = reported_on is None or (on - reported_on).days > CAPACITY_DAYS
    return Capacity.UNKNOWN if is_old else candidate.capacity


def area_match(candidate: Candidate, seeker: Seeker) -> int:
    """How many digits of the official key the service names for where the person lives."""
    return max((len(area) for area in candidate.areas if seeker.area and seeker.area.startswith(area)), default=0)
