"""The register of agreements with partners (GDPR Art. 26, 28), as the directory last told them."""

from apiflask import APIBlueprint
from flask import render_template

from services.chassis.access import current_caller
from services.chassis.room import room
from services.referral.queries.agreements import register
from services.referral.queries.attention import Asked
from services.referral.web.protection import guardians, scope_of


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("agreements", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/agreements")(show)
    return pages


@guardians
def show() -> str:
    """Whom nothing may be sent any more, who is next, and everybody else. Fit for paper."""
    here = room()
    clock = here.unit.clock
    with here.unit.db.read() as connection:
        rows = register(connection, Asked(scope_of(current_caller().role), clock.now(), clock.today()))
    return render_template("referral/protection/agreements.html", rows=rows, today=clock.today())
