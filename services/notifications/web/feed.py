"""The pull feed: a partner that opens no port asks for its own notices with a cursor, and says what it has taken."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer
from apiflask.validators import Range
from flask import Response

from services.chassis.access import current_caller, partner_system
from services.chassis.web import request_work, room
from services.notifications import commands, queries

FURTHEST = 2**63 - 1

blueprint = APIBlueprint("feed", __name__, url_prefix="/partner/v1", tag="Partner feed")


class FeedQuery(Schema):
    """Where to go on, and how much at once."""

    after = Integer(load_default=0, validate=Range(0, FURTHEST))
    limit = Integer(load_default=100, validate=Range(1, queries.LARGEST_PAGE))


class Acknowledgement(Schema):
    """Everything up to this cursor has been taken."""

    cursor = Integer(required=True, validate=Range(0, FURTHEST))


class Acknowledged(Schema):
    """The cursor, and how many deliveries it confirmed."""

    cursor = Integer(required=True)
    confirmed = Integer(required=True)


@blueprint.get("/events")
@blueprint.input(FeedQuery, location="query")
@blueprint.doc(summary="Own notices after a cursor, oldest first; each is a CloudEvent")
@partner_system
def events(query_data: dict[str, Any]) -> Response:
    """The stored bytes are joined, not written anew: what was made once is what everybody sees."""
    with room().unit.db.read() as connection:
        page = queries.feed(connection, _organization_id(), query_data["after"], query_data["limit"])
    body = b'{"events":[' + b",".join(page.bodies) + b'],"cursor":' + str(page.cursor).encode() + b"}"
    return Response(body, content_type="application/json")


@blueprint.post("/acknowledgements")
@blueprint.input(Acknowledgement)
@blueprint.output(Acknowledged)
@blueprint.doc(summary="Say how far the notices were taken; repeating it changes nothing")
@partner_system
def acknowledge(json_data: dict[str, Any]) -> dict[str, Any]:
    with request_work() as work:
        confirmed = commands.acknowledge_feed(work, _organization_id(), json_data["cursor"])
    return {"cursor": json_data["cursor"], "confirmed": confirmed}


def _organization_id() -> UUID:
    organization_id = current_caller().organization_id
    assert organization_id is not None, "no caller becomes a partner's system without one"
    return organization_id
