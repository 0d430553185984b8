"""The end of a case by form: closed, resumed, held back from deletion."""

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import HoldReason, StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.commands import closing, holds
from services.referral.queries.retention import Look, day_of
from services.referral.store import holds as store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.web import whose
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
leads = staff(StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("holding", __name__, url_prefix="/referral", enable_openapi=False)
    pages.post("/enquiries/<uuid:enquiry_id>/closings")(close)
    pages.post("/enquiries/<uuid:enquiry_id>/resumptions")(resume)
    pages.post("/enquiries/<uuid:enquiry_id>/holds")(put)
    pages.post("/data-protection/retention/holds/<uuid:hold_id>/liftings")(lift)
    return pages


def page_of(work: Work, by: StaffActor, enquiry: Enquiry) -> dict[str, Any]:
    """What the enquiry's page has to know of its end."""
    members, look = enquiry.of_the_living().members, Look(work.today, house().retention.periods)
    return {
        "closable": not enquiry.is_restricted and not closing.goes_on(work, enquiry.id),
        "holds": [one for member in members for one in store.of_person(work.tx, member.person_id, work.today)],
        "hold_reasons": tuple(HoldReason),
        "hold_months": house().retention.hold_months,
        "is_lead": by.role is StaffRole.LEAD,
        "goes_on": day_of(work.tx, look, members[0].person_id) if members else None,
    }


@navigators
def close(enquiry_id: UUID) -> Response:
    """Nothing more to do: what is in it is not shown any more."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        closing.close(work, by, enquiry_id)
        return 200, {}

    once_per_form(by.actor, enquiry_id, "close", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=closing", 303)


@leads
def resume(enquiry_id: UUID) -> Response:
    """The person has come back."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        closing.resume(work, by, enquiry_id)
        return 200, {}

    once_per_form(by.actor, enquiry_id, "resume", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=resumption", 303)


@leads
def put(enquiry_id: UUID) -> Response:
    """Hold everything of this person back from deletion."""
    by, own, form = staff_actor(), house(), request.form
    reason, until, person_id = form.get("reason", ""), _day(form.get("until", "")), whose.typed()
    if reason not in set(HoldReason) or until is None:
        raise InvalidError("hold.incomplete", {"until": "a-day", "reason": "a-reason-on-the-list"})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        hold = holds.put(
            work,
            own.keys.vault,
            by,
            enquiry_id,
            reason=HoldReason(reason),
            words=form.get("words", ""),
            until=until,
            most_months=own.retention.hold_months,
            person_id=person_id,
        )
        return 201, {"id": str(hold.id)}

    once_per_form(by.actor, enquiry_id, "hold", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=hold#holds", 303)


@leads
def lift(hold_id: UUID) -> Response:
    """It is needed no longer."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        holds.lift(work, by, hold_id)
        return 200, {}

    once_per_form(by.actor, hold_id, "lift", run)
    return redirect("/referral/data-protection/retention?done=hold-lifted#holds", 303)


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None
