"""Erase a person (GDPR Art. 17): the lead says whose, sees what follows, and cannot take it back."""

from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, SubjectRight, ViewPurpose
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, subject_rights
from services.referral.store import subject_rights as store
from services.referral.web import whose
from services.referral.web.callers import staff_actor
from services.referral.web.forms import once_per_form

leads = staff(StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("erasure", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/<uuid:enquiry_id>/erasure")(ask)
    pages.post("/<uuid:enquiry_id>/erasure")(erase)
    return pages


@leads
def ask(enquiry_id: UUID) -> str:
    """What follows, before it is done; whose data they are is shown by name, which is a view."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True).with_former()
        living = whose.named(work, by, enquiry, ViewPurpose.SUBJECT_ACCESS)
        waiting = [
            one
            for member in enquiry.members
            for one in store.of_person(work.tx, member.person_id)
            if one.is_open and one.right is SubjectRight.ERASURE
        ]
    return render_template(
        "referral/her_data/erase.html", enquiry=enquiry, living=living, waiting=waiting, request_key=uuid4().hex
    )


@leads
def erase(enquiry_id: UUID) -> Response:
    """From this commit on nobody opens her data; the clock destroys the key a moment later."""
    by, person_id, request_id = staff_actor(), whose.typed(), whose.typed("request_id")
    if person_id is None:
        raise InvalidError("request.invalid", {"person_id": "one-of-the-list"})
    if request.form.get("confirmed") != "yes":
        raise InvalidError("request.invalid", {"confirmed": "yes"})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        subject_rights.erase(work, by, enquiry_id, person_id, request_id)
        return 201, {"person_id": str(person_id)}

    once_per_form(by.actor, person_id, "erasure", run)
    return redirect("/referral/data-protection/requests?done=erased", 303)
