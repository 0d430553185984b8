"""What the log has yet to be told about expiry, and where it was told that an entry's time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.chassis.db import Connection

STUCK_AFTER = timedelta(hours=6)
UNTOLD_RUNS = """
SELECT run_id, entries, first, last, spans, kind, ground, (date '2001-01-01' + keep)::date - date '2001-01-01' AS days
FROM retention_runs AS run JOIN retention_periods USING (period_id)
WHERE NOT EXISTS (SELECT 1 FROM retention_emptied AS done WHERE done.run_id = run.run_id)
    AND NOT EXISTS (SELECT 1 FROM entries WHERE subject = 'retention/' || run.run_id)
    AND NOT EXISTS (
        SELECT 1 FROM command_results WHERE caller = 'system:clock' AND key = 'retention:' || run.run_id
    )
ORDER BY ran_at, first LIMIT %s
"""
#: The first row is the software's own default, nobody's decision. Within a year no entry that told it can have expired.
UNTOLD_PERIODS = """
SELECT period_id, kind, ground, (date '2001-01-01' + keep)::date - date '2001-01-01' AS days
FROM retention_periods AS period
WHERE since > (SELECT min(since) FROM retention_periods) AND since > now() - interval '1 year'
    AND NOT EXISTS (SELECT 1 FROM entries WHERE subject = 'retention_period/' || period.period_id)
    AND NOT EXISTS (
        SELECT 1 FROM command_results WHERE caller = 'system:clock' AND key = 'retention_period:' || period.period_id
    )
ORDER BY since LIMIT %s
"""
TOLD = """
SELECT told.position FROM retention_runs AS run
JOIN entries AS told ON told.subject = 'retention/' || run.run_id AND told.type = 'audit.entries_expired.v1'
WHERE EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS wanted WHERE run.spans @> wanted)
"""

WAITING = """
SELECT count(*) AS runs, min(ran_at) AS since FROM retention_runs AS run
WHERE spans <> '{}' AND NOT EXISTS (SELECT 1 FROM retention_emptied AS done WHERE done.run_id = run.run_id)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Runs that were named and are not done, and since when the oldest of them waits."""

    runs: int
    since: datetime | None

    def is_stuck(self, now: datetime) -> bool:
        """Telling, signing and emptying take seconds where everything runs."""
        return self.since is not None and now - self.since > STUCK_AFTER


def waiting(connection: Connection) -> Waiting:
    """What expiry has named and not yet done."""
    row = connection.execute(WAITING).fetchone()
    assert row is not None
    return Waiting(**row)


def untold_runs(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Runs of the retention job that are named and not told."""
    return connection.execute(UNTOLD_RUNS, (limit,), prepare=False).fetchall()


def untold_periods(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Periods somebody set that are not told."""
    return connection.execute(UNTOLD_PERIODS, (limit,), prepare=False).fetchall()


def told_at(connection: Connection, emptied: Sequence[int]) -> list[int]:
    """The entries by which it was told that these entries' time is over."""
    if not emptied:
        return []
    return [row["position"] for row in connection.execute(TOLD, (list(emptied),), prepare=False)]


def is_done(connection: Connection, key: str) -> bool:
    """Whether the clock has done what this key names."""
    query = "SELECT 1 FROM command_results WHERE caller = 'system:clock' AND key = %s"
    return connection.execute(query, (key,)).fetchone() is not None
