"""Correct what is recorded of a person (GDPR Art. 16): every field as it stands, and what becomes of each change."""

from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, SubjectRight, ViewPurpose
from services.chassis.access import staff
from services.chassis.errors import ForbiddenError, InvalidError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import closing, enquiries, subject_rights
from services.referral.domain.subject_rights import SubjectRequest
from services.referral.store import persons
from services.referral.store import subject_rights as store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.web import enquiry_form, whose
from services.referral.web.callers import house, staff_actor
from services.referral.web.case_view import headline_of
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("rectification", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/<uuid:enquiry_id>/persons/<uuid:person_id>/record")(show)
    pages.post("/<uuid:enquiry_id>/persons/<uuid:person_id>/record")(correct)
    return pages


@navigators
def show(enquiry_id: UUID, person_id: UUID) -> str:
    """Everything recorded of her, to be written over."""
    return page(enquiry_id, person_id)


def page(enquiry_id: UUID, person_id: UUID, errors: dict[str, Any] | None = None) -> str:
    """That somebody looks is committed before anything is shown; after a mistake everything typed is still there."""
    by = staff_actor()
    with request_work() as work:
        enquiry, purpose = look_into(work, by, enquiry_id, person_id)
        record = persons.record_of(work.tx, house().keys.vault, enquiry.with_former().member(person_id).person_id)
        enquiries.view_person(work, by, enquiry, record, person_id, purpose)
        waiting = waiting_for_it(work, person_id) if by.role is StaffRole.LEAD else []
    was = enquiry_form.as_typed(record)
    names = enquiry_form.editable(enquiry.enquirer, record)
    return render_template(
        "referral/her_data/correct.html",
        enquiry=enquiry,
        person_id=person_id,
        kind=enquiry.enquirer,
        headline=headline_of(record),
        fields=names,
        whole=[name for name in record if name not in names],
        was=was,
        given=request.form if errors else was,
        errors=errors or {},
        inputs=enquiry_form.INPUTS,
        codes=enquiry_form.CODES,
        several=enquiry_form.SEVERAL,
        languages_known=enquiry_form.offered(enquiry_form.LANGUAGES, record, "languages", "interpreter"),
        countries=enquiry_form.offered(enquiry_form.COUNTRIES, record, "qualification_country"),
        waiting=waiting,
        request_key=uuid4().hex,
    )


def waiting_for_it(work: Work, person_id: UUID) -> list[SubjectRequest]:
    """Her requests that this answers, for whoever may answer them."""
    hers = store.of_person(work.tx, person_id)
    return [one for one in hers if one.is_open and one.right is SubjectRight.RECTIFICATION]


def look_into(work: Work, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> tuple[Enquiry, ViewPurpose]:
    """A closed case is opened for this by the lead alone; of whoever was taken out nobody works on the case."""
    enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True)
    if not closing.may_see(enquiry, by, ViewPurpose.SUBJECT_ACCESS):
        raise ForbiddenError("auth.role-missing")
    is_case_work = not enquiry.is_restricted and person_id not in {one.person_id for one in enquiry.former}
    return enquiry, ViewPurpose.CASE_WORK if is_case_work else ViewPurpose.SUBJECT_ACCESS


@navigators
def correct(enquiry_id: UUID, person_id: UUID) -> str | Response | tuple[str, int]:
    """Only what was typed anew is changed, so that nobody's change of the same hour is undone by this page."""
    by = staff_actor()
    try:
        changes, request_id = typed_anew(by, enquiry_id, person_id, request.form), whose.typed("request_id")
    except InvalidError as error:
        return page(enquiry_id, person_id, error.fields), 422

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        look_into(work, by, enquiry_id, person_id)
        subject_rights.rectify(work, house().keys, by, enquiry_id, person_id, changes, request_id)
        return 201, {"id": str(enquiry_id)}

    once_per_form(by.actor, person_id, "rectification", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=rectification", 303)


def typed_anew(by: StaffActor, enquiry_id: UUID, person_id: UUID, form: MultiDict[str, str]) -> dict[str, Any]:
    with request_work() as work:
        kind = look_into(work, by, enquiry_id, person_id)[0].enquirer
    return enquiry_form.read_changes(kind, form)
