"""A receipt small enough for paper: one entry, its proof and the signed head, as text that fits into a QR code.

``LNR1:`` and base45 (RFC 9285) of zlib of: the note and the leaf, each after its length in two bytes, the place in
eight, and the steps of the proof as they are. Every scanner gives such text back unharmed, and a proof in a tree of
2^40 entries still fits; hexadecimal steps in JSON nearly filled the largest code at ten million.
"""

import zlib
from collections.abc import Sequence

PREFIX = "LNR1:"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def receipt_text(note: str, position: int, leaf: bytes, proof: Sequence[bytes]) -> str:
    """The receipt of one entry."""
    head = note.encode()
    parts = [
        len(head).to_bytes(2, "big"),
        head,
        len(leaf).to_bytes(2, "big"),
        leaf,
        position.to_bytes(8, "big"),
        *proof,
    ]
    return PREFIX + base45(zlib.compress(b"".join(parts), 9))


def base45(data: bytes) -> str:
    """Two bytes become three letters, a last single one two."""
    written = []
    for start in range(0, len(data) - 1, 2):
        high, low = divmod(int.from_bytes(data[start : start + 2], "big"), 45 * 45)
        written.append(ALPHABET[low % 45] + ALPHABET[low // 45] + ALPHABET[high])
    if len(data) % 2:
        written.append(ALPHABET[data[-1] % 45] + ALPHABET[data[-1] // 45])
    return "".join(written)
