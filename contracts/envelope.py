"""The envelope every event travels in: CloudEvents 1.0, structured JSON, with ``ce-`` mirror headers on AMQP.

The CloudEvents SDK accepts a time to the minute and an offset ``+05`` and raises bare ``TypeError`` on a valid null, so
reading is our own: whatever the bytes are, the answer is an `Envelope` or an `InvalidEnvelopeError`, nothing else.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from contracts import upcasters
from contracts.codes import Classification
from contracts.event import REGISTRY, from_dict, spec_of, subject_of, to_dict
from contracts.fields import format_instant, is_aware_utc, parse_instant

CONTENT_TYPE = "application/cloudevents+json"
SCHEMA_ROOT = "https://lotsennetz.example/schemas"
MAX_BYTES = 512 * 1024
_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_SEQUENCE = re.compile(r"^[0-9]{1,18}$")
#: Made once: `json.dumps` and `json.loads` make theirs anew for every call that asks for something unusual.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class InvalidEnvelopeError(ValueError):
    """The bytes are no envelope of this network; `field` and `expected` say why, never what was in them."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with the attributes it travels with; `raw` are the bytes as they were written or read."""

    id: UUID
    source: str
    type: str
    time: datetime
    actor: str
    correlationid: UUID
    dataclassification: Classification
    data: Any
    raw: bytes
    subject: str | None = None
    sequence: int | None = None
    causationid: UUID | None = None
    traceparent: str | None = None
    consentref: str | None = None
    dataref: str | None = None
    expirytime: datetime | None = None
    dataschema: str | None = None
    #: On a partner's command: the version of the referral it saw, as HTTP's If-Match.
    expectedversion: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether `data` is an event object; of an unknown type it stays a mapping."""
        return not isinstance(self.data, Mapping)


# --- writing --------------------------------------------------------------------------------------------------------


def write(
    event: Any,
    *,
    id: UUID,  # noqa: A002 - the CloudEvents name of this attribute
    source: str,
    sequence: int | None,
    time: datetime,
    actor: str,
    correlation_id: UUID,
    causation_id: UUID | None = None,
    traceparent: str | None = None,
    consentref: str | None = None,
    subject: str | None = None,
) -> Envelope:
    """Put an event into its envelope; the bytes are made here, once, and never again."""
    spec = spec_of(event)
    attributes: dict[str, Any] = {
        "id": id,
        "source": source,
        "type": spec.type,
        "subject": subject or subject_of(event),
        "time": time,
        "sequence": sequence,
        "actor": actor,
        "correlationid": correlation_id,
        "causationid": causation_id,
        "traceparent": traceparent,
        "consentref": consentref,
        "dataclassification": spec.classification,
        "dataschema": schema_url(spec.type),
    }
    raw = serialize(attributes, to_dict(event))
    return Envelope(data=event, raw=raw, **attributes)


def serialize(attributes: Mapping[str, Any], data: Mapping[str, Any]) -> bytes:
    """The bytes of an envelope: attributes in the order given, nulls left out, the same input giving the same bytes."""
    plain = {name: _written(name, item) for name, item in attributes.items() if item is not None}
    document = {"specversion": "1.0", **plain, "datacontenttype": "application/json", "data": data}
    return _ENCODER.encode(document).encode()


def _written(name: str, item: Any) -> Any:
    """As it stands in the envelope, checked as if it were read; what is an id or an instant already cannot be wrong."""
    plain, reader = _plain(name, item), READERS[name]
    if (reader is _uuid and isinstance(item, UUID)) or (reader is _instant and isinstance(item, datetime)):
        return plain
    checked = reader(name, plain)
    return plain if checked == plain else _plain(name, checked)


def _plain(name: str, item: Any) -> Any:
    if isinstance(item, datetime):
        if not is_aware_utc(item):
            raise InvalidEnvelopeError(name, "an aware instant in UTC")
        return format_instant(item)
    if name == "sequence":
        # The CloudEvents sequence extension is a string that sorts like the number.
        return f"{item:010d}" if isinstance(item, int) else item
    if name == "expectedversion":
        return item
    return str(item)


def schema_url(type: str) -> str:  # noqa: A002
    return f"{SCHEMA_ROOT}/{type}.json"


def headers(envelope: Envelope) -> dict[str, str]:
    """The ``ce-`` headers that mirror the attributes, for routing and for eyes; the body stays the truth."""
    mirrored = {"ce-specversion": "1.0"}
    for name in READERS:
        item = getattr(envelope, name)
        if item is not None:
            mirrored[f"ce-{name}"] = str(_plain(name, item))
    return mirrored


# --- reading --------------------------------------------------------------------------------------------------------


PATTERNS: Mapping[str, re.Pattern[str]] = {
    "source": re.compile(r"^/[a-z0-9/._-]{1,200}$"),
    "type": re.compile(r"^[a-z]+(\.[a-z_]+)+\.v[1-9][0-9]*$"),
    "subject": re.compile(r"^[a-z_]+/[A-Za-z0-9._:-]{1,128}$"),
    "actor": re.compile(r"^[a-z]+:[A-Za-z0-9._:/-]{1,200}$"),
    "traceparent": re.compile(r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"),
    **dict.fromkeys(
        ("consentref", "dataref", "dataschema"), re.compile(r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{1,500}$")
    ),
}


def _text(expected: str) -> Callable[[str, Any], str]:
    def read_text(field: str, item: Any) -> str:
        if not isinstance(item, str) or not PATTERNS[field].fullmatch(item):
            raise InvalidEnvelopeError(field, expected)
        return item

    return read_text


def _uuid(field: str, item: Any) -> UUID:
    if not isinstance(item, str) or not _UUID.fullmatch(item):
        raise InvalidEnvelopeError(field, "a UUID")
    return UUID(item)


def _instant(field: str, item: Any) -> datetime:
    try:
        return parse_instant(item)
    except ValueError:
        raise InvalidEnvelopeError(field, "an RFC 3339 instant with seconds and offset") from None


def _sequence(field: str, item: Any) -> int:
    if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
        return item
    if isinstance(item, str) and _SEQUENCE.fullmatch(item):
        return int(item)
    raise InvalidEnvelopeError(field, "a whole number, zero or more")


def _classification(field: str, item: Any) -> Classification:
    # Unknown must fail closed: who may see it is not known.
    if not isinstance(item, str) or item not in Classification.__members__.values():
        raise InvalidEnvelopeError(field, "one of " + ", ".join(Classification))
    return Classification(item)


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "id": _uuid,
    "source": _text("a path such as /lotsennetz/referral"),
    "type": _text("a type such as referral.rejected.v1"),
    "subject": _text("kind and id such as referral/<id>"),
    "time": _instant,
    "sequence": _sequence,
    "actor": _text("kind and id such as system:clock"),
    "correlationid": _uuid,
    "causationid": _uuid,
    "traceparent": _text("a W3C traceparent"),
    "consentref": _text("a URI reference"),
    "dataref": _text("a URI reference"),
    "expirytime": _instant,
    "dataclassification": _classification,
    "dataschema": _text("a URI"),
    "expectedversion": _sequence,
}
REQUIRED = ("id", "source", "type", "time", "actor", "correlationid", "dataclassification")


def read(raw: bytes) -> Envelope:
    """Read one envelope; an unknown type is fine (its data stays a mapping), a wrong attribute is not."""
    return _open(parse(raw), raw)


def read_batch(raw: bytes) -> tuple[Envelope, ...]:
    """Read a JSON batch (``application/cloudevents-batch+json``); one bad envelope refuses the batch."""
    documents = parse(raw)
    if not isinstance(documents, list):
        raise InvalidEnvelopeError("batch", "a JSON array of envelopes")
    return tuple(_open(one, json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for one in documents)


def read_attributes(document: Any) -> dict[str, Any]:
    """The checked attributes of a parsed document, nulls dropped; shared with partner commands."""
    if not isinstance(document, dict):
        raise InvalidEnvelopeError("envelope", "a JSON object")
    given = {name: item for name, item in document.items() if item is not None}
    if given.get("specversion") != "1.0":
        raise InvalidEnvelopeError("specversion", "1.0")
    if given.get("datacontenttype", "application/json") != "application/json":
        raise InvalidEnvelopeError("datacontenttype", "application/json")
    return {name: reader(name, given[name]) for name, reader in READERS.items() if name in given}


def parse(raw: bytes) -> Any:
    """Parse JSON strictly: UTF-8, no duplicate names, no NaN, bounded size and depth."""
    if not isinstance(raw, bytes) or len(raw) > MAX_BYTES:
        raise InvalidEnvelopeError("envelope", f"at most {MAX_BYTES} bytes")
    try:
        return _DECODER.decode(raw.decode())
    except InvalidEnvelopeError:
        raise
    except (ValueError, RecursionError):
        raise InvalidEnvelopeError("envelope", "JSON in UTF-8") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise InvalidEnvelopeError("envelope", "each name once")
    return document


def _refuse_constant(_: str) -> Any:
    raise InvalidEnvelopeError("envelope", "finite numbers")


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _open(document: Any, raw: bytes) -> Envelope:
    attributes = _with_partner_defaults(read_attributes(document))
    for name in REQUIRED:
        if name not in attributes:
            raise InvalidEnvelopeError(name, "to be present")
    data = document.get("data")
    if not isinstance(data, dict):
        raise InvalidEnvelopeError("data", "a JSON object")
    type_, data = _lift(attributes["type"], data)
    return Envelope(data=_event(type_, data, attributes), raw=raw, **{**attributes, "type": type_})


def _with_partner_defaults(attributes: dict[str, Any]) -> dict[str, Any]:
    """A partner need not know our extensions: its command begins a conversation and is for nobody else's eyes."""
    if not attributes.get("type", "").startswith("partner.") or "id" not in attributes or "source" not in attributes:
        return attributes
    defaults = {
        "actor": f"partner:{attributes['source'].rpartition('/')[2]}",
        "correlationid": attributes["id"],
        "dataclassification": Classification.RESTRICTED,
    }
    return {**defaults, **attributes}


def _lift(type_: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        return upcasters.lift(type_, data)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise InvalidEnvelopeError("data", "what the schema of this type allows") from None


def _event(type_: str, data: dict[str, Any], attributes: Mapping[str, Any]) -> Any:
    if type_ not in REGISTRY:
        return data
    try:
        event = from_dict(type_, data)
    except ValidationError as error:
        raise InvalidEnvelopeError(f"data.{_first_field(error)}", "what the schema of this type allows") from None
    if attributes["dataclassification"] is not spec_of(event).classification:
        raise InvalidEnvelopeError("dataclassification", "the classification of this type")
    return event


def _first_field(error: ValidationError) -> str:
    return str(next(iter(error.messages))) if isinstance(error.messages, dict) else "data"
