"""Desks that are closed: a lead says so, the substitute works there, and every page shows at which desk one is."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, APIFlask
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import Site, StaffRole
from services.chassis.access import Caller, Kind, staff
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.room import room
from services.chassis.web import request_work
from services.referral.commands import absences as commands
from services.referral.queries.enquiries import count_tasks
from services.referral.store import absences
from services.referral.store.absences import DeskAbsence
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import staff_actor

PAGE = "/referral/absences"
leads = staff(StaffRole.LEAD)
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("absences", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/absences")(show)
    pages.post("/absences")(enter)
    pages.post("/absences/<uuid:absence_id>/end")(end)
    pages.post("/absences/<uuid:absence_id>/stand-in")(stand_in)
    pages.post("/absences/stand-down")(stand_down)
    return pages


def prepare(app: APIFlask) -> None:
    """Before any view: whoever stands in works at the other desk, as if signed in there; only while it is closed."""
    app.before_request(_take_the_other_desk)


def _take_the_other_desk() -> None:
    caller = g.get("caller")
    if not isinstance(caller, Caller) or caller.kind is not Kind.STAFF or not caller.site or not caller.employer:
        return
    here = room()
    with here.unit.db.read() as connection:
        found = absences.acting_for(
            connection, caller.actor, caller.employer, caller.site, here.unit.clock.today(), caller.role
        )
    if found is not None:
        g.own_site, g.standing_in = caller.site, found
        g.caller = replace(caller, site=found.site)


def own_site(by: StaffActor) -> Site:
    """Where somebody belongs, whichever desk she works at just now."""
    found: Site | None = g.get("own_site") or by.site
    assert found is not None
    return found


def to_stand_in_for(by: StaffActor) -> list[tuple[DeskAbsence, int]]:
    """The closed desks this one works for today, each with what waits there."""
    if by.employer is None or g.get("standing_in"):
        return []
    here = room()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        found = [
            one
            for one in absences.standing(connection, by.employer, today)
            if one.substitute is own_site(by) and one.counts(today) and one.concerns(by.role)
        ]
        return [(one, count_tasks(connection, replace(by, site=one.site))) for one in found]


def shown_desk(by: StaffActor) -> dict[str, Any]:
    """What a page of the desk says about where one works just now (`referral/substitution.html`)."""
    return {"standing_in": g.get("standing_in"), "substitutes_for": to_stand_in_for(by)}


@leads
def show() -> str:
    """Present absences and those to come, and the form."""
    return _page({})


@leads
def enter() -> tuple[str, int] | Response:
    """A desk is closed from the first to the last day."""
    by = staff_actor()
    try:
        with request_work() as work:
            commands.set_absence(
                work,
                by,
                site=_site("site"),
                substitute=_site("substitute"),
                from_on=_day("from_on"),
                until_on=_day("until_on"),
                role=_role(),
            )
    except InvalidError as error:
        return _page(dict(error.fields)), 422
    except RefusedError as error:
        return _page({"": error.slug}), 409
    return redirect(PAGE, 303)


@leads
def end(absence_id: UUID) -> Response:
    by = staff_actor()
    with request_work() as work:
        commands.end_absence(work, by, absence_id)
    return redirect(PAGE, 303)


@navigators
def stand_in(absence_id: UUID) -> Response:
    """Take the other desk."""
    by = staff_actor()
    with request_work() as work:
        commands.stand_in(work, by, own_site(by), absence_id)
    return redirect("/referral/", 303)


@navigators
def stand_down() -> Response:
    """Back to the own one."""
    with request_work() as work:
        commands.stand_down(work)
    return redirect("/referral/", 303)


def _page(wrong: dict[str, str]) -> str:
    by, here = staff_actor(), room()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        found = absences.standing(connection, by.employer, today) if by.employer else []
    return render_template(
        "referral/absences.html",
        absences=found,
        today=today,
        sites=tuple(Site),
        roles=commands.AWAY,
        typed=request.form,
        wrong=wrong,
    )


def _site(name: str) -> Site:
    given = request.form.get(name, "")
    if given not in set(Site):
        raise InvalidError("absence.invalid", {name: "one-of-the-list"})
    return Site(given)


def _role() -> StaffRole | None:
    """Who is away: nobody named means everybody."""
    given = request.form.get("role", "")
    if given not in {"", *StaffRole}:
        raise InvalidError("absence.invalid", {"role": "one-of-the-list"})
    return StaffRole(given) if given else None


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidError("absence.invalid", {name: "a-day"}) from None
