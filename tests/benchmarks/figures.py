"""What a run found: medians over its rounds, ratios of medians, and beside each what was to be reached."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.benchmarks import contestants, machine
from tests.benchmarks.backlog import Caught
from tests.benchmarks.contestants import FASTAPI, FASTSTREAM, NAMEKO, NODE, SPINE
from tests.benchmarks.drain import Drain
from tests.benchmarks.limits import Commits
from tests.benchmarks.product import NAME as PRODUCT
from tests.benchmarks.rounds import Latency, Round

#: How many times as fast, in transitions a second, the spine is to be.
RATIOS = {NAMEKO.name: 2.2, FASTSTREAM.name: 1.5, FASTAPI.name: 1.0, NODE.name: 0.9}


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    seen: float
    unit: str
    target: str = ""
    reached: bool = True


@dataclass
class Run:
    """Everything one run measured."""

    began: dict[str, Any]
    rounds: list[Round] = field(default_factory=list)
    drains: list[Drain] = field(default_factory=list)
    commits: list[Commits] = field(default_factory=list)
    log: dict[str, Any] = field(default_factory=dict)
    backlog: Caught | None = None
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0

    def of(self, name: str) -> list[Round]:
        return [one for one in self.rounds if one.contestant == name]

    def mid(self, name: str, of: Callable[[Round], float]) -> float:
        return float(median(of(one) for one in self.of(name)))


def found(run: Run) -> dict[str, Any]:
    """The whole run as a document."""
    names = list(dict.fromkeys(one.contestant for one in run.rounds))
    lines = [*_cpu(run, names), *_rates(run, names), *_latencies(run), *_limits(run), *_log(run), *_backlog(run)]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": run.began,
        "machine_at_the_end": machine.facts(),
        "seconds": round(run.seconds),
        "others": round(median(one.others for one in run.rounds), 3),
        "peers": contestants.versions(),
        "missing": contestants.missing(),
        "figures": [asdict(line) for line in lines],
        "contestants": {name: _contestant(run, name) for name in names},
        "stages": run.stages,
        "log": run.log,
        "backlog": asdict(run.backlog) if run.backlog else None,
        "rounds": [asdict(one) for one in run.rounds],
        "drains": [asdict(one) for one in run.drains],
        "commits": [asdict(one) for one in run.commits],
    }


def _contestant(run: Run, name: str) -> dict[str, Any]:
    rounds = run.of(name)
    parts = rounds[0].cpu_ms
    return {
        "per_second": run.mid(name, lambda one: one.per_second),
        "spread": [min(one.per_second for one in rounds), max(one.per_second for one in rounds)],
        "cpu_ms": {part: run.mid(name, lambda one, part=part: one.cpu_ms[part]) for part in parts},  # type: ignore[misc]
        "latency": _latency(run, name, lambda one: one.latency),
        "half": _latency(run, name, lambda one: one.half),
        "few": _latency(run, name, lambda one: one.few),
        "memory": {part: run.mid(name, lambda one, part=part: one.memory.get(part, 0.0)) for part in rounds[0].memory},  # type: ignore[misc]
    }


def _latency(run: Run, name: str, of: Callable[[Round], Latency | None]) -> dict[str, float] | None:
    found = [asdict(seen) for one in run.of(name) if (seen := of(one))]
    return {figure: float(median(one[figure] for one in found)) for figure in found[0]} if found else None


def _cpu(run: Run, names: Sequence[str]) -> list[Figure]:
    total: dict[str, float] = {name: run.mid(name, lambda one: one.cpu_ms_total) for name in names}
    lines = [at_most("CPU time per transition, spine", total[SPINE.name], "ms", 2.2)]
    lines += [Figure(f"CPU time per transition, {name}", total[name], "ms") for name in names if name in RATIOS]
    if PRODUCT in total:
        lines.append(Figure("CPU time per transition, product (accept)", total[PRODUCT], "ms"))
        lines.append(at_most("product (accept) / spine, CPU time", total[PRODUCT] / total[SPINE.name], "x", 2.0))
    return lines


def _rates(run: Run, names: Sequence[str]) -> list[Figure]:
    rates: dict[str, float] = {name: run.mid(name, lambda one: one.per_second) for name in names}
    lines = [Figure(f"transitions, {name}", rates[name], "/s") for name in names]
    return lines + [
        at_least(f"transitions, spine / {name}", rates[SPINE.name] / rates[name], "x", least)
        for name, least in RATIOS.items()
        if name in rates
    ]


def _latencies(run: Run) -> list[Figure]:
    lines = []
    for name, told in ((SPINE.name, "spine"), (PRODUCT, "product")):
        half = [one.half for one in run.of(name) if one.half]
        if half:
            lines += [
                at_most(f"command to the log at half load, {told}, p50", median(h.heard_p50 for h in half), "ms", 15),
                at_most(f"command to the log at half load, {told}, p99", median(h.heard_p99 for h in half), "ms", 35),
                at_most(f"HTTP at half load, {told}, p99", median(h.http_p99 for h in half), "ms", 12),
            ]
    return lines


def _limits(run: Run) -> list[Figure]:
    lines = []
    if run.drains:
        lines += [
            at_least("relay drain / raw pipelined publishing", median(one.ratio for one in run.drains), "x", 0.7),
            at_least("relay drain", median(one.relay_per_second for one in run.drains), "/s", 7_000),
            Figure("limit: raw pipelined publishing", median(one.raw_per_second for one in run.drains), "/s"),
        ]
    if run.commits:
        lines.append(
            Figure(
                "limit: the spine's statement by pgbench, 16 at a time", median(c.per_second for c in run.commits), "/s"
            )
        )
    return lines


def _log(run: Run) -> list[Figure]:
    if not run.log:
        return []
    hundred, equal = run.log["append"]["100"], run.log["equal rows"]
    return [
        at_least(
            "audit append at batch 100 / COPY of the same rows", hundred["per_second"] / equal["per_second"], "x", 0.6
        ),
        Figure("audit append at batch 100", hundred["per_second"], "/s"),
        Figure("limit: COPY of the same rows into an equal table, 100 at a time", equal["per_second"], "/s"),
        Figure("limit: COPY into a bare table, 100 at a time", run.log["limits"]["bare COPY, batch 100"], "/s"),
        at_least("verification of the log", run.log["verify"]["per_second"], "/s", 150_000),
    ]


def _backlog(run: Run) -> list[Figure]:
    if run.backlog is None:
        return []
    peak = max(one.per_second for one in run.of(SPINE.name))
    lines = [
        Figure(f"backlog of {run.backlog.events:,} events, heard by the audit log", run.backlog.per_second, "/s"),
        at_least("backlog drained / the spine's peak command rate", run.backlog.per_second / peak, "x", 4.0),
    ]
    told = "memory of the {} while it drains, most / at a quarter"
    grown = {one: run.backlog.growth(one) for one in ("relay", "consumer")}
    return lines + [at_most(told.format(one), grew, "x", 1.1) for one, grew in grown.items()]


def at_most(name: str, seen: float, unit: str, most: float) -> Figure:
    return Figure(name, seen, unit, f"at most {most:g}", seen <= most)


def at_least(name: str, seen: float, unit: str, least: float) -> Figure:
    return Figure(name, seen, unit, f"at least {least:,g}", seen >= least)
