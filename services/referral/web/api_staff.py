"""The navigators' interface: enquiries, consents, referrals. Everything that writes is done once per key."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.validators import Range

from contracts.codes import Action, EnquirerKind, StaffRole, Status
from contracts.partner.dossier import EMPLOYER, PERSON
from contracts.referral import ConsentRecipient
from services.chassis.access import staff
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.web import expected_version, request_work, room
from services.chassis.work import Work
from services.referral.commands import consents, enquiries, matching, partners, referrals
from services.referral.commands.consents import ConsentForm
from services.referral.commands.referrals import Withheld
from services.referral.domain.capture import Custody
from services.referral.domain.referral import Referral
from services.referral.queries import enquiries as enquiry_queries
from services.referral.queries import referrals as referral_queries
from services.referral.store import persons
from services.referral.store.referrals import StaffActor
from services.referral.web import bodies
from services.referral.web.callers import house, json_body, once, staff_actor, validated, withheld

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint("api_staff", __name__, url_prefix="/referral/api/v1", tag="Staff")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


# --- enquiries --------------------------------------------------------------------------------------------------------


@blueprint.post("/enquiries")
@blueprint.input(bodies.EnquiryIn)
@blueprint.output(bodies.EnquiryOut, status_code=201)
@navigators
def record_enquiry(json_data: Json) -> Answer:
    """Take down who asks and what is needed."""
    by, kind = staff_actor(), json_data["enquirer"]
    schema = PERSON if kind is EnquirerKind.PERSON else EMPLOYER
    record = schema.dump(json_data[str(kind)])

    def run(work: Work) -> tuple[int, Json]:
        needs = [(need["topic"], need["urgency"]) for need in json_data["needs"]]
        found = enquiries.record_enquiry(
            work, house().keys.vault, by, enquirer=kind, site=json_data["site"], record=record, needs=needs
        )
        return 201, enquiry_queries.head(found)

    return once(run)


@blueprint.get("/enquiries/<uuid:enquiry_id>")
@blueprint.output(bodies.EnquiryOut)
@navigators
def enquiry(enquiry_id: UUID) -> Json:
    """The enquiry without a word about the person."""
    with room().unit.db.read() as connection:
        return enquiry_queries.enquiry(connection, enquiry_id, staff_actor())


@blueprint.get("/enquiries/<uuid:enquiry_id>/person")
@navigators
def person(enquiry_id: UUID) -> Json:
    """The record itself. That it is looked at is a fact before anything is shown."""
    by = staff_actor()
    with request_work() as work:
        found = enquiries.load(work, enquiry_id, by)
        record = persons.record_of(work.tx, house().keys.vault, found.person_id)
        enquiries.view_person(work, by, found, record)
    return {str(found.enquirer): record}


@blueprint.post("/enquiries/<uuid:enquiry_id>/needs")
@blueprint.input(bodies.FurtherNeedIn)
@blueprint.output(bodies.FurtherNeedOut, status_code=201)
@navigators
def add_need(enquiry_id: UUID, json_data: Json) -> Answer:
    """One more thing is needed."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        need = enquiries.add_need(work, by, enquiry_id, json_data["topic"], json_data["urgency"])
        return 201, {"id": str(need.id), "topic": need.topic, "urgency": need.urgency}

    return once(run)


@blueprint.get("/enquiries/<uuid:enquiry_id>/needs/<uuid:need_id>/suggestions")
@blueprint.input(bodies.AnswersQuery, location="query")
@navigators
def suggestions(enquiry_id: UUID, need_id: UUID, query_data: Json) -> Json:
    """Which services could help, why, and what would still have to be asked; answers settle such questions."""
    with request_work() as work:
        ranking = matching.suggest(work, house().keys.vault, staff_actor(), enquiry_id, need_id, query_data)
    return enquiry_queries.ranking_shown(ranking)


@blueprint.post("/enquiries/<uuid:enquiry_id>/rectifications")
@blueprint.input(bodies.RectificationIn)
@navigators
def rectify(enquiry_id: UUID, json_data: Json) -> Answer:
    """Correct the record; the answer does not repeat it."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        enquiries.rectify(work, house().keys, by, enquiry_id, bodies.changes_of(json_data))
        return 201, {"id": str(enquiry_id)}

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/erasures")
@staff(StaffRole.LEAD)
def erase(enquiry_id: UUID) -> Answer:
    """Destroy the person's key; ids, codes and times stay."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        enquiries.erase(work, by, enquiry_id)
        return 201, {"id": str(enquiry_id)}

    return once(run)


