"""Who was erased, outside every database: a file that only grows, so that no restore can forget it.

One line of JSON per erasure: the person's id, when, on what occasion. It is on disk before the key is destroyed.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID

PRIVATE = 0o600


class LedgerError(Exception):
    """A line of the ledger is neither an erasure nor the torn end of a write."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the ledger knows about one person: nothing but that she is to stay erased."""

    person_id: UUID
    erased_at: datetime
    occasion: str

    def line(self) -> bytes:
        said = {"person_id": str(self.person_id), "erased_at": self.erased_at.isoformat(), "occasion": self.occasion}
        return json.dumps(said).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class DeletionLedger:
    """The file. Several processes may write to it; a line may stand in it twice and counts once."""

    path: Path

    def append(self, erasures: Iterable[Erasure]) -> None:
        """Write and wait until the disk has it; a write that a crash tore off before stays a line of its own."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE), "a+b") as file:
            file.write(_line_end_of(file) + b"".join(one.line() for one in erasures))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.path.parent)

    def erasures(self) -> dict[UUID, Erasure]:
        """Everybody it names; no file yet means nobody."""
        if not self.path.exists():
            return {}
        return {one.person_id: one for one in self._read()}

    def _read(self) -> Iterator[Erasure]:
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), start=1):
            if not line.endswith(b"}"):
                continue  # empty, or torn by a crash: then the key was not yet destroyed, and it was written again
            try:
                said = json.loads(line)
                yield Erasure(UUID(said["person_id"]), datetime.fromisoformat(said["erased_at"]), said["occasion"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise LedgerError(f"{self.path}, line {number}: expected an erasure") from error


def _line_end_of(file: IO[bytes]) -> bytes:
    size = os.fstat(file.fileno()).st_size
    return b"" if size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n" else b"\n"


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
