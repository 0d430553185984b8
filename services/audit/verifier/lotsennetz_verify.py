#!/usr/bin/env python3
"""Verify a Lotsennetz audit log without trusting the program that wrote it.

    python lotsennetz_verify.py --export FILE --checkpoint FILE-OR-DIRECTORY --key FILE
    python lotsennetz_verify.py --database DSN --checkpoint FILE-OR-DIRECTORY --key FILE
    python lotsennetz_verify.py --receipt FILE --key FILE
    python lotsennetz_verify.py --proof FILE --key FILE

An export is the whole log or its end; an extract (same option) holds single entries, each with its proof. An export of
hashes only shows that nothing was changed without showing what it is. A receipt is the text of a QR code
("LNR1:..."); a proof is what the log answers under /proofs/inclusion or /proofs/consistency.

One file; it needs Python 3.11 and `cryptography`, and for --database also `psycopg`. It shares no code with the
service. It reads the log in constant memory, and names the first wrong entry and what is wrong with it:

    changed     an entry's content, hash or search column is not what was recorded
    removed     entries are missing in the middle, or their content is gone and the log does not say that it would go,
                or says it too early
    inserted    entries were put between others
    reordered   entries do not stand where they stood
    truncated   the end is missing: a signed checkpoint reaches further than the log
    forked      the log agrees with itself but not with a signed checkpoint, or two signed checkpoints contradict
    signature   a checkpoint is not signed by the given key
    gap         the log is sound, but a service reported events that never came into it

Exit codes: 0 everything holds, 1 something was tampered with, 2 wrong use or unreadable input.

What is checked. An entry is a leaf (its bytes), leaf hash SHA-256(00 || leaf), and a link in a chain,
SHA-256(02 || position as 8 bytes || link before || leaf hash), starting from 32 zero bytes. The tree over the leaf
hashes is that of RFC 6962; checkpoints are C2SP tlog-checkpoint notes signed with Ed25519. The chain alone proves
nothing (who changes an entry can recompute it); it tells *where* a log was changed. The checkpoints prove it - if they
were kept where the writer of the log cannot reach them.
"""

import argparse
import base64
import binascii
import hashlib
import importlib
import json
import os
import re
import sys
import time
import zlib
from binascii import unhexlify
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "lotsennetz.audit-export.v1"
EXTRACT = "lotsennetz.audit-extract.v1"
OK, TAMPERED, UNREADABLE = 0, 1, 2
LOOK_AHEAD = 1_000


class UnreadableError(Exception):
    """The input cannot be read at all; nothing can be said about the log."""


@dataclass
class TamperedError(Exception):
    """The first thing that is wrong."""

    kind: str
    detail: str
    entry: int | None = None
    last: int | None = None
    event_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it was found. `leaf` is None once its retention period is over; `columns` only in a database."""

    position: int
    leaf: bytes | None
    leaf_hash: bytes
    chain_hash: bytes
    columns: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    size: int
    root: bytes
    where: str
    #: The day on which it was published, by the name of the file it is kept in.
    since: float | None = None


@dataclass(slots=True)
class Tree:
    """The right edge of the Merkle tree: (height, hash) of complete subtrees, heights falling from left to right."""

    edges: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, current: bytes, height: int = 0) -> list[tuple[int, bytes]]:
        """Append a leaf, or a whole subtree that begins where the tree ends; answers what it completed, smallest
        first."""
        completed = []
        while self.edges and self.edges[-1][0] == height:
            current = hashlib.sha256(b"\x01" + self.edges.pop()[1] + current).digest()
            height += 1
            completed.append((height, current))
        self.edges.append((height, current))
        return completed

    def root(self) -> bytes:
        root: bytes | None = None
        for _, left in reversed(self.edges):
            root = left if root is None else hashlib.sha256(b"\x01" + left + root).digest()
        return hashlib.sha256(b"").digest() if root is None else root


@dataclass(slots=True)
class Log:
    """What is to be verified: rows in order, where they begin, and what the source says about itself."""

    rows: Iterator[Row]
    first: int = 0
    tree: Tree = field(default_factory=Tree)
    chain_hash: bytes = bytes(32)
    size: int | None = None
    own_checkpoints: Iterator[Checkpoint] = field(default_factory=lambda: iter(()))
    own_heads: Iterator[Checkpoint] = field(default_factory=lambda: iter(()))
    own_tiles: Iterator[tuple[int, int, bytes]] | None = None
    hashes_only: bool = False
    #: What to do with the checkpoint that stands at an export's end.
    keep_checkpoint: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class Result:
    """What the verification came to."""

    ok: bool = False
    entries: int = 0
    expired: int = 0
    root: str = ""
    signed: int = 0
    checkpoints: int = 0
    behind: int = 0
    hashes_only: bool = False
    neighbors: str = ""
    seconds: float = 0.0
    finding: dict[str, Any] | None = None


# --- hashes -----------------------------------------------------------------------------------------------------------


def hash_leaf(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def link(position: int, before: bytes, leaf_hash: bytes) -> bytes:
    return hashlib.sha256(b"\x02" + position.to_bytes(8, "big") + before + leaf_hash).digest()


# --- checkpoints ------------------------------------------------------------------------------------------------------


UNTIL = " until "


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One of the log's public keys, as in its verifier-key file: name+keyid+base64(01 || key)."""

    name: str
    key_id: bytes
    public: Ed25519PublicKey
    until: int = sys.maxsize

    @classmethod
    def parse(cls, line: str) -> "PublicKey":
        text, separator, until = line.strip().partition(UNTIL)
        name, key_id, encoded = text.split("+", 2)
        material = base64.b64decode(encoded, validate=True)
        expected = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        if material[:1] != b"\x01" or expected.hex() != key_id:
            raise ValueError("not an Ed25519 verifier key")
        public = Ed25519PublicKey.from_public_bytes(material[1:])
        return cls(name, expected, public, int(until) if separator else sys.maxsize)


@dataclass(frozen=True, slots=True)
class Key:
    """The log's keys: the one in use and, each up to the size at which it was replaced, those before it."""

    name: str
    keys: tuple[PublicKey, ...]

    @classmethod
    def read(cls, path: Path) -> "Key":
        try:
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            keys = tuple(PublicKey.parse(line) for line in lines)
            if len({key.name for key in keys}) != 1:
                raise ValueError("expected the keys of one log")
        except (OSError, ValueError) as wrong:
            raise UnreadableError(f"key file {path}: {wrong}") from wrong
        return cls(keys[0].name, keys)

    def open(self, note: str, where: str) -> Checkpoint:
        """The checkpoint in a note; raises a TamperedError if none of the keys signed it in its time."""
        text, _, tail = note.rpartition("\n\n")
        signatures = [line for line in tail.split("\n") if line.startswith(f"\u2014 {self.name} ")]
        try:
            origin, size, root = (text + "\n").split("\n")[:3]
            checkpoint = Checkpoint(int(size), base64.b64decode(root, validate=True), where)
            signed = [base64.b64decode(line.split(" ")[2], validate=True) for line in signatures]
        except (ValueError, IndexError) as wrong:
            raise UnreadableError(f"{where}: not a signed checkpoint") from wrong
        mine = [(key, one[4:]) for one in signed for key in self.keys if one[:4] == key.key_id]
        named = f"{where} (size {checkpoint.size})"
        if not mine or origin != self.name:
            raise TamperedError("signature", f"{named} carries no signature of {self.name}'s key")
        if all(checkpoint.size > key.until for key, _ in mine):
            raise TamperedError("signature", f"{named} is signed by a key that was replaced at size {mine[0][0].until}")
        for key, signature in mine:
            _check(key.public, signature, (text + "\n").encode(), named)
        return checkpoint


def _check(public: Ed25519PublicKey, signature: bytes, text: bytes, where: str) -> None:
    try:
        public.verify(signature, text)
    except InvalidSignature:
        raise TamperedError("signature", f"the signature of {where} does not hold") from None


def checkpoints_at(path: Path, key: Key) -> Iterator[Checkpoint]:
    """All checkpoints of a file, or of a directory with `history/*.notes` and `latest.note`, in the order written.

    How far each file reaches is settled here and now, before the log is opened: a checkpoint published later may cover
    entries that were not yet there to be read.
    """
    try:
        files = sorted((path / "history").glob("*.notes")) if path.is_dir() else [path]
        extents = [(file, file.stat().st_size) for file in files]
        latest = path / "latest.note"
        newest = latest.read_text(encoding="utf-8") if path.is_dir() and latest.exists() else None
    except (OSError, UnicodeDecodeError) as wrong:
        raise UnreadableError(f"checkpoint {path}: {wrong}") from wrong
    return _opened(extents, newest, key, torn=path.is_dir())


