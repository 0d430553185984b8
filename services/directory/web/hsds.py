"""The directory for any reader: HSDS 3, read only, open to everybody because everything in it is public."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Length, OneOf, Range, Regexp
from marshmallow import EXCLUDE

from contracts.codes import Topic
from services.chassis.access import public
from services.chassis.web import room
from services.directory import queries
from services.directory.domain import hsds
from services.directory.domain.objects import FIELDS
from services.directory.queries import Filter

Json = dict[str, Any]
MAX_PER_PAGE = 200
TOPIC_TERMS = {hsds.term("topics", topic)["id"]: topic.value for topic in Topic}


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
    modified_after = fields.AwareDateTime(format="iso")


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
    return {kind: {name: field.required for name, field in table.items()} for kind, table in FIELDS.items()}


@blueprint.get("/services")
@blueprint.input(ServiceSearch, location="query")
@public
def services(query_data: Json) -> Json:
    """A page of services; all filters are cumulative."""
    topic = TOPIC_TERMS.get(query_data.pop("taxonomy_term_id", ""))
    with room().unit.db.read() as connection:
        return queries.services(connection, Filter(**query_data, topic=topic))


@blueprint.get("/services/<uuid:service_id>")
@public
def service(service_id: UUID) -> Json:
    """One service with areas, places, languages and the profile's attributes."""
    with room().unit.db.read() as connection:
        return queries.service(connection, service_id)


@blueprint.get("/organizations")
@blueprint.input(Search, location="query")
@public
def organizations(query_data: Json) -> Json:
    """A page of organizations."""
    with room().unit.db.read() as connection:
        return queries.organizations(connection, Filter(**query_data))


@blueprint.get("/organizations/<uuid:organization_id>")
@public
def organization(organization_id: UUID) -> Json:
    """One organization with its places."""
    with room().unit.db.read() as connection:
        return queries.organization(connection, organization_id)


@blueprint.get("/taxonomy_terms")
@blueprint.input(Paging, location="query")
@public
def taxonomy_terms(query_data: Json) -> Json:
    """The codes of the profile as taxonomy terms."""
    terms = [hsds.term(taxonomy, code) for taxonomy, codes in hsds.TAXONOMIES.items() for code in codes]
    number, size = query_data["page"], query_data["per_page"]
    return hsds.page(terms[(number - 1) * size : number * size], len(terms), number, size)
