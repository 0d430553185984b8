"""Several bodies at once for one need: a draft to each that was ticked, all of them or none."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import referrals
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
#: Nobody is referred to more bodies for one need at once.
MOST = 5


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("several", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/needs/<uuid:need_id>/referrals/several")(draft)
    return pages


@navigators
def draft(enquiry_id: UUID, need_id: UUID) -> Response | tuple[str, int]:
    """Where one is refused none is made, and the page says which one and why."""
    by, wanted, tried = staff_actor(), ticked(), []

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        for service_id in wanted:
            tried.append(service_id)
            referrals.draft(work, house().keys, by, enquiry_id, need_id, service_id)
        return 201, {"many": len(wanted)}

    try:
        once_per_form(by.actor, need_id, "draft-several", run)
    except (RefusedError, InvalidError) as error:
        if not tried:
            raise
        return refused(enquiry_id, need_id, tried[-1], error.slug), 409
    return redirect(f"/referral/enquiries/{enquiry_id}?done=drafted", 303)


def refused(enquiry_id: UUID, need_id: UUID, service_id: UUID, slug: str) -> str:
    with room().unit.db.read() as connection:
        listing = Names(connection).listing(service_id)
    return render_template(
        "referral/several_refused.html", enquiry_id=enquiry_id, need_id=need_id, listing=listing, slug=slug
    )


def ticked() -> list[UUID]:
    try:
        ids = list(dict.fromkeys(UUID(one) for one in request.form.getlist("service_id")))
    except ValueError:
        raise InvalidError("request.invalid", {"service_id": "an-id"}) from None
    if not 1 <= len(ids) <= MOST:
        raise InvalidError("request.invalid", {"service_id": "between-one-and-five"})
    return ids
