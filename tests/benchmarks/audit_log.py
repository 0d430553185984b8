"""How fast the audit log grows and is verified, how it behaves when it is long, and what tampering is found.

    python -m tests.benchmarks.audit_log --dsn postgresql://postgres@127.0.0.1:5432/postgres --entries 10000000 --write

Everything is done in fresh databases of that server with the service's own code; they are dropped at the end. Beside
it, in the same run: a bare binary COPY of the same bytes, SHA-256 over the leaves, and pymerkle.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pymerkle import InmemoryTree

from contracts.codes import Duty, DutyCause, Status, WithdrawalChannel
from contracts.referral import ConsentWithdrawn, DutyOpened, ReferralRevoked
from services.audit.domain.merkle import inclusion_proof
from services.audit.exports import export_lines
from services.audit.queries import tree
from services.audit.queries.disclosures import with_consents
from services.audit.queries.search import Search, of_case, search, with_referrals
from services.audit.queries.streams import streams
from services.audit.queries.withdrawals import withdrawals
from services.audit.web.pages import CASE_PAGE
from services.chassis.db import Connection
from tests.benchmarks import audit_report
from tests.benchmarks.audit_stage import DECIDED, START, VERIFIER, Log, arrivals, database, seal_at
from tests.benchmarks.audit_tamperings import tampered
from tests.benchmarks.machine import facts as machine

SAMPLE = 20_000
WITHDRAWN = ConsentWithdrawn(
    consent_id=UUID(int=78),
    consent_version=1,
    person_id=UUID(int=77),
    organization_id=None,
    channel=WithdrawalChannel.ONLINE,
)
REVOKED = ReferralRevoked(referral_id=UUID(int=1), organization_id=UUID(int=1), previous=Status.ACCEPTED)
OWED = tuple(
    DutyOpened(
        referral_id=UUID(int=1),
        organization_id=UUID(int=1),
        duty_id=UUID(int=80 + number),
        duty=duty,
        cause=DutyCause.WITHDRAWAL,
        category=None,
        due_on=START.date(),
    )
    for number, duty in enumerate((Duty.ACKNOWLEDGE_STOP, Duty.STATE_DELETION))
)
#: So many marks on the way to the full size.
STEPS = 10

Figures = dict[str, Any]


def rate(count: int, action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return count / (time.perf_counter() - began)


def append_rates(log: Log, rounds: int = 3) -> Figures:
    """Entries per second by batch size, from envelopes to commit; medians of interleaved rounds, and CPU time.

    The clock runs as it does at work, so that a head is signed each 256 entries or a second, and not with every batch.
    """
    clock = running_from(log.at)
    seen: dict[int, list[float]] = {1: [], 10: [], 100: [], 200: []}
    spent: dict[int, float] = dict.fromkeys(seen, 0.0)
    for _ in range(rounds):
        for size, rates in seen.items():
            total = min(SAMPLE // 4, size * 100)
            batches = [arrivals(log.size + start, size) for start in range(0, total, size)]
            before = cpu_seconds(log.connection)
            rates.append(rate(total, lambda batches=batches: [log.hear(batch, clock()) for batch in batches]))  # type: ignore[misc,func-returns-value]
            spent[size] += (cpu_seconds(log.connection) - before) / total / rounds
    return {
        str(size): {"per_second": statistics.median(rates), "cpu_us": spent[size] * 1e6} for size, rates in seen.items()
    }


def running_from(start: datetime) -> Callable[[], datetime]:
    began = time.perf_counter()
    return lambda: start + timedelta(seconds=time.perf_counter() - began)


def cpu_seconds(connection: Connection) -> float:
    """What writer and its database backend have used; the honest figure where others use the machine too."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def equal_rows(log: Log, batch: int) -> dict[str, float]:
    """The finished rows once more into an equal table - its columns, indexes and checks -, and nothing else done."""
    connection = log.connection
    connection.execute("DROP TABLE IF EXISTS equal")
    connection.execute("CREATE TABLE equal (LIKE entries INCLUDING ALL)")
    with connection.cursor().copy("COPY (SELECT * FROM entries ORDER BY position LIMIT 20000) TO STDOUT") as out:
        lines = [bytes(line) for line in out]

    def copy() -> None:
        for start in range(0, len(lines), batch):
            with connection.transaction(), connection.cursor().copy("COPY equal FROM STDIN") as copier:
                copier.write(b"".join(lines[start : start + batch]))

    before = cpu_seconds(connection)
    found = {"per_second": rate(len(lines), copy)}
    return {**found, "cpu_us": (cpu_seconds(connection) - before) / len(lines) * 1e6}


