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
service. It reads the log once, in constant memory, and names the first wrong entry and what is wrong with it:

    changed     an entry's content, hash or search column is not what was recorded
    removed     entries are missing in the middle, or their content is gone and the log does not say that it would go
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
import hashlib
import importlib
import json
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

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


@dataclass(slots=True)
class Tree:
    """The right edge of the Merkle tree: (height, hash) of complete subtrees, heights falling from left to right."""

    edges: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, leaf_hash: bytes) -> list[tuple[int, bytes]]:
        """Append a leaf; answers the subtrees it completed, smallest first."""
        completed, height, current = [], 0, leaf_hash
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
        try:
            with file.open("rb") as content:
                for number, note in enumerate(_notes(_lines(content, size), torn=torn), start=1):
                    last_two = [*last_two[-1:], note]
                    yield key.open(note, f"{file.name} note {number}")
        except (OSError, UnicodeDecodeError) as wrong:
            raise UnreadableError(f"checkpoint {file}: {wrong}") from wrong
    if newest is not None and newest not in last_two:
        yield key.open(newest, "latest.note")


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
EXPIRED_BY = "/lotsennetz/audit"


@dataclass(slots=True)
class Emptied:
    """Entries found without content, against what later entries say was due to go. Both as stretches: neighbors merge,
    so that memory follows how often the log says so and not how much is gone."""

    found: list[list[int]] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)

    def see(self, position: int, leaf: bytes | None) -> None:
        if leaf is None:
            if self.found and self.found[-1][1] == position - 1:
                self.found[-1][1] = position
            else:
                self.found.append([position, position])
        elif EXPIRED.encode() in leaf:
            self.told += _told(leaf, position)

    def check(self) -> None:
        """Raise for the first entry that is empty without a word."""
        told = iter([*sorted(self.told), (sys.maxsize, sys.maxsize)])
        start, end = next(told)
        for first, last in self.found:
            while first <= last:
                while end < first:
                    start, end = next(told)
                if start > first:
                    detail = "the content is gone, and no later entry says that its period was over"
                    raise TamperedError("removed", detail, first, min(last, start - 1))
                first = end + 1  # noqa: PLW2901 - what is left of the stretch


def _told(leaf: bytes, position: int) -> list[tuple[int, int]]:
    """The stretches an entry of the audit service says are over; it can only speak of what stands before it."""
    try:
        content = json.loads(leaf)
        if (content["type"], content["source"]) != (EXPIRED, EXPIRED_BY):
            return []
        spans = [(int(span["first"]), int(span["last"])) for span in content["data"]["spans"]]
    except (KeyError, TypeError, ValueError):
        return []
    return [(first, min(last, position - 1)) for first, last in spans]


# --- what services say they sent --------------------------------------------------------------------------------------

#: Names of a leaf are sorted, so these two stand side by side.
SENT = re.compile(rb'"source":"([^"]+)","streamposition":([0-9]+)')
REPORT = b".stream_reported.v1"


@dataclass(slots=True)
class Stream:
    """One service's events as they were found, and how far it says it has sent."""

    seen: list[list[int]] = field(default_factory=list)
    floor: int | None = None
    reported: int = 0

    def see(self, place: int) -> None:
        """Places mostly rise by one: then the last stretch grows."""
        if self.floor is None:
            self.floor = place + LOOK_AHEAD  # what came out of order around the cut is not known
        if self.seen and self.seen[-1][1] == place - 1:
            self.seen[-1][1] = place
        else:
            self.seen.append([place, place])

    def gap(self) -> tuple[int, int] | None:
        """The first stretch that is missing up to what was reported."""
        wanted = self.floor or 1
        for first, last in sorted(self.seen):
            if first > wanted:
                break
            wanted = max(wanted, last + 1)
        after = min((first for first, _ in self.seen if first > wanted), default=self.reported + 1)
        return (wanted, min(after - 1, self.reported)) if wanted <= self.reported else None


