"""The operators' door: what is stuck and why, and sending it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import OneOf, Range

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.web import request_work, room
from services.notifications import commands, queries
from services.notifications.domain.delivery import State

Json = dict[str, Any]
operators = staff(StaffRole.OPERATIONS)


class DeliveriesQuery(Schema):
    """Which deliveries to list."""

    state = fields.String(validate=OneOf([state.value for state in State]))
    referral_id = fields.UUID()
    organization_id = fields.UUID()
    limit = fields.Integer(load_default=100, validate=Range(1, queries.LARGEST_PAGE))


door = APIBlueprint("operator_deliveries", __name__, url_prefix="/notifications/operator", tag="Operators")


@door.get("/deliveries")
@door.input(DeliveriesQuery, location="query")
@operators
def deliveries(query_data: Json) -> Json:
    """The list, the counts per state, and what is wrong grouped by cause."""
    state = State(query_data["state"]) if "state" in query_data else None
    with room().unit.db.read() as connection:
        rows = queries.deliveries(
            connection,
            state=state,
            referral_id=query_data.get("referral_id"),
            organization_id=query_data.get("organization_id"),
            limit=query_data["limit"],
        )
        causes = queries.causes(connection)
        counts = queries.counts(connection)
    return {"deliveries": [listed(row) for row in rows], "causes": [plain(row) for row in causes], "counts": counts}


@door.get("/deliveries/<uuid:delivery_id>")
@operators
def delivery(delivery_id: UUID) -> Json:
    """One delivery with every attempt."""
    with room().unit.db.read() as connection:
        found = queries.delivery(connection, delivery_id)
    return {**listed(found), "attempts": [plain(attempt) for attempt in found["attempts"]]}


@door.post("/deliveries/<uuid:delivery_id>/replay")
@operators
def replay(delivery_id: UUID) -> Json:
    """Send a parked delivery on its way again."""
    with request_work() as work:
        commands.replay(work, delivery_id)
    return {"delivery_id": str(delivery_id), "state": State.PENDING.value}


def listed(row: Mapping[str, Any]) -> Json:
    """A delivery under the names operators know."""
    renamed = {"attempt": "attempts", "due_at": "next_attempt_at"}
    return plain({renamed.get(key, key): item for key, item in row.items() if key != "attempts"})


def plain(row: Mapping[str, Any]) -> Json:
    """Ids and times as text."""
    return {
        key: item.isoformat() if isinstance(item, datetime) else str(item) if isinstance(item, UUID) else item
        for key, item in row.items()
    }
