"""What becomes of a task on its desk: where it is done, and what can be said of it - done, later, now after all."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, TaskKind
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.web import request_work
from services.referral.commands import snoozing as commands
from services.referral.commands.enquiries import close_task
from services.referral.web.callers import staff_actor

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
#: A refused or unanswered matter needs another body: the step leads to what else there is.
ELSEWHERE = frozenset(
    {TaskKind.REFERRAL_REJECTED, TaskKind.REFERRAL_EXPIRED, TaskKind.PARTNER_LEFT, TaskKind.SERVICE_RETIRED}
)
#: Done where the plan stands.
PLANNED = frozenset({TaskKind.PLAN_STEP_DUE, TaskKind.GOAL_WITHOUT_STEP})
#: What of an address of the list is kept when somebody comes back to it.
FILTERS = ("due", "kind", "desk", "whose", "show")
#: Done when somebody has telephoned or looked; all others are settled by the deed itself.
LOOKED_INTO = frozenset(
    {
        TaskKind.ANSWER_MISSING,
        TaskKind.ANSWER_STILL_MISSING,
        TaskKind.ANSWERED_LATE,
        TaskKind.CONTACT_OVERDUE,
        TaskKind.CONTACT_STILL_MISSING,
        TaskKind.DUTY_OVERDUE,
        TaskKind.FOLLOW_UP_DUE,
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
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("tasks", __name__, url_prefix="/referral/tasks", enable_openapi=False)
    pages.post("/<uuid:task_id>/done")(done)
    pages.post("/<uuid:task_id>/snooze")(snooze)
    pages.post("/<uuid:task_id>/wake")(wake)
    return pages


@navigators
def done(task_id: UUID) -> Response:
    """Somebody looked into it and says so; what only a deed can settle has no button, and is refused here too."""
    by = staff_actor()
    with request_work() as work:
        close_task(work, by, task_id, kinds=LOOKED_INTO)
    return _back(done="closed")


@navigators
def snooze(task_id: UUID) -> Response:
    """Put it off until a day: one of those offered, or one that was typed."""
    by, until = staff_actor(), _day(request.form.get("until", "") or request.form.get("day", ""))
    with request_work() as work:
        commands.snooze(work, by, task_id, until)
    return _back(done="snoozed", task=str(task_id), until=until.isoformat())


@navigators
def wake(task_id: UUID) -> Response:
    """Take it up again at once."""
    by = staff_actor()
    with request_work() as work:
        commands.wake(work, by, task_id)
    return _back(done="woken")


def _back(**told: str) -> Response:
    """To the list as it was filtered; of what a form carries along only what such an address can say is kept."""
    kept = {name: value for name, value in parse_qsl(request.form.get("list", "")) if name in FILTERS}
    return redirect(f"/referral/?{urlencode(kept | told)}", 303)


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given.strip())
    except ValueError:
        raise InvalidError("task.snooze-invalid", {"until": "a-day"}) from None


def place_of(task: Mapping[str, Any]) -> str:
    """Where this task is done."""
    if place := PLACES.get(TaskKind(task["kind"])):
        return place
    if TaskKind(task["kind"]) is TaskKind.APPOINTMENTS_CLASH and task["referral_id"]:
        return f"/referral/referrals/{task['referral_id']}#appointments"
    if task["referral_id"]:
        return f"/referral/referrals/{task['referral_id']}"
    if TaskKind(task["kind"]) in PLANNED:
        return f"/referral/enquiries/{task['enquiry_id']}#plan"
    if task["enquiry_id"] is None:
        return AGREEMENTS  # about a partner as a whole
    return f"/referral/enquiries/{task['enquiry_id']}"
