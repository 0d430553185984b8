"""What is read from the log: tree nodes, roots, checkpoints."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString

from services.audit.domain.merkle import Frontier, Node, extend, frontier_at
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError

#: The store keeps every eighth level of the tree.
TILE = 8
#: The newest line of each witness. There are few of them and many lines: from witness to witness, never line by line.
COSIGNED: LiteralString = """
WITH RECURSIVE known AS (
    (SELECT witness FROM cosignatures ORDER BY witness LIMIT 1)
    UNION ALL
    SELECT (SELECT one.witness FROM cosignatures AS one WHERE one.witness > known.witness ORDER BY one.witness LIMIT 1)
    FROM known WHERE known.witness IS NOT NULL
), newest AS (
    SELECT last.* FROM known CROSS JOIN LATERAL (
        SELECT witness, size, cosigned_at FROM cosignatures AS one WHERE one.witness = known.witness
        ORDER BY size DESC LIMIT 1
    ) AS last
)
"""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint as it stands in the database."""

    size: int
    note: str
    signed_at: datetime


def latest_checkpoint(connection: Connection) -> SignedHead | None:
    row = connection.execute("SELECT size, note, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
    return None if row is None else SignedHead(row["size"], row["note"], row["signed_at"])


def node_reader(connection: Connection) -> Node:
    """A function that answers the hash of any complete subtree; each tile of 256 stored hashes is read at most once."""

    @lru_cache(maxsize=64)
    def tile(level: int, index: int) -> list[bytes]:
        return stored_hashes(connection, level, index << TILE, 1 << TILE)

    @lru_cache(maxsize=4096)
    def node(level: int, index: int) -> bytes:
        stored = level - level % TILE
        width = 1 << (level - stored)
        start = index * width % (1 << TILE)
        hashes = tile(stored, index * width >> TILE)[start : start + width]
        if len(hashes) != width:
            raise LookupError(f"subtree {index} of level {level} is not complete")
        return extend(Frontier(), hashes)[0].root()

    return node


def stored_hashes(connection: Connection, level: int, start: int, count: int) -> list[bytes]:
    """Neighboring subtree roots of a stored level; level 0 are the leaf hashes themselves."""
    if level == 0:
        query = "SELECT leaf_hash AS hash FROM entries WHERE position >= %s AND position < %s ORDER BY position"
        rows = connection.execute(query, (start, start + count), prepare=False)
    else:
        query = "SELECT hash FROM tiles WHERE level = %s AND index >= %s AND index < %s ORDER BY index"
        rows = connection.execute(query, (level, start, start + count), prepare=False)
    return [row["hash"] for row in rows]


def root_at(connection: Connection, size: int) -> bytes:
    """The root the log had when it held this many entries, from the stored hashes."""
    return frontier_at(size, node_reader(connection)).root()


def holds(connection: Connection, size: int, root: bytes) -> bool:
    """Whether the log's first `size` entries have this root; entries that are gone have none."""
    try:
        return root_at(connection, size) == root
    except LookupError:
        return False


def chain_hash_at(connection: Connection, position: int) -> bytes:
    """The link of the entry at this place."""
    row = connection.execute(
        "SELECT chain_hash FROM entries WHERE position = %s", (position,), prepare=False
    ).fetchone()
    if row is None:
        raise NotFoundError("audit.entry-unknown")
    return bytes(row["chain_hash"])


def signed_size(connection: Connection, size: int | None) -> tuple[int, str | None]:
    """The size to prove under, with its signed note if that very size was signed; by default the newest signed one."""
    newest = latest_checkpoint(connection)
    if newest is None or (size is not None and size > newest.size):
        raise NotFoundError("audit.not-yet-signed", size=newest.size if newest else 0)
    if size is None or size == newest.size:
        return newest.size, newest.note
    return size, note_of_size(connection, size)


def note_of_size(connection: Connection, size: int) -> str | None:
    """The signed note of exactly this size, if that size was signed."""
    row = connection.execute("SELECT note FROM checkpoints WHERE size = %s", (size,)).fetchone()
    return None if row is None else row["note"]


def witnessed_note(connection: Connection, signed: SignedHead) -> str:
    """The note with the lines of all witnesses under it."""
    rows = connection.execute("SELECT line FROM cosignatures WHERE size = %s ORDER BY witness", (signed.size,))
    return signed.note + "".join(row["line"] for row in rows)


def witnesses(connection: Connection) -> list[dict[str, Any]]:
    """How far each witness has countersigned."""
    query = f"{COSIGNED} SELECT witness, size, cosigned_at FROM newest ORDER BY witness"  # noqa: S608 - the text above
    return connection.execute(query).fetchall()
