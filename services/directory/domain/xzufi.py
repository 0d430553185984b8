"""Who is competent for what and where, in the shape of XZuFi (FIM, Portalverbund): services, bodies, competences.

A document holds `leistungen`, `organisationseinheiten` and `zustaendigkeiten`, each with ids of the sending system.
Only what the directory keeps is read: the LeiKa key, names, the regional keys, the role and the legal ground.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contracts.codes import CompetenceRole
from contracts.identity import id_of
from services.directory.domain.foreign import MAX_DOCUMENT, Foreign
from services.directory.domain.objects import Kind
from services.directory.domain.reading import MAX_LINE, Row, RowProblem, UnreadableError, parse

Json = dict[str, Any]
ReadLine = Callable[[int], bytes]

LISTS = ("leistungen", "organisationseinheiten", "zustaendigkeiten")
#: XZuFi's list of roles of a competent body; others are not taken in.
ROLES = {"01": CompetenceRole.DECIDES, "02": CompetenceRole.RECEIVES}


def read_xzufi(read_line: ReadLine, foreign: Foreign, known: Mapping[str, str]) -> Iterator[Row | RowProblem]:
    """Competences, and the bodies nobody knows yet; `known` maps the sending system's ids of bodies to ours."""
    try:
        document = parse(_all(read_line), MAX_DOCUMENT)
    except UnreadableError as error:
        yield RowProblem(1, "", str(error))
        return
    wrong = [name for name in LISTS if not _are_objects(document.get(name, []))]
    if wrong or not document.get("zustaendigkeiten"):
        yield RowProblem(1, ", ".join(wrong) or "zustaendigkeiten", "a list of objects")
        return
    services = {_id(one): one for one in document.get("leistungen", [])}
    bodies = {_id(one): one for one in document.get("organisationseinheiten", [])}
    yield from _new_bodies(bodies, foreign, known)
    for index, given in enumerate(document["zustaendigkeiten"]):
        yield from _competence(
            given, f"zustaendigkeiten[{index}]", services, {**_ours(bodies, foreign), **known}, foreign
        )


def _new_bodies(bodies: Mapping[str, Json], foreign: Foreign, known: Mapping[str, str]) -> Iterator[Row | RowProblem]:
    for theirs, body in bodies.items():
        if theirs not in known:
            names = _texts(body.get("name"))
            row = {
                "object": Kind.ORGANIZATION,
                "id": str(id_of("organization", f"{foreign.source}/{theirs}")),
                "name": names,
                "description": _texts(body.get("beschreibung")) or names,
                "organization_type": "authority",
                "sources": [foreign.source],
                "origin": {"system": foreign.source, "id": theirs, "retrieved_at": foreign.retrieved_at},
            }
            yield from _at(foreign.row(row, 1), f"organisationseinheiten[{list(bodies).index(theirs)}]")


def _ours(bodies: Mapping[str, Json], foreign: Foreign) -> dict[str, str]:
    return {theirs: str(id_of("organization", f"{foreign.source}/{theirs}")) for theirs in bodies}


def _competence(
    given: Json, path: str, services: Mapping[str, Json], bodies: Mapping[str, str], foreign: Foreign
) -> Iterator[Row | RowProblem]:
    service = services.get(str(given.get("leistungID")))
    body = bodies.get(str(given.get("organisationseinheitID")))
    role = ROLES.get(str(given.get("rolle", "01")))
    for name, found in (("leistungID", service), ("organisationseinheitID", body), ("rolle", role)):
        if found is None:
            yield RowProblem(1, f"{path}.{name}", "one that stands in the document, or is known")
            return
    theirs = _id(given) or f"{given.get('leistungID')}/{given.get('organisationseinheitID')}"
    grounds = given.get("rechtsgrundlage")
    row = {
        "object": Kind.COMPETENCE,
        "id": str(id_of("competence", f"{foreign.source}/{theirs}")),
        "leika_key": (service or {}).get("leikaSchluessel"),
        "name": _texts((service or {}).get("bezeichnung")),
        "areas": given.get("gebietID"),
        "organization_id": body,
        "role": role,
        "sources": [foreign.source],
        "origin": {"system": foreign.source, "id": theirs, "retrieved_at": foreign.retrieved_at},
        **({"legal_ground": grounds} if grounds else {}),
    }
    yield from _at(foreign.row(row, 1), path)


def _at(found: Iterator[Row | RowProblem], path: str) -> Iterator[Row | RowProblem]:
    """Problems are named where the sender wrote the object."""
    for one in found:
        yield RowProblem(one.line, f"{path}.{one.field}", one.expected) if isinstance(one, RowProblem) else one


def _id(value: Json) -> str:
    """XZuFi's ids are a value with the agency that gave it."""
    given = value.get("id")
    if isinstance(given, Mapping):
        return "/".join(str(given[part]) for part in ("schemeAgencyID", "value") if part in given)
    return str(given) if given is not None else ""


def _texts(value: Any) -> Json:
    """A text per language: ``[{"languageCode": "de", "value": "..."}]``."""
    entries = value if _are_objects(value) else []
    return {str(one.get("languageCode")): one.get("value") for one in entries}


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _all(read_line: ReadLine) -> bytes:
    parts, size = [], 0
    while size <= MAX_DOCUMENT and (raw := read_line(MAX_LINE)):
        parts.append(raw)
        size += len(raw)
    return b"".join(parts)
