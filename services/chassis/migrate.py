"""Forward-only migrations: numbered ``.sql`` files, each applied once, in order, in a transaction of its own.

A file that was changed after it had been applied stops everything (its checksum is kept), two runners wait for each
other (advisory lock), and a migration that cannot get its lock gives up instead of queueing all traffic behind it.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from services.chassis.db import Connection, connect

CHASSIS_MIGRATIONS = Path(__file__).parent / "migrations"
NAME = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")
LOCK_KEY = 7_301_944
MIGRATION_MS = 600_000

LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    room text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room, name)
)"""


class MigrationError(Exception):
    """A migration cannot be applied; the message says which and why."""


@dataclass(frozen=True)
class Migration:
    room: str
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(dsn: str, *folders: Path) -> list[str]:
    """Apply what is missing, the chassis' own folder first; returns the names applied now."""
    return migrate_only(dsn, CHASSIS_MIGRATIONS, *folders)


def migrate_only(dsn: str, *folders: Path) -> list[str]:
    """The same for a database that holds no letters: these folders alone."""
    plan = [item for folder in folders for item in migrations_in(folder)]
    with connect(dsn, name="migrate", statement_ms=MIGRATION_MS) as connection:
        connection.patience = None  # some set a deadline of their own
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        try:
            connection.execute(LEDGER)
            return apply_missing(connection, plan)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def migrations_in(folder: Path) -> list[Migration]:
    """The numbered files of one folder, in order; a file that is not well named is a mistake, not a comment."""
    files = sorted(folder.glob("*.sql"))
    wrong = [file.name for file in files if not NAME.match(file.name)]
    if wrong:
        raise MigrationError(f"{folder}: expected names like 0001_begin.sql, found {', '.join(wrong)}")
    numbers = [file.name[:4] for file in files]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"{folder}: a number is used twice")
    return [Migration(folder.parent.name, file.name, file.read_text(encoding="utf-8")) for file in files]


def apply_missing(connection: Connection, plan: Iterable[Migration]) -> list[str]:
    rows = connection.execute("SELECT room, name, sha256 FROM schema_migrations").fetchall()
    known = {(row["room"], row["name"]): row["sha256"] for row in rows}
    applied = []
    for migration in plan:
        sha256 = known.get((migration.room, migration.name))
        if sha256 is None:
            apply_one(connection, migration)
            applied.append(f"{migration.room}/{migration.name}")
        elif sha256 != migration.sha256:
            raise MigrationError(f"{migration.room}/{migration.name} was changed after it had been applied")
    return applied


def apply_one(connection: Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '3s'")
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO schema_migrations (room, name, sha256) VALUES (%s, %s, %s)",
                (migration.room, migration.name, migration.sha256),
            )
    except psycopg.Error as error:
        raise MigrationError(f"{migration.room}/{migration.name}: {error}") from error
