"""Rows of the log as PostgreSQL's binary COPY reads them, put together by the row instead of value by value.

A general writer spends most of its time on choosing how to write each of seventeen values; the log is written with the
same seventeen kinds thousands of times a second.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from uuid import UUID

from services.audit.domain.entry import REFERENCES, Entry
from services.audit.domain.log import Link

BEGINNING = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: So many values, then the place, then an id.
START = Struct(">hiqi")
COLUMNS = 13 + len(REFERENCES)
NUMBER, SIZE = Struct(">iq"), Struct(">i")
ID, HASH = SIZE.pack(16), SIZE.pack(32)


def row(entry: Entry, link: Link, recorded_at: bytes) -> bytes:
    """One row, its values in the order in which the COPY names them."""
    found = entry.references
    return b"".join(
        (
            START.pack(COLUMNS, 8, link.position, 16),
            entry.event_id.bytes,
            text(entry.type),
            text(entry.source),
            NULL if entry.stream_position is None else NUMBER.pack(8, entry.stream_position),
            NULL if entry.subject is None else _text(entry.subject),
            text(entry.actor),
            instant(entry.occurred_at),
            recorded_at,
            identity(entry.correlation_id),
            *[identity(found.get(name)) for name in REFERENCES],
            SIZE.pack(len(entry.leaf)),
            entry.leaf,
            HASH,
            link.leaf_hash,
            HASH,
            link.chain_hash,
        )
    )


def instant(value: datetime) -> bytes:
    return NUMBER.pack(8, (value - EPOCH) // MICROSECOND)


def identity(value: UUID | None) -> bytes:
    return NULL if value is None else ID + value.bytes


def _text(value: str) -> bytes:
    written = value.encode()
    return SIZE.pack(len(written)) + written


#: Kinds, services and those who act come again and again.
text = lru_cache(maxsize=4_096)(_text)
