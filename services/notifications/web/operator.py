"""The operators' door: what is stuck and why, and sending it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Length, OneOf, Range

from contracts.codes import ChannelKind, DiscardReason, StaffRole
from services.chassis.access import staff
from services.chassis.web import request_work, room
from services.notifications import commands, queries
from services.notifications.commands import stuck
from services.notifications.domain.delivery import STUCK, State
from services.notifications.domain.group import Group

Json = dict[str, Any]
operators = staff(StaffRole.OPERATIONS)


class DeliveriesQuery(Schema):
    """Which deliveries to list."""

    state = fields.String(validate=OneOf([state.value for state in State]))
    referral_id = fields.UUID()
    organization_id = fields.UUID()
    limit = fields.Integer(load_default=100, validate=Range(1, queries.LARGEST_PAGE))


class Reason(Schema):
    """Why it is given up."""

    reason = fields.String(required=True, validate=OneOf([reason.value for reason in DiscardReason]))


class GroupQuery(Schema):
    """Which stuck deliveries are meant; what is left out narrows nothing."""

    organization_id = fields.UUID()
    channel = fields.String(validate=OneOf([channel.value for channel in ChannelKind]))
    state = fields.String(validate=OneOf([state.value for state in STUCK]))
    cause = fields.String(validate=Length(1, 100))


class GroupDiscard(GroupQuery, Reason):
    """The same, with the reason and never without the partner."""

    organization_id = fields.UUID(required=True)


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
    """One delivery with every attempt and what stands on its notice."""
    with room().unit.db.read() as connection:
        found = queries.delivery(connection, delivery_id)
        envelope = queries.envelope(connection, delivery_id)
    attempts = [plain(attempt) for attempt in found["attempts"]]
    return {**listed(found), "attempts": attempts, "envelope": plain(envelope)}


@door.post("/deliveries/<uuid:delivery_id>/replay")
@operators
def replay(delivery_id: UUID) -> Json:
    """Send a delivery that is parked or fails on its way again."""
    with request_work() as work:
        commands.replay(work, delivery_id)
    return {"delivery_id": str(delivery_id), "state": State.PENDING.value}


@door.post("/deliveries/<uuid:delivery_id>/discard")
@door.input(Reason)
@operators
def discard(delivery_id: UUID, json_data: Json) -> Json:
    """Give a delivery up that is parked or fails, for a reason; the partner's feed keeps the notice."""
    with request_work() as work:
        stuck.discard_one(work, delivery_id, DiscardReason(json_data["reason"]))
    return {"delivery_id": str(delivery_id), "state": State.DISCARDED.value}


@door.post("/stuck/retries")
@door.input(GroupQuery)
@operators
def retry_group(json_data: Json) -> Json:
    """Send on their way again whatever is stuck and fits; with nothing named, everything. How many they were."""
    return {"handled": handle_group(group_of(json_data), stuck.retry)}


@door.post("/stuck/discards")
@door.input(GroupDiscard)
@operators
def discard_group(json_data: Json) -> Json:
    """Give up whatever is stuck and fits; at least the partner has to be named."""
    reason = DiscardReason(json_data["reason"])
    return {"handled": handle_group(group_of(json_data), lambda work, one: stuck.discard(work, one, reason))}


@door.get("/lag")
@operators
def lag() -> Json:
    """Per partner: what is under way, the oldest that was not acknowledged, and how a day's attempts went."""
    with room().unit.db.read() as connection:
        return {"partners": [plain(row) for row in queries.lags(connection, room().unit.clock.now())]}


def group_of(given: Mapping[str, Any]) -> Group:
    """Which deliveries are meant, from what was named of them."""
    channel, state = given.get("channel"), given.get("state")
    return Group(
        given.get("organization_id"),
        ChannelKind(channel) if channel else None,
        State(state) if state else None,
        given.get("cause") or None,
    )


def handle_group(group: Group, handle: stuck.Handle) -> int:
    """The whole group, batch by batch."""
    handled, after = 0, None
    while True:
        with request_work() as work:
            count, after = stuck.batch(work, group, after, handle)
        handled += count
        if after is None:
            return handled


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
