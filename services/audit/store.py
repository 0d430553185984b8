"""All writes of the log. The caller holds the lock; the database itself refuses everything but growing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit import rows
from services.audit.domain.cosignature import Cosignature
from services.audit.domain.entry import REFERENCES, Entry
from services.audit.domain.log import Head, Link
from services.audit.domain.merkle import Frontier, Subtree
from services.audit.domain.streams import Stream
from services.chassis.db import Connection

#: One writer at a time, across all processes: held until the transaction ends.
WRITER_LOCK = 69_629_162

COPY_ENTRIES = f"""
COPY entries (position, event_id, type, source, stream_position, subject, actor, occurred_at, recorded_at,
    correlation_id, {", ".join(REFERENCES)}, leaf, leaf_hash, chain_hash) FROM STDIN (FORMAT BINARY)"""
BEGIN = "SELECT * FROM begin_append(%s, %s::uuid[])"
GROW_HEAD = "INSERT INTO heads (size, root, frontier, chain_hash, recorded_at) VALUES (%s, %s, %s, %s, %s)"
GROW = """
WITH head AS (
    INSERT INTO heads (size, root, frontier, chain_hash, recorded_at) VALUES (%s, %s, %s, %s, %s)
), subtrees AS (
    INSERT INTO tiles (level, index, hash) SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
)
INSERT INTO checkpoints (size, note, signed_at) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[])
"""

HEAD = """
SELECT head.size, frontier, chain_hash, recorded_at, signed.size AS signed_size, signed.signed_at
FROM (VALUES (1)) AS always
LEFT JOIN (SELECT * FROM heads ORDER BY size DESC LIMIT 1) AS head ON true
LEFT JOIN (SELECT size, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1) AS signed ON true
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the log stands and how far it is signed."""

    head: Head
    signed_size: int
    signed_at: datetime | None


def lock_log(tx: Connection) -> None:
    """Become the one writer until this transaction ends, and let its commit be on disk before it counts.

    A head that is published must never reach further than a database that was just pulled from under its power.
    """
    tx.execute("SELECT pg_advisory_xact_lock(%s), set_config('synchronous_commit', 'on', true)", (WRITER_LOCK,))


def standing(tx: Connection) -> Standing:
    """Read where the log stands (a statement after `lock_log`, so that it sees what the last writer committed)."""
    return _standing(tx.execute(HEAD).fetchone() or {"size": None})


def begin(tx: Connection, event_ids: Sequence[UUID]) -> tuple[Standing, frozenset[UUID]]:
    """Lock the log as `lock_log` does; where it stands, and which of these events it holds already."""
    wanted = ",".join([f"{one.int:032x}" for one in event_ids])  # a general way of writing hundreds of ids costs more
    row = tx.execute(BEGIN, (WRITER_LOCK, f"{{{wanted}}}")).fetchone()
    assert row is not None, "the function answers one row"
    return _standing(row), frozenset(row["known"])


def _standing(row: Mapping[str, Any]) -> Standing:
    if row["size"] is None:
        return Standing(Head(), 0, None)
    frontier = row["frontier"]
    hashes = tuple(frontier[start : start + 32] for start in range(0, len(frontier), 32))
    head = Head(Frontier(row["size"], hashes), row["chain_hash"], row["recorded_at"])
    return Standing(head, row["signed_size"] or 0, row["signed_at"])


def append_entries(tx: Connection, placed: Iterable[tuple[Entry, Link]], recorded_at: datetime) -> None:
    """Add the rows in one binary COPY."""
    at = rows.instant(recorded_at)
    with tx.cursor().copy(COPY_ENTRIES) as copy:
        copy.write(b"".join([rows.BEGINNING, *(rows.row(entry, link, at) for entry, link in placed), rows.END]))


def append_head(
    tx: Connection, head: Head, subtrees: Sequence[Subtree], signed: Sequence[tuple[str, datetime]] = ()
) -> None:
    """Add where the batch left the tree, the subtrees it completed and, if it is time, the signed note."""
    where = (head.size, head.frontier.root(), b"".join(head.frontier.hashes), head.chain_hash, head.recorded_at)
    if not subtrees and not signed:
        tx.execute(GROW_HEAD, where)
        return
    tx.execute(
        GROW,
        (
            *where,
            [one.level for one in subtrees],
            [one.index for one in subtrees],
            [one.hash for one in subtrees],
            [head.size for _ in signed],
            [note for note, _ in signed],
            [at for _, at in signed],
        ),
    )


def append_checkpoint(tx: Connection, size: int, note: str, signed_at: datetime) -> None:
    tx.execute("INSERT INTO checkpoints (size, note, signed_at) VALUES (%s, %s, %s)", (size, note, signed_at))


def append_cosignature(tx: Connection, size: int, given: Cosignature, received_at: datetime) -> bool:
    """Keep a witness's line under a head; the first one it gave stays."""
    done = tx.execute(
        "INSERT INTO cosignatures (witness, size, line, cosigned_at, received_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (given.witness, size, given.line, given.cosigned_at, received_at),
    )
    return done.rowcount == 1


def append_stream_check(tx: Connection, stream: Stream, agrees: bool, checked_at: datetime) -> None:
    """Keep what a comparison came to; the next one goes on from what the service reported."""
    tx.execute(
        "INSERT INTO stream_checks (source, position, rolling_sha256, agrees, checked_at) VALUES (%s, %s, %s, %s, %s)",
        (stream.source, stream.position, stream.rolling_sha256, agrees, checked_at),
    )
