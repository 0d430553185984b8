"""A clock that stands where it was put: for tests, and for days played in a row."""

from dataclasses import dataclass
from datetime import date, datetime

from services.chassis.clock import PLACE


@dataclass
class FixedClock:
    """A clock that stands where a test put it; ``advance`` by assigning ``instant``."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def today(self) -> date:
        return self.instant.astimezone(PLACE).date()
