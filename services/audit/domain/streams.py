"""How complete one service's stream is in the log: values that writing and looking share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Each service reports once a minute, also when nothing happened.
SILENT_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Gap:
    """Places of a stream that never arrived."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Compared:
    """How far a stream was compared by content, the rolling hash there, and how many comparisons differed."""

    position: int = 0
    rolling_sha256: str = "0" * 64
    differing: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """What one service reported, and what of it is in the log."""

    source: str
    position: int
    heard: int
    reported_at: datetime
    rolling_sha256: str
    gaps: tuple[Gap, ...]
    compared: Compared

    @property
    def complete(self) -> bool:
        """Up to where it reported; how much came after that, nobody knows."""
        return not self.gaps

    def is_silent(self, now: datetime) -> bool:
        """Whether its last word is so old that being complete up to it says little."""
        return now - self.reported_at > SILENT_AFTER
