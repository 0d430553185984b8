"""All writes of the log. The caller holds the lock; the database itself refuses everything but growing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.domain.cosignature import Cosignature
from services.audit.domain.entry import REFERENCES, Entry
from services.audit.domain.log import Head, Link
from services.audit.domain.merkle import Frontier, Subtree
from services.audit.domain.streams import Stream
from services.chassis.db import Connection

#: One writer at a time, across all processes: held until the transaction ends.
WRITER_LOCK = 69_629_162

COLUMNS = {
    "position": "int8",
    "event_id": "uuid",
    "type": "text",
    "source": "text",
    "stream_position": "int8",
    "subject": "text",
    "actor": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "correlation_id": "uuid",
    **dict.fromkeys(REFERENCES, "uuid"),
    "leaf": "bytea",
    "leaf_hash": "bytea",
    "chain_hash": "bytea",
}
COPY_ENTRIES = f"COPY entries ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"

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
    row = tx.execute(HEAD).fetchone()
    if row is None or row["size"] is None:
        return Standing(Head(), 0, None)
    frontier = row["frontier"]
    hashes = tuple(frontier[start : start + 32] for start in range(0, len(frontier), 32))
    head = Head(Frontier(row["size"], hashes), row["chain_hash"], row["recorded_at"])
    return Standing(head, row["signed_size"] or 0, row["signed_at"])


def known_events(tx: Connection, event_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are in the log already. Planned each time: a plan kept from a small log would read it all."""
    rows = tx.execute("SELECT event_id FROM entries WHERE event_id = ANY(%s)", (list(event_ids),), prepare=False)
    return {row["event_id"] for row in rows}


def append_entries(tx: Connection, placed: Iterable[tuple[Entry, Link]], recorded_at: datetime) -> None:
    """Add the rows in one binary COPY."""
    with tx.cursor().copy(COPY_ENTRIES) as copy:
        copy.set_types(list(COLUMNS.values()))
        for entry, link in placed:
            copy.write_row(
                (
                    link.position,
                    entry.event_id,
                    entry.type,
                    entry.source,
                    entry.stream_position,
                    entry.subject,
                    entry.actor,
                    entry.occurred_at,
                    recorded_at,
                    entry.correlation_id,
                    *(entry.references.get(name) for name in REFERENCES),
                    entry.leaf,
                    link.leaf_hash,
                    link.chain_hash,
                )
            )


def append_head(tx: Connection, head: Head, subtrees: Sequence[Subtree]) -> None:
    """Add where the batch left the tree, and the subtrees it completed."""
    edges = b"".join(head.frontier.hashes)
    tx.execute(
        "INSERT INTO heads (size, root, frontier, chain_hash, recorded_at) VALUES (%s, %s, %s, %s, %s)",
        (head.size, head.frontier.root(), edges, head.chain_hash, head.recorded_at),
    )
    if subtrees:
        tx.execute(
            "INSERT INTO tiles (level, index, hash) SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])",
            ([s.level for s in subtrees], [s.index for s in subtrees], [s.hash for s in subtrees]),
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
