"""The navigators' interface to enquiries: who asks, what is needed, on what ground data may leave."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from contracts.codes import EnquirerKind, StaffRole
from contracts.partner.dossier import EMPLOYER, PERSON
from services.chassis.access import staff
from services.chassis.web import request_work, room
from services.chassis.work import Work
from services.referral.commands import closing, enquiries, enterprise, matching, withdrawing
from services.referral.commands.enterprise import RequestForm
from services.referral.domain.seeking import NO_ANSWERS
from services.referral.domain.withdrawing import Part
from services.referral.queries import enquiries as enquiry_queries
from services.referral.store import persons
from services.referral.web import answers, bodies
from services.referral.web.callers import house, once, staff_actor, view_purpose

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint("api_enquiries", __name__, url_prefix="/referral/api/v1", tag="Enquiries")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@blueprint.post("/enquiries")
@blueprint.input(bodies.EnquiryIn)
@blueprint.output(answers.EnquiryOut, status_code=201)
@navigators
def record_enquiry(json_data: Json) -> Answer:
    """Take down who asks and what is needed."""
    by, kind = staff_actor(), json_data["enquirer"]
    schema = PERSON if kind is EnquirerKind.PERSON else EMPLOYER
    record = schema.dump(json_data[str(kind)])

    def run(work: Work) -> tuple[int, Json]:
        needs = [(need["topic"], need["urgency"]) for need in json_data["needs"]]
        found = enquiries.record_enquiry(
            work,
            house().keys.vault,
            by,
            enquirer=kind,
            site=json_data["site"],
            record=record,
            needs=needs,
            asking=house().asking,
        )
        return 201, enquiry_queries.head(found)

    return once(run)


@blueprint.get("/enquiries/<uuid:enquiry_id>")
@blueprint.output(answers.EnquiryOut)
@navigators
def enquiry(enquiry_id: UUID) -> Json:
    """The enquiry without a word about the person."""
    with room().unit.db.read() as connection:
        return enquiry_queries.enquiry(connection, enquiry_id, staff_actor(), room().unit.clock.today())


@blueprint.get("/enquiries/<uuid:enquiry_id>/person")
@navigators
def person(enquiry_id: UUID) -> Json:
    """The record itself. That it is looked at is a fact before anything is shown."""
    by = staff_actor()
    with request_work() as work:
        found = closing.look_into(work, by, enquiry_id, view_purpose())
        record = persons.record_of(work.tx, house().keys.vault, found.person_id)
        enquiries.view_person(work, by, found, record, purpose=view_purpose())
    return {str(found.enquirer): record}


@blueprint.post("/enquiries/<uuid:enquiry_id>/needs")
@blueprint.input(bodies.FurtherNeedIn)
@blueprint.output(answers.FurtherNeedOut, status_code=201)
@navigators
def add_need(enquiry_id: UUID, json_data: Json) -> Answer:
    """One more thing is needed."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        need = enquiries.add_need(work, house().keys.vault, by, enquiry_id, **json_data, asking=house().asking)
        return 201, enquiry_queries.need_shown(need)

    return once(run)


@blueprint.get("/enquiries/<uuid:enquiry_id>/needs/<uuid:need_id>/suggestions")
@navigators
def suggestions(enquiry_id: UUID, need_id: UUID) -> Json:
    """Which services could help, why, and what would still have to be asked."""
    return suggested(enquiry_id, need_id, NO_ANSWERS)


@blueprint.post("/enquiries/<uuid:enquiry_id>/needs/<uuid:need_id>/suggestions")
@blueprint.input(bodies.AnswersIn)
@navigators
def suggestions_with_answers(enquiry_id: UUID, need_id: UUID, json_data: Json) -> Json:
    """The same with answers to what was still to be asked: they are about a person, so no address holds them."""
    return suggested(enquiry_id, need_id, json_data["answers"])


def suggested(enquiry_id: UUID, need_id: UUID, given: Mapping[str, str]) -> Json:
    with request_work() as work:
        ranking = matching.suggest(work, house().keys.vault, staff_actor(), enquiry_id, need_id, given)
    return enquiry_queries.ranking_shown(ranking)


@blueprint.post("/persons/searches")
@blueprint.input(bodies.SearchIn)
@navigators
def search(json_data: Json) -> Json:
    """Enquiries of exactly this person at the own organization and site; a search is a view."""
    by = staff_actor()
    with request_work() as work:
        found = enquiries.search(work, house().keys.vault, by, **json_data)
    return {
        "enquiries": [str(one.enquiry_id) for one in found],
        "removed_from": [str(one.enquiry_id) for one in found if one.is_removed],
    }


@blueprint.post("/enquiries/<uuid:enquiry_id>/consents/<uuid:consent_id>/withdrawals")
@blueprint.input(bodies.WithdrawalIn)
@navigators
def withdraw_consent(enquiry_id: UUID, consent_id: UUID, json_data: Json) -> Answer:
    """All of it, the part for one recipient, one kind of data, or one kind of data for one recipient."""
    return _withdraw(enquiry_id, consent_id, json_data)


@blueprint.post("/enquiries/<uuid:enquiry_id>/enterprise-requests/<uuid:request_id>/withdrawals")
@blueprint.input(bodies.WithdrawalIn)
@navigators
def withdraw_request(enquiry_id: UUID, request_id: UUID, json_data: Json) -> Answer:
    """The employer takes its request back, or the part for one body."""
    return _withdraw(enquiry_id, request_id, json_data)


def _withdraw(enquiry_id: UUID, ground_id: UUID, data: Json) -> Answer:
    by, channel = staff_actor(), data.pop("channel")
    part = Part(**data)

    def run(work: Work) -> tuple[int, Json]:
        current = withdrawing.withdraw_at_desk(
            work, house().keys, by, enquiry_id, ground_id, channel=channel, part=part
        )
        return 201, enquiry_queries.ground_shown(current, work.today)

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/enterprise-requests")
@blueprint.input(bodies.EnterpriseRequestIn)
@navigators
def record_enterprise_request(enquiry_id: UUID, json_data: Json) -> Answer:
    """An employer asks to be put in touch with named bodies."""
    by = staff_actor()
    named = [(one["organization_id"], one["service_id"]) for one in json_data.pop("recipients")]
    form = RequestForm(**{**json_data, "recipients": named, "purposes": tuple(json_data["purposes"])})

    def run(work: Work) -> tuple[int, Json]:
        request = enterprise.record_enterprise_request(work, house(), by, enquiry_id, form)
        return 201, enquiry_queries.request_shown(request, work.today)

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/contact-cards")
@blueprint.input(bodies.ContactCardIn)
@navigators
def issue_contact_card(enquiry_id: UUID, json_data: Json) -> Answer:
    """The body's public contact details to take along; nothing is disclosed."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        card = enquiries.issue_contact_card(work, by, enquiry_id, json_data["service_id"], json_data["need_id"])
        return 201, {name: str(value) if isinstance(value, UUID) else value for name, value in card.items()}

    return once(run)
