"""The time, as something that is handed in: nothing in the domain ever looks at a wall."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

#: Deadlines count in calendar days of the place where the network works.
PLACE = ZoneInfo("Europe/Berlin")


class Clock(Protocol):
    """Tells the instant (aware, UTC) and the calendar day in Europe/Berlin."""

    def now(self) -> datetime: ...

    def today(self) -> date: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return datetime.now(PLACE).date()
