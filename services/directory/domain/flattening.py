"""Somebody else's HSDS becomes rows of a directory file, for an editor to look at and complete before they come in.

What fits is taken; what does not is left out and named, so that one odd phone number does not keep a service away. So
is what HSDS knows and this directory has no place for; that is no mistake (`Unplaced`). What only the profile knows
stays empty or cautious: no topics (so matching never finds it), role advises, audience both. Our own answers carry
the profile as attributes and come back whole.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from contracts.codes import Audience, ServiceRole
from services.directory.domain.formats import Localized
from services.directory.domain.hsds import PROFILE, PROFILE_TEXTS
from services.directory.domain.meaning import contradictions
from services.directory.domain.objects import FIELDS, Kind
from services.directory.domain.shapes import ListOf, Problems, Reader, Shape, join
from services.directory.domain.spelling import place_name, spelled
from services.directory.domain.tabular import PARENTS

Json = dict[str, Any]
MISSING = object()
#: In every object of HSDS, and no loss: ids of parts, to whom a part belongs, when it was changed; `_at` is ours.
_EVERYWHERE = PARENTS | {"id", "attributes", "metadata", "taxonomy_term_id", "_at"}
#: Read by name, each in its way.
_READ: Mapping[Kind, frozenset[str]] = {
    Kind.ORGANIZATION: frozenset({"locations", "services", "parent_organization_id"}),
    Kind.LOCATION: frozenset(),
    Kind.SERVICE: frozenset(
        {"organization", "service_areas", "service_at_locations", "last_modified", "interpretation_services"}
    ),
    Kind.SERVICE_AT_LOCATION: frozenset({"location", "service", "name", "status"}),
}
YES = ("yes", "true", "ja")


class Unplaced(str):
    """What was expected where something has no place here: it is told, and keeps nothing away."""

    __slots__ = ()


NOWHERE = Unplaced("nothing: the directory has no place for this")
PARENT = Unplaced("nothing: which body it belongs to is for an editor to say")
AREA = Unplaced("an area by its official regional key (extent_type ars)")


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
        made = [(kind, _known(kind, value, source))]
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
    found = read(spelled(read, value), path, problems)
    left_out.extend(problems)
    return MISSING if problems else found


def _salvage_object(read: Shape, value: Mapping[str, Any], path: str, left_out: Problems) -> Any:
    made = {}
    left_out.extend((join(path, name), NOWHERE) for name in _unplaced(read.fields, value))
    for name, field in read.fields.items():
        given = value.get(name)
        found = MISSING if given is None else salvage(field.read, given, join(path, name), left_out)
        if found is not MISSING:
            made[name] = found
        elif field.required:
            left_out.append((path, f"an object with {name}"))
            return MISSING
    return made


def _unplaced(known: Container[str], value: Mapping[str, Any], read: Container[str] = ()) -> Iterator[str]:
    """What a part says that has no place; a language's name goes with its code."""
    for name, given in value.items():
        is_name = name == "name" and "code" in value
        is_taken = name in known or name in _EVERYWHERE or name in read or is_name
        if not is_taken and given not in (None, "", [], {}):
            yield name


def _fitting(kind: Kind, value: Json, left_out: Problems) -> Json | None:
    left_out.extend((f"{kind}.{name}", expected) for name, expected in value.pop("_unplaced", ()))
    row = salvage(Shape(FIELDS[kind]), value, kind, left_out)
    if row is MISSING:
        return None
    found = list(contradictions(kind, row))
    for field, expected in found:
        left_out.append((f"{kind}.{field}", expected))
    _take_out(row, [field for field, _ in found])
    return {"object": kind.value, **row}


def _take_out(row: Json, fields: Sequence[str]) -> None:
    """Without what contradicts: a field, an entry of a list, or a field of one that can do without it.

    Parts go first, then entries, the later ones before the earlier, then fields: so each stands where it was found.
    """
    entries, whole = set(), []
    for field in fields:
        found = re.fullmatch(r"([a-z_]+)\[([0-9]+)\](?:\.([a-z_]+))?", field)
        if found is None:
            whole.append(field)
        elif (part := found.group(3)) is None or part in NEEDED:
            entries.add((found.group(1), int(found.group(2))))
        else:
            row[found.group(1)][int(found.group(2))].pop(part, None)
    for name, index in sorted(entries, reverse=True):
        del row[name][index]
    for name in [*whole, *(name for name, _ in entries if not row[name])]:
        row.pop(name, None)


