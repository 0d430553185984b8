"""The pull feed: a partner that opens no port asks for its own notices with a cursor, and says what it has taken."""

import time
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer
from apiflask.validators import Range
from flask import Response, current_app

from services.chassis.access import current_caller, partner_system
from services.chassis.web import request_work, room
from services.notifications import commands, queries
from services.notifications.bell import Bell
from services.notifications.web import resting

FURTHEST = 2**63 - 1
LONGEST_WAIT = 30
#: When to come again where all places to wait are taken.
COME_AGAIN_SECONDS = "5"

blueprint = APIBlueprint("feed", __name__, url_prefix="/partner/v1", tag="Partner feed")


class FeedQuery(Schema):
    """Where to go on, and how much at once."""

    after = Integer(load_default=0, validate=Range(0, FURTHEST))
    limit = Integer(load_default=100, validate=Range(1, queries.LARGEST_PAGE))
    wait = Integer(load_default=0, validate=Range(0, LONGEST_WAIT))


class Acknowledgement(Schema):
    """Everything up to this cursor has been taken."""

    cursor = Integer(required=True, validate=Range(0, FURTHEST))


class Acknowledged(Schema):
    """The cursor, and how many deliveries it confirmed."""

    cursor = Integer(required=True)
    confirmed = Integer(required=True)


@blueprint.get("/events")
@blueprint.input(FeedQuery, location="query")
@blueprint.doc(
    summary="Own notices after a cursor, oldest first; each is a CloudEvent",
    description="With `wait` the answer comes as soon as there is a notice, at the latest after so many seconds."
    " Where too many wait already it comes at once, empty, with `Retry-After`.",
)
@partner_system
def events(query_data: dict[str, Any]) -> Response:
    """The stored bytes are joined, not written anew: what was made once is what everybody sees."""
    page, was_seated = _page_in_time(_organization_id(), **query_data)
    body = b'{"events":[' + b",".join(page.bodies) + b'],"cursor":' + str(page.cursor).encode() + b"}"
    response = Response(body, content_type="application/json")
    if not was_seated:
        response.headers["Retry-After"] = COME_AGAIN_SECONDS
    return response


def _page_in_time(organization_id: UUID, after: int, limit: int, wait: int) -> tuple[queries.FeedPage, bool]:
    """The page, and whether there was a place to wait for it. Between two looks no connection is held."""
    page = _look(organization_id, after, limit)
    if not page.bodies:
        commands.refuse_cursor_ahead(room().unit, organization_id, after)
    if page.bodies or not wait:
        return page, True
    until = time.monotonic() + wait
    with bell().seat(organization_id) as seat:
        if seat is None:
            return page, False
        page = _look(organization_id, after, limit)  # what came between the first look and sitting down
        while not page.bodies and seat.wait(until - time.monotonic()):
            page = _look(organization_id, after, limit)
    resting.refuse()  # it may have been suspended while it waited
    return page, True


def _look(organization_id: UUID, after: int, limit: int) -> queries.FeedPage:
    with room().unit.db.read() as connection:
        return queries.feed(connection, organization_id, after, limit)


def bell() -> Bell:
    """What wakes the waiting of this application."""
    found: Bell = current_app.extensions["notifications-bell"]
    return found


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
