"""Checkpoints outside the database: the newest in one file, all that were ever published in another per day.

Whoever copies this directory away - a backup, a partner, a git repository - holds the log to what it once signed.
"""

import errno
import os
from datetime import datetime
from pathlib import Path

from services.audit.domain.checkpoint import DASH

LATEST = "latest.note"
HISTORY = "history"
#: More than a note with many signatures takes.
TAIL = 65_536


def latest(directory: Path) -> str | None:
    """The newest published note, if there is one."""
    try:
        return (directory / LATEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def publish(directory: Path, note: str, signed_at: datetime) -> None:
    """Add the note to the history, then put it in the place of the newest - each whole or not at all.

    What needs room on the disk comes first: a history that is ahead of the newest note would look like a fork.
    """
    fresh = directory / f".{LATEST}.{os.getpid()}"
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            _flush(file.fileno())
        _add_to_history(directory / HISTORY, note, signed_at)
        fresh.replace(directory / LATEST)
    finally:
        fresh.unlink(missing_ok=True)
    _flush_directory(directory)


def _add_to_history(history: Path, note: str, signed_at: datetime) -> None:
    """Append in one write; a piece a crash left behind is cut off first, so that every note begins on its own line."""
    history.mkdir(exist_ok=True)
    path = history / f"{signed_at:%Y-%m-%d}.notes"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        end = _end_of_last_note(descriptor)
        os.ftruncate(descriptor, end)
        if os.pwrite(descriptor, note.encode(), end) != len(note.encode()):
            os.ftruncate(descriptor, end)
            raise OSError(errno.ENOSPC, "the disk took only a part of the note", str(path))
        _flush(descriptor)
    finally:
        os.close(descriptor)
    _flush_directory(history)


def _end_of_last_note(descriptor: int) -> int:
    """Where the last whole signature line ends; what follows is a note that was never finished."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - TAIL)
    lines = os.pread(descriptor, TAIL, start).splitlines(keepends=True)
    while lines and not (lines[-1].startswith(DASH.encode()) and lines[-1].endswith(b"\n")):
        lines.pop()
    return start + sum(map(len, lines)) if lines else 0


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
