"""Retention: empty the entries whose period is over, under a role that may do this and nothing else.

``python -m services.audit.retention [--dry-run]`` with RETENTION_DATABASE_URL. The database checks each row: only
after its period, only as a whole, and never its hashes. Each run is kept, and told as an event by the clock.
"""

import argparse
import sys

from services.chassis.config import ConfigError, Environment
from services.chassis.db import Connection, connect
from services.chassis.work import new_id

BATCH = 10_000

#: A period is at least a year, so nothing younger is even looked at.
DUE = """
SELECT count(*) AS n FROM entries
WHERE leaf IS NOT NULL AND recorded_at < now() - interval '1 year' AND recorded_at < now() - kept_for(type)
"""
EMPTY = """
WITH expired AS (
    SELECT position FROM entries
    WHERE leaf IS NOT NULL AND recorded_at < now() - interval '1 year' AND recorded_at < now() - kept_for(type)
    ORDER BY position LIMIT %s
), emptied AS (
    UPDATE entries SET leaf = NULL, subject = NULL, actor = NULL, correlation_id = NULL, enquiry_id = NULL,
        referral_id = NULL, person_id = NULL, organization_id = NULL
    FROM expired WHERE entries.position = expired.position RETURNING entries.position
)
SELECT count(*) AS entries, min(position) AS first, max(position) AS last FROM emptied
"""


def due(connection: Connection) -> int:
    """How many entries are past their period."""
    row = connection.execute(DUE).fetchone()
    return 0 if row is None else int(row["n"])


def expire(connection: Connection) -> int:
    """Empty them, a batch per transaction, each with its row in `retention_runs`; answers how many."""
    done = 0
    while True:
        with connection.transaction():
            row = connection.execute(EMPTY, (BATCH,), prepare=False).fetchone()
            if row is None or not row["entries"]:
                return done
            connection.execute(
                "INSERT INTO retention_runs (run_id, entries, first, last) VALUES (%s, %s, %s, %s)",
                (new_id(), row["entries"], row["first"], row["last"]),
            )
        done += row["entries"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m services.audit.retention", description="empty expired entries")
    parser.add_argument("--dry-run", action="store_true", help="only say how many there are")
    chosen = parser.parse_args(arguments)
    try:
        dsn = Environment().url("RETENTION_DATABASE_URL", ("postgresql", "postgres"))
    except ConfigError as error:
        sys.exit(str(error))
    with connect(dsn, name="audit.retention", statement_ms=600_000) as connection:
        count = due(connection) if chosen.dry_run else expire(connection)
    sys.stdout.write(f"{count} entries {'are past their period' if chosen.dry_run else 'emptied; their hashes stay'}\n")


if __name__ == "__main__":
    main()