@blueprint.post("/persons/searches")
@blueprint.input(bodies.SearchIn)
@navigators
def search(json_data: Json) -> Json:
    """Enquiries of exactly this person at the own organization and site; a search is a view."""
    by = staff_actor()
    with request_work() as work:
        found = enquiries.search(work, house().keys.vault, by, **json_data)
    return {"enquiries": [str(one) for one in found]}


# --- grounds ----------------------------------------------------------------------------------------------------------


@blueprint.post("/enquiries/<uuid:enquiry_id>/consents")
@blueprint.input(bodies.ConsentIn)
@navigators
def give_consent(enquiry_id: UUID, json_data: Json) -> Answer:
    """A person consents to named recipients, purposes and categories."""
    by, form = staff_actor(), consent_form(json_data)

    def run(work: Work) -> tuple[int, Json]:
        given = consents.give_consent(work, house().keys, house().texts, by, enquiry_id, form)
        return 201, enquiry_queries.consent_shown(given)

    return once(run)


def consent_form(data: Mapping[str, Any]) -> ConsentForm:
    recipients = tuple(
        ConsentRecipient(**{**one, "purposes": tuple(one["purposes"]), "categories": tuple(one["categories"])})
        for one in data["recipients"]
    )
    custody = Custody(**data["custody"]) if data.get("custody") else None
    return ConsentForm(**{**data, "recipients": recipients, "custody": custody})


@blueprint.post("/enquiries/<uuid:enquiry_id>/consents/<uuid:consent_id>/withdrawals")
@blueprint.input(bodies.WithdrawalIn)
@navigators
def withdraw_consent(enquiry_id: UUID, consent_id: UUID, json_data: Json) -> Answer:
    """All of it, or the part for one organization."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        current = consents.withdraw_consent(work, house().keys, by, enquiry_id, consent_id, **json_data)
        return 201, enquiry_queries.consent_shown(current)

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/consents/<uuid:consent_id>/confirmations")
@blueprint.input(bodies.ConfirmationIn)
@navigators
def confirm_consent(enquiry_id: UUID, consent_id: UUID, json_data: Json) -> Answer:
    """What was said by word of mouth is confirmed in writing."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        confirmed = consents.confirm_consent(work, by, enquiry_id, consent_id, json_data["evidence_sha256"])
        return 201, enquiry_queries.consent_shown(confirmed)

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/enterprise-requests")
@blueprint.input(bodies.EnterpriseRequestIn)
@navigators
def record_enterprise_request(enquiry_id: UUID, json_data: Json) -> Answer:
    """An employer asks to be put in touch with named bodies."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        request = enquiries.record_enterprise_request(
            work,
            by,
            enquiry_id,
            recipients=[(one["organization_id"], one["service_id"]) for one in json_data["recipients"]],
            purposes=tuple(json_data["purposes"]),
            notice_given=json_data["notice_given"],
            valid_until=json_data["valid_until"],
        )
        return 201, {"id": str(request.id), "valid_until": request.valid_until.isoformat()}

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


# --- referrals --------------------------------------------------------------------------------------------------------


class BoardQuery(Schema):
    status = bodies.code(Status, load_default=None, allow_none=True)
    cursor = String(load_default=None)
    limit = Integer(load_default=referral_queries.PAGE, validate=Range(1, referral_queries.LARGEST_PAGE))


@blueprint.get("/referrals")
@blueprint.input(BoardQuery, location="query")
@navigators
def board(query_data: Json) -> Json:
    """The referrals of the own organization at the own site, last changed first."""
    with room().unit.db.read() as connection:
        return referral_queries.board(connection, staff_actor(), **query_data)


@blueprint.post("/referrals")
@blueprint.input(bodies.ReferralIn)
@blueprint.output(bodies.ReferralOut, status_code=201)
@navigators
def draft(json_data: Json) -> Answer:
    """Begin a referral for one need to one service."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        return 201, referral_queries.to_staff(referrals.draft(work, house().keys, by, **json_data))

    return once(run)


@blueprint.get("/referrals/<uuid:referral_id>")
@blueprint.output(bodies.ReferralOut)
@navigators
def referral(referral_id: UUID) -> Json:
    """Where it stands, what happened, what may be done now."""
    with room().unit.db.read() as connection:
        return referral_queries.case(connection, referral_id, staff_actor())


