"""How long ago somebody said that an entry is still true, and what follows from it."""

from datetime import date, timedelta
from enum import StrEnum

WARNED_AFTER, STALE_AFTER = timedelta(days=180), timedelta(days=365)


class Freshness(StrEnum):
    """How long ago somebody said that a service is still as described."""

    FRESH = "fresh"
    DUE = "due"
    STALE = "stale"
    NEVER = "never"


def freshness(assured_on: str | None, today: date) -> Freshness:
    """After 180 days it is time to ask, after 365 nobody is referred there any more. Nobody confirms a day to come."""
    if assured_on is None or date.fromisoformat(assured_on) > today:
        return Freshness.NEVER
    age = today - date.fromisoformat(assured_on)
    return Freshness.FRESH if age <= WARNED_AFTER else Freshness.DUE if age <= STALE_AFTER else Freshness.STALE
