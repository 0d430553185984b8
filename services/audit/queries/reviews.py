"""Saved searches, reviews that were held, and how much there is to be seen under a head."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit.queries.findings import WAITS
from services.audit.queries.search import Search, fitting
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError

PAGE = 50
#: What a page counts before it says "more than".
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search an officer keeps; its name is sealed."""

    search_id: UUID
    number: int
    name: bytes | None
    name_sha256: str
    filters: Mapping[str, str]
    saved_by: str
    saved_at: datetime
    reviewed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review that was held; note, filters and who held it are kept for a time only."""

    review_id: UUID
    search_id: UUID | None
    filters: Mapping[str, str] | None
    size: int
    root: bytes
    entries: int
    findings: int
    waiting: int
    note: bytes | None
    note_sha256: str
    reviewed_by: str | None
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """How much a search finds under a head: entries, findings that rest on them, and how many of these still wait."""

    entries: int
    findings: int
    waiting: int


SAVED = """
SELECT newest.*, (SELECT max(reviewed_at) FROM reviews WHERE reviews.search_id = newest.search_id) AS reviewed_at FROM (
    SELECT DISTINCT ON (search_id) search_id, number, is_kept, name, name_sha256, filters, saved_by, saved_at
    FROM saved_searches ORDER BY search_id, number DESC
) AS newest WHERE is_kept AND filters IS NOT NULL
"""
HELD = """
SELECT review_id, search_id, filters, size, root, entries, findings, waiting, note, note_sha256, reviewed_by,
    reviewed_at
FROM reviews WHERE (reviewed_at, review_id) < (%s, %s) ORDER BY reviewed_at DESC, review_id DESC LIMIT %s
"""
OF_YEAR = """
SELECT count(*) AS n, coalesce(sum(entries), 0)::bigint AS entries, min(size) AS first, max(size) AS last FROM reviews
WHERE reviewed_at >= %s AND reviewed_at < %s
"""


def saved_searches(connection: Connection) -> list[SavedSearch]:
    """Those that are kept, the newest first."""
    rows = connection.execute(f"{SAVED} ORDER BY saved_at DESC".encode(), prepare=False)
    return [_saved(row) for row in rows]


def saved_search(connection: Connection, search_id: UUID) -> SavedSearch:
    """One that is kept; a dropped one is not there."""
    row = connection.execute(f"{SAVED} AND search_id = %s".encode(), (search_id,), prepare=False).fetchone()
    if row is None:
        raise NotFoundError("audit.search-unknown")
    return _saved(row)


def _saved(row: Mapping[str, Any]) -> SavedSearch:
    return SavedSearch(**{name: value for name, value in row.items() if name != "is_kept"})


def reviews(connection: Connection, before: tuple[datetime, UUID], limit: int = PAGE) -> list[Review]:
    """Reviews that were held, the newest first."""
    return [Review(**row) for row in connection.execute(HELD, (*before, limit), prepare=False)]


def counted(connection: Connection, wanted: Search, size: int, *, exactly: bool) -> Seen:
    """How much there is to be seen among the first `size` entries; not `exactly`: entries up to `MOST_COUNTED` + 1."""
    condition, values = fitting(wanted)
    limit = "" if exactly else f"LIMIT {MOST_COUNTED + 1}"
    entries = f"SELECT count(*) AS n FROM (SELECT 1 FROM entries WHERE {condition} AND position < %s {limit}) AS seen"  # noqa: S608 - placeholders only
    found = f"""SELECT count(*) AS n, count(*) FILTER (WHERE {WAITS}) AS waiting
        FROM finding_standing JOIN entries USING (position) WHERE {condition} AND entries.position < %s"""  # noqa: S608 - placeholders only
    row = connection.execute(entries.encode(), [*values, size], prepare=False).fetchone()
    told = connection.execute(found.encode(), [*values, size], prepare=False).fetchone()
    assert row is not None and told is not None
    return Seen(row["n"], told["n"], told["waiting"])


def held_between(connection: Connection, since: datetime, until: datetime) -> Mapping[str, Any]:
    """How many reviews were held in a period, and from which head to which."""
    row = connection.execute(OF_YEAR, (since, until)).fetchone()
    assert row is not None
    return row
