"""Who was erased and what was taken back, outside every database: a file that only grows and that no restore reaches.

One line of JSON per erasure: the person's id, when, on what occasion. It is on disk before the key is destroyed. And
one per withdrawal of a consent: which, when, and what was left of it.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from contracts.codes import DataCategory, WithdrawalChannel

PRIVATE = 0o600


class LedgerError(Exception):
    """A line of the ledger is neither an erasure, nor a withdrawal, nor the torn end of a write."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the ledger knows about one person: nothing but that she is to stay erased."""

    person_id: UUID
    erased_at: datetime
    occasion: str

    def line(self) -> bytes:
        said = {"person_id": str(self.person_id), "erased_at": self.erased_at.isoformat(), "occasion": self.occasion}
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Erasure":
        return cls(UUID(said["person_id"]), datetime.fromisoformat(said["erased_at"]), said["occasion"])


@dataclass(frozen=True, slots=True)
class Left:
    """What a consent still said of one recipient after a withdrawal."""

    organization_id: UUID
    service_id: UUID | None
    categories: frozenset[DataCategory]

    def said(self) -> list[Any]:
        service_id = str(self.service_id) if self.service_id else None
        return [str(self.organization_id), service_id, sorted(map(str, self.categories))]

    @classmethod
    def read(cls, said: Sequence[Any]) -> "Left":
        organization_id, service_id, categories = said
        service = UUID(service_id) if service_id else None
        return cls(UUID(organization_id), service, frozenset(map(DataCategory, categories)))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Which version of a consent was taken back, and what was left of it; nothing, if it was taken back altogether."""

    consent_id: UUID
    version: int
    withdrawn_at: datetime
    channel: WithdrawalChannel
    left: tuple[Left, ...]

    def line(self) -> bytes:
        said = {
            "consent_id": str(self.consent_id),
            "version": self.version,
            "withdrawn_at": self.withdrawn_at.isoformat(),
            "channel": str(self.channel),
            "left": [one.said() for one in self.left],
        }
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Withdrawal":
        return cls(
            UUID(said["consent_id"]),
            int(said["version"]),
            datetime.fromisoformat(said["withdrawn_at"]),
            WithdrawalChannel(said["channel"]),
            tuple(map(Left.read, said["left"])),
        )


@dataclass(frozen=True, slots=True)
class DeletionLedger:
    """The file. Several processes may write to it; a line may stand in it twice and counts once."""

    path: Path

    def append(self, facts: Iterable[Erasure | Withdrawal]) -> None:
        """Write and wait until the disk has it; a write that a crash tore off before stays a line of its own."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE), "a+b") as file:
            file.write(_line_end_of(file) + b"".join(one.line() for one in facts))
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self.path.parent)

    def erasures(self) -> dict[UUID, Erasure]:
        """Everybody it names; no file yet means nobody."""
        return {one.person_id: one for one in self._read() if isinstance(one, Erasure)}

    def withdrawals(self) -> dict[tuple[UUID, int], Withdrawal]:
        """Everything that was taken back, by consent and version."""
        return {(one.consent_id, one.version): one for one in self._read() if isinstance(one, Withdrawal)}

    def _read(self) -> Iterator[Erasure | Withdrawal]:
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), start=1):
            if not line.endswith(b"}"):
                continue  # empty, or torn by a crash: then the key was not yet destroyed, and it was written again
            try:
                said = json.loads(line)
                yield Withdrawal.read(said) if "consent_id" in said else Erasure.read(said)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise LedgerError(f"{self.path}, line {number}: expected an erasure or a withdrawal") from error


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