@blueprint.post("/referrals/<uuid:referral_id>/actions/<action>")
@blueprint.output(bodies.ReferralOut)
@blueprint.doc(summary="Do one of the allowed actions on the version seen")
@navigators
def act(referral_id: UUID, action: str) -> Answer:
    """Do one of the allowed actions; `If-Match` names the version that was seen."""
    by, version = staff_actor(), expected_version()
    if action not in STAFF_ACTIONS:
        raise _not_offered(action)
    known = Action(action)
    data = validated(bodies.ACTIONS[known], json_body())

    def run(work: Work) -> tuple[int, Json]:
        done = STAFF_ACTIONS[known](work, by, referral_id, version, data)
        if isinstance(done, Withheld):
            return withheld(done)
        return 200, referral_queries.to_staff(done)

    return once(run)


def _not_offered(action: str) -> RefusedError | NotFoundError:
    """A partner's or the engine's action is nobody's here; any other word is no action at all."""
    if action in list(Action):
        return RefusedError("lifecycle.not-allowed", action=action)
    return NotFoundError("referral.action-unknown")


Do = Callable[[Work, StaffActor, UUID, int, Json], Referral | Withheld]


def _prepare(work: Work, by: StaffActor, referral_id: UUID, version: int, data: Json) -> Referral:
    settings = house()
    return referrals.prepare(work, settings.keys, by, referral_id, version, undo_window=settings.undo_window, **data)


def _answer(work: Work, by: StaffActor, referral_id: UUID, version: int, data: Json) -> Referral | Withheld:
    known = {**PERSON.dump(data.get("person", {})), **EMPLOYER.dump(data.get("employer", {}))}
    return referrals.answer(
        work,
        house().keys,
        by,
        referral_id,
        version,
        question_id=data["question_id"],
        data=known,
        words=data["answer"],
    )


STAFF_ACTIONS: Mapping[Action, Do] = {
    Action.PREPARE: _prepare,
    Action.REVISE: lambda work, by, referral_id, version, data: referrals.revise(work, by, referral_id, version),
    Action.ANSWER: _answer,
    Action.CONCLUDE: lambda work, by, referral_id, version, data: referrals.conclude(
        work, by, referral_id, version, **data
    ),
    Action.CANCEL: lambda work, by, referral_id, version, data: referrals.cancel(
        work, house().keys, by, referral_id, version, **data
    ),
    Action.MARK_ENTERED_IN_ERROR: lambda work, by, referral_id, version, data: referrals.mark_entered_in_error(
        work, by, referral_id, version, **data
    ),
}


@blueprint.post("/referrals/<uuid:referral_id>/records")
@blueprint.input(bodies.RecordIn)
@blueprint.output(bodies.ReferralOut, status_code=201)
@navigators
def record_for_partner(referral_id: UUID, json_data: Json) -> Answer:
    """Write down what the partner told by telephone, letter or in person; marked by hand wherever it is shown."""
    by, details = staff_actor(), record_details(json_data)

    def run(work: Work) -> tuple[int, Json]:
        recorded = referrals.record_for_partner(work, house().keys, by, referral_id, None, **details)
        return 201, referral_queries.to_staff(recorded)

    return once(run)


@blueprint.post("/referrals/<uuid:referral_id>/prints")
@navigators
def print_dossier(referral_id: UUID) -> Json:
    """The handover sheet for a partner without a channel: a disclosure like a fetch, decided and committed first.

    Never kept as an answer to a key: what is shown here stands nowhere else in the open.
    """
    with request_work() as work:
        printed = partners.print_dossier(work, house().keys, referral_id, staff_actor())
    if isinstance(printed, Withheld):
        _, body = withheld(printed)
        raise RefusedError(body.pop("slug"), **body)
    return printed


def record_details(data: Mapping[str, Any]) -> Json:
    """The details that belong to the action, with the reason as a code of its list; any other is refused."""
    action = data["action"]
    head = {name: data[name] for name in ("action", "way", "told_on", "unit", "comment")}
    details = {name: value for name, value in data.items() if name not in head}
    foreign = set(details) - bodies.DETAILS.get(action, frozenset())
    if foreign:
        raise InvalidError("request.invalid", dict.fromkeys(sorted(foreign), "no-detail-of-this-action"))
    if action in bodies.REASONS:
        try:
            details["reason"] = bodies.REASONS[action](details.get("reason"))
        except ValueError:
            raise InvalidError("request.invalid", {"reason": "a-code-of-the-list"}) from None
        details["has_comment"] = bool(data["comment"])
    if "obstacles" in details:
        details["obstacles"] = tuple(details["obstacles"])
    return {**head, **details}


@blueprint.get("/tasks")
@navigators
def tasks() -> Json:
    """What waits on the desk."""
    with room().unit.db.read() as connection:
        return {"tasks": enquiry_queries.tasks(connection, staff_actor())}
