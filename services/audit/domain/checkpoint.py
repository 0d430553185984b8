"""Signed tree heads as C2SP writes them: ``tlog-checkpoint`` inside ``signed-note``, Ed25519 (type 0x01).

A checkpoint is three lines - origin, size, root - and a note is that text, an empty line and signature lines. Anybody
who knows the verifier key can check it with any tool of that family. Signing itself comes in as a function, so that the
private key stays where the writer keeps it.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

ED25519 = b"\x01"
#: The type of a witness's key, whose signatures carry a time.
COSIGNATURE = b"\x04"
DASH = "\N{EM DASH} "

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes], bool]


class UnreadableNoteError(ValueError):
    """The bytes are no signed checkpoint; the message says which rule they break."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the log reached and what its root was; the origin names the log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key's public half under its name: ``name+keyid+base64(type || key)``."""

    name: str
    public: bytes
    type: bytes = ED25519

    def key_id(self) -> bytes:
        """The four bytes that name this key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.type + self.public).digest()[:4]

    def text(self) -> str:
        return f"{self.name}+{self.key_id().hex()}+{base64.b64encode(self.type + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        name, key_id, material = _three_parts(text)
        if material[:1] not in (ED25519, COSIGNATURE) or len(material) != 33:
            raise UnreadableNoteError("verifier key: expected an Ed25519 key (type 01 or 04, 32 bytes)")
        key = cls(name, material[1:], material[:1])
        if key.key_id().hex() != key_id:
            raise UnreadableNoteError("verifier key: the key id does not belong to the key")
        return key


UNTIL = " until "


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that signs now, and those that signed before: each up to the size of the log at which it was replaced.

    A former key signs nothing longer, so that whoever comes by it cannot go on with the log.
    """

    current: VerifierKey
    former: tuple[tuple[VerifierKey, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """A file of verifier keys: the one in use, and below it former ones, each with `until <size>`."""
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            raise UnreadableNoteError("verifier key: the file is empty")
        return cls(VerifierKey.parse(lines[0]), tuple(_former(line) for line in lines[1:]))

    def text(self) -> str:
        return "".join(f"{line}\n" for line in [self.current.text(), *(_ended(*one) for one in self.former)])

    def replaced_by(self, key: VerifierKey, size: int) -> "KeyRing":
        """The ring after a new key took over from a log of this size on."""
        if key.name != self.current.name:
            raise UnreadableNoteError("a log keeps its name when its key changes")
        return KeyRing(key, ((self.current, size), *self.former))


def _former(line: str) -> tuple[VerifierKey, int]:
    text, separator, size = line.partition(UNTIL)
    if not separator or not size.strip().isdecimal():
        raise UnreadableNoteError("verifier key: a former key needs 'until <size>'")
    return VerifierKey.parse(text), int(size)


def _ended(key: VerifierKey, size: int) -> str:
    return f"{key.text()}{UNTIL}{size}"


def sign(checkpoint: Checkpoint, key: VerifierKey, signer: Sign) -> str:
    """The note: the checkpoint's text and one signature line of the log's own key."""
    text = checkpoint.text()
    return f"{text}\n{signature_line(key, signer(text.encode()))}"


def open_note(note: str, key: VerifierKey, verify: Verify) -> Checkpoint:
    """The checkpoint, if the log's own key signed it; lines of unknown keys (witnesses) are passed over."""
    text, lines = split(note)
    mine = [signature for name, key_id, signature in lines if (name, key_id) == (key.name, key.key_id())]
    if not mine:
        raise UnreadableNoteError(f"no signature of {key.name}+{key.key_id().hex()}")
    if not all(verify(signature, text.encode()) for signature in mine):
        raise UnreadableNoteError(f"a signature of {key.name} does not hold")
    return parse_text(text)


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text and its (name, key id, signature) lines."""
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise UnreadableNoteError("note: expected text, an empty line and signature lines")
    return text + "\n", [_parse_signature(line) for line in tail[:-1].split("\n")]


def parse_text(text: str) -> Checkpoint:
    """Read the three lines strictly: one spelling per checkpoint, so that equal heads are equal bytes."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not all(lines[:-1]):
        raise UnreadableNoteError("checkpoint: expected origin, size and root on three lines")
    size, root = lines[1], _decode(lines[2])
    if not size.isascii() or not size.isdecimal() or len(size) > 18 or str(int(size)) != size:
        raise UnreadableNoteError("checkpoint: size is not a plain decimal")
    if len(root) != 32:
        raise UnreadableNoteError("checkpoint: root is not 32 bytes")
    return Checkpoint(lines[0], int(size), root)


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """A signature as it stands under a note."""
    return f"{DASH}{key.name} {base64.b64encode(key.key_id() + signature).decode()}\n"


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    name, separator, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not name or not separator:
        raise UnreadableNoteError("note: a signature line is malformed")
    material = _decode(encoded)
    if len(material) < 5:
        raise UnreadableNoteError("note: a signature is too short")
    return name, material[:4], material[4:]


def _three_parts(text: str) -> tuple[str, str, bytes]:
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not parts[0]:
        raise UnreadableNoteError("verifier key: expected name+keyid+base64")
    return parts[0], parts[1], _decode(parts[2])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise UnreadableNoteError("not base64") from wrong
