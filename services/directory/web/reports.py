"""What an organization says about its own services: capacity in one tap, and that the entry is still true.

A partner, by its clerk or its own system, speaks for its own services only; to it all others look as if they were not
there. Editors may note what a partner told them.
"""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import Capacity, StaffRole
from services.chassis.access import current_caller, partner_system, staff
from services.chassis.pages import language
from services.chassis.web import request_work, room
from services.directory import queries
from services.directory.commands import reports
from services.directory.web.operator import body

Json = dict[str, Any]

blueprint = APIBlueprint("directory_reports", __name__, url_prefix="/directory", template_folder="templates")
speakers = staff(StaffRole.DIRECTORY_EDITOR, StaffRole.PARTNER_CLERK)


@blueprint.put("/api/v1/services/<uuid:service_id>/report")
@speakers
@partner_system
def report(service_id: UUID) -> Json:
    """Say ``capacity`` (as of today unless ``capacity_reported_on`` is given) or ``assured_date``."""
    with request_work() as work:
        return reports.report(work, str(service_id), body(), speaks_for())


@blueprint.get("/services/<uuid:service_id>/capacity")
@speakers
@blueprint.doc(hide=True)
def capacity(service_id: UUID) -> str:
    """One button per answer; the present one is marked."""
    with room().unit.db.read() as connection:
        found = queries.service_card(connection, service_id, speaks_for())
    words = found["name"].get(language(), found["name"]["de"])
    now = Capacity(found.get("capacity", Capacity.UNKNOWN))
    return render_template("directory/capacity.html", service=found, name=words, now=now, choices=list(Capacity))


@blueprint.post("/services/<uuid:service_id>/capacity")
@speakers
@blueprint.doc(hide=True)
def tap(service_id: UUID) -> Response:
    """The tap itself: a capacity, or "the entry is still true"."""
    with request_work() as work:
        still_true = "still_true" in request.form
        words = {"assured_date": work.today.isoformat()} if still_true else {"capacity": request.form.get("capacity")}
        reports.report(work, str(service_id), words, speaks_for())
    return redirect(f"/directory/services/{service_id}/capacity", 303)


def speaks_for() -> str | None:
    """The organization a caller is bound to; an editor is bound to none."""
    caller = current_caller()
    if caller.role is StaffRole.DIRECTORY_EDITOR:
        return None
    return str(caller.organization_id or caller.employer)
