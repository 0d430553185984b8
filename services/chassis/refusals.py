"""Refusals are facts - but counted per caller, reason and minute, so that refusing cannot be used to flood the log.

The first refusal of a minute is told at once, further ones are added up and told as one fact when the minute is over.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

Key = tuple[str, str]
#: Tells one fact: actor, slug, how many.
Tell = Callable[[str, str, int], None]
#: More different callers a minute than this are told as one, so that inventing callers does not fill the memory.
CALLERS_AT_MOST = 1_000


@dataclass
class Refusals:
    """The counters of one process."""

    tell: Tell
    _minute: datetime | None = None
    _counts: Counter[Key] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, actor: str, slug: str, now: datetime) -> None:
        """Count one refusal; raises what ``tell`` raises, so that a fact that cannot be kept is not silently lost."""
        self.flush(now)
        with self._lock:
            key = (actor if len(self._counts) < CALLERS_AT_MOST else "anonymous:many", slug)
            first = key not in self._counts
            self._counts[key] += 0 if first else 1
        if first:
            self.tell(*key, 1)

    def flush(self, now: datetime) -> None:
        """Tell what was added up in minutes that are over."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            if self._minute == minute:
                return
            waiting, self._counts, self._minute = self._counts, Counter(), minute
        for (actor, slug), count in waiting.items():
            if count:
                self.tell(actor, slug, count)
