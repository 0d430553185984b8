"""JSON Schema 2020-12 of everything that travels, kept to the keywords that draft-07 readers understand as well."""

from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts import envelope
from contracts import fields as kinds
from contracts.codes import Classification
from contracts.event import REGISTRY, json_schema_of, spec_of
from contracts.partner.actions import BODIES, schema_of, type_of_action
from contracts.partner.appointment import APPOINTMENT
from contracts.partner.dossier import CATEGORY, DOSSIER

Json = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
UUID_SCHEMA = {"type": "string", "format": "uuid"}
INSTANT_SCHEMA = {"type": "string", "format": "date-time"}


def all_schemas() -> dict[str, Json]:
    """Every schema by its file name without ``.json``."""
    events = {name: _titled(name, json_schema_of(cls), cls.__doc__) for name, cls in REGISTRY.items()}
    bodies = {
        type_of_action(action): _titled(type_of_action(action), schema_of(action), cls.__doc__)
        for action, cls in BODIES.items()
    }
    dossier = _titled("dossier", object_of(DOSSIER), DOSSIER.__doc__)
    dossier["oneOf"] = [
        {"type": "object", "properties": {name: {}}, "required": [name]} for name in ("person", "employer")
    ]
    appointment = _titled("appointment", object_of(APPOINTMENT), APPOINTMENT.__doc__)
    described = {
        **events,
        **bodies,
        "appointment": {**appointment, "additionalProperties": False},
        "dossier": dossier,
        "envelope": envelope_schema(),
    }
    return {name: described[name] for name in sorted(described)}


def _titled(name: str, schema: Mapping[str, Any], text: str | None) -> Json:
    description = " ".join((text or "").split())
    return {"$schema": DIALECT, "$id": envelope.schema_url(name), "title": name, "description": description, **schema}


def envelope_schema() -> Json:
    """The CloudEvents attributes as this network uses them."""
    properties: Json = {
        "specversion": {"type": "string", "const": "1.0"},
        **{name: _attribute(name) for name in envelope.READERS},
        "datacontenttype": {"type": "string", "const": "application/json"},
        "data": {"type": "object"},
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": ["specversion", "id", "source", "type", "time", "data"],
    }
    return _titled("envelope", schema, "CloudEvents 1.0 in structured JSON, with the extensions of this network.")


def _attribute(name: str) -> Json:
    special: Mapping[str, Json] = {
        **dict.fromkeys(("id", "correlationid", "causationid"), UUID_SCHEMA),
        **dict.fromkeys(("time", "expirytime"), INSTANT_SCHEMA),
        "sequence": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        "expectedversion": {"type": "integer", "minimum": 0},
        "dataclassification": {"type": "string", "enum": [one.value for one in Classification]},
    }
    return dict(special[name]) if name in special else {"type": "string", "pattern": envelope.PATTERNS[name].pattern}


def message_schema(name: str) -> Json:
    """The whole CloudEvent of one type, for AsyncAPI: the envelope with its type and data made narrow."""
    spec = spec_of(REGISTRY[name])
    narrowed = {
        "type": {"type": "string", "const": name},
        "dataclassification": {"type": "string", "const": spec.classification.value},
        "data": json_schema_of(REGISTRY[name]),
    }
    return {"allOf": [{"$ref": "#/components/schemas/envelope"}, {"type": "object", "properties": narrowed}]}


# --- from marshmallow, for the dossier -----------------------------------------------------------------------------


def object_of(schema: marshmallow.Schema) -> Json:
    """The JSON Schema of a marshmallow schema, each field with the category it is marked with."""
    required = [name for name, field in schema.fields.items() if field.required]
    described: Json = {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in schema.fields.items()},
    }
    return {**described, "required": required} if required else described


def _of_field(field: fields.Field[Any]) -> Json:
    category = field.metadata.get(CATEGORY)
    mark = {"x-category": category.value} if category else {}
    return {**_shape(field), **_limits(field), **mark}


def _shape(field: fields.Field[Any]) -> Json:
    if isinstance(field, fields.Nested):
        return object_of(field.schema)
    if isinstance(field, fields.List):
        return {"type": "array", "items": _of_field(field.inner)}
    if isinstance(field, kinds.CodeOf):
        return {"type": "string", "enum": [code.value for code in field.codes]}
    return dict(next(shape for cls, shape in _SHAPES if isinstance(field, cls)))


_SHAPES: tuple[tuple[type, Json], ...] = (
    (fields.UUID, UUID_SCHEMA),
    (kinds.Instant, INSTANT_SCHEMA),
    (fields.Date, {"type": "string", "format": "date"}),
    (fields.Integer, {"type": "integer"}),
    (fields.Boolean, {"type": "boolean"}),
    (fields.String, {"type": "string"}),
)


def _limits(field: fields.Field[Any]) -> Json:
    limits: Json = {}
    for rule in field.validators:
        if isinstance(rule, validate.Regexp):
            limits["pattern"] = rule.regex.pattern
        elif isinstance(rule, validate.OneOf):
            limits["enum"] = list(rule.choices)
        elif isinstance(rule, validate.Range):
            limits |= {"minimum": rule.min, "maximum": rule.max}
        else:
            assert isinstance(rule, validate.Length), "a rule this description does not know"
            names = ("minItems", "maxItems") if isinstance(field, fields.List) else ("minLength", "maxLength")
            limits |= {name: size for name, size in zip(names, (rule.min, rule.max), strict=True) if size is not None}
    return limits
