"""When a unit is left alone: hours of the day at the place of the network, over midnight too."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.errors import InvalidError

PLACE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another; what falls into them waits for their end."""

    begins: time
    ends: time

    def over(self, moment: datetime) -> datetime:
        """The moment itself, or the end of the quiet it falls into."""
        local = moment.astimezone(PLACE)
        if not self._cover(local.time()):
            return moment
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        return datetime.combine(day, self.ends, PLACE).astimezone(UTC)

    def _cover(self, at: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


def read(begins: str | None, ends: str | None) -> QuietHours | None:
    """Two times of day as people write them; neither means that mail is welcome at any time."""
    if not begins and not ends:
        return None
    wrong = {name: "a-time-of-day" for name, text in (("begins", begins), ("ends", ends)) if _time(text) is None}
    first, last = _time(begins), _time(ends)
    if first is None or last is None:
        raise InvalidError("unit.hours-invalid", wrong)
    if first == last:
        raise InvalidError("unit.hours-invalid", {"ends": "another-time-of-day"})
    return QuietHours(first, last)


def _time(text: str | None) -> time | None:
    try:
        return time.fromisoformat(text or "").replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None
