"""One round of one contestant: warm up, measure, wait until everything was heard, check, and tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks import invariants, machine
from tests.benchmarks import product as products
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.product import ACCEPT, Case, Prepared, Product
from tests.benchmarks.stage import Servers, Stage, stage
from tests.waiting import eventually

STEPS = 6
WARM_UP = 20
#: So few clients as wait in no line, and yet leave nothing idle.
FEW = 4
FURTHER = "product, further steps"


@dataclass(frozen=True)
class Latency:
    """As the client saw it, and from the command to the row in the listener's database; milliseconds."""

    http_p50: float
    http_p99: float
    heard_p50: float
    heard_p99: float


@dataclass(frozen=True)
class Round:
    """The figures of one round."""

    contestant: str
    transitions: int
    per_second: float
    #: Of each component, for one transition.
    cpu_ms: dict[str, float]
    latency: Latency
    #: At half the rate it has just reached, evenly; and by few clients that ask as fast as they are answered.
    half: Latency | None
    few: Latency | None
    #: What the components held when the load was over, in MiB.
    memory: dict[str, float]
    #: Of the machine while it lasted: how many wanted its cores, and what others took of them.
    load1: float
    others: float

    @property
    def cpu_ms_total(self) -> float:
        return sum(self.cpu_ms.values())


class BrokenPromiseError(Exception):
    """A contestant lost, doubled or reordered something."""


def play(contestant: Contestant, servers: Servers, logs: Path, *, cases: int, clients: int, half: int = 0) -> Round:
    """The whole load; after it, for so many cases each, half the rate it had, and few clients."""
    with stage(contestant, servers, logs) as made:
        _run(made, min(WARM_UP, cases), clients)
        with machine.Watch(made.pids) as watch:
            seen, seconds = _run(made, cases, clients)
        transitions = cases * STEPS
        latency = Latency(*_percentiles(seen["latencies_ms"]), *_percentiles(_lags(made, transitions)))
        at_half = at_few = None
        if half:
            slow, _ = _run(made, half, clients, transitions / seconds / 2)
            at_half = Latency(*_percentiles(slow["latencies_ms"]), *_percentiles(_lags(made, half * STEPS)))
            slow, _ = _run(made, half, FEW)
            at_few = Latency(*_percentiles(slow["latencies_ms"]), *_percentiles(_lags(made, half * STEPS)))
        _check(made)
        return _round(contestant.name, transitions, seconds, watch, latency, at_half, at_few)


def _round(
    name: str,
    transitions: int,
    seconds: float,
    watch: machine.Watch,
    latency: Latency,
    half: Latency | None = None,
    few: Latency | None = None,
) -> Round:
    return Round(
        name,
        transitions,
        transitions / seconds,
        {part: spent / transitions for part, spent in sorted(watch.spent.items())},
        latency,
        half,
        few,
        watch.memory,
        watch.load1,
        watch.others,
    )


def _run(made: Stage, cases: int, clients: int, per_second: float = 0.0) -> tuple[dict[str, Any], float]:
    """Load until all was heard; the seconds from the first command to the last event heard."""
    before = made.heard()
    seen: dict[str, Any] = made.load(made.make_cases(cases), clients, STEPS, per_second)
    if seen["refused"]:
        raise BrokenPromiseError(f"{made.contestant.name}: refused {seen['refused']}: {seen['said']}")
    made.acknowledged += seen["acknowledged"]
    wanted = before + cases * STEPS
    eventually(lambda: made.heard() >= wanted, timeout=120, interval=0.02)
    with psycopg.connect(made.listener_dsn) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM max(heard_at) - min(told_at))::float8 FROM"
            " (SELECT * FROM chain WHERE subject LIKE 'referral/%%' ORDER BY n OFFSET %s) AS heard",
            (before,),
        ).fetchone()
    assert row is not None
    return seen, row[0]


def _check(made: Stage) -> None:
    wrong = invariants.look(made).wrong(made.acknowledged, ordered=made.contestant.ordered)
    if wrong:
        raise BrokenPromiseError(f"{made.contestant.name}: {', '.join(wrong)}")


def play_product(made: Prepared, logs: Path, *, clients: int, half: int = 0) -> list[Round]:
    """`accept` on every case but those kept for less load and for warming up, then what follows on each."""
    with products.product(made, logs) as at_work:
        cases = list(made.cases)
        many = min(WARM_UP * STEPS, len(cases) // 3)  # as many commands as the others get to warm up
        warm, cases = cases[:many], cases[many:]
        for_half, for_few, cases = cases[:half], cases[half : 2 * half], cases[2 * half :]
        _answer(at_work, warm, clients, ACCEPT)
        with machine.Watch(at_work.pids) as watch:
            seen, seconds, latency = _answer(at_work, cases, clients, ACCEPT)
        at_half = at_few = None
        if half:
            at_half = _answer(at_work, for_half, clients, ACCEPT, len(cases) / seconds / 2)[2]
            at_few = _answer(at_work, for_few, FEW, ACCEPT)[2]
        accepted = _round(products.NAME, len(cases), seconds, watch, latency, at_half, at_few)
        running = [Case(case.id, seen["versions"][case.id]) for case in cases]
        steps = products.further_steps()
        with machine.Watch(at_work.pids) as watch:
            seen, seconds, latency = _answer(at_work, running, clients, steps)
        further = _round(FURTHER, len(cases) * len(steps), seconds, watch, latency)
        answered = {"accept": len(made.cases), "start": len(cases), "pause": 2 * len(cases), "resume": 2 * len(cases)}
        if wrong := products.broken(at_work, answered):
            raise BrokenPromiseError(f"{products.NAME}: {', '.join(wrong)}")
        return [accepted, further]


def _answer(
    at_work: Product, cases: Sequence[Case], clients: int, steps: list[tuple[str, Any]], per_second: float = 0.0
) -> tuple[dict[str, Any], float, Latency]:
    before = at_work.count()
    seen = at_work.load(cases, clients, steps, per_second)
    if seen["refused"]:
        raise BrokenPromiseError(f"{products.NAME}: refused {seen['refused']}: {seen['said']}")
    eventually(at_work.settled, timeout=120, interval=0.02)
    with psycopg.connect(at_work.listener_dsn) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM heard_at - occurred_at)::float8 * 1000, occurred_at, heard_at FROM entries"
            " WHERE position >= %s AND actor LIKE 'partner:%%'",
            (before,),
        ).fetchall()
    seconds = (max(row[2] for row in rows) - min(row[1] for row in rows)).total_seconds()
    return seen, seconds, Latency(*_percentiles(seen["latencies_ms"]), *_percentiles([row[0] for row in rows]))


def _lags(made: Stage, newest: int) -> list[float]:
    """From the moment a command was told to the moment it was chained, in milliseconds."""
    with psycopg.connect(made.listener_dsn) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM heard_at - told_at)::float8 * 1000 FROM chain"
            " WHERE subject LIKE 'referral/%%' ORDER BY n DESC LIMIT %s",
            (newest,),
        )
        return [row[0] for row in rows]


def _percentiles(values: list[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return median(ordered), ordered[int(len(ordered) * 0.99)]
