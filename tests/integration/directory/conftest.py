"""A directory on a real database, and ways to put rows into it."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from deploy.demo.clocks import FixedClock
from services.chassis.db import Database
from services.chassis.work import Unit
from services.directory.commands.imports import import_file

ROOT = Path(__file__).resolve().parents[3]
REGION = ROOT / "services" / "directory" / "data" / "aachen-muenster.ndjson"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Directory:
    """The directory's unit, and what it said."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.unit = Unit(db, FixedClock(NOW), "directory")

    def take_in(self, *rows: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        return self.take_in_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows), dry_run=dry_run)

    def take_in_bytes(self, content: bytes, *, dry_run: bool = False) -> dict[str, Any]:
        with self.unit.work(actor="staff:edda") as work:
            return import_file(self.unit, work, io.BytesIO(content).readline, dry_run=dry_run)

    def said(self) -> list[Any]:
        """Every event in the outbox, oldest first."""
        with self.db.read() as connection:
            rows = connection.execute("SELECT body FROM outbox ORDER BY number").fetchall()
        return [envelope.read(row["body"]).data for row in rows]

    def count(self, table: str) -> int:
        with self.db.read() as connection:
            row = connection.execute(f"SELECT count(*) AS n FROM {table}").fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        yield Directory(db)