def limits(log: Log) -> Figures:
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
        grown = InmemoryTree(algorithm="sha256")
        for leaf in leaves:
            grown.append_entry(leaf)

    return {
        "bare COPY, batch 100": rate(len(rows), lambda: copy(100)),
        "bare COPY, batch 200": rate(len(rows), lambda: copy(200)),
        "SHA-256 of the leaves": rate(len(rows), lambda: [hashlib.sha256(leaf).digest() for leaf in leaves]),
        "pymerkle append (memory only)": rate(len(rows), oracle),
    }


def growth(log: Log, dsn: str, folder: Path, entries: int) -> list[Figures]:
    """Grow to the full size in steps; at each: the rate of the step, its CPU time, memory, size, and verification."""
    marks = []
    for step in range(1, STEPS + 1):
        target, before, spent = entries * step // STEPS, log.size, cpu_seconds(log.connection)
        if target <= log.size:
            continue
        log.seconds = 0.0
        log.grow(target)
        made = max(log.size - before, 1)
        mark: Figures = {
            "entries": log.size,
            "append_per_second": made / max(log.seconds, 1e-9),
            "cpu_us_with_making_the_events": (cpu_seconds(log.connection) - spent) / made * 1e6,
            "writer_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "database_mib": _database_mib(log.connection),
        }
        if step in (1, STEPS // 2, STEPS):
            log.connection.execute("VACUUM ANALYZE entries")
            seal_at(log, datetime.now(UTC) + timedelta(seconds=step))
            mark["verify"] = verified(["--database", dsn], log, folder)
        marks.append(mark)
        print(json.dumps(mark), file=sys.stderr, flush=True)
    return marks


def _database_mib(connection: Connection) -> float:
    row = connection.execute("SELECT pg_database_size(current_database()) AS bytes").fetchone()
    return float(row["bytes"]) / 2**20 if row else 0.0


def verified(source: list[str], log: Log, folder: Path) -> Figures:
    """Rate of the independent verifier, as a program of its own, its CPU time and the most memory it took."""
    outside = ["--checkpoint", str(log.directory), "--key", str(folder / "log.key.pub"), "--json"]
    most, before = 0, resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen([sys.executable, str(VERIFIER), *source, *outside], stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            most = max(most, _held(process.pid))
            time.sleep(0.05)
        assert process.stdout and process.returncode == 0, process.returncode
        answer = json.loads(process.stdout.read())
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
    per_second = answer["entries"] / answer["seconds"]
    return {"per_second": per_second, "per_cpu_second": answer["entries"] / max(cpu, 0.01), "mib": most / 1024}


def _held(pid: int) -> int:
    """What a program and those it started hold now, in KiB; whoever has gone meanwhile holds nothing."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        own = sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return own + sum(_held(int(child)) for child in children)
    return 0


def exports(log: Log, folder: Path, most: int = 1_000_000) -> Figures:
    """Writing an export of the newest entries, with and without content, and verifying it."""
    found: Figures = {}
    first = max(0, log.size - most)
    for name, content in (("with content", True), ("hashes", False)):
        path = folder / "export.ndjson"
        with path.open("wb") as file:
            lines = export_lines(log.connection, first, content=content)
            written = rate(log.size - first, lambda file=file, lines=lines: file.writelines(lines))  # type: ignore[misc]
        found[name] = {"write_per_second": written, **verified(["--export", str(path)], log, folder)}
        path.unlink()
    return found


def latencies(log: Log, rounds: int = 30) -> Figures:
    """p95 in milliseconds of what stands behind each page, at the log's size."""
    connection, middle = log.connection, log.size // 2
    told = withdrawn(log)
    deep = search(connection, Search(until=START + timedelta(seconds=middle))).cursor
    case = of_case("referral", UUID(int=middle // 12 + 1))
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
            connection, search(connection, with_referrals(connection, case), limit=CASE_PAGE).entries
        ),
        "a person with her withdrawals": lambda: withdrawals(
            connection, "person", told, None, search(connection, of_case("person", told), limit=CASE_PAGE).entries
        ),
        "a partner's case": lambda: with_consents(
            connection, search(connection, of_case("organization", UUID(int=1_000_000_007)), limit=CASE_PAGE).entries
        ),
        "by person and type": lambda: search(
            connection, Search(mentions={"person_id": told}, type="referral.consent_withdrawn.v1")
        ),
        "by actor and a kind she never did": lambda: search(
            connection, Search(actor=f"staff:{7:032x}", type="referral.consent_withdrawn.v1")
        ),
        "by kind of subject": lambda: search(connection, Search(subject_kind="consent")),
        "inclusion proof": lambda: inclusion_proof(middle, log.size, tree.node_reader(connection)),
        "completeness": lambda: streams(connection),
    }
    return {name: _p95(action, rounds) for name, action in asked.items()}


def withdrawn(log: Log) -> UUID:
    """One person takes back what carried ten referrals: each is stopped, and owes two answers."""
    person_id, told = UUID(int=77), list[Any]()
    for number in range(10):
        ids = {"referral_id": UUID(int=900_000_000 + number), "organization_id": UUID(int=1_000_000_000 + number)}
        told.append(replace(DECIDED, person_id=person_id, decision_id=UUID(int=3_000_000_000 + number), **ids))
    told.append(WITHDRAWN)
    for decided in told[:10]:
        ids = {"referral_id": decided.referral_id, "organization_id": decided.organization_id}
        told += [replace(REVOKED, **ids), *(replace(one, **ids) for one in OWED)]
    correlation = UUID(int=log.size)
    made = [one for place, event in enumerate(told) for one in arrivals(log.size + place, 1, event)]
    log.hear([replace(one, envelope=replace(one.envelope, correlationid=correlation)) for one in made])
    return person_id


def _p95(action: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[int(rounds * 0.95) - 1]


def run(admin: str, entries: int) -> Figures:
    found: Figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "entries": entries}
    with tempfile.TemporaryDirectory() as name:
        found["tamperings"] = tampered(admin, Path(name))
    with tempfile.TemporaryDirectory() as name, database(admin) as dsn:
        folder = Path(name)
        log = Log(dsn, folder)
        found["append"] = append_rates(log)
        found["limits"] = limits(log)
        found["equal rows"] = equal_rows(log, 100)
        found["growth"] = growth(log, dsn, folder, entries)
        found["limits at the end"] = limits_again(log)
        found["exports"] = exports(log, folder)
        found["p95_ms"] = latencies(log)
        found["machine_at_the_end"] = machine()
        log.connection.close()
    return found


def limits_again(log: Log) -> Figures:
    log.connection.execute("DROP TABLE bare")
    return limits(log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True, help="a superuser on a server that may be filled")
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--write", action="store_true", help="to docs/results/audit.json and audit.md")
    chosen = parser.parse_args()
    found = run(chosen.dsn, chosen.entries)
    if chosen.write:
        audit_report.write(found)
    print(audit_report.table(found))


if __name__ == "__main__":
    main()
