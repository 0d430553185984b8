"""What an event leaves in the log: ids, codes, times and hashes - by an explicit rule, never by habit.

Events of the network consist of ids, codes and times, so their data are kept as they are; every kind of value that may
stand in an entry is listed in `plain`, and anything else stops the entry. Public directory events carry texts: of those
only ids and the version stay. Of a type nobody here knows, nothing stays but the envelope and the hash of the bytes.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from json import JSONEncoder
from typing import Any
from uuid import UUID

from contracts.codes import Classification
from contracts.envelope import Envelope
from contracts.fields import format_instant

#: Ids by which a case is found again; the log keeps one column for each.
REFERENCES = ("enquiry_id", "referral_id", "person_id", "organization_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry before it has a place: what is searched for, and the mapping that becomes the leaf."""

    event_id: UUID
    type: str
    source: str
    stream_position: int | None
    subject: str | None
    actor: str
    occurred_at: datetime
    correlation_id: UUID | None
    references: Mapping[str, UUID]
    content: Mapping[str, Any]


def entry_of(envelope: Envelope, stream_position: int | None = None) -> Entry:
    """The entry an event makes; `stream_position` is the place its sender's relay gave it."""
    data = data_of(envelope)
    return Entry(
        event_id=envelope.id,
        type=envelope.type,
        source=envelope.source,
        stream_position=stream_position,
        subject=envelope.subject,
        actor=envelope.actor,
        occurred_at=envelope.time,
        correlation_id=envelope.correlationid,
        references=references_of(envelope.subject or "", data),
        content=content_of(envelope, data, stream_position),
    )


def content_of(envelope: Envelope, data: Mapping[str, Any], stream_position: int | None) -> dict[str, Any]:
    """The leaf's members, named as CloudEvents names them; absent is left out, never null."""
    members = {
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "sequence": envelope.sequence,
        "streamposition": stream_position,
        "time": envelope.time,
        "actor": envelope.actor,
        "correlationid": envelope.correlationid,
        "causationid": envelope.causationid,
        "consentref": envelope.consentref,
        "dataclassification": envelope.dataclassification,
    }
    content = {name: plain(value) for name, value in members.items() if value is not None}
    return {**content, "data": dict(data), "eventsha256": hashlib.sha256(envelope.raw).hexdigest()}


def data_of(envelope: Envelope) -> dict[str, Any]:
    """The part of an event's data that may stand in the log."""
    event = envelope.data
    if not is_dataclass(event) or isinstance(event, type):
        return {}
    kept = names_of(type(event))
    if envelope.dataclassification == Classification.PUBLIC:
        kept = tuple(name for name in kept if name == "version" or isinstance(getattr(event, name), UUID))
    return {name: plain(value) for name in kept if (value := getattr(event, name)) is not None}


#: Every kind of scalar that may stand in the log, and how it is written there.
SCALARS: Mapping[type, Callable[[Any], Any]] = {
    bool: bool,
    int: int,
    str: str,
    UUID: str,
    datetime: format_instant,
    date: date.isoformat,
}


def plain(value: object) -> Any:
    """The JSON form of a value that may stand in the log."""
    write = SCALARS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(item) for name in names_of(type(value)) if (item := getattr(value, name)) is not None}
    raise TypeError(f"a {type(value).__name__} may not stand in the log")


@cache
def names_of(cls: type) -> tuple[str, ...]:
    """The fields of an event or nested value."""
    return tuple(field.name for field in fields(cls))


#: JSON as RFC 8785 spells it. Names here are ASCII and values strings, integers and booleans, for which sorted, compact
#: JSON *is* that spelling (a test compares with a full implementation, which costs five times as much).
write_canonically = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def leaf_of(entry: Entry) -> bytes:
    """The bytes that are hashed, stored and shown; made once."""
    return write_canonically(entry.content).encode()


def references_of(subject: str, data: Mapping[str, Any]) -> dict[str, UUID]:
    """The ids by which the entry is found: those in its data, and its subject's own."""
    kind, _, identity = subject.partition("/")
    named = {name: data[name] for name in REFERENCES if name in data}
    if f"{kind}_id" in REFERENCES:
        named.setdefault(f"{kind}_id", identity)
    found = {name: _uuid(value) for name, value in named.items()}
    return {name: value for name, value in found.items() if value is not None}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