#: An entry of a list is nothing without these.
NEEDED = ("postal_code", "closes_at")


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
    listed = list(enumerate(_objects(given.get("service_areas"))))
    areas = [one for _, one in listed if one.get("extent_type") == "ars"]
    elsewhere = [(f"service_areas[{at}]", AREA) for at, one in listed if one.get("extent_type") != "ars"]
    for area in areas:
        yield Kind.AREA, {"id": area.get("extent"), "name": {"de": area.get("name")}, "sources": [source]}
    cautious = {"topics": [], "role": ServiceRole.ADVISES.value, "audience": Audience.BOTH.value}
    known = {"organization_id": owner, **cautious, **_known(Kind.SERVICE, given, source)}
    known["_unplaced"] = [*known["_unplaced"], *elsewhere]
    yield Kind.SERVICE, {"description": known.get("name"), **known, "areas": [area.get("extent") for area in areas]}
    for link in _objects(given.get("service_at_locations")):
        yield from _at_location(link, given.get("id"), owner, source)


def _at_location(link: Mapping[str, Any], service: Any, owner: Any, source: str) -> Iterator[tuple[Kind, Json]]:
    place = link.get("location")
    if isinstance(place, Mapping):
        yield Kind.LOCATION, _location(place, owner, source)
        ids = {"service_id": service, "location_id": place.get("id")}
        yield Kind.SERVICE_AT_LOCATION, {**_known(Kind.SERVICE_AT_LOCATION, link, source), **ids}


def _location(place: Mapping[str, Any], owner: Any, source: str) -> Json:
    made = {**_known(Kind.LOCATION, place, source), "organization_id": place.get("organization_id") or owner}
    return {**made, "name": place_name(place)}


def _known(kind: Kind, given: Mapping[str, Any], source: str) -> Json:
    """HSDS's own fields, German texts wrapped, and what our own attributes say; a parent must be named by an editor."""
    not_taken = ("parent_organization_id", "attributes")
    fields = {name: value for name, value in given.items() if name in FIELDS[kind] and name not in not_taken}
    fields = {name: _in_languages(FIELDS[kind][name].read, value) for name, value in fields.items()}
    texts = {name: value for name, value in fields.items() if isinstance(FIELDS[kind][name].read, Localized)}
    unplaced = [(name, NOWHERE) for name in _unplaced(FIELDS[kind], given, _READ[kind])]
    if given.get("parent_organization_id"):
        unplaced.append(("parent_organization_id", PARENT))
    profile = _profile(kind, given, texts)
    if kind is Kind.SERVICE and given.get("interpretation_services") and "interpreters" not in profile:
        if str(given["interpretation_services"]).strip().lower() in YES:
            profile["interpreters"] = True
        else:
            unplaced.append(("interpretation_services", NOWHERE))
    return {**fields, **profile, "sources": [source], "_unplaced": unplaced}


def _in_languages(read: Reader, value: Any) -> Any:
    """Texts as German, with what the attributes of a part say of them in other languages."""
    if isinstance(read, Localized) and isinstance(value, str):
        return {"de": value}
    if isinstance(read, ListOf) and isinstance(value, list):
        return [_in_languages(read.item, one) for one in value]
    if isinstance(read, Shape) and isinstance(value, Mapping):
        made = {name: _in_languages(field.read, value[name]) for name, field in read.fields.items() if name in value}
        texts = {name: said for name, said in made.items() if isinstance(read.fields[name].read, Localized)}
        return {**value, **made, **_translations(value, texts)} if texts else {**value, **made}
    return value


def _translations(given: Mapping[str, Any], texts: Mapping[str, Any]) -> Json:
    """The texts with their translations, which ride along as attributes."""
    made: Json = {}
    for attribute in _objects(given.get("attributes")):
        text, _, tag = str(attribute.get("link_entity", "")).rpartition(".")[2].partition("@")
        is_known = text in PROFILE_TEXTS or isinstance(texts.get(text), Mapping)
        if attribute.get("link_type") == "translation" and is_known:
            made.setdefault(text, dict(texts.get(text, {})))[tag] = attribute.get("value")
    return made


def _profile(kind: Kind, given: Mapping[str, Any], texts: Mapping[str, Json]) -> Json:
    made = _translations(given, texts)
    profile = PROFILE.get(kind, ())
    for attribute in _objects(given.get("attributes")):
        name, value = str(attribute.get("link_type")), attribute.get("value")
        if name in profile and isinstance(FIELDS[kind][name].read, ListOf):
            made.setdefault(name, []).append(_decoded(value) if name == "funding" else value)
        elif name in profile:
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
