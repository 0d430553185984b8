"""The officer's own words: sealed where they lie, and in the log only as a hash nobody can guess them from.

The key is derived from the deployment key, which the database's backups do not hold. Each note is bound to what it is
about; the salt lies in it, so that once a note is gone its hash says nothing about anything.
"""

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.chassis.errors import InvalidError

NONCE, SALT = 12, 16
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class SealedNote:
    """A note as it is kept, and the hash the log gets."""

    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a note: its words; nothing, for its time is over; or nothing, for it is not what was said."""

    words: str | None
    altered: bool = False


class Notes:
    """Seals notes under this deployment's key, and opens those of former ones, too."""

    def __init__(self, *deployment_keys: bytes) -> None:
        self._ciphers = [AESGCM(_derived(key)) for key in deployment_keys]

    def seal(self, note: str, about: str) -> SealedNote:
        nonce, salted = secrets.token_bytes(NONCE), secrets.token_bytes(SALT) + note.encode()
        content = nonce + self._ciphers[0].encrypt(nonce, salted, about.encode())
        return SealedNote(content, hashlib.sha256(salted).hexdigest())

    def open(self, content: bytes | None, about: str, sha256: str, by: str | None) -> Opened:
        """The words, if they are what was said. They go together with the name of whoever said them, never alone."""
        if content is None:
            return Opened(None, altered=by is not None)
        salted = next((found for cipher in self._ciphers if (found := _decrypted(cipher, content, about))), None)
        if salted is None:
            return Opened(None, altered=True)
        fits = hashlib.sha256(salted).hexdigest() == sha256
        return Opened(salted[SALT:].decode() if fits else None, altered=not fits)


def _derived(deployment_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"lotsennetz audit notes").derive(deployment_key)


def _decrypted(cipher: AESGCM, content: bytes, about: str) -> bytes | None:
    try:
        return cipher.decrypt(content[:NONCE], content[NONCE:], about.encode())
    except (InvalidTag, ValueError):
        return None


def note_of(text: str, *, required: bool = True) -> str:
    """A note as typed, checked."""
    note = text.replace("\r\n", "\n").strip()
    if (required and len(note) < 3) or len(note) > LONGEST or "\x00" in note:
        raise InvalidError("audit.note-invalid", {"note": f"a-note-of-3-to-{LONGEST}-characters"})
    return note
