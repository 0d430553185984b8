"""The type rule: what a field of an event may hold, and how each kind is checked, written, read and described.

Personal data hides in free text, so a field is an id, a code, a number, a date or an instant - or a text that is public
by its type. Plain ``str``, ``dict``, ``float`` and ``Any`` are refused when the class is made, not when a name leaks.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin
from uuid import UUID

import marshmallow
from marshmallow import fields

Code = NewType("Code", str)
"""A short technical token: an id of a text, a hash, a key id."""
Slug = NewType("Slug", str)
"""The stable name of a sentence or refusal, such as ``consent.withdrawn``."""
Reference = NewType("Reference", str)
"""The number people use for a referral, such as ``R-26-4F7KQ``."""
LanguageTag = NewType("LanguageTag", str)
"""A BCP 47 language tag."""
OfficialKey = NewType("OfficialKey", str)
"""An official regional key (ARS) or a prefix of one."""
PublicUrl = NewType("PublicUrl", str)
"""An address anybody may know."""
PublicContact = NewType("PublicContact", str)
"""A public phone number, mailbox or postal address of an organization, never of a person."""

SealedText = NewType("SealedText", str)
"""Words encrypted to one reader: a compact JWE (RFC 7516). The only way free text may travel."""

PATTERNS: Mapping[Any, str] = MappingProxyType(
    {
        Code: r"^[A-Za-z0-9_.:+/=-]{1,128}$",
        Slug: r"^[a-z0-9]+([._-][a-z0-9]+)*$",
        Reference: r"^R-[0-9A-Z-]{4,20}$",
        LanguageTag: r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        OfficialKey: r"^[0-9]{2,12}$",
        PublicUrl: r"^https?://[^\s]{1,500}$",
        SealedText: r"^[A-Za-z0-9_-]{1,4000}(\.[A-Za-z0-9_-]{0,24000}){4}$",
        PublicContact: r"^[^\x00-\x1f]{1,300}$",
    }
)


class FrozenDocument(Mapping[str, Any]):
    """An immutable JSON object; `as_dict` gives a plain copy for whoever must change or store it."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any]) -> None:
        self._items = {key: _freeze(item) for key, item in items.items()}
        self.check()

    def check(self) -> None:
        """Refuse content this kind of document may not hold."""

    def as_dict(self) -> dict[str, Any]:
        return {key: _thaw(item) for key, item in self._items.items()}

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.as_dict()!r})"


class JsonDocument(FrozenDocument):
    """A published rule document, such as the eligibility rules of a service."""

    __slots__ = ()


class PublicText(FrozenDocument):
    """A public text per language tag."""

    __slots__ = ()

    def check(self) -> None:
        for tag, text in self.items():
            if not re.match(PATTERNS[LanguageTag], tag) or not isinstance(text, str):
                raise ValueError("a public text maps language tags to texts")


class PublicJwk(FrozenDocument):
    """The public half of a key (RFC 7517); a private member is refused."""

    __slots__ = ()

    def check(self) -> None:
        private = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}.intersection(self)
        if private or "kty" not in self:
            raise ValueError("a public JWK names its kty and holds no private member")


PUBLIC_ONLY: frozenset[Any] = frozenset({PublicText, PublicContact, PublicJwk, JsonDocument})
_DOCUMENTS = (PublicText, PublicJwk, JsonDocument)


def _freeze(item: Any) -> Any:
    if isinstance(item, FrozenDocument):
        return item
    if isinstance(item, Mapping):
        return FrozenDocument(item)
    return tuple(_freeze(one) for one in item) if isinstance(item, list | tuple) else item


def _thaw(item: Any) -> Any:
    if isinstance(item, FrozenDocument):
        return item.as_dict()
    return [_thaw(one) for one in item] if isinstance(item, tuple) else item


# --- how values look in JSON ----------------------------------------------------------------------------------------


class Matches(marshmallow.validate.Regexp):
    """The whole text matches; a bare ``$`` would let a line break slip through."""

    def __call__(self, value: Any) -> Any:
        if not self.regex.fullmatch(value):
            raise marshmallow.ValidationError(self._format_error(value))
        return value


class StrictInteger(fields.Integer):
    """A whole number; ``true`` and ``"3"`` are none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class StrictBoolean(fields.Boolean):
    """``true`` or ``false``; ``1`` and ``"yes"`` are neither."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant as aware UTC; ``datetime.fromisoformat`` alone takes too much."""
    if not isinstance(text, str) or not _INSTANT.match(text):
        raise ValueError("not an RFC 3339 instant")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("not an RFC 3339 instant") from error


def format_instant(instant: datetime) -> str:
    """Write an instant in UTC with microseconds, so that equal instants are equal bytes."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Instant(fields.Field[datetime]):
    """An RFC 3339 instant with offset."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return parse_instant(value)
        except ValueError as error:
            raise marshmallow.ValidationError("rfc3339-instant") from error


_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")


class Day(fields.Date):
    """A calendar day, ``YYYY-MM-DD`` and nothing shorter."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not _DAY.match(value):
            raise marshmallow.ValidationError("calendar-day")
        return super()._deserialize(value, attr, data, **kwargs)


class Identifier(fields.UUID):
    """A UUID in its hyphenated form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or len(value) != 36:
            raise self.make_error("invalid_uuid")
        return super()._deserialize(value, attr, data, **kwargs)


class CodeOf(fields.Field[StrEnum]):
    """One code of a list."""

    def __init__(self, codes: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes = codes

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value.value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StrEnum:
        if not isinstance(value, str) or value not in self.codes.__members__.values():
            raise marshmallow.ValidationError(f"code-of-{self.codes.__name__}")
        return self.codes(value)


class Document(fields.Field[FrozenDocument]):
    """A public mapping."""

    def __init__(self, kind: type[FrozenDocument], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.as_dict()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> FrozenDocument:
        try:
            return self.kind(value)
        except (ValueError, AttributeError, TypeError) as error:
            raise marshmallow.ValidationError(f"document-{self.kind.__name__}") from error


class TupleOf(fields.List[Any]):
    """A list in JSON, a tuple in Python."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise marshmallow.ValidationError("list")
        return tuple(super()._deserialize(value, attr, data, **kwargs))


# --- one table from annotation to kind ------------------------------------------------------------------------------


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
