"""Quarters of a year as numbers that follow each other, and the span of them a report is about."""

import re
from dataclasses import dataclass
from datetime import date

from contracts.codes import Site
from services.chassis.errors import InvalidError

NAME = re.compile(r"^(\d{4})-Q([1-4])$")
#: So far back figures are offered.
YEARS = 5


def quarter_of(day: date) -> int:
    """2026-Q1 follows 2025-Q4 by one."""
    return day.year * 4 + (day.month - 1) // 3


def first_day(quarter: int) -> date:
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def name_of(quarter: int) -> str:
    return f"{quarter // 4}-Q{quarter % 4 + 1}"


def quarter_named(name: str, field: str) -> int:
    if (found := NAME.match(name)) is None:
        raise InvalidError("request.invalid", {field: "a-quarter"})
    return int(found[1]) * 4 + int(found[2]) - 1


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for: from which quarter to which, and of one site or all of them."""

    first: int
    last: int
    site: Site | None = None

    @property
    def quarters(self) -> tuple[int, ...]:
        return tuple(range(self.first, self.last + 1))


def view_asked(first: str, last: str, site: str, today: date) -> View:
    """The span of the form; left empty it is this year so far and the whole of the last one, over all sites."""
    now = quarter_of(today)
    begin = quarter_named(first, "from") if first else (today.year - 1) * 4
    end = quarter_named(last, "to") if last else now
    if end < begin:
        raise InvalidError("request.invalid", {"to": "not-before-the-first"})
    if site and site not in set(Site):
        raise InvalidError("request.invalid", {"site": "one-of-the-list"})
    return View(begin, min(end, now), Site(site) if site else None)


def offered(today: date) -> tuple[int, ...]:
    """The quarters to choose from, the present one first."""
    now = quarter_of(today)
    return tuple(range(now, (today.year - YEARS) * 4 - 1, -1))
