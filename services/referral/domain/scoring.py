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
    return 20 if candidate.interpreters else 0


CAPACITY_POINTS = {Capacity.CAPACITY: 25, Capacity.ASSESSMENT_FIRST: 15, Capacity.WAITLIST: 8, Capacity.NO_CAPACITY: 0}
UNKNOWN_CAPACITY_POINTS = 10


def _capacity_points(candidate: Candidate, on: date) -> int:
    reported_on = candidate.capacity_reported_on
    if reported_on is None or (on - reported_on).days > CAPACITY_DAYS:
        return UNKNOWN_CAPACITY_POINTS
    return CAPACITY_POINTS.get(candidate.capacity, UNKNOWN_CAPACITY_POINTS)


def area_match(candidate: Candidate, seeker: Seeker) -> int:
    """How many digits of the official key the service names for where the person lives."""
    return max((len(area) for area in candidate.areas if seeker.area and seeker.area.startswith(area)), default=0)
