"""Retention: empty the entries whose period is over, under a role that may do this and nothing else.

``python -m services.audit.retention`` with RETENTION_DATABASE_URL. A run first names exactly which entries it is about;
the clock tells that as an event, so that it is an entry itself; once that entry is signed, their content goes. Whoever
verifies the log holds each entry without content against what was told. The database checks each row: only after its
period, only what was told, only as a whole, and never its hashes.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from services.audit.domain.expiry import Span, spans_of
from services.audit.queries.retention import waiting
from services.chassis.config import ConfigError, Environment
from services.chassis.db import Connection, connect
from services.chassis.work import new_id

#: So many entries in one run and in one transaction, in so many stretches: what one event can name.
BATCH = 50_000
MOST_SPANS = 200
DEFAULT_KIND = "*"

#: The newest row of a kind counts.
PERIODS = "SELECT DISTINCT ON (kind) period_id, kind, keep FROM retention_periods ORDER BY kind, since DESC"
#: A period is at least a year, so nothing younger is even looked at. Two kinds say whose a case is: a draft leads to
#: its enquiry, the enquiry to its controller. They go after everything else about it, or nobody could tell any more;
#: that somebody looked at it is nothing about it, or each look would keep it for another period.
PAST = """
FROM entries WHERE position > %(after)s AND leaf IS NOT NULL AND type <> 'audit.entries_expired.v1'
    AND CASE WHEN %(kind)s = '*' THEN type <> ALL(%(others)s) ELSE type = %(kind)s END
    AND position < coalesce((SELECT max(size) FROM heads WHERE recorded_at < now() - %(keep)s::interval), 0)
    AND recorded_at < now() - interval '1 year' AND recorded_at < now() - %(keep)s::interval
    AND NOT (type = 'referral.drafted.v1' AND EXISTS (
        SELECT 1 FROM entries AS kept
        WHERE kept.referral_id = entries.referral_id AND kept.leaf IS NOT NULL AND kept.type <> entries.type
            AND NOT starts_with(kept.type, 'audit.')
    ))
    AND NOT (type = 'referral.enquiry_recorded.v1' AND (EXISTS (
        SELECT 1 FROM entries AS kept
        WHERE kept.enquiry_id = entries.enquiry_id AND kept.leaf IS NOT NULL AND kept.type <> entries.type
            AND NOT starts_with(kept.type, 'audit.')
    ) OR EXISTS (
        SELECT 1 FROM entries AS kept
        WHERE kept.person_id = entries.person_id AND kept.leaf IS NOT NULL AND kept.type <> entries.type
            AND NOT starts_with(kept.type, 'audit.')
    )))
"""
COUNT = f"SELECT count(*) AS n {PAST}"
#: What is in a run is not planned again, unless that run is done and left it: its period was longer by then.
POSITIONS = f"""
SELECT position {PAST} AND NOT EXISTS (
    SELECT 1 FROM retention_runs AS run WHERE spans @> entries.position
        AND NOT EXISTS (SELECT 1 FROM retention_emptied AS done WHERE done.run_id = run.run_id)
) ORDER BY position LIMIT %(limit)s
"""  # noqa: S608 - the text above
PLAN = """
INSERT INTO retention_runs (run_id, entries, first, last, spans, period_id) VALUES (%s, %s, %s, %s, %s, %s)
"""
#: Told, and the entry that tells it signed.
READY = """
SELECT run.run_id FROM retention_runs AS run
JOIN entries AS told ON told.subject = 'retention/' || run.run_id AND told.type = 'audit.entries_expired.v1'
WHERE told.position < coalesce((SELECT max(size) FROM checkpoints), 0)
    AND NOT EXISTS (SELECT 1 FROM retention_emptied AS done WHERE done.run_id = run.run_id)
ORDER BY run.ran_at, run.first LIMIT %s
"""
#: Where a period was made longer since the run was told, what it would take too early stays, and the run is done.
EMPTY = """
WITH emptied AS (
    UPDATE entries SET leaf = NULL, subject = NULL, actor = NULL, correlation_id = NULL, enquiry_id = NULL,
        referral_id = NULL, person_id = NULL, organization_id = NULL
    FROM retention_runs AS run
    WHERE run.run_id = %(run)s AND position BETWEEN run.first AND run.last AND run.spans @> position
        AND leaf IS NOT NULL AND recorded_at < now() - kept_for(type)
    RETURNING position
)
INSERT INTO retention_emptied (run_id, entries) SELECT %(run)s, count(*) FROM emptied
ON CONFLICT DO NOTHING RETURNING entries
"""
#: What officers kept goes as a whole when the entry that tells of it may go.
EMPTY_NOTES = (
    """
