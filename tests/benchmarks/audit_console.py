"""What stands behind the officer's pages when the log is long: findings, reviews, the year, and reading on.

    python -m tests.benchmarks.audit_console --dsn postgresql://postgres@127.0.0.1:5432/postgres --entries 10000000

The entries are made by the database in one go (their content is real, their chain is not: nothing here verifies). The
rules then read all of them, as the clock does, window by window.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from services.audit import noticing
from services.audit.domain.agreement import InForce, StaffRules
from services.audit.queries.disclosures import with_consents
from services.audit.queries.findings import (
    FindingState,
    Wanted,
    anchored_at,
    counts,
    finding_of,
    findings,
    history,
)
from services.audit.queries.report import FINDINGS, start_of
from services.audit.queries.reviews import counted, reviews
from services.audit.queries.rules import Rule
from services.audit.queries.search import Search, entry_at, of_case, of_staff, positions, search, with_referrals
from services.audit.queries.staff_rules import agreed
from services.audit.queries.tally import BLOCK, tally
from services.audit.queries.withdrawals import withdrawals
from services.audit.tallying import KEEP, KEEP_BLOCK
from services.audit.web.pages import CASE_PAGE
from services.audit.web.reviews import LAST
from services.chassis.db import Connection, connect
from tests.benchmarks.audit_log import cpu_seconds
from tests.benchmarks.audit_stage import ROOT, database
from tests.benchmarks.machine import facts as machine
from tests.benchmarks.machine import told as machine_told

RESULTS = ROOT / "docs" / "results"
#: A controller with three cases, all of long ago, and one without any.
FEW, NONE = UUID("00000000-0000-4000-b000-000000000028"), UUID("00000000-0000-4000-b000-000000000029")
#: A case has twenty entries; every five-hundredth is fetched after a withdrawal, every thousandth on nothing.
STAGE = """
INSERT INTO entries (position, event_id, type, source, stream_position, subject, actor, occurred_at, recorded_at,
    enquiry_id, referral_id, person_id, organization_id, leaf, leaf_hash, chain_hash)
SELECT n, ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, type, '/lotsennetz/referral', n + 1, subject,
    actor, at, at, enquiry_id, referral_id, person_id, organization_id, leaf, sha256('\\x00'::bytea || leaf),
    sha256(int8send(n))
