"""Something more is needed, by somebody who is in the enquiry already: taken down by form."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.web import bodies, whose
from services.referral.web.callers import house, staff_actor, validated
from services.referral.web.forms import once_per_form


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("further_needs", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/needs")(add)
    return pages


@staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
def add(enquiry_id: UUID) -> Response:
    """Take it down and go on to the services that could help with it."""
    by, person_id = staff_actor(), whose.typed()
    given = {name: request.form.get(name) for name in ("topic", "urgency")}
    wanted = validated(bodies.NeedIn(), {name: value for name, value in given.items() if value})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        need = enquiries.add_need(
            work, house().keys.vault, by, enquiry_id, **wanted, person_id=person_id, asking=house().asking
        )
        return 201, {"id": str(need.id)}

    once_per_form(by.actor, enquiry_id, "need", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=need#needs", 303)
