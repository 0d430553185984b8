"""The log's signing key: made once, kept in a file of its own, read only by the writer.

The files have the usual form of signed notes: ``PRIVATE+KEY+name+keyid+base64(type || seed)`` and, beside it with the
suffix ``.pub``, the verifier key that everybody may have.
"""

import argparse
import base64
import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.audit.domain.checkpoint import (
    ED25519,
    Checkpoint,
    KeyRing,
    UnreadableNoteError,
    VerifierKey,
    open_note,
    sign,
    split,
)

PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs tree heads; its name is the log's origin."""

    key: VerifierKey
    private: Ed25519PrivateKey

    def sign(self, size: int, root: bytes) -> str:
        return sign(Checkpoint(self.key.name, size, root), self.key, self.private.sign)


def make_signer(name: str) -> Signer:
    """A new key pair under this name."""
    return _signer(name, Ed25519PrivateKey.generate())


def parse_signer(text: str) -> Signer:
    """Read a private key line, or say what is wrong with it (never quoting it)."""
    parts = text.strip().removeprefix(PRIVATE).split("+", 2)
    if not text.startswith(PRIVATE) or len(parts) != 3:
        raise UnreadableNoteError(f"signing key: expected {PRIVATE}name+keyid+base64")
    try:
        seed = base64.b64decode(parts[2], validate=True)[len(ED25519) :]
        signer = _signer(parts[0], Ed25519PrivateKey.from_private_bytes(seed))
    except ValueError as wrong:
        raise UnreadableNoteError("signing key: expected an Ed25519 key (type 01, 32 bytes)") from wrong
    if signer.key.key_id().hex() != parts[1]:
        raise UnreadableNoteError("signing key: the key id does not belong to the key")
    return signer


def load_signer(path: Path) -> Signer:
    return parse_signer(path.read_text(encoding="utf-8"))


def save_signer(signer: Signer, path: Path, ring: KeyRing | None = None) -> None:
    """Write private (0600, never over an existing one) and public half, with the keys before it."""
    seed = base64.b64encode(ED25519 + signer.private.private_bytes_raw()).decode()
    line = f"{PRIVATE}{signer.key.name}+{signer.key.key_id().hex()}+{seed}\n"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(line)
    path.with_name(path.name + ".pub").write_text((ring or KeyRing(signer.key)).text())


def replace_key(ring: KeyRing, path: Path, size: int) -> KeyRing:
    """A new key that takes over from a log of this size on; its public file names all that signed before."""
    signer = make_signer(ring.current.name)
    after = ring.replaced_by(signer.key, size)
    save_signer(signer, path, after)
    return after


def open_checkpoint(note: str, keys: VerifierKey | KeyRing) -> Checkpoint:
    """The checkpoint in a note, if the log's key signed it - the one in use, or a former one in its time."""
    ring = keys if isinstance(keys, KeyRing) else KeyRing(keys)
    signed = {(name, key_id) for name, key_id, _ in split(note)[1]}
    for key, until in ring.former:
        if (key.name, key.key_id()) in signed:
            found = open_note(note, key, partial(holds, key))
            if found.size <= until:
                return found
    return open_note(note, ring.current, partial(holds, ring.current))


def holds(key: VerifierKey, signature: bytes, text: bytes) -> bool:
    """Whether this key made this signature over this text."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _signer(name: str, private: Ed25519PrivateKey) -> Signer:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise UnreadableNoteError("a key's name has neither spaces nor +")
    return Signer(VerifierKey(name, private.public_key().public_bytes_raw()), private)


def main() -> None:
    """Make the log's key before its first start, or another one that takes over from it."""
    parser = argparse.ArgumentParser(prog="python -m services.audit.keys", description="the audit log's signing key")
    parser.add_argument("name", help="the log's origin, e.g. lotsennetz.example/audit")
    parser.add_argument("file", type=Path, help="where the private key goes; the public one gets the suffix .pub")
    parser.add_argument(
        "--after", type=Path, metavar="PUB", help="public keys so far: the new key takes over from them"
    )
    parser.add_argument("--size", type=int, help="of the newest signed head when it does; audit must not run")
    chosen = parser.parse_args()
    if chosen.after is None:
        signer = make_signer(chosen.name)
        save_signer(signer, chosen.file)
        ring = KeyRing(signer.key)
    elif chosen.size is None:
        parser.error("--after needs --size: `SELECT max(size) FROM checkpoints`")
    else:
        ring = replace_key(KeyRing.parse(chosen.after.read_text(encoding="utf-8")), chosen.file, chosen.size)
    sys.stdout.write(ring.text())


if __name__ == "__main__":
    main()
