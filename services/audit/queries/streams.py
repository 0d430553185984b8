"""How complete the log is: what each service says it has published, against what arrived here.

Every event carries the place its sender's relay gave it, counted without a gap per service. Every minute each service
says how far it has come and a rolling hash over the hashes of all its bytes. A number that is missing here is an event
that was never heard; a rolling hash that differs is one that was not what its sender sent.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.db import Connection

REPORTS = """
SELECT DISTINCT ON (source) source, leaf, occurred_at FROM entries
WHERE type = ANY(%s) AND leaf IS NOT NULL ORDER BY source, occurred_at DESC, position DESC
"""
HEARD = """
SELECT count(DISTINCT stream_position) AS heard, max(stream_position) AS last FROM entries
WHERE source = %s AND stream_position <= %s
"""
GAPS = """
SELECT before + 1 AS first, stream_position - 1 AS last FROM (
    SELECT stream_position, coalesce(lag(stream_position) OVER (ORDER BY stream_position), 0) AS before
    FROM entries WHERE source = %(source)s AND stream_position <= %(position)s
    UNION ALL
    SELECT %(position)s + 1, coalesce(max(stream_position), 0) FROM entries
    WHERE source = %(source)s AND stream_position <= %(position)s
) AS steps WHERE stream_position > before + 1 ORDER BY first LIMIT %(limit)s
"""
BODIES = """
SELECT convert_from(leaf, 'UTF8')::jsonb ->> 'eventsha256' AS sha256 FROM entries
WHERE source = %s AND stream_position > %s AND stream_position <= %s AND leaf IS NOT NULL ORDER BY stream_position
"""
SERVICES = ("directory", "referral", "notifications", "audit")
ROLLING_START = "0" * 64


@dataclass(frozen=True, slots=True)
class Gap:
    """Places of a stream that never arrived."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stream:
    """What one service reported, and what of it is in the log."""

    source: str
    position: int
    heard: int
    reported_at: datetime
    rolling_sha256: str
    gaps: tuple[Gap, ...]

    @property
    def complete(self) -> bool:
        return not self.gaps


def streams(connection: Connection, limit: int = 20) -> list[Stream]:
    """Every service's newest report against the log, at most `limit` gaps each."""
    types = [f"{service}.stream_reported.v1" for service in SERVICES]
    return [_stream(connection, row, limit) for row in connection.execute(REPORTS, (types,)).fetchall()]


def _stream(connection: Connection, row: Mapping[str, Any], limit: int) -> Stream:
    report = json.loads(bytes(row["leaf"]))["data"]
    position = report["position"]
    counted = connection.execute(HEARD, (row["source"], position)).fetchone() or {"heard": 0}
    heard = int(counted["heard"])
    gaps: tuple[Gap, ...] = ()
    if heard < position:
        wanted = {"source": row["source"], "position": position, "limit": limit}
        gaps = tuple(Gap(found["first"], found["last"]) for found in connection.execute(GAPS, wanted))
    return Stream(row["source"], position, heard, row["occurred_at"], report["rolling_sha256"], gaps)


def rolling_sha256(
    connection: Connection, source: str, position: int, before: str = ROLLING_START, after: int = 0
) -> str:
    """The rolling hash over a stream's events, from the hashes the log holds; can go on from an earlier one."""
    rolling = bytes.fromhex(before)
    for row in connection.execute(BODIES, (source, after, position)):
        rolling = hashlib.sha256(rolling + bytes.fromhex(row["sha256"])).digest()
    return rolling.hex()
