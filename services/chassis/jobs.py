"""What the clock sets off: things that are due are read from their tables and done as ordinary commands.

Nothing sleeps until a date. One process leads per service; should two ever run, the idempotency key of each due item
(`<aggregate>:<kind>:<due_at>`) makes the second do nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any

from services.chassis import beats
from services.chassis.backoff import Backoff
from services.chassis.db import Connection
from services.chassis.errors import LotsennetzError, UnavailableError
from services.chassis.leader import CLOCK, lead
from services.chassis.logging import get_logger
from services.chassis.work import Unit, Work

ACTOR = "system:clock"
LIMIT = 100
EVERY_SECONDS = 1.0
AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose time has come. The key names it for ever: ``<aggregate>:<kind>:<due_at>``."""

    key: str
    payload: Any = None


@dataclass(frozen=True, slots=True)
class ClockJob:
    """A kind of thing that becomes due: how to find it (a plain read) and how to do it (one work each)."""

    name: str
    due: Callable[[Connection, datetime, int], list[Due]]
    run: Callable[[Work, Due], None]


@dataclass(slots=True)
class ClockRole:
    """The clock of one service; `run` returns when `stop` is set."""

    unit: Unit
    jobs: Sequence[ClockJob]
    done: int = 0
    _later: dict[str, float] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        name = f"{self.unit.service}.clock"
        lead(name, self.unit.db.dsn, CLOCK, stop, lambda session, backoff: self._lead(session, stop, backoff))

    def _lead(self, session: Connection, stop: Event, backoff: Backoff) -> None:
        last_beat = next_sweep = 0.0
        while not stop.is_set():
            session.execute("SELECT 1")  # the lock is only ours while this session lives
            for job in self.jobs:
                self.run_due(job)
            last_beat = beats.due(last_beat, session, "clock", {"done": self.done})
            if monotonic() >= next_sweep:
                next_sweep = monotonic() + 3600
                sweep(session)
            backoff.reset()
            stop.wait(EVERY_SECONDS)

    def run_due(self, job: ClockJob) -> int:
        """Do everything of one kind that is due now; returns how many were done."""
        with self.unit.db.read() as connection:
            found = job.due(connection, self.unit.clock.now(), LIMIT)
        return sum(self._do(job, due) for due in found if self._later.get(due.key, 0.0) <= monotonic())

    def _do(self, job: ClockJob, due: Due) -> bool:
        def run(work: Work) -> tuple[int, dict[str, Any]]:
            job.run(work, due)
            return 200, {}

        self._later = {key: at for key, at in self._later.items() if at > monotonic()}
        try:
            self.unit.idempotent(ACTOR, due.key, job.name, run, actor=ACTOR)
        except UnavailableError:
            raise
        except Exception as error:
            # one that cannot be done must neither stop the others nor be tried every second
            self._later[due.key] = monotonic() + AGAIN_SECONDS
            slug = error.slug if isinstance(error, LotsennetzError) else "bug"
            get_logger().error("clock.failed", job=job.name, key=due.key, slug=slug, error=type(error).__name__)
            return False
        self.done += 1
        return True


#: What is kept only so that a repetition is recognized: longer than anybody may still repeat it; and what was typed and
#: never looked for again.
SWEEPS = (
    "DELETE FROM inbox WHERE received_at < now() - interval '40 days'",
    "DELETE FROM command_results WHERE written_at < now() - interval '31 days'",
    "DELETE FROM parked_events WHERE settled_at < now() - interval '35 days'",
    "DELETE FROM kept_forms WHERE kept_at < now() - interval '1 hour'",
)


def sweep(session: Connection) -> None:
    for statement in SWEEPS:
        session.execute(statement.encode())