def _opened(extents: list[tuple[Path, int]], newest: str | None, key: Key, *, torn: bool) -> Iterator[Checkpoint]:
    """The newest note is put in place after the history got it: it is the last one there, or the one before."""
    last_two: list[str] = []
    for file, size in extents:
        day = _day_of(file)
        try:
            with file.open("rb") as content:
                for number, note in enumerate(_notes(_lines(content, size), torn=torn), start=1):
                    last_two = [*last_two[-1:], note]
                    yield replace(key.open(note, f"{file.name} note {number}"), since=day)
        except (OSError, UnicodeDecodeError) as wrong:
            raise UnreadableError(f"checkpoint {file}: {wrong}") from wrong
    if newest is not None and newest not in last_two:
        yield key.open(newest, "latest.note")


def _day_of(file: Path) -> float | None:
    with suppress(ValueError):
        return datetime.strptime(file.name, "%Y-%m-%d.notes").replace(tzinfo=UTC).timestamp()
    return None


def _lines(content: BinaryIO, size: int) -> Iterator[str]:
    """The lines that begin within the first `size` bytes."""
    for line in content:
        if size <= 0:
            return
        size -= len(line)
        yield line.decode()


def _notes(lines: Iterable[str], *, torn: bool) -> Iterator[str]:
    """Split a file of notes: a note ends with its last signature line. A tail without one was never finished.

    In a history that is still written such a tail is passed over; a file that somebody names must hold notes.
    """
    note: list[str] = []
    signed = False
    for line in lines:
        if signed and not line.startswith("\u2014 "):
            yield "".join(note)
            note, signed = [], False
        note.append(line)
        signed = line.startswith("\u2014 ") and line.endswith("\n")
    if signed or (note and len(note) < 4 and not torn):
        yield "".join(note)


def rising(checkpoints: Iterable[Checkpoint]) -> Iterator[Checkpoint]:
    """The same checkpoints, each size once; signed heads that contradict each other or shrink are a fork."""
    last: Checkpoint | None = None
    for checkpoint in checkpoints:
        if last is not None and checkpoint.size < last.size:
            raise TamperedError(
                "forked", f"{checkpoint.where} is smaller ({checkpoint.size}) than {last.where} ({last.size})"
            )
        if last is not None and checkpoint.size == last.size:
            if checkpoint.root != last.root:
                where = f"{last.where} and {checkpoint.where}"
                raise TamperedError(
                    "forked", f"two signed checkpoints of size {last.size} contradict each other: {where}"
                )
            continue
        last = checkpoint
        yield checkpoint


# --- content that is gone ---------------------------------------------------------------------------------------------

EXPIRED = "audit.entries_expired.v1"
#: A leaf ends with its type; of these two the content matters here.
TOLD_AT_END = (b'"type":"audit.entries_expired.v1"}', b'.stream_reported.v1"}')
OWN = "/lotsennetz/audit"
#: So many places are one number.
WIDTH = 4_096
ALL = (1 << WIDTH) - 1
DAY = 86_400.0
#: No kind is kept shorter, whatever an entry says.
SHORTEST_DAYS = 365
#: "Thirteen months" are up to three days shorter than in the year by which they are told; and one for time zones.
TOLERANCE = 4 * DAY


@dataclass(slots=True)
class Places:
    """Places in the log or in a stream, a bit for each: however scattered they lie, memory is an eighth of a byte for
    each place, and next to nothing where all neighbors belong to it."""

    blocks: dict[int, int] = field(default_factory=dict)

    def add(self, first: int, last: int) -> None:
        while first <= last:
            block, offset = divmod(first, WIDTH)
            many = min(last - first + 1, WIDTH - offset)
            self._put(block, ((1 << many) - 1) << offset)
            first += many

    def join(self, other: "Places") -> None:
        for block, bits in other.blocks.items():
            self._put(block, bits)

    def _put(self, block: int, bits: int) -> None:
        bits |= self.blocks.get(block, 0)
        self.blocks[block] = ALL if bits == ALL else bits  # all full blocks share one number

    def without(self, other: "Places") -> "Places":
        rest = {block: bits & ~other.blocks.get(block, 0) for block, bits in self.blocks.items()}
        return Places({block: bits for block, bits in rest.items() if bits})

    def first_from(self, start: int) -> int | None:
        """The first of them that is not before `start`."""
        block, offset = divmod(start, WIDTH)
        bits = self.blocks.get(block, 0) >> offset << offset
        if not bits:
            block = min((other for other in self.blocks if other > block), default=-1)
            bits = self.blocks.get(block, 0)
        return block * WIDTH + _lowest(bits) if bits else None

    def first_without(self, start: int) -> int:
        """The first place, not before `start`, that is none of them."""
        block, offset = divmod(start, WIDTH)
        while not (free := (ALL & ~self.blocks.get(block, 0)) >> offset << offset):
            block, offset = block + 1, 0
        return block * WIDTH + _lowest(free)


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


@dataclass(slots=True)
class Since:
    """Before when an entry cannot have been there. The time at which an entry was recorded is in no leaf; but whatever
    stands behind an entry of the log's own came after the time that entry tells, and whatever a checkpoint did not yet
    cover came after the day on which it was published. One word a day is enough."""

    places: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def note(self, place: int, moment: float) -> None:
        """Entries from this place on came after this moment."""
        if self.times and moment < self.times[-1] + DAY:
            return
        while self.places and self.places[-1] >= place:
            self.places.pop(), self.times.pop()
        self.places.append(place)
        self.times.append(moment)

    def place_after(self, moment: float) -> int:
        """From which place on entries surely came after a moment."""
        index = bisect_right(self.times, moment)
        return self.places[index] if index < len(self.places) else sys.maxsize

    def day_of(self, place: int) -> str:
        """The day before which an entry was not there."""
        return f"{datetime.fromtimestamp(self.times[bisect_right(self.places, place) - 1], UTC):%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Word:
    """What an entry of the audit service says: when, and whose time is over after so many days."""

    position: int
    moment: float
    days: int = 0
    spans: tuple[tuple[int, int], ...] = ()


def word_of(position: int, leaf: bytes) -> Word | None:
    """What an entry says of times; nothing if another service says it, or if it cannot be read."""
    try:
        content = json.loads(leaf)
        if content["source"] != OWN:
            return None
        moment = datetime.fromisoformat(content["time"]).timestamp()
        if content["type"] != EXPIRED:
            return Word(position, moment)
        spans = tuple((int(span["first"]), int(span["last"])) for span in content["data"]["spans"])
        return Word(position, moment, int(content["data"]["keep_days"]), spans)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


@dataclass(slots=True)
class Emptied:
    """Entries found without content, against what later entries say was due to go, and when that can have been."""

    found: Places = field(default_factory=Places)
    told: Places = field(default_factory=Places)
    #: Told, but sooner than any period is over.
    early: Places = field(default_factory=Places)
    since: Since = field(default_factory=Since)
    now: float = field(default_factory=time.time)

    def see(self, position: int, leaf: bytes | None) -> None:
        if leaf is None:
            self.found.add(position, position)
        elif leaf.endswith(TOLD_AT_END) and (word := word_of(position, leaf)) is not None:
            self.hear(word)

    def hear(self, word: Word) -> None:
        """An entry can only speak of what stands before it, and of what had been there for as long as it says."""
        over = min(word.moment, self.now) - max(word.days, SHORTEST_DAYS) * DAY + TOLERANCE
        young = self.since.place_after(over)
        for first, last in word.spans:
            first, last = max(first, 0), min(last, word.position - 1)  # noqa: PLW2901 - what of it can be meant
            self.told.add(first, min(last, young - 1))
            self.early.add(max(first, young), last)
        self.since.note(word.position + 1, word.moment)

    def check(self) -> None:
        """Raise for the first entry that is empty without a word, or too early."""
        gone = self.found.without(self.told)
        first = gone.first_from(0)
        if first is None:
            return
        unsaid = gone.without(self.early)
        if unsaid.first_from(first) == first:
            detail = "the content is gone, and no later entry says that its period was over"
            raise TamperedError("removed", detail, first, unsaid.first_without(first) - 1)
        detail = (
            f"the content is gone too early: the log did not reach it before {self.since.day_of(first)}, and what tells"
            " that its period was over came sooner after that"
        )
        raise TamperedError("removed", detail, first, gone.without(unsaid).first_without(first) - 1)


# --- what services say they sent --------------------------------------------------------------------------------------

#: Names of a leaf are sorted, so these two stand side by side.
SENT = re.compile(rb'"source":"([^"]+)","streamposition":([0-9]+)')
REPORT = b".stream_reported.v1"


