"""The relay's side of the outbox: which letters go next, under which position, and which have arrived."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.rows import tuple_row

from services.chassis.db import Connection

#: Marks what was confirmed, gives the next letters their positions and moves the heads, in one statement: one commit.
NEXT: LiteralString = """
WITH sent AS (
    UPDATE outbox SET published_at = now()
    WHERE number = ANY(%(sent)s::bigint[]) AND published_at IS NULL AND written_at >= {since} AND written_at < {until}
), waiting AS (
    SELECT number, written_at, exchange FROM outbox
    WHERE published_at IS NULL AND position IS NULL AND written_at >= {since} AND written_at < {until}
    ORDER BY number LIMIT %(window)s
), placed AS (
    SELECT waiting.number, waiting.written_at, waiting.exchange, coalesce(head.position, 0)
        + row_number() OVER (PARTITION BY waiting.exchange ORDER BY waiting.number) AS position
    FROM waiting LEFT JOIN outbox_heads AS head USING (exchange)
), heads AS (
    INSERT INTO outbox_heads AS head (exchange, position, published, rolling_sha256)
    SELECT exchange, max(position), max(published), coalesce(max(rolling), repeat('0', 64)) FROM (
        SELECT exchange, position, 0 AS published, NULL AS rolling FROM placed
        UNION ALL SELECT * FROM unnest(%(exchanges)s::text[], %(positions)s::bigint[], %(positions)s::bigint[],
                                       %(rolling)s::text[])
    ) AS news GROUP BY exchange
    ON CONFLICT (exchange) DO UPDATE SET
        position = greatest(head.position, EXCLUDED.position),
        published = greatest(head.published, EXCLUDED.published),
        rolling_sha256 = CASE WHEN EXCLUDED.published > head.published THEN EXCLUDED.rolling_sha256
                              ELSE head.rolling_sha256 END
)
UPDATE outbox SET position = placed.position FROM placed
WHERE outbox.number = placed.number AND outbox.written_at = placed.written_at AND outbox.published_at IS NULL
    AND outbox.written_at >= {since} AND outbox.written_at < {until}
RETURNING outbox.number, outbox.position, outbox.event_id, outbox.exchange, outbox.routing_key, outbox.headers,
    outbox.body"""

LEFT_BEHIND = """
SELECT number, position, event_id, exchange, routing_key, headers, body FROM outbox
WHERE published_at IS NULL AND position IS NOT NULL ORDER BY exchange, position"""

#: The days that may hold something to publish. They stand in the statement as constants, so that the others (there may
#: be forty) are left out when it is planned, and not each time it runs.
DAYS = """
SELECT date_trunc('day', least(now() - interval '1 hour', min(written_at))) AS since,
       date_trunc('day', greatest(now(), max(written_at))) + interval '2 days' AS until
FROM outbox WHERE published_at IS NULL"""

#: The statement only ever walks the small index of what is not published. Statistics, which lag behind, would sometimes
#: have it read whole days instead.
WALK = """
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET plan_cache_mode = force_generic_plan; SET jit = off"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter with its position, ready to be sent."""

    number: int
    position: int
    event_id: UUID
    exchange: str
    routing_key: str
    headers: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How far one stream is published, and the rolling hash over all its bytes."""

    position: int = 0
    rolling_sha256: str = "0" * 64

    def after(self, parcel: Parcel) -> "Head":
        digest = hashlib.sha256(bytes.fromhex(self.rolling_sha256) + hashlib.sha256(parcel.body).digest())
        return Head(parcel.position, digest.hexdigest())


class Shelf:
    """Hands out parcels in order and keeps the heads; only the leader may hold one."""

    def __init__(self, connection: Connection, window: int) -> None:
        self._connection = connection
        self._window = window
        connection.execute(WALK)
        self.heads = {
            row["exchange"]: Head(row["published"], row["rolling_sha256"])
            for row in connection.execute("SELECT exchange, published, rolling_sha256 FROM outbox_heads")
        }
        self._next = b""
        self.look_around()

    def look_around(self) -> None:
        """Find out anew which days matter; to be called every minute or so."""
        row = self._connection.execute(DAYS).fetchone()
        assert row is not None
        days = {name: sql.Literal(day) for name, day in row.items()}
        self._next = sql.SQL(NEXT).format(**days).as_bytes(self._connection)

    def left_behind(self) -> list[Parcel]:
        """What a predecessor placed and may or may not have sent."""
        return parcels(self._connection, LEFT_BEHIND)

    def next(self, confirmed: Sequence[Parcel]) -> list[Parcel]:
        """Mark these as published and give out the next window."""
        moved = {parcel.exchange for parcel in confirmed}
        for parcel in confirmed:
            self.heads[parcel.exchange] = self.heads.get(parcel.exchange, Head()).after(parcel)
        values = {
            "sent": [parcel.number for parcel in confirmed],
            "window": self._window,
            "exchanges": list(moved),
            "positions": [self.heads[exchange].position for exchange in moved],
            "rolling": [self.heads[exchange].rolling_sha256 for exchange in moved],
        }
        return sorted(parcels(self._connection, self._next, values), key=lambda parcel: parcel.number)


def parcels(connection: Connection, query: LiteralString | bytes, values: Any = None) -> list[Parcel]:
    """What a statement finds whose columns are those of a parcel, in their order."""
    rows = connection.cursor(row_factory=tuple_row).execute(query, values)
    return [
        Parcel(number, at, event_id, exchange, key, {**headers, "position": at}, body)
        for number, at, event_id, exchange, key, headers, body in rows
    ]
