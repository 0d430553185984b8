"""An enquiry on paper: who asks, what is needed, how it stands. Confidential, and a look like any other."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import ConsentState, StaffRole
from services.chassis.access import staff
from services.chassis.room import room
from services.chassis.web import request_work
from services.referral.commands import enquiries, household
from services.referral.queries import enquiries as enquiry_queries
from services.referral.store import documents
from services.referral.web.callers import house, staff_actor
from services.referral.web.case_view import headline_of
from services.referral.web.enquiry import name_in, standing_of
from services.referral.web.intake_steps import what_follows
from services.referral.web.names import Names
from services.referral.web.words import record_sections

desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("enquiry_sheet", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/<uuid:enquiry_id>/sheet")(sheet)
    return pages


@desk
def sheet(enquiry_id: UUID) -> str:
    """That somebody looks is committed before anything is shown; a closed case has no sheet."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by).of_the_living()
        records = household.records_viewed(work, house().keys.vault, by, enquiry)
        names = Names(work.tx)
        standing = standing_of(work, enquiry, names)
        cards = [names.organization(UUID(one["organization_id"])) for one in enquiry_queries.cards(work.tx, enquiry.id)]
        papers = documents.of_enquiry(work.tx, enquiry.id)
        recorded_at = enquiry_queries.recorded_at(work.tx, enquiry.id)
    return render_template(
        "referral/enquiry_sheet.html",
        enquiry=enquiry,
        recorded_at=recorded_at,
        people=[(one, headline_of(found), record_sections(enquiry.enquirer, found)) for one, found in records],
        members={one.person_id: name_in(found, one) for one, found in records},
        what_follows=what_follows,
        referrals=standing["referrals"],
        consents=[(one, parts) for one, state, parts in standing["consents"] if state == ConsentState.GIVEN],
        cards=cards,
        papers=papers,
        today=room().unit.clock.today(),
    )
