"""What an event leaves in the log: ids, codes, times and hashes - by an explicit rule, never by habit.

Events of the network consist of ids, codes and times, so their data are kept as they are; every kind of value that may
stand in an entry is listed in `plain`, and anything else stops the entry. Public directory events carry texts: of those
only ids and the version stay. Of a type nobody here knows, nothing stays but the envelope and the hash of the bytes.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple
from uuid import UUID

from contracts.codes import Classification
from contracts.envelope import Envelope
from contracts.fields import format_instant

#: Ids by which a case is found again; the log keeps one column for each.
REFERENCES = ("enquiry_id", "referral_id", "person_id", "organization_id")
OF_SUBJECT = {name.removesuffix("_id"): name for name in REFERENCES}


class Entry(NamedTuple):
    """One entry before it has a place: what is searched for, and the bytes that are hashed, stored and shown."""

    event_id: UUID
    type: str
    source: str
    stream_position: int | None
    subject: str | None
    actor: str
    occurred_at: datetime
    correlation_id: UUID | None
    references: Mapping[str, UUID]
    leaf: bytes

    @property
    def content(self) -> Mapping[str, Any]:
        """What the leaf says."""
        found: Mapping[str, Any] = json.loads(self.leaf)
        return found


def entry_of(envelope: Envelope, stream_position: int | None = None) -> Entry:
    """The entry an event makes; `stream_position` is the place its sender's relay gave it."""
    kept = kept_of(envelope)
    return Entry(
        envelope.id,
        envelope.type,
        envelope.source,
        stream_position,
        envelope.subject,
        envelope.actor,
        envelope.time,
        envelope.correlationid,
        references_of(envelope.subject or "", envelope.data, kept),
        leaf_of(envelope, spell_members(envelope.data, kept), stream_position),
    )


def leaf_of(envelope: Envelope, data: str, stream_position: int | None) -> bytes:
    """JSON as RFC 8785 spells it, written down in the order of the names: sorting thousands of small objects costs
    more than all the hashes. The members are named as CloudEvents names them; absent is left out, never null.
    """
    cause = "" if envelope.causationid is None else f'"causationid":"{envelope.causationid}",'
    consent = "" if envelope.consentref is None else f'"consentref":{encode_basestring(envelope.consentref)},'
    sequence = "" if envelope.sequence is None else f'"sequence":{envelope.sequence},'
    place = "" if stream_position is None else f'"streamposition":{stream_position},'
    subject = "" if envelope.subject is None else f'"subject":{encode_basestring(envelope.subject)},'
    return (
        f'{{"actor":{encode_basestring(envelope.actor)},{cause}{consent}"correlationid":{_spell_uuid(envelope.correlationid)},'
        f'"data":{data},"dataclassification":{encode_basestring(envelope.dataclassification)},'
        f'"eventsha256":"{hashlib.sha256(envelope.raw).hexdigest()}","id":{_spelled(envelope.id.int)},{sequence}'
        f'"source":{encode_basestring(envelope.source)},{place}{subject}"time":"{format_instant(envelope.time)}",'
        f'"type":{encode_basestring(envelope.type)}}}'
    ).encode()


def kept_of(envelope: Envelope) -> tuple[str, ...]:
    """The members of an event's data that may stand in the log."""
    event = envelope.data
    names = NAMES[type(event)]
    if envelope.dataclassification == Classification.PUBLIC:
        return tuple(name for name in names if name == "version" or isinstance(getattr(event, name), UUID))
    return names


class Names(dict[type, tuple[str, ...]]):
    """The fields of an event or nested value, in the order in which they are written; of anything else nothing."""

    def __missing__(self, cls: type) -> tuple[str, ...]:
        found = self[cls] = tuple(sorted(one.name for one in fields(cls))) if is_dataclass(cls) else ()
        return found


NAMES = Names()


def spell(value: object) -> str:
    """The JSON of a value that may stand in the log, as RFC 8785 spells it; a test compares with a full implementation.

    Names are ASCII and sorted, values are strings, integers, booleans and what is made of them.
    """
    return WAYS[type(value)](value)


def spell_members(value: object, names: tuple[str, ...]) -> str:
    """An object of the members of these sorted names; absent is left out."""
    members = [f'"{name}":{WAYS[type(item)](item)}' for name in names if (item := getattr(value, name)) is not None]
    return f"{{{','.join(members)}}}"


Way = Callable[[Any], str]


class Ways(dict[type, Way]):
    """How values of a class are written, found out once; what is not among them may not stand in the log."""

    def __missing__(self, cls: type) -> Way:
        way = self[cls] = _found_for(cls)
        return way


def _found_for(cls: type) -> Way:
    if issubclass(cls, StrEnum):
        return {one: encode_basestring(one.value) for one in cls}.__getitem__
    if cls is tuple:
        return lambda items: f"[{','.join([WAYS[type(item)](item) for item in items])}]"
    if is_dataclass(cls):
        return lambda value: spell_members(value, NAMES[cls])
    raise TypeError(f"a {cls.__name__} may not stand in the log")


def _spelled(value: int) -> str:
    digits = f"{value:032x}"
    return f'"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"'


#: Cases, persons and partners come again and again; an event's own id never does.
_spelled_before = lru_cache(maxsize=4_096)(_spelled)


def _spell_uuid(value: UUID) -> str:
    return _spelled_before(value.int)


#: Every kind of scalar that may stand in the log, and how it is written there.
SCALARS: Mapping[type, Way] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    str: encode_basestring,
    UUID: _spell_uuid,
    datetime: lambda value: f'"{format_instant(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
}
WAYS = Ways(SCALARS)


class Referred(dict[tuple[str, ...], tuple[str, ...]]):
    """Which of the members of an event are ids of a case."""

    def __missing__(self, kept: tuple[str, ...]) -> tuple[str, ...]:
        found = self[kept] = tuple(name for name in REFERENCES if name in kept)
        return found


REFERRED = Referred()


def references_of(subject: str, event: object, kept: tuple[str, ...]) -> dict[str, UUID]:
    """The ids by which the entry is found: those in its data, and its subject's own."""
    found = {name: value for name in REFERRED[kept] if (value := getattr(event, name)) is not None}
    kind, _, identity = subject.partition("/")
    name = OF_SUBJECT.get(kind)
    if name is not None and name not in found and (own := _uuid(identity)) is not None:
        found[name] = own
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
