"""When a letter that did not leave is tried again, and when it is given up."""

from datetime import datetime, timedelta

#: The waits after the first, second, ... attempt that failed: about twenty hours in all.
STEPS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)


def next_attempt(attempts_made: int, now: datetime, *, scale: float = 1.0) -> datetime | None:
    """When to try once more after so many attempts; None when the ladder is used up."""
    if attempts_made > len(STEPS):
        return None
    return now + STEPS[attempts_made - 1] * scale
