"""Duplicate care for the data-protection officer: figures, rules in force, keys in use, and both sides of a matter."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.room import room
from services.referral.queries.duplicates import duplicate_figures
from services.referral.web.callers import house
from services.referral.web.names import Names

officers = staff(StaffRole.DPO)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("duplicate_figures", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/duplicates")(page)
    return pages


@officers
def page() -> str:
    """Ids, codes and times only: who the persons are nobody sees here."""
    here, own = room(), house()
    with here.unit.db.read() as connection:
        figures = duplicate_figures(connection, here.unit.clock.today())
        names = Names(connection)
        known = {one.organization_id: one.contact.name for one in own.controllers.all}
        ids = {side.organization_id for one in (*figures.open, *figures.settled) for side in (one.asking, one.found)}
        desks: dict[UUID, str] = {one: known.get(one) or names.organization(one) for one in ids}
    return render_template(
        "referral/protection/duplicates.html",
        figures=figures,
        desks=desks,
        rule=own.asking,
        assessment=own.assessment,
    )
