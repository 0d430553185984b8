"""Units and their mail: when each is left alone, and who takes its mail while nobody is there."""

from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import ChannelKind, StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.web import request_work, room
from services.chassis.work import Work
from services.notifications import queries
from services.notifications.commands import units
from services.notifications.domain import hours
from services.notifications.store import units as kept
from services.notifications.web.pages import name_of

overseers = staff(StaffRole.LEAD, StaffRole.OPERATIONS)
Answer = tuple[str, int] | Response


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("units", __name__, url_prefix="/notifications/units", enable_openapi=False)
    pages.get("/")(listing)
    pages.post("/hours")(set_hours_for_everybody)
    pages.get("/<uuid:organization_id>")(show)
    pages.post("/<uuid:organization_id>/hours")(set_hours)
    pages.post("/<uuid:organization_id>/absences")(set_absence)
    pages.post("/absences/<uuid:absence_id>/end")(end_absence)
    return pages


@overseers
def listing() -> str:
    """Whoever is told by mail, and what was set for it."""
    return _listing()


@overseers
def set_hours_for_everybody() -> Answer:
    """For every unit that has no hours of its own."""
    return _hours(kept.EVERYBODY, "/notifications/units/", _listing)


@overseers
def show(organization_id: UUID) -> str:
    """One unit, with the forms."""
    return _unit(organization_id)


@overseers
def set_hours(organization_id: UUID) -> Answer:
    return _hours(organization_id, _address(organization_id), lambda wrong: _unit(organization_id, wrong))


@overseers
def set_absence(organization_id: UUID) -> Answer:
    """On these days the substitute gets the mail."""

    def run(work: Work) -> None:
        units.set_absence(
            work,
            organization_id,
            from_on=_day("from_on"),
            until_on=_day("until_on"),
            substitute_mailbox=request.form.get("substitute_mailbox", ""),
        )

    return _done(run, _address(organization_id), lambda wrong: _unit(organization_id, wrong))


@overseers
def end_absence(absence_id: UUID) -> Response:
    """They are back early."""
    with request_work() as work:
        organization_id = units.end_absence(work, absence_id)
    return redirect(_address(organization_id), 303)


def _hours(organization_id: UUID, back_to: str, again: Callable[[Mapping[str, str]], str]) -> Answer:
    def run(work: Work) -> None:
        quiet = hours.read(request.form.get("begins", "").strip(), request.form.get("ends", "").strip())
        units.set_quiet_hours(work, organization_id, quiet)

    return _done(run, back_to, again)


def _done(run: Callable[[Work], None], back_to: str, again: Callable[[Mapping[str, str]], str]) -> Answer:
    """Do it and go back; what was not possible is said beside the form, which keeps what was typed."""
    try:
        with request_work() as work:
            run(work)
    except InvalidError as error:
        return again(error.fields), 422
    except RefusedError as error:
        return again({"": error.slug}), 409
    return redirect(back_to, 303)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        raise InvalidError("unit.absence-invalid", {name: "a-day"}) from None


def _address(organization_id: UUID) -> str:
    return f"/notifications/units/{organization_id}"


def _listing(wrong: Mapping[str, str] | None = None) -> str:
    here = room()
    with here.unit.db.read() as connection:
        rows = queries.units(connection, here.unit.clock.today())
        everybody = kept.quiet_hours(connection, kept.EVERYBODY)
    shown = [{**row, "organization": name_of(row), "channel": ChannelKind(row["channel"])} for row in rows]
    return render_template(
        "notifications/units.html",
        units=shown,
        today=here.unit.clock.today(),
        hours=_typed(everybody),
        quiet=everybody,
        wrong=wrong or {},
    )


def _unit(organization_id: UUID, wrong: Mapping[str, str] | None = None) -> str:
    here = room()
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        row = queries.unit(connection, organization_id, today)
        entered = queries.absences(connection, organization_id, today)
        counting = kept.quiet_hours(connection, organization_id)
    return render_template(
        "notifications/unit.html",
        unit={**row, "organization": name_of(row), "channel": ChannelKind(row["channel"])},
        absences=entered,
        today=today,
        hours=_typed(counting),
        typed=request.form,
        wrong=wrong or {},
    )


def _typed(quiet: hours.QuietHours | None) -> dict[str, str]:
    """What the form shows: what was typed, else what counts."""
    given = {"begins": f"{quiet.begins:%H:%M}", "ends": f"{quiet.ends:%H:%M}"} if quiet else {"begins": "", "ends": ""}
    return {name: request.form.get(name, text) for name, text in given.items()}
