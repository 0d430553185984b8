"""The type rule: what a field of an event may hold, and how each kind is checked, written, read and described.

Personal data hides in free text, so a field is an id, a code, a number, a date or an instant - or a text that is public
by its type. Plain ``str``, ``dict``, ``float`` and ``Any`` are refused when the class is made, not when a name leaks.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from marshmallow import fields

from contracts.documents import FrozenDocument, JsonDocument, PublicJwk, PublicText
from contracts.texts import (
    PATTERNS,
    Code,
    LanguageTag,
    OfficialKey,
    PublicContact,
    PublicUrl,
    Reference,
    SealedText,
    SignedToken,
    Slug,
)
from contracts.wire import (
    CodeOf,
    Day,
    Document,
    Identifier,
    Instant,
    Matches,
    StrictBoolean,
    StrictInteger,
    TupleOf,
    format_instant,
    parse_instant,
)

__all__ = [
    "PATTERNS",
    "PUBLIC_ONLY",
    "Code",
    "CodeOf",
    "Day",
    "Document",
    "ForbiddenTypeError",
    "FrozenDocument",
    "Identifier",
    "Instant",
    "JsonDocument",
    "Kind",
    "LanguageTag",
    "Matches",
    "OfficialKey",
    "PublicContact",
    "PublicJwk",
    "PublicText",
    "PublicUrl",
    "Reference",
    "SealedText",
    "SignedToken",
    "Slug",
    "StrictBoolean",
    "StrictInteger",
    "TupleOf",
    "format_instant",
    "is_aware_utc",
    "kind_of",
    "parse_instant",
]

PUBLIC_ONLY: frozenset[Any] = frozenset({PublicText, PublicContact, PublicJwk, JsonDocument})
_DOCUMENTS = (PublicText, PublicJwk, JsonDocument)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known about one annotation: its checker, its marshmallow field and its JSON Schema."""

    accepts: Callable[[Any], bool]
    field: Callable[..., fields.Field[Any]]
    json_schema: Mapping[str, Any]
    optional: bool = False
    public_only: bool = False


class ForbiddenTypeError(TypeError):
    """An event or value declares a field that could carry free text or personal data."""


def kind_of(annotation: Any) -> Kind:
    """Look an annotation up; what is not in the table is forbidden."""
    if annotation in PATTERNS:
        return _text_kind(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return _optional_kind(annotation)
    if get_origin(annotation) is tuple:
        return _tuple_kind(annotation)
    if isinstance(annotation, type):
        return _class_kind(annotation)
    raise ForbiddenTypeError(f"{annotation!r} is not a type an event may carry")


def _text_kind(annotation: Any) -> Kind:
    expression = re.compile(PATTERNS[annotation])

    def field(**kwargs: Any) -> fields.Field[Any]:
        return fields.String(validate=Matches(expression), **kwargs)

    return Kind(
        accepts=lambda item: isinstance(item, str) and expression.fullmatch(item) is not None,
        field=field,
        json_schema={"type": "string", "pattern": PATTERNS[annotation]},
        public_only=annotation in PUBLIC_ONLY,
    )


def _optional_kind(annotation: Any) -> Kind:
    members = [one for one in get_args(annotation) if one is not NoneType]
    if len(members) != 1 or len(get_args(annotation)) != 2:
        raise ForbiddenTypeError(f"{annotation!r}: only 'X | None' is a union an event may carry")
    inner = kind_of(members[0])
    return Kind(
        accepts=lambda item: item is None or inner.accepts(item),
        field=inner.field,
        json_schema=inner.json_schema,
        optional=True,
        public_only=inner.public_only,
    )


def _tuple_kind(annotation: Any) -> Kind:
    arguments = get_args(annotation)
    if len(arguments) != 2 or arguments[1] is not Ellipsis:
        raise ForbiddenTypeError(f"{annotation!r}: only 'tuple[X, ...]' is a list an event may carry")
    inner = kind_of(arguments[0])
    return Kind(
        accepts=lambda item: isinstance(item, tuple) and all(inner.accepts(one) for one in item),
        field=lambda **kwargs: TupleOf(inner.field(), **kwargs),
        json_schema={"type": "array", "items": inner.json_schema},
        public_only=inner.public_only,
    )


def _class_kind(annotation: type) -> Kind:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if issubclass(annotation, StrEnum):
        codes = {"type": "string", "enum": [member.value for member in annotation]}
        return Kind(lambda item: isinstance(item, annotation), lambda **kwargs: CodeOf(annotation, **kwargs), codes)
    if annotation in _DOCUMENTS:
        return Kind(
            accepts=lambda item: isinstance(item, annotation),
            field=lambda **kwargs: Document(annotation, **kwargs),
            json_schema=_document_schema(annotation),
            public_only=annotation in PUBLIC_ONLY,
        )
    kind = annotation.__dict__.get("__kind__")
    if isinstance(kind, Kind):
        return kind
    raise ForbiddenTypeError(f"{annotation.__name__} is not a type an event may carry")


def _document_schema(annotation: type) -> dict[str, Any]:
    if annotation is PublicText:
        names = {"type": "string", "pattern": PATTERNS[LanguageTag]}
        return {"type": "object", "propertyNames": names, "additionalProperties": {"type": "string"}}
    if annotation is PublicJwk:
        return {"type": "object", "properties": {"kty": {"type": "string"}}, "required": ["kty"]}
    return {"type": "object"}


def is_aware_utc(item: Any) -> bool:
    return isinstance(item, datetime) and item.utcoffset() is not None and not item.utcoffset()


_SCALARS: Mapping[type, Kind] = {
    UUID: Kind(lambda item: isinstance(item, UUID), Identifier, {"type": "string", "format": "uuid"}),
    bool: Kind(lambda item: isinstance(item, bool), StrictBoolean, {"type": "boolean"}),
    int: Kind(lambda item: isinstance(item, int) and not isinstance(item, bool), StrictInteger, {"type": "integer"}),
    datetime: Kind(is_aware_utc, Instant, {"type": "string", "format": "date-time"}),
    date: Kind(
        lambda item: isinstance(item, date) and not isinstance(item, datetime),
        Day,
        {"type": "string", "format": "date"},
    ),
}
