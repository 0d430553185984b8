"""Which kinds of file may arrive, and how each becomes rows. Nothing is believed about size, packing or encoding."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any

from services.chassis.errors import InvalidError
from services.chassis.work import Unit, Work
from services.directory import store
from services.directory.commands.imports import Found, Steps, Wish, hashing, importing, refuse, told
from services.directory.commands.tabular import read_package
from services.directory.domain.foreign import Foreign, read_hsds
from services.directory.domain.reading import RowProblem, read_rows
from services.directory.domain.xzufi import read_xzufi

#: So much a file may hold once it is unpacked.
MAX_UNPACKED = 4 * 1024**3
GZIP = b"\x1f\x8b"


class Format(StrEnum):
    """What a file holds: our own rows, HSDS objects with all that hangs below them, HSDS's tabular package, or who is
    competent for what (in the shape of XZuFi)."""

    ROWS = "rows"
    HSDS = "hsds"
    CSV = "csv"
    XZUFI = "xzufi"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file and how it is to be taken in."""

    stream: IO[bytes]
    format: Format = Format.ROWS
    #: The source that is cited, for a format whose rows do not say it themselves.
    source: str = ""
    lenient: bool = False
    dry_run: bool = False
    expected_plan: str | None = None


def take_in(unit: Unit, work: Work, arrival: Arrival) -> Steps:
    """Take a file of any kind in, step by step; the report also names what was left out."""
    digest = hashlib.sha256()
    foreign = Foreign(arrival.source, work.now.isoformat(), arrival.lenient)
    found = _found(work, arrival, digest.update, foreign)
    wish = Wish(arrival.dry_run, arrival.expected_plan, merged=arrival.format is not Format.ROWS)
    report = yield from importing(unit, work, found, digest.hexdigest, wish)
    return {**report, "left_out": [told(one) for one in foreign.left_out], "left_out_count": foreign.left_out_count}


def _found(work: Work, arrival: Arrival, hashed: Callable[[bytes], object], foreign: Foreign) -> Found:
    if arrival.format is Format.CSV:
        _expect_source(foreign)
        return read_package(work.tx, hashing(arrival.stream.read, hashed), foreign)
    read_line = hashing(unpacked(arrival.stream), hashed)
    if arrival.format is Format.ROWS:
        return read_rows(read_line)
    _expect_source(foreign)
    if arrival.format is Format.XZUFI:
        return read_xzufi(read_line, foreign, store.organizations_from(work.tx, foreign.source))
    return read_hsds(read_line, foreign)


def _expect_source(foreign: Foreign) -> None:
    if not foreign.source:
        raise InvalidError("request.invalid", {"source": "the slug of a source that is cited"})


def unpacked(stream: IO[bytes]) -> Callable[[int], bytes]:
    """The bounded ``readline`` of a stream that may be compressed (gzip), and may lie about it."""
    head = stream.read(len(GZIP))
    plain: Any = io.BufferedReader(_Rejoined(head, stream))
    lines = gzip.GzipFile(fileobj=plain) if head == GZIP else plain
    seen = 0

    def read(limit: int) -> bytes:
        nonlocal seen
        try:
            raw: bytes = lines.readline(limit)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            refuse([RowProblem(0, "", "a complete file compressed with gzip")])
            raise
        seen += len(raw)
        if seen > MAX_UNPACKED:
            refuse([RowProblem(0, "", f"a file of at most {MAX_UNPACKED} bytes")])
        return raw

    return read


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were looked at."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._head[: len(buffer)] or self._stream.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)
