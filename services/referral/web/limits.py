"""How often somebody may try: counted per link and per address, in memory, for a few minutes, and under no name.

What is counted is a keyed hash whose key is drawn anew for every window and never leaves the process: an address stands
nowhere, and two windows cannot be laid side by side. Each process counts for itself.
"""

import hashlib
import hmac
import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from services.chassis.errors import ForbiddenError
from services.chassis.room import count_refusal, room

#: More different callers in a window than this share one count, so that inventing addresses does not fill the memory.
KEYS_AT_MOST = 20_000
#: What somebody with one connection can invent addresses in.
IPV6_HOSTS = 64


@dataclass
class Limiter:
    """At most so many per key and window."""

    most: int
    window: timedelta
    _ends_at: datetime | None = None
    _key: bytes = b""
    _counts: Counter[bytes] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, name: str, now: datetime) -> int:
        """Count one attempt; the seconds to wait if it was one too many, otherwise nought."""
        with self._lock:
            if self._ends_at is None or now >= self._ends_at:
                self._ends_at, self._key, self._counts = now + self.window, secrets.token_bytes(32), Counter()
            key = hmac.new(self._key, name.encode(), hashlib.sha256).digest()[:16]
            if key not in self._counts and len(self._counts) >= KEYS_AT_MOST:
                key = b""
            self._counts[key] += 1
            if self._counts[key] <= self.most:
                return 0
            return max(1, round((self._ends_at - now).total_seconds()))


@dataclass
class Limits:
    """What one application counts."""

    per_address: Limiter = field(default_factory=lambda: Limiter(60, timedelta(minutes=10)))
    per_link: Limiter = field(default_factory=lambda: Limiter(10, timedelta(minutes=10)))
    #: Codes can be typed at random, so all attempts that fail are counted together as well.
    wrong_codes: Limiter = field(default_factory=lambda: Limiter(60, timedelta(minutes=1)))
    per_session: Limiter = field(default_factory=lambda: Limiter(120, timedelta(minutes=10)))


def limits() -> Limits:
    found: Limits = current_app.extensions["referral-limits"]
    return found


def expect_patience(limiter: Limiter, name: str) -> None:
    """Go on, or answer 429 with when to come back."""
    seconds = limiter.wait(name, room().unit.clock.now())
    if seconds:
        count_refusal(ForbiddenError("request.too-many"))
        raise TooManyRequests(retry_after=seconds)


def caller_address() -> str:
    """Who asks, as far as an address says: a household shares one of IPv6's networks."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(int(address) >> IPV6_HOSTS)
    return str(address)
