"""The directory for any reader: HSDS 3, read only, open to everybody because everything in it is public."""

from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import request

from contracts.codes import Topic
from services.chassis.access import public
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import room
from services.directory import queries
from services.directory.domain import hsds
from services.directory.domain.objects import FIELDS
from services.directory.queries import Filter

Json = dict[str, Any]
MAX_PER_PAGE = 200
TOPIC_TERMS = {hsds.term("topic", topic)["id"]: topic.value for topic in Topic}

blueprint = APIBlueprint("hsds", __name__, url_prefix="/hsds")


@blueprint.get("/")
@public
def base() -> Json:
    """Which version of HSDS this is, by which profile, described where."""
    origin = room().settings.public_url
    return {"version": "3.0", "profile": f"{origin}/hsds/profile", "openapi_url": f"{origin}/directory/openapi.json"}


@blueprint.get("/profile")
@public
def profile() -> Json:
    """The fields of every kind of object a directory file may hold; true means required."""
    return {kind: {name: field.required for name, field in fields.items()} for kind, fields in FIELDS.items()}


@blueprint.get("/services")
@public
def services() -> Json:
    """A page of services; all filters are cumulative."""
    with room().unit.db.read() as connection:
        return queries.services(connection, wanted())


@blueprint.get("/services/<uuid:service_id>")
@public
def service(service_id: UUID) -> Json:
    """One service with areas, places, languages and the profile's attributes."""
    with room().unit.db.read() as connection:
        return queries.service(connection, service_id)


@blueprint.get("/organizations")
@public
def organizations() -> Json:
    """A page of organizations."""
    with room().unit.db.read() as connection:
        return queries.organizations(connection, wanted())


@blueprint.get("/organizations/<uuid:organization_id>")
@public
def organization(organization_id: UUID) -> Json:
    """One organization with its places."""
    with room().unit.db.read() as connection:
        return queries.organization(connection, organization_id)


@blueprint.get("/taxonomy_terms")
@public
def taxonomy_terms() -> Json:
    """The codes of the profile as taxonomy terms."""
    terms = [hsds.term(taxonomy, code) for taxonomy, codes in hsds.TAXONOMIES.items() for code in codes]
    number, size = numbers()
    return hsds.page(terms[(number - 1) * size : number * size], len(terms), number, size)


def wanted() -> Filter:
    """What the reader asks for; HSDS's own parameter names."""
    number, size = numbers()
    search = request.args.get("search") or None
    if search is not None and (len(search) > 100 or "\0" in search):
        raise InvalidError("request.invalid", {"search": "at most 100 characters"})
    return Filter(
        page=number,
        per_page=size,
        search=search,
        organization_id=parsed("organization_id", UUID, "a UUID"),
        topic=topic(),
        modified_after=parsed("modified_after", instant, "an instant such as 2026-11-23T09:00:00Z"),
    )


def numbers() -> tuple[int, int]:
    page = parsed("page", int, "a number from 1", 1)
    size = parsed("per_page", int, f"a number from 1 to {MAX_PER_PAGE}", 50)
    if not 1 <= page <= 1_000_000 or not 1 <= size <= MAX_PER_PAGE:
        raise InvalidError("request.invalid", {"page": "a number from 1", "per_page": f"1 to {MAX_PER_PAGE}"})
    return page, size


def topic() -> str | None:
    asked = request.args.get("taxonomy_term_id")
    if asked is None:
        return None
    if asked not in TOPIC_TERMS:
        raise NotFoundError("directory.term-unknown")
    return TOPIC_TERMS[asked]


def parsed(name: str, read: Any, expected: str, default: Any = None) -> Any:
    """A query parameter read by a function of the standard library; the default if it is not there."""
    given = request.args.get(name)
    if given is None:
        return default
    try:
        return read(given)
    except ValueError as error:
        raise InvalidError("request.invalid", {name: expected}) from error


def instant(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("an instant without its offset means nothing")
    return found
