"""What lies in a backup and how it was when it was taken: sizes, digests, how far streams and log had come."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lotse.backups.postgres import BackupError

FORMAT = "lotsennetz-backup/1"
NAME = "manifest.json"
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """One of the two halves of a backup; both carry the same id."""

    id: str
    half: str
    begun_at: str
    finished_at: str
    server_version: int
    #: By name: how many bytes, and which SHA-256.
    files: Mapping[str, Mapping[str, Any]]
    #: By database: when its snapshot was taken, how far its streams had come, how much waited to be published.
    databases: Mapping[str, Any]
    #: What has to be fetched from the escrow before anything of this opens: names and thumbprints, no key.
    escrow: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=2, default=str) + "\n"
        (folder / NAME).write_text(text, encoding="utf-8")

    def check(self, folder: Path) -> None:
        """Every file is as it was written."""
        for name, wanted in self.files.items():
            if not (folder / name).is_file():
                raise BackupError(f"{folder / name} is missing.", "Take another copy of this backup.")
            if described(folder / name) != dict(wanted):
                raise BackupError(f"{folder / name} is not what was written.", "Take another copy of this backup.")


def read(folder: Path, half: str) -> Manifest:
    try:
        said = json.loads((folder / NAME).read_text(encoding="utf-8"))
        is_one = said.pop("format") == FORMAT
        manifest = Manifest(**said) if is_one else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{folder}: no backup is here ({type(error).__name__}).") from error
    if manifest is None or manifest.half != half:
        raise BackupError(f"{folder}: expected the half of a backup that holds the {half}, in format {FORMAT}.")
    return manifest


def described(file: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(PIECE):
            digest.update(piece)
    return {"bytes": file.stat().st_size, "sha256": digest.hexdigest()}


def files_in(folder: Path) -> dict[str, dict[str, Any]]:
    """Everything below a folder, by its name in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(folder)): described(path) for path in found}


def thumbprints(files: Iterable[Path]) -> dict[str, str]:
    """Which key files the network has: enough to know the copy in the escrow by, and nothing to open anything with."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