UPDATE finding_assessments SET note = NULL, assessed_by = NULL
WHERE assessed_by IS NOT NULL AND assessed_at < now() - kept_for('audit.finding_assessed.v1')
""",
    """
UPDATE reviews SET note = NULL, filters = NULL, reviewed_by = NULL
WHERE reviewed_by IS NOT NULL AND reviewed_at < now() - kept_for('audit.review_held.v1')
""",
    """
UPDATE saved_searches SET name = NULL, filters = NULL, saved_by = NULL
WHERE saved_by IS NOT NULL AND saved_at < now() - kept_for('audit.search_saved.v1')
""",
    """
UPDATE yearly_reports SET issued_by = NULL
WHERE issued_by IS NOT NULL AND issued_at < now() - kept_for('audit.report_issued.v1')
""",
)


@dataclass(frozen=True, slots=True)
class Period:
    """How long one kind is kept; `others` are the kinds that have a period of their own."""

    period_id: UUID
    kind: str
    keep: Any
    others: tuple[str, ...]

    def asked(self, after: int = -1, limit: int = BATCH) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "keep": self.keep,
            "others": list(self.others),
            "after": after,
            "limit": limit,
        }


def periods(connection: Connection) -> list[Period]:
    """What is in force now."""
    rows = connection.execute(PERIODS).fetchall()
    own = tuple(row["kind"] for row in rows if row["kind"] != DEFAULT_KIND)
    return [Period(row["period_id"], row["kind"], row["keep"], own) for row in rows]


def due(connection: Connection) -> int:
    """How many entries are past their period and still have their content."""
    counted = (connection.execute(COUNT, period.asked(), prepare=False).fetchone() for period in periods(connection))
    return sum(int(row["n"]) for row in counted if row is not None)


def plan(connection: Connection) -> int:
    """Name what is past its period, a run after the other; answers how many entries. Nothing is emptied yet."""
    return sum(_plan_of(connection, period) for period in periods(connection))


def _plan_of(connection: Connection, period: Period) -> int:
    planned, after = 0, -1
    while True:
        with connection.transaction():
            rows = connection.execute(POSITIONS, period.asked(after), prepare=False).fetchall()
            if not rows:
                return planned
            spans = spans_of((row["position"] for row in rows), MOST_SPANS)
            planned += _keep_run(connection, period, spans)
            after = spans[-1][1]


def _keep_run(connection: Connection, period: Period, spans: Sequence[Span]) -> int:
    entries = sum(last - first + 1 for first, last in spans)
    ranges = Int8Multirange([Int8Range(first, last + 1) for first, last in spans])
    connection.execute(PLAN, (new_id(), entries, spans[0][0], spans[-1][1], ranges, period.period_id))
    return entries


def ready(connection: Connection, limit: int = 100) -> list[UUID]:
    """Runs that were told in a signed part of the log and are not done."""
    return [row["run_id"] for row in connection.execute(READY, (limit,), prepare=False)]


def empty(connection: Connection, run_id: UUID) -> int:
    """Do what a run told: its entries lose their content, in one transaction."""
    with connection.transaction():
        row = connection.execute(EMPTY, {"run": run_id}, prepare=False).fetchone()
    return 0 if row is None else int(row["entries"])


def empty_notes(connection: Connection) -> int:
    """Let go of what officers wrote and looked for, and who they were, when its time is over; that it was stays."""
    return sum(connection.execute(statement).rowcount for statement in EMPTY_NOTES)


def expire(connection: Connection, wait_seconds: float) -> tuple[int, int]:
    """Plan, wait until the log has told it, and empty; answers how many were emptied and how many runs still wait."""
    plan(connection)
    empty_notes(connection)
    done, until = 0, time.monotonic() + wait_seconds
    while True:
        done += sum(empty(connection, run_id) for run_id in ready(connection))
        left = waiting(connection).runs
        if not left or time.monotonic() >= until:
            return done, left
        time.sleep(0.5)


def main(arguments: list[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    try:
        dsn = Environment().database("RETENTION_DATABASE_URL")
    except ConfigError as error:
        sys.exit(str(error))
    with connect(dsn, name="audit.retention", statement_ms=600_000) as connection:
        if chosen.dry_run:
            sys.stdout.write(f"{due(connection)} entries are past their period\n")
            return
        done, left = expire(connection, chosen.wait)
    sys.stdout.write(f"{done} entries emptied; their hashes stay\n")
    if left:
        sys.exit(f"{left} runs wait until the log has told them: is the clock running? Start this again later.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.audit.retention", description="empty expired entries")
    parser.add_argument("--dry-run", action="store_true", help="only say how many there are")
    parser.add_argument(
        "--wait", type=float, default=120.0, metavar="SECONDS", help="how long to wait for the log to tell it"
    )
    return parser


if __name__ == "__main__":
    main()
