"""Whose access has ended: operations, who end it at the sign-in service, say so here; the log then knows a leaver."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.audit import AccessEnded, AccessRestored
from contracts.codes import StaffRole
from contracts.event import Code
from contracts.fields import parse_instant
from services.audit.queries.leavers import is_known, leavers
from services.audit.web.findings import once_per_form
from services.audit.web.looking import look
from services.chassis.access import current_caller, staff
from services.chassis.auth import actor_of_account
from services.chassis.clock import PLACE
from services.chassis.errors import InvalidError
from services.chassis.web import room
from services.chassis.work import Result, Work

blueprint = APIBlueprint(
    "audit_leavers", __name__, url_prefix="/audit/leavers", template_folder="templates", enable_openapi=False
)


@blueprint.get("")
@staff(StaffRole.OPERATIONS, StaffRole.DPO)
def listing() -> str:
    """Whose access had ended and since when; pseudonyms only."""
    return page({})


def page(errors: Mapping[str, str]) -> str:
    """The list with the form; what was wrong stands at its field, beside what was typed."""
    look("leavers")
    with room().unit.db.read() as connection:
        found = leavers(connection)
    return render_template(
        "audit/leavers.html",
        leavers=found,
        may_act=current_caller().role is StaffRole.OPERATIONS,
        request_key=lambda: uuid4().hex,
        done=request.args.get("done", ""),
        account=request.form.get("account", "")[:255],
        from_at=request.form.get("from_at") or room().unit.clock.now().astimezone(PLACE).strftime("%Y-%m-%dT%H:%M"),
        errors=errors,
    )


@blueprint.post("")
@staff(StaffRole.OPERATIONS)
def told() -> Response | tuple[str, int]:
    """The access of an account has ended, or is given back, from an instant on."""
    try:
        who, since = Code(staff_typed()), instant_typed()
        expect_known(who)
    except InvalidError as wrong:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return page(wrong.fields), 422
    fact = AccessRestored if request.form.get("step") == "restore" else AccessEnded

    def run(work: Work) -> Result:
        from_at = since or work.now
        # What was done in between stays what it was: access is given back from now on at the earliest.
        from_at = max(from_at, work.now) if fact is AccessRestored else from_at
        work.announce(fact(access_id=work.new_id(), staff=who, from_at=from_at))
        return 200, {}

    once_per_form("leavers", run)
    return redirect(f"/audit/leavers?done={'restored' if fact is AccessRestored else 'ended'}", 303)


def staff_typed() -> str:
    """A pseudonym as the log shows it, or an account as the sign-in service calls it, of which one is made."""
    actor = actor_of_account(request.form.get("account", ""), room().settings)
    if actor is None:
        raise InvalidError("audit.leaver-invalid", {"account": "an-account-or-a-pseudonym"})
    return actor


def expect_known(staff: str) -> None:
    """A mistyped account would be ended in silence and the real one go on; one that never came in is confirmed."""
    with room().unit.db.read() as connection:
        if not is_known(connection, staff) and request.form.get("never_seen") != "yes":
            raise InvalidError("audit.leaver-invalid", {"account": "an-account-the-log-knows"})


def instant_typed() -> datetime | None:
    """A moment in Berlin, or RFC 3339; nothing means now."""
    text = request.form.get("from_at", "").strip()
    if not text:
        return None
    try:
        if len(text) == len("2026-11-26T17:00"):
            return datetime.fromisoformat(text).replace(tzinfo=PLACE).astimezone(UTC)
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise InvalidError("audit.leaver-invalid", {"from_at": "a-day-and-time"}) from None
