"""One round of one contestant: warm up, measure, wait until everything was heard, check, and tell."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks import cpu, invariants
from tests.benchmarks.stage import SPINE, Contestant, Servers, Stage, stage
from tests.waiting import eventually

STEPS = 6
WARM_UP = 20


@dataclass(frozen=True)
class Round:
    """The figures of one round."""

    contestant: str
    transitions: int
    per_second: float
    cpu_ms: dict[str, float]
    http_p50_ms: float
    http_p99_ms: float
    heard_p50_ms: float
    heard_p99_ms: float

    @property
    def cpu_ms_total(self) -> float:
        return sum(self.cpu_ms.values())


class BrokenPromiseError(Exception):
    """A contestant lost, doubled or reordered something."""


def play(contestant: Contestant, servers: Servers, logs: Path, *, cases: int, clients: int) -> Round:
    with stage(contestant, servers, logs) as made:
        _run(made, WARM_UP, clients, heard_before=0)
        before = cpu.spent(made.pids)
        warm = WARM_UP * STEPS
        seen, seconds = _run(made, cases, clients, heard_before=warm)
        after = cpu.spent(made.pids)
        held = invariants.look(made)
        wrong = held.wrong(int(seen["acknowledged"]) + warm, ordered=contestant is SPINE)
        if wrong or seen["refused"]:
            raise BrokenPromiseError(f"{contestant.name}: {', '.join(wrong)}; {seen['refused']} refused")
        transitions = cases * STEPS
        heard = _lags(made, transitions)
        return Round(
            contestant.name,
            transitions,
            transitions / seconds,
            {name: (after[name] - before.get(name, 0.0)) / transitions for name in sorted(after)},
            *_percentiles(seen["latencies_ms"]),
            *_percentiles(heard),
        )


def _run(made: Stage, cases: int, clients: int, *, heard_before: int) -> tuple[dict[str, Any], float]:
    """Load until all was heard; the seconds from the first command to the last event heard."""
    ids = made.make_cases(cases)
    seen: dict[str, Any] = made.load(ids, clients, STEPS)
    wanted = heard_before + cases * STEPS
    eventually(lambda: made.heard() >= wanted, timeout=120, interval=0.02)
    with psycopg.connect(made.listener_dsn) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM max(heard_at) - min(told_at))::float8 FROM chain WHERE n > %s", (heard_before,)
        ).fetchone()
    assert row is not None
    return seen, row[0]


def _lags(made: Stage, newest: int) -> list[float]:
    """From the moment a command was told to the moment it was chained, in milliseconds."""
    with psycopg.connect(made.listener_dsn) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM heard_at - told_at)::float8 * 1000 FROM chain ORDER BY n DESC LIMIT %s",
            (newest,),
        )
        return [row[0] for row in rows]


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return median(ordered), ordered[int(len(ordered) * 0.99)]
