"""A body's public contact for her to take along, with why it was suggested: in a language she reads, and in German."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import Purpose, StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.i18n import PERSON_LANGUAGES
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.consent_texts import GERMAN
from services.referral.domain.explaining import Explanation
from services.referral.queries import self_service
from services.referral.store import persons
from services.referral.store.enquiries import Need
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import house, staff_actor
from services.referral.web.consent_drafts import say
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("contact_cards", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/needs/<uuid:need_id>/contact-cards")(give)
    return pages


@navigators
def give(enquiry_id: UUID, need_id: UUID) -> str:
    """Nothing is disclosed, so no consent is asked."""
    by, service_id = staff_actor(), chosen_service()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        card = enquiries.issue_contact_card(work, by, enquiry_id, service_id, need_id)
        return 201, {"id": str(card["id"])}

    once_per_form(by.actor, enquiry_id, "card", run)
    with request_work() as work:
        need = enquiries.load(work, enquiry_id, by).need(need_id)
        tags = languages_for(work, by, enquiry_id, need)
        fit, listing = fit_for(work, need, service_id), Names(work.tx).listing(service_id)
    return render_template(
        "referral/card.html",
        enquiry_id=enquiry_id,
        need_id=need_id,
        listing=listing,
        fit=fit,
        tags=tags if fit else (),
        say=say,
    )


def chosen_service() -> UUID:
    try:
        return UUID(request.form.get("service_id", ""))
    except ValueError:
        raise InvalidError("request.invalid", {"service_id": "an-id"}) from None


def languages_for(work: Work, by: StaffActor, enquiry_id: UUID, need: Need) -> tuple[str, ...]:
    """The first of her languages that the pages speak, and German; that somebody sees it is a view of one datum."""
    spoken = persons.record_of(work.tx, house().keys.vault, need.person_id).get("languages") or ()
    known = next((tag for one in spoken if (tag := one.partition("-")[0]) in PERSON_LANGUAGES), GERMAN)
    if known != GERMAN:
        enquiry = enquiries.load(work, enquiry_id, by)
        enquiries.view_person(work, by, enquiry, {"languages": [known]}, need.person_id)
    return tuple(dict.fromkeys((known, GERMAN)))


def fit_for(work: Work, need: Need, service_id: UUID) -> Explanation | None:
    wanted = [(service_id, [Purpose(need.topic.value)])]
    return self_service.fits(work.tx, need.person_id, wanted, work.now).get(service_id)