@dataclass(slots=True)
class Streams:
    """All services. Where a part begins or content has expired, what was sent before cannot be known."""

    whole: bool
    streams: dict[str, Stream] = field(default_factory=dict)

    def see(self, leaf: bytes | None) -> None:
        if leaf is None:
            self.whole = False
            self.streams.clear()
            return
        sent = SENT.search(leaf)
        if sent is not None:
            self.of(sent[1].decode()).see(int(sent[2]))
            if REPORT in leaf:
                self.report(leaf)

    def of(self, source: str) -> Stream:
        stream = self.streams.get(source)
        if stream is None:
            stream = self.streams[source] = Stream(floor=1 if self.whole else None)
        return stream

    def report(self, leaf: bytes) -> None:
        content = json.loads(leaf)
        if str(content.get("type", "")).endswith(REPORT.decode()):
            stream = self.of(content["source"])
            stream.reported = max(stream.reported, int(content["data"]["position"]))

    def check(self) -> None:
        for source, stream in sorted(self.streams.items()):
            missing = stream.gap()
            if missing is not None:
                first, last = missing
                raise TamperedError("gap", f"{source} sent its events {first} to {last}; the log never got them")


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
        self.compare_heads()  # an export's own checkpoint stands behind its last entry
        # signed at its very end, an export is an older state of the log, not a cut one
        self.whole = self.log.size == self.position and self.result.signed == self.position
        self.check_end()
        if not self.log.hashes_only:
            self.emptied.check()
            self.streams.check()
        self.result.root = self.tree.root().hex()
        return self.result

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
        if row.columns is None or row.leaf is None:
            return
        leaf = json.loads(row.leaf)
        for name, value in row.columns.items():
            if _recorded(leaf, name) != value:
                raise self.at(row, "changed", f"its column {name} says other than its content")

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
                        self.compare(checkpoint, signed)

    def compare(self, checkpoint: Checkpoint, signed: bool) -> None:
        if checkpoint.root != self.tree.root():
            first, last = min(self.agreed, self.position - 1), self.position - 1
            detail = f"entries {first} to {last} are not those of {checkpoint.where} (size {checkpoint.size})"
            raise TamperedError("forked" if signed else "changed", detail, first, last)
        if signed:
            self.agreed = self.position
            self.result.signed = max(self.result.signed, checkpoint.size)
            self.result.checkpoints += 1

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
    rows = _export_rows(lines, first, key, tail)
    return Log(rows, first, tree, before, size, own_checkpoints=tail, hashes_only=header.get("content") is False)


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


def _export_rows(lines: Iterator[bytes], first: int, key: Key, tail: _Tail) -> Iterator[Row]:
    for place, line in enumerate(lines, start=first):
        content = _json(line)
        if content is not None and "checkpoint" in content:
            tail.read.append(key.open(str(content["checkpoint"]), "the checkpoint inside the export"))
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


def open_database(connection: Any, key: Key) -> Log:
    """The log in a database, read in one snapshot that cannot write."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

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
    with connection.cursor(name=name) as cursor:
        cursor.itersize = 2_000
        cursor.execute(query)
        yield from cursor


# --- the program ------------------------------------------------------------------------------------------------------


def verify(log: Log, checkpoints: Iterator[Checkpoint], progress: Callable[[int], None]) -> Result:
    """Run the verification; a TamperedError becomes part of the result."""
    started = time.monotonic()
    verification = Verification(log, rising(checkpoints), progress)
    result = verification.result
    try:
        verification.run()
        result.ok = True
    except TamperedError as finding:
        result.finding = finding.as_dict()
    result.seconds = round(time.monotonic() - started, 3)
    return result


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
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)


def run(chosen: argparse.Namespace) -> Result:
    key = Key.read(chosen.key)
    outside = checkpoints_at(chosen.checkpoint, key) if chosen.checkpoint else iter(())
    if chosen.checkpoint:
        outside = chain([_first(outside, chosen.checkpoint)], outside)  # an empty directory proves nothing: say so
    if chosen.receipt:
        header, entry = open_receipt(chosen.receipt.read_text(encoding="utf-8").strip("\r\n"))
        return _extract(iter([entry]), header, key, outside)
    if chosen.proof:
        return _proof(chosen.proof, key, outside)
    with ExitStack() as stack:
        if chosen.export:
            lines: Iterator[bytes] = iter(stack.enter_context(chosen.export.open("rb")))
            header = _json(next(lines, b"")) or {}
            if header.get("format") == EXTRACT:
                return _extract(map(_json, lines), header, key, outside)
            if header.get("format") != FORMAT:
                raise UnreadableError(f"{chosen.export} does not begin with a header of {FORMAT}")
            log = open_export(lines, header, key)
        else:
            log = open_database(stack.enter_context(_connect(chosen.database)), key)
        return verify(log, iter(outside), progress_on(sys.stderr))


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
