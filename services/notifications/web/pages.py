"""Pages: what is stuck by cause and how far each partner is behind, one delivery, what was told about one referral."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import ChannelKind, DiscardReason, NoticeKind, StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.pages import language
from services.chassis.web import request_work, room
from services.notifications import commands, queries
from services.notifications.commands import endpoints, stuck
from services.notifications.domain.delivery import STUCK, State
from services.notifications.domain.group import Group
from services.notifications.web.operator import group_of, handle_group

blueprint = APIBlueprint(
    "notifications_pages", __name__, url_prefix="/notifications", template_folder="templates", enable_openapi=False
)
overseers = staff(StaffRole.LEAD, StaffRole.OPERATIONS)
BADGES = {
    State.PENDING: "info",
    State.SENT: "info",
    State.CONFIRMED: "success",
    State.FAILED: "warning",
    State.PARKED: "danger",
    State.WITHDRAWN: "info",
    State.DISCARDED: "info",
}


@blueprint.get("/")
@staff()
def home() -> Response:
    return redirect("/notifications/deliveries")


@blueprint.get("/deliveries")
@overseers
def overview() -> str:
    """What is stuck, grouped by cause, and the latest deliveries of one state or all."""
    asked = request.args.get("state", "")
    state = State(asked) if asked in {known.value for known in State} else None
    with room().unit.db.read() as connection:
        rows = queries.deliveries(connection, state=state)
        causes = [_cause(row) for row in queries.causes(connection)]
        counts = queries.counts(connection)
        lags = [_lag(row) for row in queries.lags(connection, room().unit.clock.now())]
        webhooks = [{**row, "organization": name_of(row)} for row in queries.troubled_webhooks(connection)]
    return render_template(
        "notifications/deliveries.html",
        deliveries=[_shown(row) for row in rows],
        causes=causes,
        lags=lags,
        reasons=list(DiscardReason),
        may_look=current_caller().role is StaffRole.OPERATIONS,
        done=_done(),
        now=room().unit.clock.now(),
        webhooks=webhooks,
        off={row["organization_id"] for row in webhooks if row["disabled_at"]},
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


@blueprint.get("/deliveries/<uuid:delivery_id>")
@overseers
def delivery(delivery_id: UUID) -> str:
    """One delivery: every attempt with answer code and time, the envelope, and what can be done. Never the content."""
    with room().unit.db.read() as connection:
        found = queries.delivery(connection, delivery_id)
        envelope = queries.envelope(connection, delivery_id)
    shown = {**_shown(found), "attempts": found["attempts"]}
    return render_template(
        "notifications/delivery.html", row=shown, envelope=envelope, reasons=list(DiscardReason), done=_done()
    )


@blueprint.post("/deliveries/<uuid:delivery_id>/replay")
@overseers
def replay(delivery_id: UUID) -> Response:
    """Send a delivery again, then back to where it is shown."""
    with request_work() as work:
        commands.replay(work, delivery_id)
    return redirect(f"/notifications/deliveries/{delivery_id}?done=1", 303)


@blueprint.post("/deliveries/<uuid:delivery_id>/discard")
@overseers
def discard(delivery_id: UUID) -> Response:
    """Give a delivery up, for a reason."""
    reason = reason_given()
    with request_work() as work:
        stuck.discard_one(work, delivery_id, reason)
    return redirect(f"/notifications/deliveries/{delivery_id}?done=1", 303)


@blueprint.post("/stuck/retries")
@overseers
def retry_group() -> Response:
    """Try a whole group again, or everything that is stuck."""
    return redirect(f"/notifications/deliveries?done={handle_group(group_named(), stuck.retry)}", 303)


@blueprint.post("/stuck/discards")
@overseers
def discard_group() -> Response:
    """Give a whole group up, for a reason. There is no button that gives up everything."""
    reason, group = reason_given(), group_named()
    if group.organization_id is None or group.cause is None:
        raise InvalidError("request.invalid", {"organization_id": "the-partner-and-the-cause"})
    handled = handle_group(group, lambda work, one: stuck.discard(work, one, reason))
    return redirect(f"/notifications/deliveries?done={handled}", 303)


def group_named() -> Group:
    """The group a form names; one that names nothing means everything."""
    given: dict[str, Any] = {name: request.form.get(name) or None for name in ("channel", "state", "cause")}
    organization_id = request.form.get("organization_id")
    try:
        return group_of({**given, "organization_id": UUID(organization_id) if organization_id else None})
    except ValueError as error:
        raise InvalidError("request.invalid", {"group": "a-group-of-the-list"}) from error


def reason_given() -> DiscardReason:
    reason = request.form.get("reason", "")
    if reason not in set(DiscardReason):
        raise InvalidError("request.invalid", {"reason": "one-of-the-list"})
    return DiscardReason(reason)


def _done() -> str:
    """How many were touched, if the address says a number."""
    done = request.args.get("done", "")
    return done if done.isdecimal() else ""


@blueprint.post("/organizations/<uuid:organization_id>/webhook/enable")
@overseers
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
        "is_stuck": state in STUCK,
        "organization": name_of(row),
    }


def _cause(row: Mapping[str, Any]) -> dict[str, Any]:
    state, channel = State(row["state"]), ChannelKind(row["channel"])
    return {**row, "state": state, "channel": channel, "organization": name_of(row)}


def _lag(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "channel": ChannelKind(row["channel"]), "organization": name_of(row)}


def name_of(row: Mapping[str, Any]) -> str:
    """The organization's name in the reader's language, else in German; its id as long as no name was heard."""
    return str(row["name"].get(language()) or row["name"].get("de") or row["organization_id"])