@dataclass(slots=True)
class Stream:
    """One service's events as they were found, and how far it says it has sent."""

    seen: Places = field(default_factory=Places)
    #: The place that was found first; what came out of order around a cut is not known.
    opening: int | None = None
    floor: int | None = None
    reported: int = 0

    def see(self, first: int, last: int) -> None:
        self._open(first)
        self.seen.add(first, last)

    def join(self, later: "Stream") -> None:
        if later.opening is not None:
            self._open(later.opening)
        self.seen.join(later.seen)
        self.reported = max(self.reported, later.reported)

    def _open(self, place: int) -> None:
        if self.opening is None:
            self.opening = place
            self.floor = place + LOOK_AHEAD if self.floor is None else self.floor

    def gap(self) -> tuple[int, int] | None:
        """The first stretch that is missing up to what was reported."""
        wanted = self.seen.first_without(self.floor or 1)
        if wanted > self.reported:
            return None
        after = self.seen.first_from(wanted)
        return wanted, self.reported if after is None else min(after - 1, self.reported)


@dataclass(slots=True)
class Streams:
    """All services. Where a part begins or content has expired, what was sent before cannot be known."""

    whole: bool
    streams: dict[str, Stream] = field(default_factory=dict)

    def see(self, leaf: bytes | None) -> None:
        if leaf is None:
            self.forget()
            return
        sent = SENT.search(leaf)
        if sent is not None:
            place = int(sent[2])
            self.of(sent[1].decode()).see(place, place)
            if leaf.endswith(TOLD_AT_END):
                self.report(leaf)

    def forget(self) -> None:
        self.whole = False
        self.streams.clear()

    def of(self, source: str) -> Stream:
        stream = self.streams.get(source)
        if stream is None:
            stream = self.streams[source] = Stream(floor=1 if self.whole else None)
        return stream

    def report(self, leaf: bytes) -> None:
        """A report nobody can read reports nothing."""
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            content = json.loads(leaf)
            if content["type"].endswith(REPORT.decode()):
                position = int(content["data"]["position"])
                stream = self.of(content["source"])
                stream.reported = max(stream.reported, position)

    def join(self, later: "Streams") -> None:
        """Put what was found further on behind this; where content had expired there, nothing before it is known."""
        if not later.whole:
            self.forget()
        for source, stream in later.streams.items():
            self.of(source).join(stream)

    def check(self) -> None:
        for source, stream in sorted(self.streams.items()):
            missing = stream.gap()
            if missing is not None:
                first, last = missing
                raise TamperedError("gap", f"{source} sent its events {first} to {last}; the log never got them")


# --- a piece of the log, quickly --------------------------------------------------------------------------------------
#
# Nearly every log is in order. So it is read in pieces, by several processes, many entries at a time: do all hashes,
# links and columns fit, yes or no? Whatever is odd about a piece, the whole log is read once more the careful way
# further down, entry by entry, and that names what is wrong. Nothing is called tampered here, and nothing is called
# sound that the careful way would not.

BLOCK = 256
#: Entries a process looks at together, and how much of a database or of a file is one piece, which it holds at once.
BATCH, PIECE, PIECE_BYTES = 2_048, 8_192, 8 << 20
#: A whole piece of a database is a subtree of this height.
WITHIN = 13
#: A link begins with the byte 02 and the place in eight.
LINK = 2 << 64


class OddError(Exception):
    """Something does not fit; what it is the careful way will say."""


@dataclass(slots=True)
class Run:
    """Neighboring leaves that begin anywhere in the tree: as few subtrees as they make up, from left to right."""

    end: int
    nodes: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, current: bytes, height: int = 0) -> list[tuple[int, int, bytes]]:
        """Append a subtree; answers (height, index, hash) of it and of what it completed, smallest first."""
        index = self.end >> height
        completed = [(height, index, current)]
        self.end += 1 << height
        while index & 1 and self.nodes and self.nodes[-1][0] == height:
            current = hashlib.sha256(b"\x01" + self.nodes.pop()[1] + current).digest()
            height, index = height + 1, index >> 1
            completed.append((height, index, current))
        self.nodes.append((height, current))
        return completed


@dataclass(slots=True)
class Piece:
    """Neighboring entries that fit each other, and what it takes to join them to those before."""

    first: int
    run: Run
    wanted: deque[int]
    count: int = 0
    #: Hash and link of the first entry: whether it fits the entry before is seen where the pieces are joined.
    opening: tuple[bytes, bytes] | None = None
    chain_hash: bytes = b""
    waiting: list[bytes] = field(default_factory=list)
    #: The subtrees up to each size that a checkpoint or head speaks of.
    marks: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    tiles: list[tuple[int, int, bytes]] = field(default_factory=list)
    expired: Places = field(default_factory=Places)
    gone: int = 0
    words: deque[Word] = field(default_factory=deque)
    streams: Streams = field(default_factory=lambda: Streams(whole=True))
    checkpoint: str | None = None

    def add(self, leaves: Sequence[bytes | None], hashes: Sequence[bytes], links: Sequence[bytes]) -> None:
        """Read on: contents fit their hashes, and hashes their links."""
        sha256, pairs = hashlib.sha256, zip(leaves, hashes, strict=True)
        if [h if leaf is None else sha256(b"\x00" + leaf).digest() for leaf, h in pairs] != list(hashes):
            raise OddError
        start = self.first + self.count
        if self.opening is None:
            self.opening = hashes[0], links[0]
            fits = _links(start + 1, links[:-1], hashes[1:]) == list(links[1:])
        else:
            fits = _links(start, [self.chain_hash, *links[:-1]], hashes) == list(links)
        if not fits:
            raise OddError
        self.chain_hash = links[-1]
        self.count += len(hashes)
        self.grow(hashes)

    def grow(self, hashes: Sequence[bytes], *, is_last: bool = False) -> None:
        """Add leaves to the tree, by whole blocks as long as there are any."""
        waiting = [*self.waiting, *hashes]
        done = 0
        while done < len(waiting):
            size = BLOCK - self.run.end % BLOCK
            if len(waiting) - done < size and not is_last:
                break
            self.add_block(waiting[done : done + size])
            done += size
        self.waiting = waiting[done:]

    def add_block(self, leaf_hashes: list[bytes]) -> None:
        start, end = self.run.end, self.run.end + len(leaf_hashes)
        is_whole = len(leaf_hashes) == BLOCK
        levels = _levels(leaf_hashes) if start % BLOCK == 0 else [leaf_hashes]
        while self.wanted and self.wanted[0] < end:
            size = self.wanted.popleft()
            self.marks[size] = self.nodes_at(levels, size - start)
        for completed in [self.run.add(levels[8][0], 8)] if is_whole else map(self.run.add, leaf_hashes):
            self.tiles += [one for one in completed if one[0] and one[0] % 8 == 0]
        if self.wanted and self.wanted[0] == end:
            self.marks[self.wanted.popleft()] = list(self.run.nodes)

    def nodes_at(self, levels: list[list[bytes]], offset: int) -> list[tuple[int, bytes]]:
        """The subtrees of the piece up to so many leaves into a block."""
        if len(levels) == 1:
            run = Run(self.run.end, list(self.run.nodes))
            for leaf_hash in levels[0][:offset]:
                run.add(leaf_hash)
            return run.nodes
        heights = [height for height in range(7, -1, -1) if offset >> height & 1]
        return [*self.run.nodes, *((height, levels[height][(offset >> height) - 1]) for height in heights)]

    def hear(self, leaves: Sequence[bytes | None], sources: Sequence[str | None], places: Sequence[int | None]) -> None:
        """Note what expired, what the log says of times and what services sent, as the careful way does."""
        start = self.first + self.count
        known = 0
        for index in [index for index, leaf in enumerate(leaves) if leaf is None or leaf.endswith(TOLD_AT_END)]:
            leaf = leaves[index]
            self.see(sources[known : index + 1], places[known : index + 1])
            known = index + 1
            if leaf is None:
                self.gone += 1
                self.expired.add(start + index, start + index)
                self.streams.forget()
            else:
                self.note(start + index, leaf, is_sent=places[index] is not None)
        self.see(sources[known:], places[known:])

    def see(self, sources: Sequence[str | None], places: Sequence[int | None]) -> None:
        """Each service's places; mostly they rise by one."""
        for source in dict.fromkeys(sources):
            if source is None:
                continue
            own = [place for one, place in zip(sources, places, strict=True) if one == source and place is not None]
            if own and own == list(range(own[0], own[0] + len(own))):
                self.streams.of(source).see(own[0], own[-1])
            else:
                for place in own:
                    self.streams.of(source).see(place, place)

    def note(self, position: int, leaf: bytes, *, is_sent: bool) -> None:
        word = word_of(position, leaf)
        if word is not None:
            self.words.append(word)
        if is_sent:
            self.streams.report(leaf)


