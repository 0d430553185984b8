"""What an event is: a frozen class with a published name, a schema made from its annotations, a place in a registry.

`@event("referral.rejected.v1", subject=("referral", "referral_id"))` above a class of annotated fields is all it takes.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform, get_type_hints

import marshmallow
from marshmallow import fields

from contracts.codes import Classification
from contracts.fields import (
    Code,
    ForbiddenTypeError,
    JsonDocument,
    Kind,
    LanguageTag,
    OfficialKey,
    PublicContact,
    PublicJwk,
    PublicText,
    PublicUrl,
    Reference,
    Slug,
    kind_of,
)

__all__ = [
    "REGISTRY",
    "Code",
    "EventSpec",
    "ForbiddenTypeError",
    "JsonDocument",
    "LanguageTag",
    "OfficialKey",
    "PublicContact",
    "PublicJwk",
    "PublicText",
    "PublicUrl",
    "Reference",
    "Slug",
    "event",
    "from_dict",
    "spec_of",
    "subject_of",
    "to_dict",
    "type_of",
    "value",
]

T = TypeVar("T")
_TYPE = re.compile(r"^[a-z]+\.[a-z_]+\.v[1-9][0-9]*$")


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What the network knows about a kind of event besides its fields."""

    type: str
    cls: Callable[..., Any]
    subject_kind: str
    subject_field: str
    classification: Classification
    snapshot: bool
    kinds: Mapping[str, Kind]
    schema: marshmallow.Schema

    @property
    def service(self) -> str:
        """The service that says it: the first part of the type."""
        return self.type.partition(".")[0]


REGISTRY: dict[str, type] = {}
"""Every event class by its type, filled as the modules of the four services are imported."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a nested value: the same type rule as an event, but no name of its own."""
    made, kinds, schema = build(cls)
    made.__kind__ = Kind(  # type: ignore[attr-defined]
        accepts=lambda item: isinstance(item, made),
        field=lambda **kwargs: fields.Nested(schema, **kwargs),
        json_schema=object_schema(made, kinds),
        public_only=any(kind.public_only for kind in kinds.values()),
    )
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    name: str,
    *,
    subject: tuple[str, str],
    classification: Classification = Classification.INTERNAL,
    snapshot: bool = False,
    registry: dict[str, type] | None = None,
) -> Callable[[type[T]], type[T]]:
    """Publish a class as the event `name` about ``<subject kind>/<value of the subject field>``."""
    if not _TYPE.match(name):
        raise ValueError(f"{name!r} does not look like 'service.what_happened.v1'")
    known = REGISTRY if registry is None else registry

    def publish(cls: type[T]) -> type[T]:
        if name in known:
            raise ValueError(f"{name} is published twice")
        made, kinds, schema = build(cls)
        _refuse_public_texts(made, kinds, classification)
        if subject[1] not in kinds:
            raise ValueError(f"{made.__name__} has no field {subject[1]} to be its subject")
        made.__event__ = EventSpec(name, made, *subject, classification, snapshot, kinds, schema)  # type: ignore[attr-defined]
        known[name] = made
        return made

    return publish


def _refuse_public_texts(cls: type, kinds: Mapping[str, Kind], classification: Classification) -> None:
    for name, kind in kinds.items():
        if kind.public_only and classification is not Classification.PUBLIC:
            raise ForbiddenTypeError(f"{cls.__name__}.{name}: a public text may only stand in a public event")


def build(cls: type[T], *, unknown: str = marshmallow.EXCLUDE) -> tuple[type[T], dict[str, Kind], marshmallow.Schema]:
    """Check the annotations, freeze the class, and make the one schema instance that serves it for ever."""
    kinds: dict[str, Kind] = {}
    for name, annotation in get_type_hints(cls).items():
        try:
            kinds[name] = kind_of(annotation)
        except ForbiddenTypeError as error:
            raise ForbiddenTypeError(f"{cls.__name__}.{name}: {error}") from None
    cls.__post_init__ = _checker(cls.__name__, kinds)  # type: ignore[attr-defined]
    made: type[T] = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    return made, kinds, _schema(made, kinds, unknown)