FROM (
    SELECT n, at, type, actor, subject, enquiry_id, referral_id, person_id, organization_id,
        convert_to(jsonb_build_object('type', type, 'actor', actor, 'time', at, 'data', jsonb_strip_nulls(data
            || jsonb_build_object('enquiry_id', enquiry_id, 'referral_id', referral_id, 'person_id', person_id,
                'organization_id', organization_id)))::text, 'UTF8') AS leaf
    FROM (SELECT n, n / 20 AS c, n %% 20 AS step FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS made
    CROSS JOIN LATERAL (SELECT timestamptz '2024-01-01 07:00+01' + n * %(apart)s::interval AS at,
        ('00000000-0000-4000-a000-' || lpad(to_hex(c), 12, '0'))::uuid AS case_id,
        ('00000000-0000-4000-b000-' || lpad(to_hex(CASE WHEN c IN (7, 8, 9) THEN 40 ELSE c %% 40 END), 12, '0'))::uuid
            AS partner,
        'staff:' || lpad(to_hex(c %% 50), 32, '0') AS staff) AS known
    CROSS JOIN LATERAL (SELECT CASE step WHEN 0 THEN 'referral.enquiry_recorded.v1'
        WHEN 1 THEN 'referral.consent_given.v1'
        WHEN 2 THEN 'referral.drafted.v1' WHEN 3 THEN 'referral.disclosure_decided.v1'
        WHEN 4 THEN CASE WHEN c %% 500 = 0 THEN 'referral.consent_withdrawn.v1' ELSE 'referral.requested.v1' END
        WHEN 5 THEN 'referral.disclosure_decided.v1' WHEN 6 THEN 'referral.dossier_fetched.v1'
        WHEN 7 THEN 'referral.received.v1' WHEN 8 THEN CASE WHEN c %% 50 = 0 THEN 'referral.duty_opened.v1'
            ELSE 'referral.accepted.v1' END
        WHEN 9 THEN CASE WHEN c %% 50 = 0 AND c %% 2500 <> 0 THEN 'referral.deletion_stated.v1'
            ELSE 'referral.started.v1' END
        WHEN 19 THEN 'referral.signed_in.v1' ELSE 'referral.personal_data_viewed.v1' END AS type) AS kind
    CROSS JOIN LATERAL (SELECT
        CASE WHEN type ~ 'signed_in' THEN NULL ELSE case_id END AS person_id,
        CASE WHEN step IN (0, 2) OR step BETWEEN 10 AND 18 THEN case_id END AS enquiry_id,
        CASE WHEN step BETWEEN 2 AND 9 AND type !~ 'consent' THEN case_id END AS referral_id,
        CASE WHEN step IN (0, 2, 3, 5, 6, 7, 8, 9) THEN partner END AS organization_id,
        CASE WHEN type ~ 'consent' THEN 'consent/' || case_id WHEN step BETWEEN 2 AND 9 THEN 'referral/' || case_id
            ELSE 'enquiry/' || case_id END AS subject,
        CASE WHEN step IN (6, 7) THEN 'partner:' || partner ELSE staff END AS actor,
        CASE WHEN type ~ 'consent' THEN jsonb_build_object('consent_id', case_id, 'consent_version', 1,
                'channel', 'online', 'recipients', jsonb_build_array(jsonb_build_object(
                    'organization_id', partner, 'categories', '["IDENTITY"]'::jsonb)))
            WHEN type ~ 'fetched|decided' THEN jsonb_build_object('ground', 'consent', 'ground_id', case_id,
                'ground_version', CASE WHEN c %% 1000 = 1 THEN 2 ELSE 1 END, 'categories', '["IDENTITY"]'::jsonb,
                'allowed', true, 'point', 'fetch', 'purpose', (ARRAY['ARBEIT', 'SPRACHE', 'WOHNEN'])[1 + c %% 3])
            WHEN type ~ 'duty|deletion' THEN jsonb_build_object('duty', 'state_deletion', 'cause', 'withdrawal',
                'due_on', (at + interval '14 days')::date, 'deletion', 'deleted')
            WHEN type ~ 'viewed' THEN jsonb_build_object('role', 'navigator', 'purpose', 'case_work')
            ELSE jsonb_build_object('site', 'AACHEN', 'role', 'navigator') END AS data) AS told
) AS entries_made
"""
#: A case of the most ordinary controller.
CONTROLLED = """
SELECT position, enquiry_id, organization_id, occurred_at FROM entries WHERE type = 'referral.enquiry_recorded.v1'
ORDER BY occurred_at DESC, position DESC OFFSET 100 LIMIT 1
"""
INDEXES = """
SELECT indexdef FROM pg_indexes WHERE tablename = 'entries' AND indexname LIKE 'entries_by%%'
"""
#: Findings of long ago, most of them signed off: what the list has to look through.
OLD_FINDINGS = """
INSERT INTO finding_facts (finding_id, kind, anchor, position, because, entries, last, holds, size, noticed_at)
SELECT ('00000000-0000-4000-d000-' || lpad(to_hex(n), 12, '0'))::uuid, 'consent_not_in_log', n, n, NULL, 1, n, true, n,
    now() FROM generate_series(0, %(last)s) AS n
"""
OLD_ASSESSMENTS = """
INSERT INTO finding_assessments
    (finding_id, number, facts, judgement, signed_off, note_sha256, assessed_by, assessed_at)
SELECT finding_id, 1, number, 'harmless', true, repeat('0', 64), 'staff:x', now() FROM finding_facts
WHERE kind = 'consent_not_in_log' AND anchor <= %(last)s AND anchor %% 20 <> 0
"""
PIECE = 200_000
#: An agreement that has been in force since before the first entry.
AGREED = agreed(
    [
        InForce(
            StaffRules("DV-1", date(2023, 12, 1), "Europe/Berlin", 360, 1200, (1, 2, 3, 4, 5), "DE-NW", 30),
            position=0,
            since=datetime(2023, 12, 1, tzinfo=UTC),
            until=None,
        )
    ],
    datetime(2026, 11, 26, tzinfo=UTC),
)

Figures = dict[str, Any]


def stage(connection: Connection, entries: int) -> None:
    """Fill the log, its indexes made afterwards, then whose all of it is, and say that it is signed."""
    connection.execute("ALTER TABLE entries DISABLE TRIGGER are_owned")
    definitions = [row["indexdef"] for row in connection.execute(INDEXES)]
    for definition in definitions:
        connection.execute(f"DROP INDEX {definition.split()[2]}".encode())
    apart = timedelta(days=1_000) / entries
    for first in range(0, entries, PIECE):
        asked = {"first": first, "last": min(first + PIECE, entries) - 1, "apart": apart}
        connection.execute(STAGE.encode(), asked)
    for definition in definitions:
        connection.execute(definition.encode())
    connection.execute("VACUUM ANALYZE entries")
    connection.execute("SELECT own_everything()")
    connection.execute("ALTER TABLE entries ENABLE TRIGGER are_owned")
    connection.execute("VACUUM ANALYZE owned_entries")
    now = datetime.now(UTC)
    connection.execute("INSERT INTO heads VALUES (%s, %s, '', %s, %s)", (entries, bytes(32), bytes(32), now))
    connection.execute("INSERT INTO checkpoints VALUES (%s, '', %s)", (entries, now))


def read_everything(connection: Connection, today: date) -> Figures:
    """As the clock does when it finds a long log; answers how fast, and how long one window took."""
    began, windows, spent = time.perf_counter(), [], cpu_seconds(connection)
    noticing.SECONDS = 0.0
    while True:
        before = time.perf_counter()
        with connection.transaction():
            noticing.read_on(connection, datetime.now(UTC), today)
        windows.append((time.perf_counter() - before) * 1000)
        last = noticing.last_reading(connection)
        if last is None or last.size >= noticing.size_of(connection):
            break
    size = noticing.size_of(connection)
    seconds = time.perf_counter() - began
    per_cpu_second = size / (cpu_seconds(connection) - spent)
    p95 = sorted(windows)[int(len(windows) * 0.95) - 1]
    return {"entries_per_second": size / seconds, "per_cpu_second": per_cpu_second, "window_p95_ms": p95}


def count_everything(connection: Connection, entries: int) -> Figures:
    began = time.perf_counter()
    for block in range(entries // BLOCK):
        window = {"block": block, "first": block * BLOCK, "end": (block + 1) * BLOCK, "year": None}
        connection.execute(KEEP.encode(), window, prepare=False)
        connection.execute(KEEP_BLOCK, (block, datetime.now(UTC)))
    connection.execute("VACUUM ANALYZE tallies")
    return {"entries_per_second": entries / (time.perf_counter() - began)}


Actions = dict[str, Callable[[Connection], object]]


def latencies(connection: Connection, actions: Actions, rounds: int = 30) -> Figures:
    """p95 in milliseconds of what stands behind each page."""
    return {name: measured(connection, partial(action, connection), rounds) for name, action in actions.items()}


def officers(connection: Connection, entries: int, today: date) -> Actions:
    """What stands behind the officer's pages."""
    (newest, *_), _ = findings(connection, Wanted())
    period = Search(type="referral.consent_withdrawn.v1", since=start_of(2025), until=start_of(2026))
    return {
        "findings: first page": lambda on: findings(on, Wanted()),
        "findings: a page far down": lambda on: findings(on, Wanted(states=tuple(FindingState)), 60),
        "findings: counters": counts,
        "one finding with its history": lambda on: (
            finding_of(on, newest.finding_id),
            history(on, newest.finding_id),
        ),
        "my entries": lambda on: of_staff(on, newest.entry.actor or ""),
        "reviews held": lambda on: reviews(on, LAST),
        "what a review is of (withdrawals of a year)": lambda on: counted(on, period, entries, exactly=False),
        "the yearly report: figures": lambda on: tally(on, 2025, entries),
        "the yearly report: findings": lambda on: on.execute(
            FINDINGS, (start_of(2025), start_of(2026), entries), prepare=False
        ).fetchall(),
        "rules read on: 200 new entries": lambda on: _window(on, entries - 200, entries, today),
        "the same, with an agreement on staff": lambda on: _window(on, entries - 200, entries, today, AGREED),
    }


def auditors(connection: Connection) -> Actions:
    """What stands behind an auditor's pages: everything is asked within the cases of one controller of forty."""
    row = connection.execute(CONTROLLED).fetchone()
    assert row is not None, "every case was recorded by somebody"
    hers: UUID = row["organization_id"]
    case = of_case("enquiry", row["enquiry_id"], hers)
    (newest, *_), _ = findings(connection, Wanted(controller=hers, states=tuple(FindingState)), limit=1)
    day = Search(controller=hers, since=start_of(2025), until=start_of(2025) + timedelta(days=1))

    def timeline(on: Connection) -> object:
        page = search(on, with_referrals(on, case), None, CASE_PAGE)
        return with_consents(on, page.entries), withdrawals(on, "enquiry", row["enquiry_id"], hers, page.entries)

    return {
        "search: newest": lambda on: search(on, Search(controller=hers)),
        "search: of a kind": lambda on: search(on, Search(controller=hers, type="referral.consent_withdrawn.v1")),
        "search: a day": lambda on: search(on, day),
        "search: a case": lambda on: search(on, case),
        "a case as a timeline": timeline,
        "an entry": lambda on: (
            entry_at(on, row["position"], hers),
            anchored_at(on, row["position"], hers),
        ),
        "findings: first page": lambda on: findings(on, Wanted(controller=hers)),
        "findings: counters": lambda on: counts(on, hers),
        "one finding with its history": lambda on: (
            finding_of(on, newest.finding_id, hers),
            history(on, newest.finding_id),
        ),
    }


def small_auditors() -> Actions:
    """The same for controllers who have hardly any case, and those long ago: for none is the whole log read."""
    return {
        f"{name}: {action}": partial(asked, hers)
        for name, hers in (("three cases", FEW), ("no case", NONE))
        for action, asked in {
            "search: newest": lambda hers, on: search(on, Search(controller=hers)),
            "search: of a kind": lambda hers, on: search(on, Search(controller=hers, type="referral.received.v1")),
            "extract": lambda hers, on: positions(on, Search(controller=hers), 5_000),
            "findings: first page": lambda hers, on: findings(on, Wanted(controller=hers)),
        }.items()
    }


def _window(connection: Connection, first: int, end: int, today: date, agreements: str = "[]") -> None:
    window = {"first": first, "end": end, "day": today, "today": today, "agreed": agreements}
    for rule in noticing.ALL_RULES:
        looked = noticing.to_judge(connection, rule, window)
        noticing.judge(connection, rule, looked, {"today": today, "agreed": agreements})


def measured(connection: Connection, action: Callable[[], object], rounds: int) -> Figures:
    """The honest figure where others use the machine too is CPU time, of us and of the database."""
    taken, spent = [], cpu_seconds(connection)
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    cpu = (cpu_seconds(connection) - spent) / rounds * 1000
    return {"p95_ms": sorted(taken)[int(rounds * 0.95) - 1], "cpu_ms": cpu}


class Listening:
    """A connection that keeps what it was asked, so that a page's own questions can be explained."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.asked: list[tuple[Any, Any]] = []

    def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
        self.asked.append((query, params))
        return self._connection.execute(query, params, **more)


def page_plans(connection: Connection, actions: Actions) -> dict[str, str]:
    """What the database does for each page, question by question."""
    found = {}
    for name, action in actions.items():
        listening = Listening(connection)
        action(cast("Connection", listening))
        rows = [
            row["QUERY PLAN"]
            for query, params in listening.asked
            for row in connection.execute(_explained(query), params, prepare=False)
        ]
        found[name] = "\n".join(rows)
    return found


def _explained(query: Any) -> bytes:
    asked = query.encode() if isinstance(query, str) else query
    return b"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + bytes(asked)


def plans(connection: Connection, today: date) -> dict[str, str]:
    """What the database does for one fetch of each rule: no plan may read the log from end to end."""
    told = {"looked": [1_000_006], "today": today, "agreed": "[]", "kind": "x"}
    return {f"{rule.kind} ({rule.judges[0]})": _plan(connection, rule, told) for rule in noticing.ALL_RULES}


def _plan(connection: Connection, rule: Rule, told: Figures) -> str:
    rows = connection.execute(f"EXPLAIN (COSTS OFF) {rule.text}".encode(), told, prepare=False).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


def grow_findings(connection: Connection, wanted: int) -> None:
    """As after years: many findings, one in twenty of them still open."""
    for statement in (OLD_FINDINGS, OLD_ASSESSMENTS):
        connection.execute(statement.encode(), {"last": wanted - 1})
    for table in ("finding_facts", "finding_assessments", "finding_standing"):
        connection.execute(f"VACUUM ANALYZE {table}".encode())


def run(admin: str, entries: int, findings_wanted: int) -> Figures:
    found: Figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "entries": entries}
    today = date(2026, 11, 26)
    with database(admin) as dsn, connect(dsn, statement_ms=3_600_000) as connection:
        began = time.perf_counter()
        stage(connection, entries)
        print(f"staged in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        found["rules over everything"] = read_everything(connection, today)
        print(json.dumps(found["rules over everything"]), file=sys.stderr, flush=True)
        found["tallies over everything"] = count_everything(connection, entries)
        grow_findings(connection, findings_wanted)
        row = connection.execute("SELECT count(*) AS n FROM finding_facts").fetchone()
        found["findings"] = row["n"] if row else 0
        for whose, actions in (
            ("an officer", officers(connection, entries, today)),
            ("an auditor", auditors(connection)),
            ("auditors of few cases", small_auditors()),
        ):
            found[f"pages of {whose}"] = latencies(connection, actions)
            found[f"plans of {whose}"] = page_plans(connection, actions)
            print(json.dumps(found[f"pages of {whose}"]), file=sys.stderr, flush=True)
        found["plans"] = plans(connection, today)
    found["machine_at_the_end"] = machine()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True, help="a superuser on a server that may be filled")
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--findings", type=int, default=100_000, help="so many older ones, most of them signed off")
    parser.add_argument("--write", action="store_true", help="to docs/results/audit-console.json and .md")
    chosen = parser.parse_args()
    found = run(chosen.dsn, chosen.entries, min(chosen.findings, chosen.entries))
    if chosen.write:
        write(found, RESULTS)
    print(document(found))


def write(found: Figures, folder: Path) -> None:
    (folder / "audit-console.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (folder / "audit-console.md").write_text(document(found), encoding="utf-8")


def document(found: Figures) -> str:
    """The figures to read."""
    rules, tallies = found["rules over everything"], found["tallies over everything"]
    lines = [
        "# The officer's console at its full length",
        "",
        f"{found['at']}, {found['entries']:,} entries, {found['findings']:,} findings;",
        f"{machine_told(found['machine'])}, load {found['machine_at_the_end']['load1']} at the end;",
        f"`python -m tests.benchmarks.audit_console --entries {found['entries']} --write`.",
        "",
        f"The rules read everything at {rules['entries_per_second']:,.0f} entries a second, "
        f"{rules['per_cpu_second']:,.0f} a second of CPU time (p95 of a window of "
        f"{noticing.WINDOW:,}: {rules['window_p95_ms']:,.0f} ms); stretches are counted at "
        f"{tallies['entries_per_second']:,.0f} a second.",
        "",
        *_pages(found, "an officer", "The officer's pages"),
        *_pages(found, "an auditor", "The pages of an auditor, who sees one controller's cases (one in forty)"),
        *_pages(found, "auditors of few cases", "The pages of auditors whose controller has three cases, or none"),
        "## How the rules reach what they need (EXPLAIN)",
        "",
        "| rule, for one entry | indexes | reads the log from end to end |",
        "|---|---|---|",
        *(f"| {name} | {', '.join(indexes(plan))} | {whole(plan)} |" for name, plan in found["plans"].items()),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _pages(found: Figures, whose: str, title: str) -> list[str]:
    plans_of = found[f"plans of {whose}"]
    return [
        f"## {title}",
        "",
        "| what stands behind a page | p95, ms | CPU, ms | indexes of the log | reads the log from end to end |",
        "|---|---:|---:|---|---|",
        *(
            f"| {name} | {one['p95_ms']:,.1f} | {one['cpu_ms']:,.1f} | {', '.join(indexes(plans_of[name]))} "
            f"| {whole(plans_of[name])} |"
            for name, one in found[f"pages of {whose}"].items()
        ),
        "",
    ]


def indexes(plan: str) -> list[str]:
    return sorted(set(re.findall(r"(?:using|Index Scan on) ((?:owned_)?entries_\w+)", plan)))


#: Entries a page may read and not show before the figures say how many they were.
PASSED_OVER = 1_000


def whole(plan: str) -> str:
    """Whether a plan reads the log from end to end: all its rows, or an index of all rows with a filter on the way.

    Where it was carried out and stopped before, it says how many entries it passed over.
    """
    reading = [_reading(node) for node in plan.split("->") if re.search(r"Scan.* on (?:owned_)?entries\b", node)]
    if any(passed is None for passed in reading):
        return "yes"
    most = max((passed for passed in reading if passed is not None), default=0)
    return f"{most:,} passed over" if most > PASSED_OVER else "no"


def _reading(node: str) -> int | None:
    """How many entries a scan passed over; None where it reads them all or nothing says that it does not."""
    if "Seq Scan" in node:
        return None
    removed = [int(one) for one in re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", node)]
    walks = (
        re.search(r"using (?:owned_)?entries_(by_time|pkey)", node) and "Filter:" in node and "Index Cond" not in node
    )
    return None if walks and not _stopped(node) else sum(removed)


def _stopped(node: str) -> bool:
    """A walk that was carried out and found what it looked for; one that came back with nothing read everything."""
    return bool(re.search(r"actual rows=[1-9]", node))


if __name__ == "__main__":
    main()
