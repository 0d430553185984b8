"""The navigators' interface to the persons of an enquiry: each with a record of her own."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from contracts.codes import StaffRole
from contracts.partner.dossier import PERSON
from services.chassis.access import staff
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, household
from services.referral.store import persons
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint(
    "api_household", __name__, url_prefix="/referral/api/v1/enquiries/<uuid:enquiry_id>/persons", tag="Household"
)
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@blueprint.post("")
@blueprint.input(bodies.MemberIn)
@navigators
def add(enquiry_id: UUID, json_data: Json) -> Answer:
    """One more person belongs to the case; the answer does not repeat her record."""
    by, record = staff_actor(), PERSON.dump(json_data["person"])
    needs = [(need["topic"], need["urgency"]) for need in json_data["needs"]]

    def run(work: Work) -> tuple[int, Json]:
        member = household.add_person(
            work,
            house().keys.vault,
            by,
            enquiry_id,
            relation=json_data["relation"],
            record=record,
            needs=needs,
            asking=house().asking,
        )
        return 201, {"person_id": str(member.person_id), "relation": member.relation}

    return once(run)


@blueprint.get("/<uuid:person_id>")
@navigators
def member(enquiry_id: UUID, person_id: UUID) -> Json:
    """Her record. That it is looked at is a fact before anything is shown."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by)
        found = enquiry.member(person_id)
        record = persons.record_of(work.tx, house().keys.vault, found.person_id)
        enquiries.view_person(work, by, enquiry, record, found.person_id)
    return {"person_id": str(person_id), "relation": found.relation, str(enquiry.enquirer): record}


@blueprint.post("/<uuid:person_id>/removals")
@navigators
def remove(enquiry_id: UUID, person_id: UUID) -> Answer:
    """She does not belong to the case."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        household.remove_person(work, by, enquiry_id, person_id)
        return 201, {"person_id": str(person_id)}

    return once(run)
