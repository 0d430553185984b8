"""How fast the audit log grows, is verified and is searched - beside the limits of the same machine in the same run.

    python -m tests.benchmarks.audit_log --dsn postgresql://postgres@127.0.0.1:5432/postgres [--entries 200000]

The log is built in a fresh database of that server with the service's own code and dropped at the end. The limits are a
bare binary COPY of the same bytes into a table without indexes, SHA-256 over the leaves, and pymerkle.
"""

import argparse
import hashlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from pymerkle import InmemoryTree

from contracts.envelope import write
from services.audit import commands, publication
from services.audit.domain.merkle import inclusion_proof
from services.audit.exports import export_lines
from services.audit.keys import make_signer, save_signer
from services.audit.queries import tree
from services.audit.queries.disclosures import with_consents
from services.audit.queries.search import Search, of_case, search, timeline
from services.audit.queries.streams import streams
from services.audit.writer import Writer
from services.chassis.db import Connection, connect
from services.chassis.hear import Arrival
from services.chassis.migrate import migrate
from tests.unit.audit.events import a_disclosure_decided, a_referral_received

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
START = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE = 20_000
BUILD_BATCH = 200


def arrivals(first: int, count: int) -> list[Arrival]:
    """Events of 50 actors about many referrals of 40 partners; every third is a disclosure decision."""
    made = []
    for number in range(first, first + count):
        ids = {"referral_id": UUID(int=number // 12 + 1), "organization_id": UUID(int=1_000_000_000 + number % 40)}
        if number % 3:
            event: Any = a_referral_received(**ids)
        else:
            event = a_disclosure_decided(**ids, decision_id=UUID(int=2_000_000_000 + number))
        envelope = write(
            event,
            id=UUID(int=(1 << 100) + number),
            source="/lotsennetz/referral",
            sequence=number,
            time=START + timedelta(seconds=number),
            actor=f"staff:{number % 50:032x}",
            correlation_id=UUID(int=number),
        )
        made.append(Arrival(envelope, "audit.inbox.0", position=number + 1))
    return made


class Log:
    """A log in a fresh database."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.connection: Connection = connect(dsn, statement_ms=600_000)
        self.directory = folder / "checkpoints"
        self.directory.mkdir()
        signer = make_signer("lotsennetz.example/benchmark")
        save_signer(signer, folder / "log.key")
        self.writer = Writer(signer, self.directory)
        self.size = 0

    def hear(self, batch: Sequence[Arrival]) -> None:
        now = batch[-1].envelope.time
        with self.connection.transaction():
            commands.record(self.connection, self.writer, batch, now)
        self.size += len(batch)

    def grow(self, entries: int) -> None:
        while self.size < entries:
            self.hear(arrivals(self.size, min(BUILD_BATCH, entries - self.size)))

    def seal(self) -> None:
        with self.connection.transaction():
            commands.sign_what_is_left(self.connection, self.writer, datetime.now(UTC))
        commands.publish_newest(self.connection, self.writer)


@contextmanager
def database(admin: str) -> Iterator[str]:
    """A migrated database that is gone afterwards."""
    name = f"bench_audit_{secrets.token_hex(4)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    dsn = f"{admin.rpartition('/')[0]}/{name}"
    try:
        migrate(dsn, ROOT / "services" / "audit" / "migrations")
        yield dsn
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def rate(count: int, action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return count / (time.perf_counter() - began)


def append_rates(log: Log, rounds: int = 3) -> dict[str, float]:
    """Entries per second by batch size, from envelopes to commit; medians of interleaved rounds."""
    seen: dict[int, list[float]] = {1: [], 10: [], 100: [], 200: []}
    spent: dict[int, float] = dict.fromkeys(seen, 0.0)
    for _ in range(rounds):
        for size, rates in seen.items():
            total = min(SAMPLE // 4, size * 100)
            batches = [arrivals(log.size + start, size) for start in range(0, total, size)]
            before = _cpu_seconds(log.connection)
            rates.append(rate(total, lambda batches=batches: [log.hear(batch) for batch in batches]))  # type: ignore[misc]
            spent[size] += (_cpu_seconds(log.connection) - before) / total / rounds
    figures = {f"append, batch {size}": statistics.median(rates) for size, rates in seen.items()}
    return figures | {f"CPU µs per entry, batch {size}": seconds * 1e6 for size, seconds in spent.items()}


def _cpu_seconds(connection: Connection) -> float:
    """What writer and its database backend have used; the honest figure where others use the machine too."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def limits(log: Log) -> dict[str, float]:
    """What this machine does with the same bytes when nothing else is asked of it."""
    rows = log.connection.execute("SELECT leaf, leaf_hash, chain_hash FROM entries LIMIT %s", (SAMPLE,)).fetchall()
    leaves = [bytes(row["leaf"]) for row in rows]
    log.connection.execute("CREATE TEMP TABLE bare (position bigint, leaf bytea, leaf_hash bytea, chain_hash bytea)")

    def copy(batch: int) -> None:
        for start in range(0, len(rows), batch):
            statement = "COPY bare FROM STDIN (FORMAT BINARY)"
            with log.connection.transaction(), log.connection.cursor().copy(statement) as copier:
                copier.set_types(["int8", "bytea", "bytea", "bytea"])
                for number, row in enumerate(rows[start : start + batch], start):
                    copier.write_row((number, row["leaf"], row["leaf_hash"], row["chain_hash"]))

    def oracle() -> None:
        tree_ = InmemoryTree(algorithm="sha256")
        for leaf in leaves:
            tree_.append_entry(leaf)

    return {
        "limit: bare COPY, batch 100": rate(len(rows), lambda: copy(100)),
        "limit: bare COPY, batch 1000": rate(len(rows), lambda: copy(1000)),
        "limit: SHA-256 of the leaves": rate(len(rows), lambda: [hashlib.sha256(leaf).digest() for leaf in leaves]),
        "pymerkle append (memory only)": rate(len(rows), oracle),
    }


def verify_rates(log: Log, dsn: str, folder: Path) -> dict[str, float]:
    """Entries per second of the independent verifier, as a program, and the most memory it took (MiB)."""
    export = folder / "export.ndjson"
    with export.open("wb") as file:
        exported = rate(log.size, lambda: file.writelines(export_lines(log.connection)))
    outside = ["--checkpoint", log.directory, "--key", folder / "log.key.pub", "--json"]
    figures = {"export": exported}
    for name, source in (("export", ["--export", export]), ("database", ["--database", dsn])):
        answer, most = _watched([sys.executable, str(VERIFIER), *map(str, [*source, *outside])])
        figures[f"verify {name}"] = answer["entries"] / answer["seconds"]
        figures[f"verify {name}, most memory (MiB)"] = most
    return figures


def _watched(command: list[str]) -> tuple[dict[str, Any], float]:
    """Run to the end, looking now and then how much memory it holds at most (what `wait` tells would be our own)."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            held = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            most = max([most, *map(int, held)])
            time.sleep(0.02)
        assert process.stdout and process.returncode == 0
        return json.loads(process.stdout.read()), most / 1024


def latencies(log: Log, rounds: int = 30) -> dict[str, float]:
    """p95 in milliseconds of what stands behind each page, at the log's size."""
    connection, size = log.connection, log.size
    middle = size // 2
    deep = search(connection, Search(until=START + timedelta(seconds=middle))).cursor
    asked: dict[str, Callable[[], object]] = {
        "newest": lambda: search(connection, Search()),
        "deep page": lambda: search(connection, Search(), deep),
        "by actor": lambda: search(connection, Search(actor=f"staff:{7:032x}")),
        "by partner": lambda: search(connection, Search(mentions={"organization_id": UUID(int=1_000_000_007)})),
        "by type and time": lambda: search(
            connection, Search(type="referral.received.v1", until=START + timedelta(seconds=middle))
        ),
        "nothing found": lambda: search(connection, Search(actor="staff:nobody")),
        "a case with its consents": lambda: with_consents(
            connection, timeline(connection, of_case("referral", UUID(int=middle // 12 + 1)))
        ),
        "inclusion proof": lambda: inclusion_proof(middle, size, tree.node_reader(connection)),
        "completeness": lambda: streams(connection),
    }
    return {f"p95 ms, {name}": _p95(action, rounds) for name, action in asked.items()}


def _p95(action: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[int(rounds * 0.95) - 1]


def run(admin: str, entries: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name, database(admin) as dsn:
        folder = Path(name)
        log = Log(dsn, folder)
        figures = {"entries": float(entries)}
        figures |= append_rates(log)
        figures["build to size"] = rate(max(entries - log.size, 1), lambda: log.grow(entries))
        log.connection.execute("ANALYZE")
        log.seal()
        assert publication.latest(log.directory)
        figures |= limits(log) | latencies(log) | verify_rates(log, dsn, folder)
        log.connection.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True, help="a superuser on a server that may be filled")
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = run(chosen.dsn, chosen.entries)
    if chosen.json:
        print(json.dumps(figures))
    for name, value in figures.items() if not chosen.json else ():
        print(f"{name:36} {value:14,.1f}")


if __name__ == "__main__":
    main()
