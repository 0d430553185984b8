"""What a witness says: a C2SP cosignature (type 0x04) over a checkpoint, with the time at which it was seen to fit.

A witness signs only a head that its own last head is the beginning of. A log that forks or shrinks therefore loses its
witnesses, and whoever holds a cosigned head holds more than the log's own word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.audit.domain.checkpoint import (
    Checkpoint,
    UnreadableNoteError,
    VerifierKey,
    Verify,
    parse_text,
    signature_line,
    split,
)

TIMESTAMP = 8


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One witness's line under one head."""

    witness: str
    line: str
    cosigned_at: datetime


def message(text: str, seconds: int) -> bytes:
    """The bytes a witness signs for a checkpoint's text at a POSIX time."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosignatures(
    note: str, witnesses: Mapping[str, VerifierKey], verify: Mapping[str, Verify]
) -> tuple[Checkpoint, list[Cosignature]]:
    """The head a note is about, and the lines of witnesses we know; a known witness's false line refuses the note."""
    text, lines = split(note)
    found = []
    for name, key_id, material in lines:
        key = witnesses.get(name)
        if key is not None and key.key_id() == key_id:
            found.append(_read(text, key, material, verify[name]))
    return parse_text(text), found


def _read(text: str, key: VerifierKey, material: bytes, verify: Verify) -> Cosignature:
    seconds = int.from_bytes(material[:TIMESTAMP], "big")
    if len(material) != TIMESTAMP + 64 or not verify(material[TIMESTAMP:], message(text, seconds)):
        raise UnreadableNoteError(f"the cosignature of {key.name} does not hold")
    try:
        return Cosignature(key.name, signature_line(key, material), datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError) as wrong:
        raise UnreadableNoteError(f"the cosignature of {key.name} has an impossible time") from wrong
