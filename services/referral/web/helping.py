"""A helper's only page: the code and the declaration first, then one appointment, until it is over.

And the welcome center's side of it on the case page: who is invited, the code to tell her, and the end of it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import HelperKind, StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.errors import ForbiddenError, InvalidError, RefusedError
from services.chassis.pages import language
from services.chassis.room import count_refusal, room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import helping
from services.referral.consent_texts import PrintedText, TextKind, filled
from services.referral.domain.form_code import readable
from services.referral.domain.helping import LONGEST_NAME, Invitation
from services.referral.domain.referral import Referral
from services.referral.web.appointments import hours_of
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.limits import expect_patience, limits

HOME = "/referral/help"
WRONG = "helper.code-wrong"
helper = staff(StaffRole.HELPER)
desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("helping", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/help")(show)
    pages.post("/help/declarations")(declare)
    pages.post("/help/ends")(leave)
    pages.post("/referrals/<uuid:referral_id>/appointments/<uuid:appointment_id>/helpers")(invite)
    pages.post("/referrals/<uuid:referral_id>/helpers/<uuid:invitation_id>/ends")(end)
    return pages


# --- hers -----------------------------------------------------------------------------------------------------------


@helper
def show() -> str:
    """The one appointment she is invited to, or the way to it. That she looks is committed before anything is shown."""
    expect_patience(limits().per_session, current_caller().actor)
    with request_work() as work:
        seen = helping.look(work, house().keys.vault, current_caller().actor, house().helper_grace)
        over = seen is None and helping.has_place(work, current_caller().actor)
    if seen is None:
        return _door(left=request.args.get("done") == "left", over=over)
    hours = hours_of(seen.appointment.what.starts_at, seen.appointment.what.ends_at)
    return render_template("referral/help/appointment.html", seen=seen, hours=hours)


def _door(*, tries_left: int | None = None, left: bool = False, over: bool = False) -> str:
    found = declaration()
    text = filled(found, house().controllers, _responsible()) if found else None
    return render_template("referral/help/door.html", text=text, tries_left=tries_left, left=left, over=over)


def declaration() -> PrintedText | None:
    """What she signs, in the language she reads here if that is reviewed, otherwise in German."""
    return house().texts.notice(TextKind.CONFIDENTIALITY, language())


def _responsible() -> list[UUID]:
    """Whose case it will be is not known before the code: everybody who is responsible here is named."""
    return [one.organization_id for one in house().controllers.all]


@helper
def declare() -> Response | tuple[str, int]:
    """Code and signature in one step; wrong codes are counted for this account, after five none is looked up."""
    caller, form, wrong = current_caller(), request.form, limits().wrong_of_account
    expect_patience(limits().per_link, caller.actor)
    if wrong.take(caller.actor, room().unit.clock.now(), attempts=0).left <= 0:
        expect_patience(wrong, caller.actor)
    if not form.get("signed"):
        raise InvalidError("request.invalid", {"signed": "to-be-ticked"})
    if declaration() is None:
        raise RefusedError("helper.declaration-missing")
    text = house().texts.notice_given(TextKind.CONFIDENTIALITY, form.get("text", ""))
    with request_work() as work:
        signed = helping.declare(work, house().keys.vault, caller.actor, form.get("code", ""), text)
    if signed is not None:
        return redirect(HOME, 303)
    counted = wrong.take(caller.actor, room().unit.clock.now())
    count_refusal(ForbiddenError(WRONG))
    return _door(tries_left=max(counted.left, 0)), 403


@helper
def leave() -> Response:
    """She cannot come, or is done; from then on she sees nothing."""
    with request_work() as work:
        helping.leave(work, current_caller().actor)
    return redirect(f"{HOME}?done=left", 303)


# --- the desk's ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody who is, was or may be beside the person, as the case page says it."""

    invitation: Invitation
    name: str
    code: str


def of_case(work: Work, referral: Referral) -> dict[UUID, list[Shown]]:
    """By appointment, who is invited; with the code while nobody has used it, so that it can be told again."""
    found: dict[UUID, list[Shown]] = {}
    for one, name in helping.beside(work.tx, house().keys.vault, referral.person_id):
        if one.referral_id == referral.id:
            code = readable(helping.codes_of(house().keys.vault, one.id)[0]) if one.waits(work.now) else ""
            found.setdefault(one.appointment_id, []).append(Shown(one, name, code))
    return found


@desk
def invite(referral_id: UUID, appointment_id: UUID) -> Response:
    """Once per form; the code then stands on the case page until somebody has come with it."""
    by, form = staff_actor(), request.form
    kind, name = form.get("kind", ""), " ".join(form.get("name", "").split())
    wrong = {
        "kind": "one-of-the-list" if kind not in set(HelperKind) else "",
        "name": "1-to-100-letters" if not 1 <= len(name) <= LONGEST_NAME else "",
    }
    if any(wrong.values()):
        raise InvalidError("request.invalid", {field: why for field, why in wrong.items() if why})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        vault = house().keys.vault
        one = helping.invite(work, vault, by, referral_id, appointment_id, HelperKind(kind), name)
        return 201, {"id": str(one.id)}

    once_per_form(by.actor, appointment_id, "helper", run)
    return redirect(f"/referral/referrals/{referral_id}#appointments", 303)


@desk
def end(referral_id: UUID, invitation_id: UUID) -> Response:
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        helping.end(work, by, referral_id, invitation_id)
        return 200, {}

    once_per_form(by.actor, invitation_id, "helper/end", run)
    return redirect(f"/referral/referrals/{referral_id}#appointments", 303)
