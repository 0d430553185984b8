"""The checks for a data breach: what is open with its hours, the lead's assessment, and what was found before."""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import BreachReason, BreachRisk, DelayReason, NoNoticeGround, StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import breaches
from services.referral.domain.breach import SOOTHING, Assessment
from services.referral.store import breaches as store
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import instant_typed, once_per_form
from services.referral.web.names import Names
from services.referral.web.protection import guardians, scope_of

PAGE = "/referral/data-protection/breaches"
LONGEST_NOTE = 4000
leads = staff(StaffRole.LEAD)
Codes = TypeVar("Codes", bound=StrEnum)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("breaches", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(show)
    pages.get("/<uuid:check_id>/note")(note)
    pages.post("/<uuid:check_id>/assessments")(assess)
    return pages


@guardians
def show() -> str:
    """What is open, the fewest hours left first; then what is assessed."""
    here, role = room(), current_caller().role
    with here.unit.db.read() as connection:
        waiting = store.checks(connection, scope_of(role), is_open=True)
        assessed = store.checks(connection, scope_of(role), is_open=False)
        names = Names(connection)
        named = {one.organization_id: names.organization(one.organization_id) for one in (*waiting, *assessed)}
    return render_template(
        "referral/protection/breaches.html",
        waiting=waiting,
        assessed=assessed,
        named=named,
        now=here.unit.clock.now(),
        may_act=role is StaffRole.LEAD,
        done=request.args.get("done", ""),
        risks=tuple(BreachRisk),
        soothing=[one for one in BreachReason if one in SOOTHING],
        weighing=[one for one in BreachReason if one not in SOOTHING],
        delays=tuple(DelayReason),
        grounds=tuple(NoNoticeGround),
        request_key=lambda: uuid4().hex,
        longest=LONGEST_NOTE,
    )


@guardians
def note(check_id: UUID) -> str:
    """The words of one assessment; that they are read is told first."""
    here, caller = room(), current_caller()
    with here.unit.work(actor=caller.actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        found = breaches.look(work, scope_of(caller.role), caller.role, check_id)
    with here.unit.db.read() as connection:
        words = breaches.note(connection, house().keys, found)
    return render_template("referral/protection/breach_note.html", one=found, words=words)


@leads
def assess(check_id: UUID) -> Response:
    """The lead says how high the risk is, and who was told when."""
    by, said, words = staff_actor(), read_form(), request.form.get("note", "").strip()
    if len(words) > LONGEST_NOTE:
        raise InvalidError("request.invalid", {"note": "at-most-4000-characters"})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        breaches.assess(work, house().keys, by, check_id, said, words)
        return 200, {}

    once_per_form(by.actor, check_id, "breach/assess", run)
    return redirect(f"{PAGE}?done=assessed", 303)


def read_form() -> Assessment:
    risk = chosen("risk", BreachRisk)
    if risk is None:
        raise InvalidError("request.invalid", {"risk": "one-of-the-list"})
    return Assessment(
        risk=risk,
        reasons=several("reasons", BreachReason),
        notified_authority_at=instant("notified_authority_at"),
        delay=chosen("delay", DelayReason),
        notified_person_at=instant("notified_person_at"),
        no_notice_ground=chosen("no_notice_ground", NoNoticeGround),
    )


def chosen(name: str, codes: type[Codes]) -> Codes | None:
    given = request.form.get(name, "")
    if given and given not in set(codes):
        raise InvalidError("request.invalid", {name: "one-of-the-list"})
    return codes(given) if given else None


def several(name: str, codes: type[Codes]) -> tuple[Codes, ...]:
    given = dict.fromkeys(request.form.getlist(name))
    if not set(given) <= set(codes):
        raise InvalidError("request.invalid", {name: "one-of-the-list"})
    return tuple(codes(one) for one in given)


def instant(name: str) -> datetime | None:
    return instant_typed(name, request.form.get(name, "").strip())
