#!/usr/bin/env python3
"""Be a witness of a Lotsennetz audit log: countersign its heads, as long as it only grows.

    python lotsennetz_witness.py --log URL --log-key FILE --key FILE --state FILE --token-file FILE [--every SECONDS]
    python lotsennetz_witness.py --make-key NAME --key FILE

One file; it needs Python 3.11 and `cryptography`. It shares no code with the service and needs no trust in it. It keeps
the last head it saw. Of every newer head it asks for the proof that the last one is its beginning, checks it, notes the
new head, and only then countersigns. A log that was rewritten cannot give that proof; one that was cut is smaller.

Exit codes: 0 the log only grew; 1 it FORKED or SHRANK (nothing was countersigned: tell the data-protection officer);
2 wrong use, or the log cannot be reached or read.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_KEY, WITNESS_KEY = b"\x01", b"\x04"
PRIVATE = "PRIVATE+KEY+"
GREW, BROKEN, UNREADABLE = 0, 1, 2
#: Longer than a head with many signatures, or a proof from any log.
LONGEST = 1 << 20


class BrokenLogError(Exception):
    """The log is not what it was."""


class UnreachableError(Exception):
    """The log or one of our own files cannot be read."""


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head and the text that was signed."""

    size: int
    root: bytes
    text: str


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class LogKey:
    """Whose word we check: the key in use and, each `until` the size at which it was replaced, those before it."""

    name: str
    publics: tuple[tuple[bytes, int], ...]

    @classmethod
    def read(cls, path: Path) -> "LogKey":
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            parsed = [cls._parse(line) for line in lines]
            if len({name for name, _, _ in parsed}) != 1:
                raise ValueError("expected the keys of one log")
            return cls(parsed[0][0], tuple((public, until) for _, public, until in parsed))
        except (OSError, ValueError) as wrong:
            raise UnreachableError(f"log key {path}: {wrong}") from wrong

    @staticmethod
    def _parse(line: str) -> tuple[str, bytes, int]:
        text, ended, until = line.partition(" until ")
        name, _, encoded = text.split("+", 2)
        return name, base64.b64decode(encoded, validate=True)[1:], int(until) if ended else sys.maxsize

    def open(self, note: str) -> Head:
        """The head in a note, if the log signed it with a key in its time."""
        text, _, tail = note.rpartition("\n\n")
        text += "\n"
        try:
            origin, size, root = text.split("\n")[:3]
            public, signature = next(found for found in self._signatures(tail, int(size)))
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
            if origin != self.name:
                raise ValueError("another origin")
            return Head(int(size), base64.b64decode(root, validate=True), text)
        except (ValueError, StopIteration, InvalidSignature) as wrong:
            raise UnreachableError(f"what the log sent is not a head it signed: {wrong!r}") from wrong

    def _signatures(self, lines: str, size: int) -> Iterator[tuple[bytes, bytes]]:
        named = (line.split(" ") for line in lines.splitlines())
        decoded = [base64.b64decode(parts[2]) for parts in named if len(parts) == 3 and parts[1] == self.name]
        for public, until in self.publics:
            own = key_id(self.name, LOG_KEY, public)
            yield from ((public, material[4:]) for material in decoded if material[:4] == own and size <= until)


