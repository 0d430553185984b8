"""A person's data at rest: sealed under a key of her own, that key wrapped by the service key and kept apart.

Destroying one small key erases a person everywhere, in backups too, and leaves every log as it was. Each sealed value
is bound to its person and its place, so that a value moved to another row does not open. Pure but for the store of
wrapped keys, which is handed in.
"""

import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


class UnreadableError(Exception):
    """A sealed value does not open: wrong key, wrong place, or changed."""


class UnknownServiceKeyError(UnreadableError):
    """Wrapped by a service key that is neither the current one nor among the former ones."""

    def __init__(self, wrapping_id: str) -> None:
        super().__init__(f"no service key {wrapping_id}")
        self.wrapping_id = wrapping_id


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


class ServiceKey:
    """One service key and what is derived from it. Its name tells which key wrapped something, and nothing about it."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a service key has 32 bytes")
        self.wrapping = _derive(secret, b"lotsennetz/wrapping")
        self.index = _derive(secret, b"lotsennetz/blind-index")
        self.digests = _derive(secret, b"lotsennetz/digests")
        self.pseudonyms = _derive(secret, b"lotsennetz/pseudonyms")
        self.id = hashlib.sha256(b"lotsennetz/name-of" + self.wrapping).hexdigest()[:16]


class ServiceKeys:
    """The service key and its predecessors: the current one wraps and finds, the former ones still unwrap and find."""

    def __init__(self, current: bytes, *former: bytes) -> None:
        self.current = ServiceKey(current)
        self.all = {key.id: key for key in (self.current, *map(ServiceKey, former))}

    @property
    def wrapping_id(self) -> str:
        return self.current.id

    def wrap(self, name: str, secret: bytes) -> bytes:
        return _encrypt(self.current.wrapping, secret, name.encode())

    def unwrap(self, name: str, wrapped: bytes, wrapping_id: str | None) -> bytes:
        """Open with the key it names; what was wrapped before names were kept is tried with the oldest."""
        key = self.all.get(wrapping_id) if wrapping_id else [*self.all.values()][-1]
        if key is None:
            raise UnknownServiceKeyError(str(wrapping_id))
        return _decrypt(key.wrapping, bytes(wrapped), name.encode())

    def blind_indexes(self, given_name: str, family_name: str, birth_date: date) -> list[bytes]:
        """What finds exactly this name and birth date, under the current key first and then under every former one.

        Keyed, because names and birth dates can be enumerated.
        """
        words = f"{normalized(family_name)}|{normalized(given_name)}|{birth_date.isoformat()}".encode()
        return [hmac.new(key.index, words, hashlib.sha256).digest() for key in self.all.values()]

    def digests(self, content: bytes) -> list[str]:
        return [hmac.new(key.digests, content, hashlib.sha256).hexdigest() for key in self.all.values()]


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's key as it is kept: closed, and by which service key."""

    person_id: UUID
    wrapped: bytes = field(repr=False)
    wrapping_id: str

    @property
    def id(self) -> UUID:
        return self.person_id


class KeptKeys(Protocol):
    """Where wrapped keys lie: a store of its own, never in one transaction with the data they open."""

    def keep(self, key: WrappedKey, at: datetime) -> None: ...

    def find(self, person_id: UUID) -> WrappedKey | None: ...

    def destroy(self, person_id: UUID) -> bool: ...


class Vault:
    """Persons' keys, made and opened one at a time and remembered by nobody; and what else the service key can do."""

    def __init__(self, service_keys: ServiceKeys, kept: KeptKeys) -> None:
        self.service_keys = service_keys
        self._kept = kept

    @property
    def wrapping_id(self) -> str:
        return self.service_keys.wrapping_id

    def new_person_key(self, person_id: UUID, at: datetime) -> PersonKey:
        """A fresh key, in the store before anything is sealed with it: a key without a person harms nobody."""
        key = PersonKey(person_id, os.urandom(32))
        wrapped = self.service_keys.wrap(_person(person_id), key.secret)
        self._kept.keep(WrappedKey(person_id, wrapped, self.wrapping_id), at)
        return key

    def person_key(self, person_id: UUID) -> PersonKey | None:
        """The key, if there still is one."""
        found = self._kept.find(person_id)
        return None if found is None else self.opened(found)

    def opened(self, kept: WrappedKey) -> PersonKey:
        secret = self.service_keys.unwrap(_person(kept.person_id), kept.wrapped, kept.wrapping_id)
        return PersonKey(kept.person_id, secret)

    def rewrapped(self, kept: WrappedKey) -> bytes:
        """The same key under the current service key."""
        return self.service_keys.wrap(_person(kept.person_id), self.opened(kept).secret)

    def destroy(self, person_id: UUID) -> bool:
        """After this nobody reads what was sealed with it, here or in any backup. True if there was a key."""
        return self._kept.destroy(person_id)

    def wrap(self, name: str, secret: bytes) -> bytes:
        return self.service_keys.wrap(name, secret)

    def unwrap(self, name: str, wrapped: bytes, wrapping_id: str | None) -> bytes:
        return self.service_keys.unwrap(name, wrapped, wrapping_id)

    def blind_index(self, given_name: str, family_name: str, birth_date: date) -> bytes:
        """What a new record is found by; see `blind_indexes` for what to look under."""
        return self.service_keys.blind_indexes(given_name, family_name, birth_date)[0]

    def blind_indexes(self, given_name: str, family_name: str, birth_date: date) -> list[bytes]:
        return self.service_keys.blind_indexes(given_name, family_name, birth_date)

    def pseudonym_keys(self, period: str) -> list[bytes]:
        """What keys the pseudonyms of one period: under the current service key first, then under every former one."""
        return [_derive(key.pseudonyms, period.encode()) for key in self.service_keys.all.values()]

    def digest(self, content: bytes) -> str:
        """Tells one request from another; keyed, because what a request says about a person could be guessed.

        It changes with the service key: what is compared with something kept longer compares with all `digests`.
        """
        return self.digests(content)[0]

    def digests(self, content: bytes) -> list[str]:
        return self.service_keys.digests(content)


def _person(person_id: UUID) -> str:
    return f"person/{person_id}"


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
