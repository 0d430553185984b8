"""Which days are working days in North Rhine-Westphalia, and the moment a command is done at."""

from datetime import date
from functools import cache

import holidays

from services.chassis.work import Work
from services.referral.domain.workdays import Moment


@cache
def _holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("DE", subdiv="NW")


@cache
def is_working_day(day: date) -> bool:
    """Monday to Friday, and no public holiday in the state the network works in."""
    return day.weekday() < 5 and day not in _holidays()


def moment_of(work: Work) -> Moment:
    """The work's own time and ids, as the domain wants them."""
    return Moment(work.now, work.today, is_working_day, work.new_id)
