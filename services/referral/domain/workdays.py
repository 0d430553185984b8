"""Counting days: which are working days is told from outside, so that a state's holidays are configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

IsWorkingDay = Callable[[date], bool]

#: Deadlines fall on calendar days of the place where the network works.
PLACE = ZoneInfo("Europe/Berlin")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is done, the calendar it is done under, and where fresh ids come from."""

    at: datetime
    on: date
    is_working_day: IsWorkingDay
    new_id: Callable[[], UUID]

    def in_working_days(self, count: int) -> date:
        return add_working_days(self.on, count, self.is_working_day)


def is_weekday(day: date) -> bool:
    """Monday to Friday: the calendar of a place without holidays."""
    return day.weekday() < 5


def add_working_days(day: date, count: int, is_working_day: IsWorkingDay) -> date:
    """The `count`-th working day after `day`; `day` itself is never counted."""
    while count > 0:
        day += ONE_DAY
        if is_working_day(day):
            count -= 1
    return day


def working_days_between(earlier: date, later: date, is_working_day: IsWorkingDay) -> int:
    """How many working days lie after `earlier`, up to and including `later`."""
    return sum(is_working_day(earlier + timedelta(days=step)) for step in range(1, (later - earlier).days + 1))


def start_of(day: date) -> datetime:
    """The first instant of a calendar day in Europe/Berlin, as UTC."""
    return datetime.combine(day, time.min, PLACE).astimezone(UTC)
