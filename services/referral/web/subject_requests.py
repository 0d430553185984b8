"""The register of what persons ask for about their own data: taken down by whoever hears it, answered by the lead."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import ExtensionReason, RequestAnswer, RequestChannel, StaffRole, SubjectRight
from services.chassis.access import current_caller, staff
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import subject_rights
from services.referral.domain.subject_rights import SubjectRequest
from services.referral.queries import tracking
from services.referral.store import subject_rights as store
from services.referral.store.referrals import StaffActor
from services.referral.web import whose
from services.referral.web.callers import staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.protection import guardians, scope_of

PAGE = "/referral/data-protection/requests"
LONGEST_LIST = 100
desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
leads = staff(StaffRole.LEAD)
Codes = TypeVar("Codes", bound=StrEnum)
#: Where what is asked for is done.
PLACES: Mapping[str, Callable[[SubjectRequest], str]] = {
    SubjectRight.ACCESS: lambda one: f"/referral/enquiries/{one.enquiry_id}/subject-access",
    SubjectRight.PORTABILITY: lambda one: f"/referral/enquiries/{one.enquiry_id}/subject-access",
    SubjectRight.RECTIFICATION: lambda one: f"/referral/enquiries/{one.enquiry_id}/persons/{one.person_id}/record",
    SubjectRight.ERASURE: lambda one: f"/referral/enquiries/{one.enquiry_id}/erasure",
}


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("subject_requests", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/data-protection/requests")(register)
    pages.post("/data-protection/requests")(receive)
    pages.post("/enquiries/<uuid:enquiry_id>/subject-requests")(receive_in_enquiry)
    pages.post("/data-protection/requests/<uuid:request_id>/extensions")(extend)
    pages.post("/data-protection/requests/<uuid:request_id>/answers")(answer)
    return pages


@guardians
def register() -> str:
    """What is to be answered, by when, and what has been."""
    here, role = room(), current_caller().role
    with here.unit.db.read() as connection:
        waiting = store.requests(connection, scope_of(role), is_open=True)
        answered = store.requests(connection, scope_of(role), is_open=False, limit=LONGEST_LIST)
    return render_template(
        "referral/protection/requests.html",
        waiting=waiting,
        answered=answered,
        today=here.unit.clock.today(),
        may_act=role is StaffRole.LEAD,
        done=request.args.get("done", ""),
        places=PLACES,
        **choices(),
    )


def choices() -> dict[str, Any]:
    """What the forms offer."""
    return {
        "rights": tuple(SubjectRight),
        "channels": tuple(RequestChannel),
        "answers": tuple(RequestAnswer),
        "reasons": tuple(ExtensionReason),
    }


@leads
def receive() -> Response:
    """Somebody asks; the number of a referral finds her case, and without one nothing is known of her."""
    by, reference = staff_actor(), request.form.get("reference", "").strip()
    with room().unit.db.read() as connection:
        enquiry_id = enquiry_of(connection, by, reference) if reference else None
    _receive(by, enquiry_id)
    return redirect(f"{PAGE}?done=received", 303)


def enquiry_of(connection: Connection, by: StaffActor, reference: str) -> UUID:
    """The case a referral's number belongs to."""
    referral_id = tracking.by_reference(connection, by, reference)
    if referral_id is None:
        raise InvalidError("request.invalid", {"reference": "a-number-of-ours"})
    row = connection.execute("SELECT enquiry_id FROM referrals WHERE id = %s", (referral_id,)).fetchone()
    if row is None:
        raise NotFoundError("referral.unknown")
    enquiry_id: UUID = row["enquiry_id"]
    return enquiry_id


@desk
def receive_in_enquiry(enquiry_id: UUID) -> Response:
    """The person asks at the desk, with her case open."""
    _receive(staff_actor(), enquiry_id, whose.typed())
    return redirect(f"/referral/enquiries/{enquiry_id}?done=subject-request#rights", 303)


def _receive(by: StaffActor, enquiry_id: UUID | None, person_id: UUID | None = None) -> None:
    right, channel = chosen("right", SubjectRight), chosen("channel", RequestChannel)
    received_on = day("received_on")

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        kept = subject_rights.receive(
            work,
            by,
            right=right,
            channel=channel,
            received_on=received_on,
            enquiry_id=enquiry_id,
            person_id=person_id,
        )
        return 201, {"id": str(kept.id)}

    once_per_form(by.actor, enquiry_id or UUID(int=0), "subject-request", run)


@leads
def extend(request_id: UUID) -> Response:
    """It takes longer, for a reason the law names."""
    by, reason = staff_actor(), chosen("reason", ExtensionReason)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 200, {"due_on": subject_rights.extend(work, by, request_id, reason).due_on.isoformat()}

    once_per_form(by.actor, request_id, "subject-request/extend", run)
    return redirect(f"{PAGE}?done=extended", 303)


@leads
def answer(request_id: UUID) -> Response:
    """It is answered."""
    by, said, answered_on = staff_actor(), chosen("answer", RequestAnswer), day("answered_on")

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        subject_rights.answer(work, by, request_id, said, answered_on)
        return 200, {}

    once_per_form(by.actor, request_id, "subject-request/answer", run)
    return redirect(f"{PAGE}?done=answered", 303)


def chosen(name: str, codes: type[Codes]) -> Codes:
    given = request.form.get(name, "")
    if given not in set(codes):
        raise InvalidError("request.invalid", {name: "one-of-the-list"})
    return codes(given)


def day(name: str) -> date:
    """A day of the form; left empty it is today."""
    given = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else room().unit.clock.today()
    except ValueError:
        raise InvalidError("request.invalid", {name: "a-day"}) from None
