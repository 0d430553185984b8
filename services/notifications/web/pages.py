"""Two pages: all deliveries with what is stuck on top, and everything that was told about one referral."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import ChannelKind, NoticeKind, StaffRole
from services.chassis.access import staff
from services.chassis.pages import language
from services.chassis.web import request_work, room
from services.notifications import commands, queries
from services.notifications.commands import endpoints
from services.notifications.domain.delivery import State

blueprint = APIBlueprint(
    "notifications_pages", __name__, url_prefix="/notifications", template_folder="templates", enable_openapi=False
)
BADGES = {
    State.PENDING: "info",
    State.SENT: "info",
    State.CONFIRMED: "success",
    State.FAILED: "warning",
    State.PARKED: "danger",
    State.WITHDRAWN: "info",
}


@blueprint.get("/")
@staff()
def home() -> Response:
    return redirect("/notifications/deliveries")


@blueprint.get("/deliveries")
@staff(StaffRole.LEAD, StaffRole.OPERATIONS)
def overview() -> str:
    """What is stuck, grouped by cause, and the latest deliveries of one state or all."""
    asked = request.args.get("state", "")
    state = State(asked) if asked in {known.value for known in State} else None
    with room().unit.db.read() as connection:
        rows = queries.deliveries(connection, state=state)
        causes = [_cause(row) for row in queries.causes(connection)]
        counts = queries.counts(connection)
        webhooks = [{**row, "organization": name_of(row)} for row in queries.troubled_webhooks(connection)]
    return render_template(
        "notifications/deliveries.html",
        deliveries=[_shown(row) for row in rows],
        causes=causes,
        webhooks=webhooks,
        counts=[(known, counts.get(known.value, 0)) for known in State],
        state=state,
    )


@blueprint.get("/referrals/<uuid:referral_id>")
@staff(StaffRole.NAVIGATOR, StaffRole.LEAD, StaffRole.OPERATIONS)
def referral(referral_id: UUID) -> str:
    """Everything the partner was told about one referral, with every attempt."""
    with room().unit.db.read() as connection:
        rows = queries.deliveries(connection, referral_id=referral_id, limit=queries.LARGEST_PAGE)
        attempts = queries.attempts(connection, [row["delivery_id"] for row in rows])
    shown = [{**_shown(row), "attempts": attempts.get(row["delivery_id"], [])} for row in rows]
    reference = next((row["reference"] for row in rows if row["reference"]), None)
    return render_template(
        "notifications/referral.html", deliveries=shown, reference=reference, referral_id=referral_id
    )


@blueprint.post("/deliveries/<uuid:delivery_id>/replay")
@staff(StaffRole.LEAD, StaffRole.OPERATIONS)
def replay(delivery_id: UUID) -> Response:
    """Send a parked delivery again, then back to where it is shown."""
    with request_work() as work:
        commands.replay(work, delivery_id)
    with room().unit.db.read() as connection:
        found = queries.delivery(connection, delivery_id)
    return redirect(f"/notifications/referrals/{found['referral_id']}", 303)


@blueprint.post("/organizations/<uuid:organization_id>/webhook/enable")
@staff(StaffRole.LEAD, StaffRole.OPERATIONS)
def enable_webhook(organization_id: UUID) -> Response:
    """Call a webhook again that was switched off, then back to the list it stood in."""
    with request_work() as work:
        endpoints.enable(work, organization_id)
    return redirect("/notifications/deliveries", 303)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    state = State(row["state"])
    return {
        **row,
        "state": state,
        "badge": BADGES[state],
        "channel": ChannelKind(row["channel"]),
        "kind": NoticeKind(row["kind"]),
        "may_replay": state is State.PARKED,
        "organization": name_of(row),
    }


def _cause(row: Mapping[str, Any]) -> dict[str, Any]:
    state, channel = State(row["state"]), ChannelKind(row["channel"])
    return {**row, "state": state, "channel": channel, "organization": name_of(row)}


def name_of(row: Mapping[str, Any]) -> str:
    """The organization's name in the reader's language, else in German; its id as long as no name was heard."""
    return str(row["name"].get(language()) or row["name"].get("de") or row["organization_id"])
