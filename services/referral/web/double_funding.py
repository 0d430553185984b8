"""Double funding in figures, for leads and the data-protection officer."""

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import StaffRole
from services.chassis.access import current_caller
from services.chassis.room import room
from services.referral.queries.attention import Asked
from services.referral.queries.funding import funding_figures
from services.referral.web.names import Names
from services.referral.web.protection import guardians, scope_of


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("double_funding", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/double-funding")(page)
    return pages


@guardians
def page() -> str:
    """What was stopped, what was justified and how, and what partners declined: services and codes, no persons."""
    here, role = room(), current_caller().role
    clock = here.unit.clock
    with here.unit.db.read() as connection:
        figures = funding_figures(connection, Asked(scope_of(role), clock.now(), clock.today()))
        names = Names(connection)
        services = {
            one: names.service(one)
            for pair in figures.combinations
            for one in (pair.service_id, *pair.other_service_ids)
        }
    return render_template(
        "referral/protection/double_funding.html", figures=figures, services=services, is_lead=role is StaffRole.LEAD
    )
