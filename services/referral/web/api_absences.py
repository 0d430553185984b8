"""Who is away, by program: as the page has it, for whoever keeps the days off in a system of its own."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from contracts.codes import Site, StaffRole
from contracts.fields import CodeOf, Day
from services.chassis.access import staff
from services.chassis.web import room
from services.chassis.work import Result, Work
from services.referral.commands import absences as commands
from services.referral.store import absences
from services.referral.store.absences import DeskAbsence
from services.referral.web import bodies
from services.referral.web.callers import once, staff_actor

Json = dict[str, Any]
leads = staff(StaffRole.LEAD)
blueprint = APIBlueprint("api_absences", __name__, url_prefix="/referral/api/v1/absences", tag="Absences")


class AbsenceIn(bodies.Body):
    """From the first to the last day; without a role the whole desk is closed."""

    site = CodeOf(Site, required=True)
    substitute = CodeOf(Site, required=True)
    from_on = Day(required=True)
    until_on = Day(required=True)
    role = CodeOf(StaffRole, load_default=None, allow_none=True)


@blueprint.get("")
@leads
def listed() -> Json:
    """Present absences of the own organization and those to come."""
    by, here = staff_actor(), room()
    with here.unit.db.read() as connection:
        found = absences.standing(connection, by.employer, here.unit.clock.today()) if by.employer else []
    return {"absences": [_shown(one) for one in found]}


@blueprint.post("")
@blueprint.input(AbsenceIn)
@leads
def enter(json_data: Json) -> Any:
    """A desk is closed, or one role at it away, and another desk works for it."""
    by = staff_actor()

    def run(work: Work) -> Result:
        return 201, _shown(commands.set_absence(work, by, **json_data))

    return once(run)


@blueprint.post("/<uuid:absence_id>/end")
@leads
def end(absence_id: UUID) -> Any:
    """They are back early."""
    by = staff_actor()

    def run(work: Work) -> Result:
        commands.end_absence(work, by, absence_id)
        return 200, {"id": str(absence_id), "ended": True}

    return once(run)


def _shown(absence: DeskAbsence) -> Json:
    return {
        "id": str(absence.id),
        "site": absence.site.value,
        "substitute": absence.substitute.value,
        "from_on": absence.from_on.isoformat(),
        "until_on": absence.until_on.isoformat(),
        "role": absence.role.value if absence.role else None,
    }