def _links(first: int, before: Sequence[bytes], hashes: Sequence[bytes]) -> list[bytes]:
    sha256, places = hashlib.sha256, range(LINK + first, LINK + first + len(hashes))
    return [
        sha256(place.to_bytes(9, "big") + last + leaf_hash).digest()
        for place, last, leaf_hash in zip(places, before, hashes, strict=True)
    ]


def _levels(leaf_hashes: list[bytes]) -> list[list[bytes]]:
    """All complete subtrees over the leaves of a block, level by level."""
    sha256, levels = hashlib.sha256, [leaf_hashes]
    while len(levels[-1]) > 1:
        pairs = iter(levels[-1])
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)])
    return levels


@dataclass(frozen=True, slots=True)
class Part:
    """What one process is asked to read: entries `first` up to `end`, of a file from byte `start` to `stop`."""

    first: int
    end: int
    wanted: tuple[int, ...]
    start: int = 0
    stop: int = 0


class Source(Protocol):
    """Where pieces are read from; it can be sent to another process."""

    def parts(self) -> Iterator[Part]:
        """The log cut into pieces, in order; raises an OddError if it cannot be."""

    def read(self, part: Part) -> Piece:
        """One piece; raises an OddError if anything in it does not fit."""


def _new_piece(part: Part) -> Piece:
    return Piece(part.first, Run(part.first), deque(part.wanted))


#: `{"position":7,"leaf":"` LEAF `","leaf_hash":"` 64 `","chain_hash":"` 64 `"}` and the end of the line.
HASH_NAME, LINK_NAME, LINE_END = b'","leaf_hash":"', b'","chain_hash":"', b'"}\n'
HASHES = 64 + len(LINK_NAME) + 64 + len(LINE_END)
POSITION = re.compile(rb'\{"position": ?([0-9]{1,18})[,}]')


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export: a header, a line per entry, a line with the checkpoint."""

    path: str
    body: int
    first: int
    size: int
    hashes_only: bool

    def parts(self) -> Iterator[Part]:
        with open(self.path, "rb") as file:  # noqa: PTH123 - a plain string travels to other processes
            stop, length = self.body, file.seek(0, os.SEEK_END)
            end = self.first
            while stop < length:
                start, first = stop, end
                file.seek(min(start + PIECE_BYTES, length))
                file.readline()
                stop = file.tell()
                found = POSITION.match(file.readline(64)) if stop < length else None
                end = int(found[1]) if found else self.size
                yield Part(first, end, (), start, stop)

    def read(self, part: Part) -> Piece:
        piece = _new_piece(part)
        with open(self.path, "rb") as file:  # noqa: PTH123
            file.seek(part.start)
            lines = file.read(part.stop - part.start).splitlines(keepends=True)
        for begun in range(0, len(lines), BATCH):
            self._read(piece, lines[begun : begun + BATCH], is_end=begun + BATCH >= len(lines))
        if piece.first + piece.count != part.end:
            raise OddError
        piece.grow((), is_last=True)
        return piece

    def _read(self, piece: Piece, lines: list[bytes], *, is_end: bool) -> None:
        leaves, hashes, links = list[bytes | None](), list[bytes](), list[bytes]()
        take = self._hashes if self.hashes_only else self._entry
        for place, line in enumerate(lines, piece.first + piece.count):
            try:
                taken = take(line, place) or self._careful(line, place)
            except binascii.Error:
                raise OddError from None
            if taken is None:
                if not is_end or place != piece.first + piece.count + len(lines) - 1:
                    raise OddError
                piece.checkpoint = str((_json(line) or {})["checkpoint"])
                break
            leaves.append(taken[0])
            hashes.append(taken[1])
            links.append(taken[2])
        if not hashes:
            return
        if self.hashes_only:
            piece.gone += len(hashes)
        else:
            sent = [_sent(leaf) for leaf in leaves]
            piece.hear(leaves, [source for source, _ in sent], [place for _, place in sent])
        piece.add(leaves, hashes, links)

    @staticmethod
    def _entry(line: bytes, place: int) -> tuple[bytes | None, bytes, bytes] | None:
        """A line as this log's exports are written; anything else is read as JSON."""
        opening, end = b'{"position":%d,"leaf":"' % place, len(line) - HASHES
        if not line.startswith(opening) or line[end - 15 : end] != HASH_NAME or not line.endswith(LINE_END):
            return None
        raw = line[len(opening) : end - 15]
        leaf = raw.replace(b'\\"', b'"')
        if leaf.count(b'"') != len(raw) - len(leaf) or b"\\" in leaf or line[end + 64 : end + 80] != LINK_NAME:
            return None
        return leaf, unhexlify(line[end : end + 64]), unhexlify(line[end + 80 : -3])

    @staticmethod
    def _hashes(line: bytes, place: int) -> tuple[bytes | None, bytes, bytes] | None:
        opening, end = b'{"position":%d,"leaf_hash":"' % place, len(line) - HASHES
        if len(opening) != end or not line.startswith(opening) or line[end + 64 : end + 80] != LINK_NAME:
            return None
        return None, unhexlify(line[end : end + 64]), unhexlify(line[end + 80 : -3])

    @staticmethod
    def _careful(line: bytes, place: int) -> tuple[bytes | None, bytes, bytes] | None:
        """The same by way of JSON; None for the checkpoint at the end."""
        content = _json(line)
        if content is not None and "checkpoint" in content:
            return None
        row = None if content is None else _export_row(content)
        if row is None or row.position != place:
            raise OddError
        return row.leaf, row.leaf_hash, row.chain_hash


def _sent(leaf: bytes | None) -> tuple[str, int] | tuple[None, None]:
    """Source and place in the stream; they stand near the end of a leaf."""
    found = None if leaf is None else SENT.match(leaf, leaf.rfind(b'"source":"'))
    return (None, None) if found is None else (found[1].decode(), int(found[2]))


# --- the verification -------------------------------------------------------------------------------------------------


