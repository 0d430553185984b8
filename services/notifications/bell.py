"""Wakes who waits for notices: one session of the database listens for all, and nobody who waits holds one.

A session of its own, because LISTEN belongs to a session: `DATABASE_URL` must not lead through a pool that lends
sessions per transaction. Where the bell is silent, a wait only ends later, at its own end.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.backoff import Backoff
from services.chassis.db import INFRASTRUCTURE_ERRORS, connect
from services.chassis.logging import get_logger
from services.notifications.store import BELL

LISTEN_SECONDS = 5.0
#: How many of the places one partner may take, so that its systems do not keep the others standing.
OF_ONE_PARTNER = 2


@dataclass
class Seat:
    """Where one request waits for news of one partner."""

    organization_id: UUID
    _rung: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Whether there may be news; then look, and come back if there are none."""
        came = self._rung.wait(seconds)
        self._rung.clear()
        return came


@dataclass
class Bell:
    """Seats for at most so many at once; the others are not kept waiting, they come again."""

    dsn: str
    seats: int
    _taken: list[Seat] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listener: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def seat(self, organization_id: UUID) -> Iterator[Seat | None]:
        """A place to wait in, or None if all that this partner may have are taken."""
        seat = self._take(organization_id)
        try:
            yield seat
        finally:
            with self._lock:
                if seat is not None:
                    self._taken.remove(seat)

    def _take(self, organization_id: UUID) -> Seat | None:
        with self._lock:
            mine = Counter(seat.organization_id for seat in self._taken)[organization_id]
            if len(self._taken) >= self.seats or mine >= OF_ONE_PARTNER:
                return None
            seat = Seat(organization_id)
            self._taken.append(seat)
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="bell", daemon=True)
                self._listener.start()
            return seat

    def close(self) -> None:
        """Listen no more; who still waits, waits to the end of its time."""
        self._stop.set()
        if self._listener is not None:
            self._listener.join()

    def _listen(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                with connect(self.dsn, name="notifications.bell") as session:
                    session.execute(f"LISTEN {BELL}".encode())
                    self._ring(None)  # what was said while nobody listened
                    backoff.reset()
                    while not self._stop.is_set():
                        for heard in session.notifies(timeout=LISTEN_SECONDS):
                            self._ring(heard.payload)
            except INFRASTRUCTURE_ERRORS as error:
                get_logger().warning("bell", outcome="interrupted", error=type(error).__name__)
                self._stop.wait(backoff.next())

    def _ring(self, organization_id: str | None) -> None:
        with self._lock:
            for seat in self._taken:
                if organization_id in {None, str(seat.organization_id)}:
                    seat.ring()