def _checker(name: str, kinds: Mapping[str, Kind]) -> Callable[[Any], None]:
    """What is made with a wrong value never comes to be; so what is announced is already valid."""
    checks = tuple((field, kind.optional, kind.accepts) for field, kind in kinds.items())

    def check(self: Any) -> None:
        for field, optional, accepts in checks:
            content = getattr(self, field)
            if not (optional and content is None) and not accepts(content):
                raise TypeError(f"{name}.{field} does not accept a {type(content).__name__} of this form")

    return check


def _default_of(cls: type, name: str) -> Any:
    return next(field.default for field in dataclasses.fields(cls) if field.name == name)


def _schema(cls: type, kinds: Mapping[str, Kind], unknown: str) -> marshmallow.Schema:
    members: dict[str, Any] = {}
    for name, kind in kinds.items():
        default = _default_of(cls, name)
        if default is not dataclasses.MISSING:
            members[name] = kind.field(load_default=default, allow_none=kind.optional)
        elif kind.optional:
            members[name] = kind.field(load_default=None, allow_none=True)
        else:
            members[name] = kind.field(required=True)

    def make(_: marshmallow.Schema, data: dict[str, Any], **__: Any) -> Any:
        return cls(**data)

    def drop_nulls(_: marshmallow.Schema, data: dict[str, Any], **__: Any) -> dict[str, Any]:
        return {key: item for key, item in data.items() if item is not None}

    members["make"] = marshmallow.post_load(make)
    members["drop_nulls"] = marshmallow.post_dump(drop_nulls)
    made = type(f"{cls.__name__}Schema", (marshmallow.Schema,), members)
    return made(unknown=unknown)  # type: ignore[no-any-return]


def object_schema(cls: type, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The JSON Schema of a class made here."""
    required = [
        name for name, kind in kinds.items() if not kind.optional and _default_of(cls, name) is dataclasses.MISSING
    ]
    properties = {name: dict(kind.json_schema) for name, kind in kinds.items()}
    return {"type": "object", "properties": properties, "required": required}


def json_schema_of(cls: type) -> dict[str, Any]:
    """The JSON Schema of an event's data."""
    return object_schema(cls, spec_of(cls).kinds)


def spec_of(event: Any) -> EventSpec:
    """The specification of an event or event class."""
    spec: EventSpec = event.__event__
    return spec


def type_of(event: Any) -> str:
    """The published name, such as ``referral.rejected.v1``."""
    return spec_of(event).type


def subject_of(event: Any) -> str:
    """What the event is about, such as ``referral/0190...``."""
    spec = spec_of(event)
    return f"{spec.subject_kind}/{getattr(event, spec.subject_field)}"


def to_dict(event: Any) -> dict[str, Any]:
    """The event's fields as plain JSON values, nulls left out; as its schema dumps them, in two thirds of the time."""
    written = {name: field.serialize(name, event, _held) for name, field in spec_of(event).schema.dump_fields.items()}
    return {name: item for name, item in written.items() if item is not None}


def _held(event: Any, name: str, _: Any) -> Any:
    return getattr(event, name)


def from_dict(name: str, data: Mapping[str, Any]) -> Any:
    """The event of a known type; raises marshmallow's ValidationError for what the contract does not allow.

    What is right needs no more than its fields; the schema itself, nearly twice as dear, says of what is not right all
    that is wrong with it.
    """
    spec = spec_of(REGISTRY[name])
    try:
        if isinstance(data, Mapping):
            read = {
                name: field.deserialize(data.get(name, marshmallow.missing), name, data)
                for name, field in spec.schema.load_fields.items()
            }
            return spec.cls(**read)
    except marshmallow.ValidationError:
        pass
    return spec.schema.load(data)