class Verification:
    """Reads a log once beside its checkpoints; raises the first TamperedError."""

    def __init__(self, log: Log, checkpoints: Iterator[Checkpoint], progress: Callable[[int], None]) -> None:
        self.log = log
        self.tree = log.tree
        self.chain_hash = log.chain_hash
        self.position = log.first
        self.progress = progress
        self.result = Result(hashes_only=log.hashes_only)
        self.agreed = log.first
        self.whole = False
        self.emptied = Emptied()
        self.streams = Streams(whole=log.first == 0)
        self.outside = _Reader(checkpoints)
        self.own = _Reader(log.own_checkpoints)
        self.heads = _Reader(log.own_heads)
        self.readers = ((self.outside, True), (self.own, True), (self.heads, False))

    def run(self) -> Result:
        rows = self.log.rows
        self.compare_heads()
        for row in rows:
            self.check_place(row, rows)
            self.check_leaf(row)
            self.check_link(row, rows)
            self.check_columns(row)
            self.accept(row)
        return self.finish()

    def finish(self) -> Result:
        """What can be said only at the end."""
        self.compare_heads()  # an export's own checkpoint stands behind its last entry
        # signed at its very end, an export is an older state of the log, not a cut one
        self.whole = self.log.size == self.position and self.result.signed == self.position
        self.check_end()
        if not self.log.hashes_only:
            self.emptied.check()
            self.streams.check()
        self.result.root = self.tree.root().hex()
        return self.result

    def run_quickly(self, source: Source, processes: int) -> Result:
        """The same by pieces; raises an OddError or a TamperedError where the careful way has to look."""
        self.compare_heads()
        for part, said, piece in _read_pieces(source, self._said_of, processes):
            if piece.opening is not None:
                self.join(piece, said)
            self.result.expired += piece.gone
            self.progress(self.result.entries)
            if piece.checkpoint is not None:
                self.log.keep_checkpoint(piece.checkpoint)
            if self.position != part.end:
                raise OddError
        return self.finish()

    def _said_of(self, part: Part) -> list[tuple[Checkpoint, bool]]:
        """What checkpoints and heads say about sizes within a part."""
        found = [(one, signed) for reader, signed in self.readers for one in reader.up_to(part.end)]
        return sorted((one for one in found if one[0].size > part.first), key=lambda one: one[0].size)

    def join(self, piece: Piece, said: list[tuple[Checkpoint, bool]]) -> None:
        """Put a piece behind what has been read."""
        leaf_hash, chained = piece.opening or (b"", b"")
        if piece.first != self.position or link(piece.first, self.chain_hash, leaf_hash) != chained:
            raise OddError
        for checkpoint, signed in said:
            self.hear(piece.words, checkpoint.size)
            tree = Tree(list(self.tree.edges))
            for height, node in piece.marks[checkpoint.size]:
                tree.add(node, height)
            self.position = checkpoint.size
            self.compare(checkpoint, signed, tree.root())
        self.chain_hash, self.position = piece.chain_hash, piece.first + piece.count
        self.result.entries += piece.count
        self.hear(piece.words, self.position)
        self.emptied.found.join(piece.expired)
        self.streams.join(piece.streams)
        self.join_tiles(piece)

    def hear(self, words: deque[Word], end: int) -> None:
        """What entries before `end` say, in their order: what is said later may rest on a checkpoint between."""
        while words and words[0].position < end:
            self.emptied.hear(words.popleft())

    def join_tiles(self, piece: Piece) -> None:
        """Subtrees that a piece completed by itself are its own; larger ones come into being here."""
        expected, end = list(piece.tiles), piece.first
        for height, node in piece.run.nodes:
            end += 1 << height
            completed = self.tree.add(node, height)
            expected += [
                (above, (end >> above) - 1, root) for above, root in completed if above > WITHIN and not above % 8
            ]
        if self.log.own_tiles is not None and list(islice(self.log.own_tiles, len(expected))) != expected:
            raise OddError

    def accept(self, row: Row) -> None:
        completed = self.tree.add(row.leaf_hash)
        self.chain_hash = row.chain_hash
        self.position += 1
        self.result.entries += 1
        self.result.expired += row.leaf is None
        self.emptied.see(row.position, row.leaf)
        self.streams.see(row.leaf)
        self.compare_tiles(completed)
        self.compare_heads()
        if not self.result.entries % 4096:
            self.progress(self.result.entries)

    def check_place(self, row: Row, rows: Iterator[Row]) -> None:
        """Positions count up by one."""
        if row.position == self.position:
            return
        if row.position < self.position:
            raise self.at(row, "inserted", f"position {row.position} comes a second time")
        if any(later.position == self.position for later in islice(rows, LOOK_AHEAD)):
            raise self.at(
                row, "reordered", f"the entry of position {row.position} stands where {self.position} belongs"
            )
        missing = row.position - self.position
        raise TamperedError(
            "removed", f"{missing} missing before position {row.position}", self.position, row.position - 1
        )

    def check_leaf(self, row: Row) -> None:
        if row.leaf is not None and hash_leaf(row.leaf) != row.leaf_hash:
            raise self.at(row, "changed", "its content does not have the hash recorded beside it")

    def check_link(self, row: Row, rows: Iterator[Row]) -> None:
        """The chain names the place where a log with recomputed hashes was cut, filled or shuffled."""
        if link(self.position, self.chain_hash, row.leaf_hash) == row.chain_hash:
            return
        window = [row, *islice(rows, LOOK_AHEAD)]
        kind, detail = self.explain_break(window)
        raise self.at(row, kind, detail)

    def explain_break(self, window: list[Row]) -> tuple[str, str]:
        belongs = self.successor(window, self.position, self.chain_hash)
        if belongs is not None:
            if self.all_link(window, belongs + 1):
                return "reordered", f"the entry that belongs here stands {belongs} further on"
            return "inserted", f"{belongs} put in before the entry that belongs here"
        if any(link(self.position, self.chain_hash, other.leaf_hash) == window[0].chain_hash for other in window[1:]):
            return "reordered", "the content that belongs here stands further on"
        shift = self.shift(window)
        if shift > 0:
            return "removed", f"{shift} missing before it"
        if shift < 0:
            return "inserted", f"{-shift} put in before it"
        return "changed", "its hash was recomputed, but the chain still holds the hash of what was recorded"

    @staticmethod
    def successor(window: list[Row], position: int, before: bytes) -> int | None:
        """Where in the window the entry stands that the chain continues with."""
        for index, row in enumerate(window):
            if link(position, before, row.leaf_hash) == row.chain_hash:
                return index
        return None

    def all_link(self, window: list[Row], count: int) -> bool:
        """Whether the first entries of the window can be put into an order in which each follows the other."""
        rest, before, position = list(window), self.chain_hash, self.position
        first = window[0]
        for _ in range(LOOK_AHEAD):
            index = self.successor(rest, position, before)
            if index is None:
                return False
            found = rest.pop(index)
            if found is first:
                return True
            before, position = found.chain_hash, position + 1
        return False

    def shift(self, window: list[Row]) -> int:
        """How many entries were taken out (or, negative, put in): the next entry's link remembers its place."""
        if len(window) == 1:
            newest = self.log.size or self.outside.newest_size()
            return max(0, newest - self.position - 1)
        row, after, place = window[0], window[1], self.position + 1
        for distance in sorted(range(-min(LOOK_AHEAD, place), LOOK_AHEAD), key=abs):
            if link(place + distance, row.chain_hash, after.leaf_hash) == after.chain_hash:
                return distance
        return 0

    def check_columns(self, row: Row) -> None:
        """In a database the columns that are searched must say what the leaf says."""
        name = column_that_differs(row)
        if name is not None:
            unreadable = "its content is nothing that this log writes"
            detail = unreadable if name == LEAF else f"its column {name} says other than its content"
            raise self.at(row, "changed", detail)

    def compare_tiles(self, completed: list[tuple[int, bytes]]) -> None:
        if self.log.own_tiles is None:
            return
        for height, computed in completed:
            if height % 8:
                continue
            expected = (height, (self.position >> height) - 1, computed)
            if next(self.log.own_tiles, None) != expected:
                raise TamperedError(
                    "changed", f"stored subtree {expected[1]} of level {height} is not that of the entries"
                )

    def compare_heads(self) -> None:
        """Where a checkpoint was signed, the roots must be equal."""
        for reader, signed in self.readers:
            if reader.may_have(self.position):
                for checkpoint in reader.up_to(self.position):
                    if checkpoint.size == self.position:
                        self.compare(checkpoint, signed, self.tree.root())

    def compare(self, checkpoint: Checkpoint, signed: bool, root: bytes) -> None:
        if checkpoint.root != root:
            first, last = min(self.agreed, self.position - 1), self.position - 1
            detail = f"entries {first} to {last} are not those of {checkpoint.where} (size {checkpoint.size})"
            raise TamperedError("forked" if signed else "changed", detail, first, last)
        if signed:
            self.agreed = self.position
            self.result.signed = max(self.result.signed, checkpoint.size)
            self.result.checkpoints += 1
            if checkpoint.since is not None:
                self.emptied.since.note(checkpoint.size, checkpoint.since)

    def check_end(self) -> None:
        for reader in (self.outside, self.own, self.heads):
            for checkpoint in reader.up_to(sys.maxsize):
                if self.whole:
                    self.result.behind = checkpoint.size - self.position
                    continue
                detail = f"the log ends after {self.position} entries; {checkpoint.where} covers {checkpoint.size}"
                raise TamperedError("truncated", detail, self.position, checkpoint.size - 1)
        if self.log.own_tiles is not None and next(self.log.own_tiles, None) is not None:
            raise TamperedError(
                "truncated", f"the log ends after {self.position} entries; its stored subtrees reach further"
            )
        if self.log.size is not None and self.position < self.log.size:
            detail = f"the log ends after {self.position} entries; its own header says {self.log.size}"
            raise TamperedError("truncated", detail, self.position, self.log.size - 1)
        if self.result.entries and not self.result.checkpoints:
            raise TamperedError("signature", "no signed checkpoint covers these entries: they prove nothing")

    def at(self, row: Row, kind: str, detail: str) -> TamperedError:
        return TamperedError(kind, detail, self.position, event_id=_event_id(row))


def _read_pieces(
    source: Source, said_of: Callable[[Part], list[tuple[Checkpoint, bool]]], processes: int
) -> Iterator[tuple[Part, list[tuple[Checkpoint, bool]], Piece]]:
    """Every piece in order, with what is said of it; a few are read ahead, so that memory does not follow the size."""
    parts, begun = source.parts(), deque[tuple[Part, list[tuple[Checkpoint, bool]], Future[Piece]]]()
    with _readers(processes) as readers:
        for part in parts:
            said = said_of(part)
            asked = replace(part, wanted=tuple(sorted({checkpoint.size for checkpoint, _ in said})))
            begun.append((part, said, readers.submit(source.read, asked)))
            if len(begun) > processes * 2:
                yield _done(begun)
        while begun:
            yield _done(begun)


def _done(begun: deque[tuple[Part, list[tuple[Checkpoint, bool]], Future[Piece]]]) -> Any:
    part, said, future = begun.popleft()
    return part, said, future.result()


#: Where a process can be copied, it begins at once; elsewhere it reads this file first.
BEGIN = "fork" if sys.platform == "linux" else "spawn"


@contextmanager
def _readers(processes: int) -> Iterator[Executor]:
    """Processes that read; for one, a thread of this program does."""
    many = ProcessPoolExecutor(processes, mp_context=get_context(BEGIN)) if processes > 1 else ThreadPoolExecutor(1)
    try:
        yield many
    finally:
        many.shutdown(wait=True, cancel_futures=True)
        while OPEN:
            OPEN.popitem()[1].close()


