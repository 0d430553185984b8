"""The directory for any reader: HSDS 3, read only, open to everybody because everything in it is public."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Length, OneOf, Range, Regexp
from flask import Response, stream_with_context
from marshmallow import EXCLUDE

from contracts.codes import Topic
from services.chassis.access import public
from services.chassis.errors import NotFoundError
from services.chassis.web import room
from services.directory import queries
from services.directory.domain import hsds, taxonomies
from services.directory.domain.objects import FIELDS
from services.directory.queries import Filter, entries
from services.directory.web import limits

Json = dict[str, Any]
MAX_PER_PAGE = 200
NDJSON = "application/x-ndjson"
TOPIC_TERMS = {hsds.term("topics", topic)["id"]: topic.value for topic in Topic}
TAXONOMY_NAMES = {taxonomies.taxonomy(name)["id"]: name for name in hsds.TAXONOMIES}


class Paging(Schema):
    """Which page; HSDS's own parameter names. What HSDS knows and we do not is passed over, as HSDS asks."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=Range(1, 1_000_000))
    per_page = fields.Integer(load_default=50, validate=Range(1, MAX_PER_PAGE))


class Search(Paging):
    """Which organizations."""

    search = fields.String(validate=[Length(1, 100), Regexp("[^\\0]*$")])


class ServiceSearch(Search):
    """Which services; all filters are cumulative."""

    organization_id = fields.UUID()
    taxonomy_term_id = fields.String(validate=OneOf(tuple(TOPIC_TERMS)))
    taxonomy_id = fields.String(validate=OneOf(tuple(TAXONOMY_NAMES)))
    modified_after = fields.AwareDateTime(format="iso")
    full = fields.Boolean(load_default=False)
    minimal = fields.Boolean(load_default=False)
    format = fields.String(load_default="json", validate=OneOf(("json", "ndjson")))


class TermSearch(Search):
    """Which terms."""

    taxonomy_id = fields.String(validate=OneOf(tuple(TAXONOMY_NAMES)))


class Detail(Schema):
    """How much of an organization's services."""

    class Meta:
        unknown = EXCLUDE

    full_service = fields.Boolean(load_default=False)


class CompetenceSearch(Paging):
    """Which administrative service (LeiKa), and where (ARS)."""

    leika_key = fields.String(validate=Regexp("[0-9]{14}$"))
    ars = fields.String(validate=Regexp("[0-9]{2,12}$"))


blueprint = APIBlueprint("hsds", __name__, url_prefix="/hsds")
blueprint.before_request(limits.READINGS.expect_patience)


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
    return {kind: {name: field.required for name, field in table.items()} for kind, table in FIELDS.items()}


@blueprint.get("/services")
@blueprint.input(ServiceSearch, location="query")
@public
def services(query_data: Json) -> Json | Response:
    """A page of services, short, full or as ids only; with `format=ndjson` all of them in full, one per line."""
    wanted = filter_of(query_data)
    if query_data["format"] == "ndjson":
        limits.EXPORTS.expect_patience()
        return stream(every_service(wanted))
    with room().unit.db.read() as connection:
        if query_data["full"]:
            return entries.full_services(connection, wanted)
        found = entries.minimal_services if query_data["minimal"] else entries.services
        return found(connection, wanted)


@blueprint.get("/services/<uuid:service_id>")
@public
def service(service_id: UUID) -> Json:
    """One service with areas, places, languages and the profile's attributes."""
    with room().unit.db.read() as connection:
        return entries.service(connection, service_id)


@blueprint.get("/services/<uuid:service_id>/hours.ics")
@public
def opening_hours(service_id: UUID) -> Response:
    """When the service is open, as a calendar to subscribe to."""
    with room().unit.db.read() as connection:
        return Response(entries.opening_hours(connection, service_id), mimetype="text/calendar")


@blueprint.get("/service_at_locations")
@blueprint.input(ServiceSearch, location="query")
@public
def service_at_locations(query_data: Json) -> Json:
    """A page of services at their places; all filters are cumulative."""
    with room().unit.db.read() as connection:
        return entries.service_at_locations(connection, filter_of(query_data), full=query_data["full"])


@blueprint.get("/service_at_locations/<uuid:link_id>")
@public
def service_at_location(link_id: UUID) -> Json:
    """One service at one place, with everything about both."""
    with room().unit.db.read() as connection:
        return entries.service_at_location(connection, link_id)


@blueprint.get("/organizations")
@blueprint.input(Search, location="query")
@public
def organizations(query_data: Json) -> Json:
    """A page of organizations."""
    with room().unit.db.read() as connection:
        return queries.organizations(connection, Filter(**query_data))


@blueprint.get("/organizations/<uuid:organization_id>")
@blueprint.input(Detail, location="query")
@public
def organization(organization_id: UUID, query_data: Json) -> Json:
    """One organization with its places and what it offers."""
    with room().unit.db.read() as connection:
        found = queries.organization(connection, organization_id)
        offered = entries.services_of(connection, organization_id, full=query_data["full_service"])
        changes = entries.changes(connection, "organization", organization_id)
    return {**found, "services": offered, "metadata": changes}


@blueprint.get("/taxonomies")
@blueprint.input(Paging, location="query")
@public
def all_taxonomies(query_data: Json) -> Json:
    """The code lists of the profile."""
    return sliced(taxonomies.ALL, query_data)


@blueprint.get("/taxonomies/<uuid:taxonomy_id>")
@public
def taxonomy(taxonomy_id: UUID) -> Json:
    """One code list of the profile."""
    return by_id(taxonomies.ALL, taxonomy_id)


@blueprint.get("/taxonomy_terms")
@blueprint.input(TermSearch, location="query")
@public
def taxonomy_terms(query_data: Json) -> Json:
    """The codes of the profile as taxonomy terms."""
    return sliced(taxonomies.terms(query_data.get("taxonomy_id"), query_data.get("search")), query_data)


@blueprint.get("/taxonomy_terms/<uuid:term_id>")
@public
def taxonomy_term(term_id: UUID) -> Json:
    """One code of the profile."""
    return by_id(taxonomies.TERMS, term_id)


@blueprint.get("/competences")
@blueprint.input(CompetenceSearch, location="query")
@public
def competences(query_data: Json) -> Json:
    """Which body answers for an administrative service in an area; the one named most closely comes first."""
    with room().unit.db.read() as connection:
        return entries.competences(
            connection, query_data.get("leika_key"), query_data.get("ars"), query_data["page"], query_data["per_page"]
        )


def filter_of(given: Json) -> Filter:
    """The filter that HSDS's own parameters mean."""
    same = ("page", "per_page", "search", "organization_id", "modified_after")
    return Filter(
        **{name: given[name] for name in same if name in given},
        topic=TOPIC_TERMS.get(given.get("taxonomy_term_id", "")),
        taxonomy=TAXONOMY_NAMES.get(given.get("taxonomy_id", "")),
    )


def every_service(wanted: Filter) -> Iterator[Json]:
    with room().unit.db.read() as connection:
        yield from entries.every_service(connection, wanted)


def stream(found: Iterable[Json]) -> Response:
    """One object per line, sent as it is read."""
    lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in found)
    return Response(stream_with_context(lines), mimetype=NDJSON)


def sliced(found: Any, asked: Json) -> Json:
    number, size = asked["page"], asked["per_page"]
    return hsds.page(found[(number - 1) * size : number * size], len(found), number, size)


def by_id(found: Iterable[Json], wanted: UUID) -> Json:
    for one in found:
        if one["id"] == str(wanted):
            return one
    raise NotFoundError("directory.term-unknown")
