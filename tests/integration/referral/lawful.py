"""What was lawful, from the history alone: a tiny model that shares no code with the engine.

It remembers what the person said and when, as plain sets and instants, and answers two questions: what may a body be
given now, and how much may it tell back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

AACHEN = ZoneInfo("Europe/Berlin")
LEVELS = ("none", "receipt", "status", "outcome")
SPOKEN = {"IDENTITY", "CONTACT", "LANGUAGE"}
HOLIDAYS = {(12, 25), (12, 26), (1, 1)}


def day_of(at: datetime) -> date:
    return at.astimezone(AACHEN).date()


def midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, AACHEN)


def working_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS
    return day


@dataclass
class Said:
    """One version of a consent, as the person remembers it: to whom, what, how much back, and for how long."""

    id: Any
    at: datetime
    first: date
    last: date
    to: dict[Any, tuple[frozenset[str], str]]
    spoken: bool = False
    ended: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.at <= at and self.first <= day_of(at) <= self.last and not (self.ended and self.ended <= at)

    def names(self, body: Any, alone: Iterable[Any]) -> frozenset[str]:
        if body not in self.to or (body in alone and set(self.to) != {body}):
            return frozenset()
        categories, _ = self.to[body]
        return categories & SPOKEN if self.spoken else categories


@dataclass
class History:
    """Everything one person said."""

    alone: frozenset[Any]
    said: list[Said] = field(default_factory=list)
    erased: bool = False

    def may_be_given(self, body: Any, at: datetime) -> list[frozenset[str]]:
        """Each set of categories that one living consent carries for this body; two are never put together."""
        if self.erased:
            return []
        return [what for one in self.said if one.holds(at) and (what := one.names(body, self.alone))]

    def may_be_told(self, body: Any, at: datetime, terms: str, fetched_at: datetime | None) -> str | None:
        """How much this body may tell back; None if nothing at all is consented to any more."""
        about = [] if self.erased else [one for one in self.said if one.names(body, self.alone) and one.at <= at]
        living = [one.to[body][1] for one in about if one.holds(at)]
        if not living and fetched_at is not None:
            living = self._left_by_time(body, about, at, fetched_at)
        return min(max(living, key=LEVELS.index), terms, key=LEVELS.index) if living else None

    @staticmethod
    def _left_by_time(body: Any, about: list[Said], at: datetime, fetched_at: datetime) -> list[str]:
        """Whoever has the dossier goes on at the level it had, unless the last thing that happened was a no."""
        ends = [
            (one.ended, True, one) if one.ended and one.ended <= at else (midnight_after(one.last), False, one)
            for one in about
            if (one.ended and one.ended <= at) or day_of(at) > one.last
        ]
        if not ends:
            return []
        last, willed, _ = max(ends, key=lambda end: end[:2])
        if willed or last <= fetched_at:
            return []
        return [one.to[body][1] for end, by_will, one in ends if (end, by_will) == (last, willed)]
