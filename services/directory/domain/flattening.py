"""Somebody else's HSDS becomes rows of a directory file, for an editor to look at and complete before they come in.

What fits is taken; what does not is left out and named, so that one odd phone number does not keep a service away. What
only the profile knows stays empty or cautious: no topics (so matching never finds it), role advises, audience both. Our
own answers carry the profile as attributes and come back whole.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.codes import Audience, ServiceRole
from services.directory.domain.hsds import PROFILE, PROFILE_TEXTS, TEXTS
from services.directory.domain.meaning import contradictions
from services.directory.domain.objects import FIELDS, Kind
from services.directory.domain.shapes import ListOf, Problems, Reader, Shape, join

Json = dict[str, Any]
MISSING = object()


def flatten(document: Mapping[str, Any], source: str) -> tuple[list[Json], Problems]:
    """The rows in one HSDS service or organization, with all below it, and what had to be left out."""
    left_out: Problems = []
    made = _service(document, source) if "status" in document else _organization(document, source)
    rows = [row for kind, value in made if (row := _fitting(kind, value, left_out))]
    return rows, left_out


def flat(kind: Kind, value: Mapping[str, Any], source: str) -> tuple[list[Json], Problems]:
    """The rows in one object of a kind whose body, places and services are objects of their own."""
    left_out: Problems = []
    if kind is Kind.SERVICE:
        made = [one for one in _service(value, source) if one[0] is not Kind.ORGANIZATION]
    elif kind is Kind.ORGANIZATION:
        made = [next(_organization(value, source))]
    elif kind is Kind.LOCATION:
        made = [(kind, _location(value, None, source))]
    else:
        made = [(kind, {**value, "sources": [source]})]
    rows = [row for one, given in made if (row := _fitting(one, given, left_out))]
    return rows, left_out


def salvage(read: Reader, value: Any, path: str, left_out: Problems) -> Any:
    """As much of a value as can be read; `MISSING` if nothing of use is left."""
    if isinstance(read, Shape) and isinstance(value, Mapping):
        return _salvage_object(read, value, path, left_out)
    if isinstance(read, ListOf) and isinstance(value, list):
        items = [salvage(read.item, entry, f"{path}[{index}]", left_out) for index, entry in enumerate(value)]
        return [entry for index, entry in enumerate(items) if entry is not MISSING and entry not in items[:index]]
    problems: Problems = []
    found = read(value, path, problems)
    left_out.extend(problems)
    return MISSING if problems else found


def _salvage_object(read: Shape, value: Mapping[str, Any], path: str, left_out: Problems) -> Any:
    made = {}
    for name, field in read.fields.items():
        given = value.get(name)
        found = MISSING if given is None else salvage(field.read, given, join(path, name), left_out)
        if found is not MISSING:
            made[name] = found
        elif field.required:
            left_out.append((path, f"an object with {name}"))
            return MISSING
    return made


def _fitting(kind: Kind, value: Json, left_out: Problems) -> Json | None:
    row = salvage(Shape(FIELDS[kind]), value, kind, left_out)
    if row is MISSING:
        return None
    for field, expected in list(contradictions(kind, row)):
        left_out.append((f"{kind}.{field}", expected))
        row.pop(field.partition("[")[0], None)
    return {"object": kind.value, **row}


def _organization(given: Mapping[str, Any], source: str) -> Iterator[tuple[Kind, Json]]:
    known = _known(Kind.ORGANIZATION, given, source)
    yield Kind.ORGANIZATION, {"organization_type": "unknown", "description": known.get("name"), **known}
    for place in _objects(given.get("locations")):
        yield Kind.LOCATION, _location(place, given.get("id"), source)


def _service(given: Mapping[str, Any], source: str) -> Iterator[tuple[Kind, Json]]:
    owner = given.get("organization_id")
    for organization in _objects([given.get("organization")]):
        yield from _organization(organization, source)
        owner = owner or organization.get("id")
    areas = [one for one in _objects(given.get("service_areas")) if one.get("extent_type") == "ars"]
    for area in areas:
        yield Kind.AREA, {"id": area.get("extent"), "name": {"de": area.get("name")}, "sources": [source]}
    cautious = {"topics": [], "role": ServiceRole.ADVISES.value, "audience": Audience.BOTH.value}
    known = {"organization_id": owner, **cautious, **_known(Kind.SERVICE, given, source)}
    yield Kind.SERVICE, {"description": known.get("name"), **known, "areas": [area.get("extent") for area in areas]}
    for link in _objects(given.get("service_at_locations")):
        yield from _at_location(link, given.get("id"), owner, source)


def _at_location(link: Mapping[str, Any], service: Any, owner: Any, source: str) -> Iterator[tuple[Kind, Json]]:
    place = link.get("location")
    if isinstance(place, Mapping):
        yield Kind.LOCATION, _location(place, owner, source)
        ids = {"service_id": service, "location_id": place.get("id")}
        yield Kind.SERVICE_AT_LOCATION, {**link, **ids, "sources": [source]}


def _location(place: Mapping[str, Any], owner: Any, source: str) -> Json:
    return {**_known(Kind.LOCATION, place, source), "organization_id": place.get("organization_id") or owner}


def _known(kind: Kind, given: Mapping[str, Any], source: str) -> Json:
    """HSDS's own fields, German texts wrapped, and what our own attributes say; a parent must be named by an editor."""
    localized = () if kind is Kind.LOCATION else ("name", "description", *TEXTS[2:6])
    not_taken = ("parent_organization_id", "attributes")
    fields = {name: value for name, value in given.items() if name in FIELDS[kind] and name not in not_taken}
    texts = {name: {"de": fields[name]} for name in localized if isinstance(fields.get(name), str)}
    return {**fields, **texts, **_profile(kind, given, texts), "sources": [source]}


def _profile(kind: Kind, given: Mapping[str, Any], texts: Mapping[str, Json]) -> Json:
    made: Json = {}
    for attribute in _objects(given.get("attributes")):
        name, value = str(attribute.get("link_type")), attribute.get("value")
        text, _, tag = str(attribute.get("link_entity", "")).rpartition(".")[2].partition("@")
        if name == "translation" and (text in texts or text in PROFILE_TEXTS):
            made.setdefault(text, dict(texts.get(text, {})))[tag] = value
        elif name in PROFILE[kind] and isinstance(FIELDS[kind][name].read, ListOf):
            made.setdefault(name, []).append(_decoded(value) if name == "funding" else value)
        elif name in PROFILE[kind]:
            made[name] = _decoded(value)
        elif name != "translation":
            made.setdefault("attributes", []).append(_foreign(attribute))
    return made


def _foreign(attribute: Mapping[str, Any]) -> Json:
    """A term of somebody else's list; what is said twice is said once."""
    term = next(iter(_objects([attribute.get("taxonomy_term")])), {})
    named = {part: term[part] for part in ("taxonomy", "code", "name", "term_uri") if part in term}
    said = {part: attribute[part] for part in ("link_type", "link_entity", "value") if part in attribute}
    description = {} if term.get("description") in (None, term.get("name")) else {"description": term["description"]}
    return {"name": attribute.get("label") or attribute.get("value"), **named, **description, **said}


def _decoded(value: Any) -> Any:
    """What was written as JSON, as it was; a plain code is none."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in '{tf"' else value
    except (ValueError, RecursionError):
        return value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
