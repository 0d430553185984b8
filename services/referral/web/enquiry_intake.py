"""How an enquiry begins at the desk: an empty form, taking it down, and finding somebody who has been here."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, StaffRole, Urgency
from services.chassis.access import current_caller, staff
from services.chassis.errors import InvalidError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.web import bodies, enquiry_form
from services.referral.web.callers import house, staff_actor, validated
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@navigators
def new() -> str:
    """An empty form, for a person or an employer; an address may choose topics beforehand and nothing else."""
    kind = EnquirerKind.EMPLOYER if request.args.get("enquirer") == "employer" else EnquirerKind.PERSON
    return form_page(kind, {}, MultiDict([("topics", topic) for topic in request.args.getlist("topics")]))


def form_page(kind: EnquirerKind, errors: dict[str, Any], given: MultiDict[str, str]) -> str:
    return render_template(
        "referral/enquiry_new.html",
        kind=kind,
        kinds=tuple(EnquirerKind),
        fields=enquiry_form.fields_of(kind),
        inputs=enquiry_form.INPUTS,
        codes=enquiry_form.CODES,
        several=enquiry_form.SEVERAL,
        languages_known=enquiry_form.LANGUAGES,
        countries=enquiry_form.COUNTRIES,
        topics=enquiries.topics_of(kind),
        urgencies=tuple(Urgency),
        given=given,
        errors=errors,
    )


@navigators
def take_down() -> str | Response | tuple[str, int]:
    """Seal the record at once; what is wrong is shown beside its field, with everything still filled in."""
    by, form = staff_actor(), request.form
    kind = EnquirerKind(form["enquirer"]) if form.get("enquirer") in set(EnquirerKind) else EnquirerKind.PERSON
    try:
        record, needs = enquiry_form.read_record(kind, form), enquiry_form.read_needs(kind, form)
    except InvalidError as error:
        return form_page(kind, error.fields, form), 422
    site = current_caller().site
    assert site is not None

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        found = enquiries.record_enquiry(
            work,
            house().keys.vault,
            by,
            enquirer=kind,
            site=site,
            record=record,
            needs=needs,
            asking=house().asking,
        )
        return 201, {"id": str(found.id)}

    body = once_per_form(by.actor, UUID(int=0), "enquiry", run)
    return redirect(f"/referral/enquiries/{body['id']}", 303)


@navigators
def search() -> str | Response:
    """Find somebody by exact name and birth date, in the body so that no address holds them; a find is a view."""
    given = {name: request.form.get(name, "").strip() for name in ("given_name", "family_name", "birth_date")}
    wanted = validated(bodies.SearchIn(), given)
    with request_work() as work:
        found = enquiries.search(work, house().keys.vault, staff_actor(), **wanted)
    if len(found) == 1:
        return redirect(f"/referral/enquiries/{found[0].enquiry_id}", 303)
    return render_template("referral/found.html", found=found)
