"""A person's data at rest: sealed under a key of her own, that key wrapped by the service key.

Destroying one small key erases a person everywhere, in backups too, and leaves every log as it was. Each sealed value
is bound to its person and its place, so that a value moved to another row does not open.
"""

import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


class UnreadableError(Exception):
    """A sealed value does not open: wrong key, wrong place, or changed."""


@dataclass(frozen=True, slots=True)
class PersonKey:
    """The open key of one person, for the length of one command."""

    person_id: UUID
    secret: bytes = field(repr=False)

    def seal(self, place: str, content: bytes) -> bytes:
        """Encrypt for one place (table and column, or table and row), which is bound into the value."""
        return _encrypt(self.secret, content, self._place(place))

    def open(self, place: str, sealed: bytes) -> bytes:
        return _decrypt(self.secret, bytes(sealed), self._place(place))

    def seal_record(self, place: str, record: Mapping[str, Any]) -> bytes:
        return self.seal(place, json.dumps(record, ensure_ascii=False, sort_keys=True).encode())

    def open_record(self, place: str, sealed: bytes) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.open(place, sealed))
        return record

    def _place(self, place: str) -> bytes:
        return f"{self.person_id}/{place}".encode()


class Vault:
    """What the service key can do: wrap and unwrap persons' and custodial keys, and compute the blind index."""

    def __init__(self, service_key: bytes) -> None:
        if len(service_key) != 32:
            raise ValueError("the service key has 32 bytes")
        self._wrapping = _derive(service_key, b"lotsennetz/wrapping")
        self._index = _derive(service_key, b"lotsennetz/blind-index")
        self._digests = _derive(service_key, b"lotsennetz/digests")
        self.wrapping_id = hashlib.sha256(b"lotsennetz/name-of" + self._wrapping).hexdigest()[:16]

    def new_person_key(self, person_id: UUID) -> tuple[PersonKey, bytes]:
        """A fresh key, and its wrapped form for the table of keys."""
        key = PersonKey(person_id, os.urandom(32))
        return key, self.wrap(f"person/{person_id}", key.secret)

    def person_key(self, person_id: UUID, wrapped: bytes) -> PersonKey:
        return PersonKey(person_id, self.unwrap(f"person/{person_id}", wrapped))

    def wrap(self, name: str, secret: bytes) -> bytes:
        return _encrypt(self._wrapping, secret, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        return _decrypt(self._wrapping, bytes(wrapped), name.encode())

    def blind_index(self, given_name: str, family_name: str, birth_date: date) -> bytes:
        """Finds exactly this name and birth date again; keyed, because names and birth dates can be enumerated."""
        words = f"{normalized(family_name)}|{normalized(given_name)}|{birth_date.isoformat()}"
        return hmac.new(self._index, words.encode(), hashlib.sha256).digest()

    def digest(self, content: bytes) -> str:
        """Tells one request from another; keyed, because what a request says about a person could be guessed."""
        return hmac.new(self._digests, content, hashlib.sha256).hexdigest()


#: German transliterations first: "Müller" and "Mueller" are one name, "Muller" is what a foreign register makes of it.
TRANSLITERATIONS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "ı": "i"})


def normalized(name: str) -> str:
    """A name as it is compared: case, accents, hyphens and transliteration evened out."""
    lowered = unicodedata.normalize("NFC", name).casefold().translate(TRANSLITERATIONS)
    plain = unicodedata.normalize("NFKD", lowered)
    return "".join(letter for letter in plain if letter.isalnum())


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key)


def _encrypt(key: bytes, content: bytes, place: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, place)


def _decrypt(key: bytes, sealed: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place)
    except (InvalidTag, ValueError) as error:
        raise UnreadableError from error
