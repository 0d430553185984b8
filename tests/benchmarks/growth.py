"""``make bench-growth``: how pages and appending grow from ten thousand to a million rows, and the log to ten million.

Asks the modules that measure each of them alone, draws the curves, and judges whether they are no worse than
logarithmic. Takes about an hour. Writes docs/results/growth.json, and docs/performance.md anew; a part that was not
asked for keeps what it came to before.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.demo import databases
from deploy.demo.servers import running_postgres
from services.chassis.db import Database, connect
from services.chassis.migrate import migrate
from tests.benchmarks import audit_console, audit_log, audit_stage, board, machine, matching, report
from tests.benchmarks.contestants import ROOT
from tests.benchmarks.judging import FLOOR_MS, SLACK, no_worse_than_logarithmic

PASSWORDS = {"referral": "bench", "referral_owner": "bench"}
APPENDED = 5_000

Curves = dict[str, dict[int, float]]
Group = dict[str, Any]


def board_pages(admin: str, sizes: Sequence[int], rounds: int) -> Curves:
    """Every page of a desk, as a navigator asks for it."""
    curves: Curves = {}
    with board.database(admin) as dsn, connect(dsn, statement_ms=3_600_000) as connection:
        board.name_the_bodies(connection)
        desk = board.Desk(dsn)
        try:
            for size in sizes:
                board.grow(connection, desk, size)
                for name, action in board.pages_of(desk).items():
                    curves.setdefault(name, {})[size] = board.measured(action, rounds)["p50_ms"]
                tell(f"board: {size:,}")
        finally:
            desk.close()
    return curves


def matching_rankings(admin: str, sizes: Sequence[int], people: int) -> Curves:
    """From the question to the ranking; and by what is looked at, since a larger directory is a denser one."""
    curves: Curves = {"a ranking": {}, "for each hundred services in reach": {}}
    databases.ensure_roles(admin, "referral", PASSWORDS)
    for size in sizes:
        name = f"bench_growth_{size}"
        made = databases.create_database(admin, "referral", PASSWORDS, name=name)
        try:
            migrate(made.owner_dsn, matching.MIGRATIONS)
            with Database(made.owner_dsn, 1, 1) as db, db.session() as connection:
                connection.execute("SET statement_timeout = 0")
                matching.fill(connection, size)
                asked = matching.asked(connection, people)
            curves["a ranking"][size] = asked.median_ms
            curves["for each hundred services in reach"][size] = asked.median_ms / max(asked.looked_at / 100, 1.0)
        finally:
            databases.drop_database(admin, name)
        tell(f"matching: {size:,}")
    return curves


def officers_pages(admin: str, sizes: Sequence[int], rounds: int) -> Curves:
    """What stands behind the officer's and the auditors' pages, in CPU time of service and database."""
    curves: Curves = {}
    today = datetime.now(UTC).date()
    for size in sizes:
        with audit_stage.database(admin) as dsn, connect(dsn, statement_ms=3_600_000) as connection:
            audit_console.stage(connection, size)
            audit_console.read_everything(connection, today)
            audit_console.count_everything(connection, size)
            audit_console.grow_findings(connection, size // 10)
            asked = {
                **audit_console.officers(connection, size, today),
                **_named("auditor, ", audit_console.auditors(connection)),
            }
            for name, one in audit_console.latencies(connection, asked, rounds).items():
                curves.setdefault(name, {})[size] = one["cpu_ms"]
        tell(f"data protection officer: {size:,}")
    return curves


def _named(before: str, actions: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{before}{name}": action for name, action in actions.items()}


def appending(admin: str, sizes: Sequence[int]) -> Curves:
    """CPU time of writer and database for one entry, a hundred at a time, when so many lie there already."""
    curve: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder, audit_stage.database(admin) as dsn:
        log = audit_stage.Log(dsn, Path(folder))
        for size in sizes:
            log.grow(size)
            log.connection.execute("VACUUM ANALYZE entries")
            batches = [audit_stage.arrivals(log.size + start, 100) for start in range(0, APPENDED, 100)]
            before = audit_log.cpu_seconds(log.connection)
            for batch in batches:
                log.hear(batch)
            curve[size] = (audit_log.cpu_seconds(log.connection) - before) / APPENDED * 1e6
            tell(f"log: {size:,}: {curve[size]:.0f} µs")
        log.connection.close()
    return {"one entry": curve}


def group(title: str, unit: str, curves: Curves, floor: float) -> Group:
    return {
        "title": title,
        "unit": unit,
        "curves": {
            name: {"values": values, "holds": no_worse_than_logarithmic(values, floor)}
            for name, values in curves.items()
        },
    }


def main() -> int:
    options = parse()
    sizes, logs = options.sizes, sorted({*options.sizes, options.log})
    with running_postgres(ROOT / ".dev" / "bench-growth") as postgres:
        asked: dict[str, Callable[[], Group]] = {
            "board": lambda: group(
                "A desk's pages", "ms over open referrals", board_pages(postgres.dsn, sizes, options.rounds), FLOOR_MS
            ),
            "matching": lambda: group(
                "Matching", "ms over services", matching_rankings(postgres.dsn, sizes, options.people), FLOOR_MS
            ),
            "console": lambda: group(
                "The officer's pages",
                "CPU-ms over entries",
                officers_pages(postgres.dsn, sizes, options.rounds),
                FLOOR_MS,
            ),
            "append": lambda: group("Appending to the log", "CPU-µs over entries", appending(postgres.dsn, logs), 0.0),
        }
        groups = {name: timed(name, measure) for name, measure in asked.items() if name in options.only}
    for one in groups.values():
        for name, curve in one["curves"].items():
            print(f"{'' if curve['holds'] else 'WORSE ':6}{one['title']}: {name}: {curve['values']}")
    if options.write:
        before = (report.kept(report.GROWTH) or {"groups": {}})["groups"]
        both = {name: {**before, **groups}[name] for name in asked if name in before or name in groups}
        document = {"slack": SLACK, "floor_ms": FLOOR_MS, "groups": both}
        report.GROWTH.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        report.draw()
    return 0


def timed(name: str, measure: Callable[[], Group]) -> Group:
    """With when it was, how long it took and what else the machine did."""
    began, load1 = time.monotonic(), machine.facts()["load1"]
    measured = measure()
    seconds = round(time.monotonic() - began)
    tell(f"{name} took {seconds} s")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {**measured, "at": at, "seconds": seconds, "load1": [load1, machine.facts()["load1"]]}


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--log", type=int, default=10_000_000, help="the largest size of the log that is appended to")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--only", nargs="+", default=["board", "matching", "console", "append"])
    parser.add_argument("--no-write", dest="write", action="store_false", help="only tell, keep nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
