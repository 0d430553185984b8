"""Names behind pseudonyms of the audit log: the officer asks, a second person answers, the name is shown once."""

import re
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import ResolutionPurpose, ResolutionReason, ResolutionRefusal, StaffRole
from services.chassis.access import current_caller, fresh, staff
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import resolutions
from services.referral.domain.resolution import LONGEST_OCCASION, MOST_A_DAY, SHORTEST_OCCASION, Whose
from services.referral.store import resolutions as store
from services.referral.web.callers import house
from services.referral.web.forms import once_per_form
from services.referral.web.protection import guardians, scope_of
from services.referral.web.subject_requests import chosen
from services.referral.web.words import datum

PAGE = "/referral/data-protection/pseudonyms"
LONGEST_LIST = 100
STAFF = re.compile(r"staff:[0-9a-f]{32}")
#: The form names its pseudonym itself, and that is part of what makes it the same form.
NOBODY = UUID(int=0)
officers = staff(StaffRole.DPO)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("resolutions", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(register)
    pages.post("")(ask)
    pages.get("/<uuid:resolution_id>")(read)
    pages.post("/<uuid:resolution_id>/agreements")(agree)
    pages.post("/<uuid:resolution_id>/refusals")(refuse)
    pages.post("/<uuid:resolution_id>/showings")(show)
    return pages


@fresh
@guardians
def register() -> str:
    """What waits for a second person or may be looked at, and what is over: pseudonyms, codes and times."""
    here, caller = room(), current_caller()
    with here.unit.db.read() as connection:
        is_open = store.listed(connection, scope_of(caller.role), caller.actor, is_open=True)
        over = store.listed(connection, scope_of(caller.role), caller.actor, is_open=False, limit=LONGEST_LIST)
    return render_template(
        "referral/protection/resolutions.html",
        waiting=is_open,
        over=over,
        now=here.unit.clock.now(),
        actor=caller.actor,
        is_officer=caller.role is StaffRole.DPO,
        pseudonym=request.args.get("pseudonym", "")[:38],
        reasons=tuple(ResolutionReason),
        purposes=tuple(ResolutionPurpose),
        most=MOST_A_DAY,
        shortest=SHORTEST_OCCASION,
        longest=LONGEST_OCCASION,
        done=request.args.get("done", ""),
    )


@fresh
@officers
def ask() -> Response:
    """The officer names the pseudonym and says why."""
    actor, whose = current_caller().actor, whose_pseudonym()
    reason, purpose = chosen("reason", ResolutionReason), chosen("purpose", ResolutionPurpose)
    occasion = request.form.get("occasion", "").strip()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        one = resolutions.ask(work, house().keys.vault, whose, reason, purpose, occasion)
        return 201, {"id": str(one.id)}

    once_per_form(actor, NOBODY, "resolution/ask", run)
    return redirect(f"{PAGE}?done=asked", 303)


@fresh
@guardians
def read(resolution_id: UUID) -> str:
    """The occasion in words, for whoever asked and whoever may agree; that it is read is a fact first."""
    here, caller = room(), current_caller()
    with request_work() as work:
        one, occasion = resolutions.read(
            work, house().keys.vault, scope_of(caller.role), caller.role or StaffRole.DPO, resolution_id
        )
    return render_template(
        "referral/protection/resolution.html",
        one=one,
        occasion=occasion,
        now=here.unit.clock.now(),
        is_own=caller.actor == one.asked_by,
        refusals=tuple(ResolutionRefusal),
    )


@fresh
@guardians
def agree(resolution_id: UUID) -> Response:
    """A second person has read the occasion and agrees."""
    caller = current_caller()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        resolutions.agree(work, scope_of(caller.role), resolution_id)
        return 200, {}

    once_per_form(caller.actor, resolution_id, "resolution/agree", run)
    return redirect(f"{PAGE}?done=agreed", 303)


@guardians
def refuse(resolution_id: UUID) -> Response:
    """A second person refuses, for a reason."""
    caller, refusal = current_caller(), chosen("refusal", ResolutionRefusal)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        resolutions.refuse(work, scope_of(caller.role), resolution_id, refusal)
        return 200, {}

    once_per_form(caller.actor, resolution_id, "resolution/refuse", run)
    return redirect(f"{PAGE}?done=refused", 303)


@fresh
@officers
def show(resolution_id: UUID) -> str:
    """The name, in the answer to this one form and nowhere else: the same form sent again shows nothing.

    Of several sent in the same instant the one shows it whose look was committed: what is kept says whose that was.
    """
    caller, seen, look = current_caller(), dict[str, Any](), uuid4().hex

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        seen.update(resolutions.show(work, house().keys.vault, caller.role or StaffRole.DPO, resolution_id))
        return 200, {"look": look}

    committed = once_per_form(caller.actor, resolution_id, "resolution/show", run)
    if committed.get("look") != look:
        raise RefusedError("resolution.shown")
    return render_template(
        "referral/protection/resolution_shown.html", name=[(name, datum(name, seen[name])) for name in seen]
    )


def whose_pseudonym() -> Whose:
    """A person's, which is an id, or a staff member's, as the log shows them."""
    given = request.form.get("pseudonym", "").strip()
    if STAFF.fullmatch(given):
        return Whose(staff=given)
    try:
        return Whose(person_id=UUID(given))
    except ValueError:
        raise InvalidError("request.invalid", {"pseudonym": "a-pseudonym-of-the-log"}) from None