class _Reader:
    """Hands out checkpoints in order of size, looking one ahead."""

    def __init__(self, checkpoints: Iterator[Checkpoint]) -> None:
        self._checkpoints = checkpoints
        self._next: Checkpoint | None = None

    def may_have(self, size: int) -> bool:
        """Asked once per entry, so it must cost nothing."""
        return self._next is None or self._next.size <= size

    def up_to(self, size: int) -> Iterator[Checkpoint]:
        while True:
            if self._next is None:
                self._next = next(self._checkpoints, None)
            if self._next is None or self._next.size > size:
                return
            yielded, self._next = self._next, None
            yield yielded

    def newest_size(self) -> int:
        return max((checkpoint.size for checkpoint in self.up_to(sys.maxsize)), default=0)


LEAF = "leaf"


def column_that_differs(row: Row) -> str | None:
    """The first column that says other than the leaf; the leaf itself if it cannot be read."""
    if row.columns is None or row.leaf is None:
        return None
    try:
        leaf = json.loads(row.leaf)
        return next((name for name, value in row.columns.items() if _recorded(leaf, name) != value), None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return LEAF


def _recorded(leaf: dict[str, Any], column: str) -> Any:
    """What a leaf says about a column; the ids of a case stand in its data or are its subject."""
    if not column.endswith("_id"):
        return leaf.get(column)
    kind, _, identity = leaf.get("subject", "").partition("/")
    return leaf["data"].get(column, identity if f"{kind}_id" == column else None)


def _event_id(row: Row) -> str | None:
    try:
        identity = json.loads(row.leaf or b"{}").get("id")
    except (ValueError, AttributeError):
        return None
    return identity if isinstance(identity, str) else None


# --- reading an export ------------------------------------------------------------------------------------------------


def open_export(lines: Iterator[bytes], header: dict[str, Any], key: Key) -> Log:
    """The log in an export: a header line, a line per entry, a line with the checkpoint it was made under."""
    try:
        first, size = int(header["first"]), int(header["size"])
        edges = [bytes.fromhex(edge) for edge in header["frontier"]]
        heights = [height for height in reversed(range(first.bit_length())) if first >> height & 1]
        tree = Tree(list(zip(heights, edges, strict=True)))
        before = bytes.fromhex(header["chain_hash"])
    except (KeyError, TypeError, ValueError) as wrong:
        raise UnreadableError(f"the export's header is incomplete: {wrong}") from wrong
    tail = _Tail()

    def keep(note: str) -> None:
        tail.read.append(key.open(note, "the checkpoint inside the export"))

    rows = _export_rows(lines, first, keep)
    only = header.get("content") is False
    return Log(rows, first, tree, before, size, own_checkpoints=tail, hashes_only=only, keep_checkpoint=keep)


def verify_extract(
    contents: Iterator[dict[str, Any] | None], header: dict[str, Any], key: Key, outside: Iterator[Checkpoint]
) -> Result:
    """Single entries: each must lead by its own proof to the root that was signed."""
    signed = key.open(str(header.get("checkpoint")), "the checkpoint inside the extract")
    result = Result(signed=signed.size, root=signed.root.hex(), checkpoints=1)
    for other in outside:
        if other.size == signed.size and other.root != signed.root:
            raise TamperedError("forked", f"{other.where} of the same size {signed.size} has another root")
        result.checkpoints += other.size == signed.size
    emptied, places = Emptied(), list[int]()
    for number, content in enumerate(contents):
        place = content.get("position") if content else None
        if content is None or not isinstance(place, int) or not _is_proven(content, place, signed):
            at = place if isinstance(place, int) else None
            raise TamperedError("changed", f"entry {number + 1} of the extract does not lead to the signed root", at)
        result.entries += 1
        result.expired += content["leaf"] is None
        places.append(place)
        emptied.see(place, None if content["leaf"] is None else content["leaf"].encode())
    if result.entries != header.get("entries"):
        raise TamperedError("truncated", f"{result.entries} of {header.get('entries')} entries are there")
    emptied.check()
    if places and places == list(range(places[0], places[0] + len(places))):
        result.neighbors = f"{places[0]} to {places[-1]}"
    return result


def _is_proven(content: dict[str, Any], place: int, signed: Checkpoint) -> bool:
    """RFC 9162 2.1.3.2: the leaf's hash, folded with the proof's steps, is the root. What expired has its hash left."""
    try:
        leaf = content["leaf"]
        current = bytes.fromhex(content["leaf_hash"]) if leaf is None else hash_leaf(leaf.encode())
        proof = [bytes.fromhex(step) for step in content["proof"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return leads_to(current, place, signed.size, proof) == signed.root


def leads_to(leaf_hash: bytes, place: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162 2.1.3.2); None if the proof has not the steps it needs."""
    last, current = size - 1, leaf_hash
    if not 0 <= place <= last:
        return None
    for step in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            current = hashlib.sha256(b"\x01" + step + current).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            current = hashlib.sha256(b"\x01" + current + step).digest()
        place, last = place >> 1, last >> 1
    return current if last == 0 else None


def lead_on(first: int, second: int, first_root: bytes, proof: list[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to (RFC 9162 2.1.4.2)."""
    if first == second:
        return (first_root, first_root) if first and not proof else None
    if not 0 < first < second or not proof:
        return None
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old = hashlib.sha256(b"\x01" + step + old).digest()
            new = hashlib.sha256(b"\x01" + step + new).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = hashlib.sha256(b"\x01" + new + step).digest()
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None


def verify_proof(content: dict[str, Any], key: Key, outside: Iterator[Checkpoint]) -> Result:
    """An answer of the log about one entry, or about two of its sizes, against what was signed."""
    signed = [key.open(str(content["checkpoint"]), "the checkpoint beside the proof")] if content["checkpoint"] else []
    roots = {checkpoint.size: checkpoint.root for checkpoint in (*outside, *signed)}
    proof = [base64.b64decode(step, validate=True) for step in content["proof"]]
    if "position" in content:
        size, entry = int(content["size"]), int(content["position"])
        holds = leads_to(base64.b64decode(content["leaf_hash"]), entry, size, proof) == roots.get(size, b"")
        detail = f"entry {entry} is not under the signed root of {size} entries"
    else:
        first, size, entry = int(content["first"]), int(content["second"]), None
        old = roots.get(first, base64.b64decode(content["first_root"]))
        holds = lead_on(first, size, old, proof) == (old, roots.get(size))
        detail = f"the log of {first} entries is not the beginning of that of {size}"
    if size not in roots:
        raise TamperedError("signature", f"no signed checkpoint of {size} entries: the proof shows nothing")
    if not holds:
        raise TamperedError("forked" if entry is None else "changed", detail, entry)
    return Result(entries=1 if entry is not None else 0, signed=size, checkpoints=1, root=roots[size].hex())


RECEIPT = "LNR1:"
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MOST_RECEIPT = 65_536


def open_receipt(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and entry, as in an extract, from the text of a QR code."""
    try:
        if not text.startswith(RECEIPT):
            raise ValueError(f"it does not begin with {RECEIPT}")
        inflate = zlib.decompressobj()
        data = inflate.decompress(_from_base45(text.removeprefix(RECEIPT)), MOST_RECEIPT)
        if not inflate.eof:
            raise ValueError("it is cut off or too long")
        note, rest = _sized(data)
        leaf, rest = _sized(rest)
        steps = rest[8:]
        if len(rest) < 8 or len(steps) % 32:
            raise ValueError("its proof is cut off")
        entry = {
            "position": int.from_bytes(rest[:8], "big"),
            "leaf": leaf.decode(),
            "proof": [steps[start : start + 32].hex() for start in range(0, len(steps), 32)],
        }
        return {"format": EXTRACT, "entries": 1, "checkpoint": note.decode()}, entry
    except (ValueError, zlib.error) as wrong:
        raise UnreadableError(f"the receipt cannot be read: {wrong}") from wrong


def _sized(data: bytes) -> tuple[bytes, bytes]:
    size = 2 + int.from_bytes(data[:2], "big")
    if len(data) < size:
        raise ValueError("it is cut off")
    return data[2:size], data[size:]


def _from_base45(text: str) -> bytes:
    """RFC 9285; the letters of one group are the digits of a number, the least first."""
    data = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        number = sum(BASE45.index(letter) * 45**place for place, letter in enumerate(group))
        try:
            data += number.to_bytes(len(group) - 1, "big")
        except OverflowError:
            raise ValueError("its letters make no bytes") from None
    return bytes(data)


class _Tail(Iterator[Checkpoint]):
    """What stands at the end of the file: nothing until it has been read."""

    def __init__(self) -> None:
        self.read: list[Checkpoint] = []

    def __next__(self) -> Checkpoint:
        if not self.read:
            raise StopIteration
        return self.read.pop()


def _export_rows(lines: Iterator[bytes], first: int, keep: Callable[[str], None]) -> Iterator[Row]:
    for place, line in enumerate(lines, start=first):
        content = _json(line)
        if content is not None and "checkpoint" in content:
            keep(str(content["checkpoint"]))
            return
        row = None if content is None else _export_row(content)
        if row is None:
            raise TamperedError("changed", "its line in the export is no longer readable", place)
        yield row


def _export_row(content: dict[str, Any]) -> Row | None:
    try:
        leaf = content.get("leaf")
        return Row(
            int(content["position"]),
            None if leaf is None else leaf.encode(),
            bytes.fromhex(content["leaf_hash"]),
            bytes.fromhex(content["chain_hash"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _json(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line.decode())
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


# --- reading a database -----------------------------------------------------------------------------------------------

ROWS = """
SELECT position, leaf, leaf_hash, chain_hash, event_id::text, type, source, subject, actor,
       to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), correlation_id::text, stream_position,
       enquiry_id::text, referral_id::text, person_id::text, organization_id::text
FROM entries ORDER BY position
"""
COLUMNS = ("id", "type", "source", "subject", "actor", "time", "correlationid", "streamposition")
CASE_COLUMNS = ("enquiry_id", "referral_id", "person_id", "organization_id")
TILES = "SELECT level, index, hash FROM tiles ORDER BY (index + 1) << level, level"


#: The same for the quick way: ids as a leaf spells them, beside what stands around them.
QUICK_ROWS = """
SELECT position, leaf, leaf_hash, chain_hash, source, stream_position, actor, subject, type, occurred_at::text,
       '"correlationid":"' || correlation_id || '","data":{', '","id":"' || event_id || '","s',
       '"enquiry_id":"' || enquiry_id || '"', '"organization_id":"' || organization_id || '"',
       '"person_id":"' || person_id || '"', '"referral_id":"' || referral_id || '"'
FROM entries WHERE position >= %s AND position < %s ORDER BY position
"""
#: Times as they are shown by the length they have: PostgreSQL leaves out the noughts at the end, a leaf never does.
AS_SHOWN = "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)"
NOUGHTS = {22: ".000000Z", **{23 + places: "0" * (6 - places) + "Z" for places in range(1, 7)}}
ONE_ROW = ROWS.replace("ORDER BY position", "WHERE position = ANY(%s)")
ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: The ids of a case as names of data, and as kinds of a subject.
CASE = ("enquiry", "organization", "person", "referral")
ENQUIRY, ORGANIZATION, PERSON, REFERRAL = (f'"{kind}_id":' for kind in CASE)
OF_ENQUIRY, OF_ORGANIZATION, OF_PERSON, OF_REFERRAL = (f'"subject":"{kind}/' for kind in CASE)
#: What JSON spells otherwise than a column does.
SPELLED = re.compile(r'[\x00-\x1f"\\]')
#: This process's own way into the database, in the snapshot the whole verification reads.
OPEN: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class DatabaseSource:
    """A database, in one snapshot that several connections share."""

    dsn: str
    snapshot: str
    size: int

    def parts(self) -> Iterator[Part]:
        for first in range(0, self.size, PIECE):
            yield Part(first, min(first + PIECE, self.size), ())

    def read(self, part: Part) -> Piece:
        piece, connection = _new_piece(part), self._connection()
        with connection.cursor(binary=True) as cursor:
            cursor.execute(QUICK_ROWS, (part.first, part.end))
            while rows := cursor.fetchmany(BATCH):
                self._add(piece, rows, connection)
        if piece.first + piece.count != part.end:
            raise OddError
        piece.grow((), is_last=True)
        return piece

    def _connection(self) -> Any:
        if self.snapshot not in OPEN:
            psycopg = importlib.import_module("psycopg")
            connection = psycopg.connect(self.dsn, options="-c default_transaction_read_only=on")
            connection.execute(ONE_SNAPSHOT)
            connection.execute(f"SET TRANSACTION SNAPSHOT '{self.snapshot}'")
            connection.execute(AS_SHOWN)
            OPEN[self.snapshot] = connection
        return OPEN[self.snapshot]

    @staticmethod
    def _add(piece: Piece, rows: list[tuple[Any, ...]], connection: Any) -> None:
        positions, leaves, hashes, links, sources, places, actors, subjects, kinds, *_ = zip(*rows, strict=True)
        start = piece.first + piece.count
        if positions != tuple(range(start, start + len(rows))):
            raise OddError
        words = "".join(word for column in (sources, actors, subjects, kinds) for word in column if word)
        is_plain = SPELLED.search(words) is None
        unclear = [row[0] for row in rows if row[1] is not None and not (is_plain and _agrees(row))]
        if unclear:
            _compare_columns(connection, unclear)
        piece.hear(leaves, sources, places)
        piece.add(leaves, hashes, links)


def _agrees(row: tuple[Any, ...]) -> bool:
    """Whether the leaf surely says what the columns say; where that is not sure, it is parsed.

    With two braces that open and two that close, a leaf is one object that holds one of names and plain values, its
    data; the names are sorted. What is looked for contains its quotes, which no value can, so it is a member. The id
    stands behind the data, before the place in the case's order or else before the source.
    """
    _, content, _, _, source, place, actor, subject, kind, at, related, own, enquiry, partner, person, referral = row
    leaf = content.decode()
    opening = f'{{"actor":"{actor}",'
    streamed = "" if place is None else f',"streamposition":{place}'
    about = "" if subject is None else f',"subject":"{subject}"'
    end = f',"source":"{source}"{streamed}{about},"time":"{at[:10]}T{at[11:-3]}{NOUGHTS[len(at)]}","type":"{kind}"}}'
    begun, closed, stop = leaf.find("{", 1), leaf.find("}"), len(leaf) - len(end)
    data = leaf[begun:closed]
    return (
        related is not None
        and leaf.startswith(opening)
        and leaf.endswith(end)
        and leaf.rfind("{") == begun
        and leaf.find("}", closed + 1) == len(leaf) - 1
        and leaf.endswith(related, len(opening), begun + 1)
        and (
            leaf.endswith(own, closed, leaf.rfind('"', closed, stop) - len("equence"))
            or leaf.endswith(own, closed, stop + len(',"s'))
        )
        and (ENQUIRY not in data and OF_ENQUIRY not in about if enquiry is None else enquiry in data)
        and (ORGANIZATION not in data and OF_ORGANIZATION not in about if partner is None else partner in data)
        and (PERSON not in data and OF_PERSON not in about if person is None else person in data)
        and (REFERRAL not in data and OF_REFERRAL not in about if referral is None else referral in data)
    )


def _compare_columns(connection: Any, positions: list[int]) -> None:
    for position, leaf, leaf_hash, chain_hash, *columns in connection.execute(ONE_ROW, (positions,)):
        row = Row(position, bytes(leaf), leaf_hash, chain_hash, dict(zip(COLUMNS + CASE_COLUMNS, columns, strict=True)))
        if column_that_differs(row) is not None:
            raise OddError


def shared_source(connection: Any, dsn: str) -> DatabaseSource | None:
    """The same snapshot for several connections; None where the database gives none, or holds no whole log."""
    psycopg = importlib.import_module("psycopg")
    try:
        snapshot, first, last, count = connection.execute(
            "SELECT pg_export_snapshot(), min(position), max(position), max(position) - min(position) + 1 FROM entries"
        ).fetchone()
    except psycopg.Error:
        connection.rollback()
        connection.execute(ONE_SNAPSHOT)  # the rollback ended the one it had
        return None
    return DatabaseSource(dsn, snapshot, count) if first == 0 and last is not None else None


NAMES = count()


def open_database(connection: Any, key: Key) -> Log:
    """The log in a database, read in one snapshot that cannot write."""

    def rows() -> Iterator[Row]:
        for position, leaf, leaf_hash, chain_hash, *columns in _stream(connection, "rows", ROWS):
            named = dict(zip(COLUMNS + CASE_COLUMNS, columns, strict=True))
            yield Row(position, leaf and bytes(leaf), bytes(leaf_hash), bytes(chain_hash), named)

    def notes() -> Iterator[Checkpoint]:
        for _, note in _stream(connection, "notes", "SELECT size, note FROM checkpoints ORDER BY size"):
            yield key.open(note, "the checkpoint in the database")

    def heads() -> Iterator[Checkpoint]:
        for size, root in _stream(connection, "heads", "SELECT size, root FROM heads ORDER BY size"):
            yield Checkpoint(size, bytes(root), "the head in the database")

    tiles = ((level, index, bytes(value)) for level, index, value in _stream(connection, "tiles", TILES))
    return Log(rows(), own_checkpoints=rising(notes()), own_heads=heads(), own_tiles=tiles)


def _stream(connection: Any, name: str, query: str) -> Iterator[tuple[Any, ...]]:
    """Closed at its end only: one given up half-way is swept up at any moment, even amid the fetch of another.

    It would wait there for the connection that waits for it. Its cursor ends with the transaction.
    """
    cursor = connection.cursor(name=f"{name}{next(NAMES)}")
    cursor.itersize = 2_000
    cursor.execute(query)
    for row in cursor:  # noqa: UP028 - `yield from` would close it when this is given up
        yield row
    cursor.close()


# --- the program ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """How to begin: the log anew each time, the checkpoints kept outside, and pieces if it can be cut into them."""

    log: Callable[[], Log]
    outside: Callable[[], Iterator[Checkpoint]]
    source: Source | None
    processes: int

    def verification(self, progress: Callable[[int], None]) -> Verification:
        return Verification(self.log(), rising(self.outside()), progress)


def verify(opening: Opening, progress: Callable[[int], None]) -> Result:
    """Run the verification; a TamperedError becomes part of the result."""
    started = time.monotonic()
    result = _in_order(opening, progress) or _in_detail(opening, progress)
    result.seconds = round(time.monotonic() - started, 3)
    return result


def _in_order(opening: Opening, progress: Callable[[int], None]) -> Result | None:
    """The result if everything holds; None if somebody has to look entry by entry."""
    if opening.source is None:
        return None
    try:
        result = opening.verification(progress).run_quickly(opening.source, opening.processes)
    except (OddError, TamperedError, ValueError, KeyError, TypeError, AttributeError, BrokenExecutor):
        return None  # whatever content was read as it was not meant: the careful way looks at its hash first
    result.ok = True
    return result


def _in_detail(opening: Opening, progress: Callable[[int], None]) -> Result:
    verification = opening.verification(progress)
    try:
        verification.run()
        verification.result.ok = True
    except TamperedError as finding:
        verification.result.finding = finding.as_dict()
    return verification.result


def sentences(result: Result) -> str:
    """The result for a person."""
    if result.finding is None:
        newer = max(0, result.entries - result.signed)
        uncovered = f"; {newer:,} newer than the newest checkpoint" if result.checkpoints and newer > 0 else ""
        held = f"{result.checkpoints:,} comparisons with signed checkpoints agree"
        behind = f"\nthe log has grown since: a newer checkpoint covers {result.behind:,} more" if result.behind else ""
        rate = f"{result.entries / max(result.seconds, 0.001):,.0f} entries/s"
        only = "\nby their hashes only: what the entries say was not shown" if result.hashes_only else ""
        only += f"\nall neighboring entries from {result.neighbors} are there" if result.neighbors else ""
        return f"VERIFIED: {result.entries:,} entries, {held}{uncovered}{behind}{only}\nroot {result.root}\n{rate}"
    finding = result.finding
    entry, last = finding.get("entry"), finding.get("last")
    where = "" if entry is None else f"entry {entry}" if last in (None, entry) else f"entries {entry} to {last}"
    event = f" (event {finding['event_id']})" if "event_id" in finding else ""
    return f"TAMPERED: {finding['kind']}{': ' if where else ''}{where}{event}\n{finding['detail']}"


def progress_on(stream: TextIO) -> Callable[[int], None]:
    """Show the count now and then, if somebody is watching."""
    shown = time.monotonic()

    def show(entries: int) -> None:
        nonlocal shown
        if stream.isatty() and time.monotonic() - shown > 0.5:
            shown = time.monotonic()
            print(f"\r{entries:,} entries ...", end="", file=stream, flush=True)

    return show


#: More would only crowd the database.
DEFAULT = min(os.cpu_count() or 1, 4)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Verify a Lotsennetz audit log.", epilog="Exit codes: 0, 1, 2.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--export", type=Path, metavar="FILE", help="an exported log (NDJSON)")
    source.add_argument("--receipt", type=Path, metavar="FILE", help="the text of a receipt's QR code")
    source.add_argument(
        "--proof", type=Path, metavar="FILE", help="an answer of /proofs/inclusion or /proofs/consistency"
    )
    source.add_argument("--database", metavar="DSN", help="a read-only connection to the audit database")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="PATH", help="checkpoints kept outside: a file or a directory"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", required=True, help="the log's verifier key")
    parser.add_argument(
        "--processes", type=int, metavar="N", default=DEFAULT, help="how many read at once (one per CPU, at most 4)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)


def run(chosen: argparse.Namespace) -> Result:
    key = Key.read(chosen.key)
    if chosen.receipt:
        header, entry = open_receipt(chosen.receipt.read_text(encoding="utf-8").strip("\r\n"))
        return _extract(iter([entry]), header, key, _outside(chosen, key))
    if chosen.proof:
        return _proof(chosen.proof, key, _outside(chosen, key))
    if chosen.export:
        return _run_export(chosen, key)
    outside = [_outside(chosen, key)]  # how far they reach is settled before the log is opened
    with _connect(chosen.database) as connection:
        connection.execute(ONE_SNAPSHOT)
        source = shared_source(connection, chosen.database)

        def settled() -> Iterator[Checkpoint]:
            return outside.pop() if outside else _outside(chosen, key)

        processes = 1 if source is None or source.size <= 2 * PIECE else max(1, chosen.processes)
        opening = Opening(lambda: open_database(connection, key), settled, source, processes)
        return verify(opening, progress_on(sys.stderr))


def _run_export(chosen: argparse.Namespace, key: Key) -> Result:
    """An extract, or an export: the same file may be read more than once, from its second line on."""
    with chosen.export.open("rb") as file:
        header, body = _json(file.readline()) or {}, file.tell()
        if header.get("format") == EXTRACT:
            return _extract(map(_json, file), header, key, _outside(chosen, key))
        if header.get("format") != FORMAT:
            raise UnreadableError(f"{chosen.export} does not begin with a header of {FORMAT}")

        def log() -> Log:
            file.seek(body)
            return open_export(iter(file), header, key)

        known = log()
        source = ExportFile(str(chosen.export), body, known.first, known.size or 0, known.hashes_only)
        processes = 1 if chosen.export.stat().st_size <= 2 * PIECE_BYTES else max(1, chosen.processes)
        return verify(Opening(log, lambda: _outside(chosen, key), source, processes), progress_on(sys.stderr))


def _outside(chosen: argparse.Namespace, key: Key) -> Iterator[Checkpoint]:
    """The checkpoints kept outside; an empty directory proves nothing, and that is said."""
    if not chosen.checkpoint:
        return iter(())
    outside = checkpoints_at(chosen.checkpoint, key)
    return chain([_first(outside, chosen.checkpoint)], outside)


def _extract(
    contents: Iterator[dict[str, Any] | None], header: dict[str, Any], key: Key, outside: Iterator[Checkpoint]
) -> Result:
    started = time.monotonic()
    result = verify_extract(contents, header, key, rising(outside))
    result.ok, result.seconds = True, round(time.monotonic() - started, 3)
    return result


def _proof(path: Path, key: Key, outside: Iterator[Checkpoint]) -> Result:
    try:
        result = verify_proof(_json(path.read_bytes()) or {}, key, rising(outside))
    except (KeyError, TypeError, ValueError) as wrong:
        raise UnreadableError(f"{path} is no proof: {wrong!r}") from wrong
    result.ok = True
    return result


@contextmanager
def _connect(dsn: str) -> Iterator[Any]:
    """A connection that cannot write; whatever the database says is told in its own words."""
    psycopg = importlib.import_module("psycopg")

    try:
        with psycopg.connect(dsn, options="-c default_transaction_read_only=on") as connection:
            yield connection
    except psycopg.Error as wrong:
        raise UnreadableError(f"database: {wrong}") from wrong


def _first(checkpoints: Iterator[Checkpoint], path: Path) -> Checkpoint:
    first = next(checkpoints, None)
    if first is None:
        raise UnreadableError(f"{path} holds no checkpoint")
    return first


def main(arguments: list[str] | None = None) -> int:
    chosen = parse(arguments)
    try:
        result = run(chosen)
    except TamperedError as finding:
        result = Result(finding=finding.as_dict())
    except UnreadableError as wrong:
        return _unreadable(str(wrong), chosen.json)
    except (OSError, ImportError) as wrong:
        return _unreadable(f"{type(wrong).__name__}: {wrong}", chosen.json)
    sys.stdout.write((json.dumps(asdict(result)) if chosen.json else sentences(result)) + "\n")
    return OK if result.ok else TAMPERED


def _unreadable(why: str, as_json: bool) -> int:
    sys.stderr.write((json.dumps({"ok": False, "unreadable": why}) if as_json else f"UNREADABLE: {why}") + "\n")
    return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