@dataclass(frozen=True, slots=True)
class Witness:
    """Who countersigns."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def read(cls, path: Path) -> "Witness":
        try:
            name, _, encoded = path.read_text(encoding="utf-8").strip().removeprefix(PRIVATE).split("+", 2)
            return cls(name, Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded)[1:]))
        except (OSError, ValueError) as wrong:
            raise UnreachableError(f"witness key {path}: {wrong}") from wrong

    def line(self, head: Head, seconds: int) -> str:
        """The countersignature: key id, time, and a signature over both time and head."""
        signature = self.private.sign(f"cosignature/v1\ntime {seconds}\n{head.text}".encode())
        material = key_id(self.name, WITNESS_KEY, self.public) + seconds.to_bytes(8, "big") + signature
        return f"\u2014 {self.name} {base64.b64encode(material).decode()}\n"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()


def is_beginning(old: Head, new: Head, proof: list[bytes]) -> bool:
    """Whether the proof shows that the old tree is the beginning of the new one (RFC 9162 2.1.4.2)."""
    steps = [old.root, *proof] if old.size & (old.size - 1) == 0 else list(proof)
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not steps:
        return False
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = _node(step, first), _node(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = _node(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old.root and second == new.root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Log:
    """The log's public doors."""

    def __init__(self, url: str, token_file: Path | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise UnreachableError(f"--log {url}: expected an address beginning with http:// or https://")
        self.url, self.token_file = url.rstrip("/"), token_file

    def head(self, key: LogKey) -> Head:
        return key.open(self._ask("checkpoints/latest").decode(errors="replace"))

    def proof(self, first: int, second: int) -> list[bytes]:
        answer = self._ask(f"proofs/consistency?first={first}&second={second}")
        try:
            return [base64.b64decode(step, validate=True) for step in json.loads(answer)["proof"]]
        except (ValueError, KeyError, TypeError) as wrong:
            raise UnreachableError(f"what the log sent is no proof: {wrong!r}") from wrong

    def hand_in(self, note: str) -> None:
        self._ask("cosignatures", note.encode())

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self.token_file:
            headers["Authorization"] = f"Bearer {self.token_file.read_text(encoding='utf-8').strip()}"
        request = urllib.request.Request(f"{self.url}/{path}", body, headers)  # noqa: S310 - http(s) only, see above
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                content: bytes = answer.read(LONGEST + 1)
        except (urllib.error.URLError, OSError, HTTPException, ValueError) as wrong:
            raise UnreachableError(f"{path}: {wrong!r}") from wrong
        if len(content) > LONGEST:
            raise UnreachableError(f"{path}: the answer is longer than any head or proof")
        return content


def look(log: Log, log_key: LogKey, witness: Witness, state: Path) -> str:
    """One look: compare, remember, countersign. The head is remembered before anybody hears of the signature."""
    last, new = remembered(state), log.head(log_key)
    if last is not None:
        compare(last, new, log)
    if last is None or new.size > last.size:
        remember(state, new)
    log.hand_in(f"{new.text}\n{witness.line(new, int(time.time()))}")
    return f"countersigned {new.size} entries" + (f", {new.size - last.size} more than last time" if last else "")


def compare(last: Head, new: Head, log: Log) -> None:
    if new.size < last.size:
        raise BrokenLogError(f"the log SHRANK: it had {last.size} entries and now has {new.size}")
    if new.size == last.size:
        if new.root != last.root:
            raise BrokenLogError(f"the log FORKED: two heads of {new.size} entries")
    elif last.size and not is_beginning(last, new, log.proof(last.size, new.size)):
        raise BrokenLogError(f"the log FORKED: its first {last.size} entries are not those seen before")


def remembered(state: Path) -> Head | None:
    if not state.exists():
        return None
    try:
        kept = json.loads(state.read_text(encoding="utf-8"))
        return Head(int(kept["size"]), bytes.fromhex(kept["root"]), "")
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise UnreachableError(f"state {state}: {wrong!r}") from wrong


def remember(state: Path, head: Head) -> None:
    fresh = state.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"size": head.size, "root": head.root.hex()}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(state)


def make_key(name: str, path: Path) -> str:
    """A new key pair; answers the line the log's operators enter among their witnesses."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    identity = f"{name}+{key_id(name, WITNESS_KEY, public).hex()}"
    seed = base64.b64encode(WITNESS_KEY + private.private_bytes_raw()).decode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{PRIVATE}{identity}+{seed}\n")
    return f"{identity}+{base64.b64encode(WITNESS_KEY + public).decode()}"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Countersign an audit log as long as it only grows.")
    parser.add_argument("--key", type=Path, required=True, help="the witness's own key")
    parser.add_argument("--make-key", metavar="NAME", help="make that key under this name and say its public half")
    parser.add_argument("--log", metavar="URL", help="such as https://lotsennetz.example/audit/api/v1")
    parser.add_argument("--log-key", type=Path, help="the log's verifier key")
    parser.add_argument("--state", type=Path, help="where the last head is remembered")
    parser.add_argument("--token-file", type=Path, help="holds an access token of this partner")
    parser.add_argument("--every", type=float, metavar="SECONDS", help="go on for ever; default: look once")
    chosen = parser.parse_args(arguments)
    if not chosen.make_key and not (chosen.log and chosen.log_key and chosen.state):
        parser.error("--log, --log-key and --state are needed")
    return chosen


def main(arguments: list[str] | None = None) -> int:
    chosen = parse(arguments)
    if chosen.make_key:
        sys.stdout.write(make_key(chosen.make_key, chosen.key) + "\n")
        return GREW
    while True:
        code = _look_once(chosen)
        if code == BROKEN or not chosen.every:
            return code
        time.sleep(chosen.every)  # whatever the log or the network between says: only a broken log ends it


def _look_once(chosen: argparse.Namespace) -> int:
    try:
        log = Log(chosen.log, chosen.token_file)
        said = look(log, LogKey.read(chosen.log_key), Witness.read(chosen.key), chosen.state)
    except BrokenLogError as broken:
        sys.stderr.write(f"{broken}\n")
        return BROKEN
    except (UnreachableError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return UNREADABLE
    sys.stdout.write(f"{said}\n")
    return GREW


if __name__ == "__main__":
    sys.exit(main())
