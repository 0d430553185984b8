"""The log as a file anybody can verify: a header, one line per entry, and the checkpoint it was made under."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.audit.domain.log import Head
from services.audit.domain.merkle import frontier_at, inclusion_proof
from services.audit.domain.receipt import receipt_text
from services.audit.queries import tree
from services.audit.queries.retention import told_at
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError, RefusedError

FORMAT = "lotsennetz.audit-export.v1"
EXTRACT = "lotsennetz.audit-extract.v1"
ENTRIES = """
SELECT position, leaf, leaf_hash, chain_hash FROM entries WHERE position >= %s AND position < %s ORDER BY position
"""
HASHES = ENTRIES.replace("leaf, leaf_hash", "leaf_hash")
EXTRACTED = "SELECT position, leaf, leaf_hash FROM entries WHERE position = ANY(%s) ORDER BY position"
FETCH = 1_000


def export_lines(connection: Connection, first: int = 0, *, content: bool = True) -> Iterator[bytes]:
    """Everything from entry `first` up to the newest checkpoint, read in one snapshot, a thousand entries at a time.

    Without content it holds the hashes alone: enough to see that nothing was changed, and nothing to read.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        signed = tree.latest_checkpoint(connection)
        if signed is None or first >= signed.size:
            raise NotFoundError("audit.nothing-to-export")
        header = header_line(head_before(connection, first), signed.size)
        yield line(header if content else {**header, "content": False})
        written = entry_line if content else hashes_line
        with connection.cursor(name="export") as cursor:
            cursor.itersize = FETCH
            for row in cursor.execute(ENTRIES if content else HASHES, (first, signed.size)):
                yield line(written(row))
        yield line({"checkpoint": signed.note})


def extract_lines(connection: Connection, positions: Sequence[int]) -> Iterator[bytes]:
    """Some entries, each with its own proof under the newest checkpoint: a case, a person's disclosures, a receipt.

    Of one whose time is over the hash is there, and with it the entry by which that was told.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        signed = tree.latest_checkpoint(connection)
        covered = _with_what_told(connection, [place for place in positions if signed and place < signed.size])
        if signed is None or not covered:
            raise NotFoundError("audit.nothing-to-export")
        yield line({"format": EXTRACT, "size": signed.size, "entries": len(covered), "checkpoint": signed.note})
        node = tree.node_reader(connection)
        for row in connection.execute(EXTRACTED, (covered,)):
            proof = inclusion_proof(row["position"], signed.size, node)
            yield line({**_content(row), "proof": [step.hex() for step in proof]})


def _with_what_told(connection: Connection, positions: Sequence[int]) -> list[int]:
    rows = connection.execute("SELECT position FROM entries WHERE position = ANY(%s) AND leaf IS NULL", (positions,))
    return sorted({*positions, *told_at(connection, [row["position"] for row in rows])})


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["leaf"] is None:
        return {"position": row["position"], "leaf": None, "leaf_hash": row["leaf_hash"].hex()}
    return {"position": row["position"], "leaf": bytes(row["leaf"]).decode()}


def head_before(connection: Connection, first: int) -> Head:
    """The tree's edge and the chain's link before an entry, so that a part of the log can be verified by itself."""
    if first == 0:
        return Head()
    return Head(frontier_at(first, tree.node_reader(connection)), tree.chain_hash_at(connection, first - 1))


def header_line(before: Head, size: int) -> dict[str, Any]:
    """Where the export begins and how far it reaches."""
    return {
        "format": FORMAT,
        "first": before.size,
        "size": size,
        "frontier": [subtree.hex() for subtree in before.frontier.hashes],
        "chain_hash": before.chain_hash.hex(),
    }


def entry_line(row: Mapping[str, Any]) -> dict[str, Any]:
    leaf = row["leaf"]
    return {
        "position": row["position"],
        "leaf": None if leaf is None else bytes(leaf).decode(),
        "leaf_hash": row["leaf_hash"].hex(),
        "chain_hash": row["chain_hash"].hex(),
    }


def hashes_line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"position": row["position"], "leaf_hash": row["leaf_hash"].hex(), "chain_hash": row["chain_hash"].hex()}


def receipt_of(connection: Connection, position: int) -> str:
    """One entry with its proof under the newest checkpoint, as the text of a QR code."""
    signed = tree.latest_checkpoint(connection)
    row = connection.execute(EXTRACTED, ([position],)).fetchone()
    if signed is None or row is None or position >= signed.size:
        raise NotFoundError("audit.nothing-to-export")
    if row["leaf"] is None:
        raise RefusedError("audit.receipt-expired")
    proof = inclusion_proof(position, signed.size, tree.node_reader(connection))
    return receipt_text(signed.note, position, bytes(row["leaf"]), proof)


def line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
