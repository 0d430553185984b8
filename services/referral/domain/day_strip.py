"""A day with its appointments as a strip of hours: two places at once are two bars above each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from services.referral.domain.appointments import Kept, clashing
from services.referral.domain.workdays import PLACE

#: Shown at least, so that days look alike.
FIRST_HOUR, LAST_HOUR = 8, 18
HOUR_WIDTH, LANE_HEIGHT, TICKS_HEIGHT = 48, 26, 20
MINUTES = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One appointment: where it lies and how long it is."""

    id: UUID
    x: int
    y: int
    width: int
    clashes: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """One day."""

    width: int
    height: int
    #: Hours of the clock and where they lie.
    ticks: tuple[tuple[int, int], ...]
    bars: tuple[Bar, ...]


def strip_of(appointments: Sequence[Kept]) -> Strip:
    """The strip of those that begin on one day, in the time of the place; what goes on past midnight is cut there."""
    spans = [(one, *_span(one)) for one in appointments]
    first = min([FIRST_HOUR, *(begin // MINUTES for _, begin, _ in spans)])
    last = max([LAST_HOUR, *(ceil(end / MINUTES) for _, _, end in spans)])
    clashes, lanes, bars = clashing(appointments), list[int](), list[Bar]()
    for one, begin, end in sorted(spans, key=lambda span: span[1:]):
        lane = next((number for number, until in enumerate(lanes) if until <= begin), len(lanes))
        lanes[lane : lane + 1] = [end]
        x, width = _across(begin - first * MINUTES), max(_across(end - begin), 4)
        bars.append(Bar(one.id, x, lane * LANE_HEIGHT, width, one.id in clashes))
    ticks = tuple((hour, _across((hour - first) * MINUTES)) for hour in range(first, last + 1, 2))
    height = max(len(lanes), 1) * LANE_HEIGHT + TICKS_HEIGHT
    return Strip(_across((last - first) * MINUTES), height, ticks, tuple(bars))


def _span(one: Kept) -> tuple[int, int]:
    begin = _minute(one.what.starts_at)
    return begin, min(begin + one.what.minutes, 24 * MINUTES)


def _minute(at: datetime) -> int:
    on_the_wall = at.astimezone(PLACE)
    return on_the_wall.hour * MINUTES + on_the_wall.minute


def _across(minutes: int) -> int:
    return minutes * HOUR_WIDTH // MINUTES
