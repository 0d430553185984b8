"""When a failed attempt is repeated: the steps of Standard Webhooks, about 28 hours in all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifications.domain.endpoint import PATIENCE

STEPS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The waits before the first, second, ... attempt; `scale` below 1 makes time run faster in demo and tests."""

    steps: tuple[timedelta, ...] = STEPS
    scale: float = 1.0

    @property
    def patience(self) -> timedelta:
        """How long a partner's webhook may fail altogether before it is called no more."""
        return PATIENCE * self.scale

    def due(self, attempts_made: int, now: datetime) -> datetime | None:
        """When the next attempt is due after so many were made; None when the ladder is used up."""
        if attempts_made >= len(self.steps):
            return None
        return now + self.steps[attempts_made] * self.scale
