"""How often somebody may try: counted by name and window, in memory, for minutes, and kept under no name.

What is counted is a keyed hash whose key is drawn anew for every window and never leaves the process: an address stands
nowhere, and two windows cannot be laid side by side. Each process counts for itself: several allow so many times more.
"""

import hashlib
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

#: More different callers in a window than this share one count, so that inventing names does not fill the memory.
KEYS_AT_MOST = 20_000


class Allowance(NamedTuple):
    """How often somebody may, how often still, and in how many seconds the count begins anew."""

    most: int
    left: int
    seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.left < 0

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers that partners' libraries know."""
        told = (("Limit", self.most), ("Remaining", max(self.left, 0)), ("Reset", self.seconds))
        return {f"RateLimit-{name}": str(value) for name, value in told}


@dataclass
class Limiter:
    """At most so many per name and window."""

    most: int
    window: timedelta
    _ends_at: datetime | None = None
    _key: bytes = b""
    _counts: Counter[bytes] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, now: datetime, attempts: int = 1) -> Allowance:
        """Count one attempt; of none, only say how it stands."""
        with self._lock:
            if self._ends_at is None or now >= self._ends_at:
                self._ends_at, self._key, self._counts = now + self.window, secrets.token_bytes(32), Counter()
            key = hmac.new(self._key, name.encode(), hashlib.sha256).digest()[:16]
            if key not in self._counts and len(self._counts) >= KEYS_AT_MOST:
                key = b""
            self._counts[key] += attempts
            seconds = max(1, round((self._ends_at - now).total_seconds()))
            return Allowance(self.most, self.most - self._counts[key], seconds)
