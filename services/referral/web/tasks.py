"""What a desk has to do: every open task under the name of the unit it lies with, the most urgent first."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import g, redirect, render_template
from werkzeug.wrappers import Response

from contracts.codes import Site, StaffRole, TaskKind
from services.chassis.access import staff
from services.chassis.room import room
from services.chassis.web import request_work
from services.referral.commands.enquiries import close_task
from services.referral.queries import enquiries
from services.referral.web.absences import to_stand_in_for
from services.referral.web.callers import staff_actor
from services.referral.web.names import Names

AGREEMENTS = "/referral/data-protection/agreements"
#: Tasks that are done on a page of their own; all others on the page of their referral or enquiry.
PLACES = {
    TaskKind.BREACH_CHECK: "/referral/data-protection/breaches",
    TaskKind.BREACH_ESCALATED: "/referral/data-protection/breaches",
    TaskKind.DISCLOSURE_UNCONFIRMED: "/referral/data-protection/disclosures",
    TaskKind.SUBJECT_REQUEST_DUE: "/referral/data-protection/requests",
    TaskKind.AGREEMENT_ENDS: AGREEMENTS,
    TaskKind.AGREEMENT_ENDED: AGREEMENTS,
    TaskKind.PARTNER_KEY_ENDS: AGREEMENTS,
    TaskKind.DESK_CODE_WANTED: "/referral/desk-units",
}
#: Done when somebody has telephoned or looked; all others are settled by the deed itself.
LOOKED_INTO = frozenset(
    {
        TaskKind.ANSWER_MISSING,
        TaskKind.ANSWER_STILL_MISSING,
        TaskKind.ANSWERED_LATE,
        TaskKind.CONTACT_OVERDUE,
        TaskKind.CONTACT_STILL_MISSING,
        TaskKind.DUTY_OVERDUE,
        TaskKind.LETTER_UNDELIVERED,
        TaskKind.QUESTION_OVERDUE,
        TaskKind.RECORDED_BY_HAND_DISPUTED,
        TaskKind.REFERRAL_EXPIRED,
        TaskKind.REFERRAL_REJECTED,
        TaskKind.PARTNER_LEFT,
        TaskKind.PARTNER_SUSPENDED,
        TaskKind.SERVICE_RETIRED,
        TaskKind.WAITLIST_UNRENEWED,
    }
)
MOST = 500
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("tasks", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/tasks")(show)
    pages.post("/tasks/<uuid:task_id>/done")(done)
    return pages


@navigators
def show() -> str:
    """Unit by unit; a lead sees the navigators' desk beside the own one."""
    by, here = staff_actor(), room()
    with here.unit.db.read() as connection:
        tasks = enquiries.tasks(connection, by, limit=MOST)
        name = Names(connection).organization(by.employer) if by.employer else ""
    tasks.sort(key=lambda task: (list(StaffRole).index(task["role"]), task["due_on"]))
    units = [
        (StaffRole(role), Site(site), list(rows))
        for (role, site), rows in groupby(tasks, key=lambda task: (task["role"], task["site"]))
    ]
    return render_template(
        "referral/tasks.html",
        units=units,
        organization="" if name == str(by.employer) else name,  # not in the directory: the site says enough
        most=MOST if len(tasks) == MOST else None,
        today=here.unit.clock.today().isoformat(),
        place_of=place_of,
        standing_in=g.get("standing_in"),
        substitutes_for=to_stand_in_for(by),
        is_lead=by.role is StaffRole.LEAD,
        looked_into=LOOKED_INTO,
    )


@navigators
def done(task_id: UUID) -> Response:
    """Somebody looked into it and says so; what only a deed can settle has no button, and is refused here too."""
    by = staff_actor()
    with request_work() as work:
        close_task(work, by, task_id, kinds=LOOKED_INTO)
    return redirect("/referral/tasks", 303)


def place_of(task: Mapping[str, Any]) -> str:
    """Where this task is done."""
    if place := PLACES.get(TaskKind(task["kind"])):
        return place
    if task["referral_id"]:
        return f"/referral/referrals/{task['referral_id']}"
    if task["enquiry_id"] is None:
        return AGREEMENTS  # about a partner as a whole
    return f"/referral/enquiries/{task['enquiry_id']}"
