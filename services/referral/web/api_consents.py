"""The navigators' interface to consents: prepared, signed by everybody who has to, witnessed, confirmed, declined."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from contracts.codes import DraftEnd, StaffRole
from contracts.referral import ConsentRecipient
from services.chassis.access import staff
from services.chassis.work import Work
from services.referral.commands import consents, preparing, signing
from services.referral.commands.consents import ConsentForm
from services.referral.commands.preparing import DraftForm
from services.referral.commands.signing import Signing
from services.referral.domain.drafting import Custody, DraftedConsent
from services.referral.domain.grounds import Consent
from services.referral.queries.enquiries import consent_shown, draft_shown
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor

Json = dict[str, Any]
Answer = tuple[Json, int]

blueprint = APIBlueprint(
    "api_consents", __name__, url_prefix="/referral/api/v1/enquiries/<uuid:enquiry_id>", tag="Consents"
)
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@blueprint.post("/consents")
@blueprint.input(bodies.ConsentIn)
@navigators
def give_consent(enquiry_id: UUID, json_data: Json) -> Answer:
    """Prepared and agreed to in one step; still drafted where somebody else has to agree as well."""
    by, form = staff_actor(), ConsentForm(**terms_of(json_data))

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(work, consents.give_consent(work, house(), by, enquiry_id, form))

    return once(run)


@blueprint.post("/consent-drafts")
@blueprint.input(bodies.DraftIn)
@navigators
def prepare(enquiry_id: UUID, json_data: Json) -> Answer:
    """Everything but the signatures: to be printed, shown or linked. Nothing may leave on it yet."""
    by, form = staff_actor(), DraftForm(**terms_of(json_data))

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(work, preparing.prepare_consent(work, house(), by, enquiry_id, form))

    return once(run)


@blueprint.post("/consents/<uuid:consent_id>/signatures")
@blueprint.input(bodies.SignatureIn)
@navigators
def sign(enquiry_id: UUID, consent_id: UUID, json_data: Json) -> Answer:
    """One of those who have to agrees; the consent is in force once nobody is missing."""
    by, signed = staff_actor(), Signing(**json_data)

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(work, signing.sign_consent(work, house(), by, enquiry_id, consent_id, signed))

    return once(run)


@blueprint.post("/consents/<uuid:consent_id>/witnesses")
@navigators
def witness(enquiry_id: UUID, consent_id: UUID) -> Answer:
    """The second member of staff confirms in her own session what she heard."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(work, signing.witness_consent(work, house(), by, enquiry_id, consent_id))

    return once(run)


@blueprint.post("/consents/<uuid:consent_id>/refusals")
@navigators
def decline(enquiry_id: UUID, consent_id: UUID) -> Answer:
    """Somebody who has to agree does not: the draft comes to nothing, and nothing else follows from it."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        preparing.end_draft(work, by, enquiry_id, consent_id, DraftEnd.DECLINED)
        return 201, {"id": str(consent_id), "state": DraftEnd.DECLINED}

    return once(run)


@blueprint.post("/consents/<uuid:consent_id>/confirmations")
@blueprint.input(bodies.ConfirmationIn)
@navigators
def confirm_consent(enquiry_id: UUID, consent_id: UUID, json_data: Json) -> Answer:
    """What was said by word of mouth is confirmed in writing."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        confirmed = consents.confirm_consent(work, house(), by, enquiry_id, consent_id, json_data["document_id"])
        return 201, shown(work, confirmed)

    return once(run)


def shown(work: Work, found: Consent | DraftedConsent) -> Json:
    return draft_shown(found) if isinstance(found, DraftedConsent) else consent_shown(found, work.today)


def terms_of(data: Mapping[str, Any]) -> Json:
    recipients = tuple(
        ConsentRecipient(**{**one, "purposes": tuple(one["purposes"]), "categories": tuple(one["categories"])})
        for one in data["recipients"]
    )
    custody = Custody(**data["custody"]) if data.get("custody") else None
    return {**data, "recipients": recipients, "custody": custody}
