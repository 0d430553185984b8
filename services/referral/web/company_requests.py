"""An employer's request at the desk: on which words, ground and days it is taken down, and its confirmation on paper.

The notice a company is given (GDPR Art. 13) speaks of "this confirmation": the sheet here, made from what was recorded
and kept nowhere. It is in the language of the notice, and shows exactly the contact data that go along.
"""

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, EnterpriseGround, Purpose, StaffRole
from contracts.partner.dossier import select
from services.chassis import i18n
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.pages import language, translate
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, enterprise
from services.referral.commands.enterprise import RequestForm
from services.referral.consent_texts import PrintedText, TextKind, filled
from services.referral.domain.drafting import Review
from services.referral.domain.grounds import ENTERPRISE_CATEGORIES, EnterpriseRequest, request_state_on
from services.referral.store import consents, persons
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.consent_drafts import answered
from services.referral.web.consent_form import ticked_bodies
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names
from services.referral.web.subject_access import speaking
from services.referral.web.words import record_sections

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("company_requests", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/enterprise-requests")(take_down)
    pages.get("/<uuid:enquiry_id>/enterprise-requests/<uuid:request_id>/confirmation")(confirmation)
    return pages


def section(enquiry: Enquiry) -> dict[str, Any]:
    """What the form offers; nothing where a person asks."""
    if enquiry.enquirer is not EnquirerKind.EMPLOYER:
        return {}
    return {"company_grounds": tuple(EnterpriseGround), "notice_languages": notice_languages()}


def notice_languages() -> list[str]:
    """Only a reviewed notice can have been given."""
    known = house().texts.in_use(TextKind.EMPLOYER_NOTICE)
    return [one.text.language for one in known if one.text.review is Review.REVIEWED]


@navigators
def take_down(enquiry_id: UUID) -> Response:
    """An employer asks to be put in touch; its own contact goes along, never a worker's data."""
    by, own = staff_actor(), house()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        kept = enterprise.record_enterprise_request(work, own, by, enquiry_id, form)
        return 201, {"id": str(kept.id)}

    try:
        form = read_form(enquiry_id)
        once_per_form(by.actor, enquiry_id, "enterprise-request", run)
    except InvalidError as error:
        return answered(enquiry_id, error)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=request#consents", 303)


def read_form(enquiry_id: UUID) -> RequestForm:
    found, typed = ticked_bodies(enquiry_id), request.form
    if typed.get("ground", EnterpriseGround.CONTRACT) not in set(EnterpriseGround):
        raise InvalidError("enterprise-request.incomplete", {"ground": "one-of-those-offered"})
    return RequestForm(
        recipients=list(dict.fromkeys((one.organization_id, one.service_id) for one in found)),
        purposes=tuple(dict.fromkeys((Purpose.VERWEIS, *(one.purpose for one in found)))),
        notice_given=typed.get("notice_given") == "true",
        notice_language=typed.get("notice_language", "de"),
        ground=EnterpriseGround(typed.get("ground", EnterpriseGround.CONTRACT)),
        asked_on=day_of("asked_on"),
        valid_until=day_of("valid_until"),
    )


def day_of(field: str) -> date | None:
    typed = request.form.get(field, "")
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise InvalidError("enterprise-request.incomplete", {field: "a-day"}) from None


@navigators
def confirmation(enquiry_id: UUID, request_id: UUID) -> str:
    """The sheet the company is handed. Printing it is a view of its contact."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by)
        asked = consents.load_request(work.tx, request_id, enquiry.person_id)
        record = persons.record_of(work.tx, house().keys.vault, enquiry.person_id)
        goes_along = select(EnquirerKind.EMPLOYER, record, ENTERPRISE_CATEGORIES)
        enquiries.view_person(work, by, enquiry, goes_along)
        reader = {"language": language(), "back": translate("Back to the enquiry")}
        with speaking(asked.notice_language):
            sheet = sheet_of(work, enquiry, asked, goes_along)
            return render_template("referral/company_confirmation.html", reader=reader, **sheet)


def sheet_of(work: Work, enquiry: Enquiry, asked: EnterpriseRequest, record: dict[str, Any]) -> dict[str, Any]:
    names = Names(work.tx)
    return {
        "enquiry": enquiry,
        "asked": asked,
        "state": request_state_on(asked, work.today).value,
        "bodies": [
            (names.organization(organization_id), names.service(service_id))
            for organization_id, service_id in asked.recipients
        ],
        "lines": [line for one in record_sections(EnquirerKind.EMPLOYER, record) for line in one.items],
        "notice": notice_of(asked),
        "speaks": asked.notice_language.replace("de-simple", "de"),
        "reads": "rtl" if asked.notice_language in i18n.RIGHT_TO_LEFT else "ltr",
    }


def notice_of(asked: EnterpriseRequest) -> PrintedText | None:
    """The words the company was given, with those named who answered for the data then; found by their hash."""
    try:
        printed = house().texts.printed(asked.notice_text_id, asked.notice_language)
    except InvalidError:
        return None
    if printed.text.sha256 != asked.notice_sha256:
        return None
    return filled(printed, house().controllers, asked.controllers)
