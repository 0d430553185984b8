"""Consent at the desk: who may see which data to what end, for how long; how it is taken back: `withdrawals`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import GivenBy, Purpose, StaffRole
from contracts.referral import ConsentRecipient
from services.chassis.access import staff, uploads
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.commands import matching, preparing, signing
from services.referral.commands.consents import ConsentForm
from services.referral.domain.capture import AT_THE_DESK
from services.referral.domain.drafting import Custody
from services.referral.store import directory
from services.referral.store.enquiries import load
from services.referral.web import recipients
from services.referral.web.callers import house, staff_actor
from services.referral.web.consent_drafts import answered, chosen, witness_typed
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names
from services.referral.web.recipients import Offered
from services.referral.web.scans import Scan, keep_scan, scanned

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


#: The guardian is a person or an association that is no body of the network.
NO_BODY = "none"


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("consent", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/consents")(give)
    return pages


def ticked_bodies(enquiry_id: UUID) -> list[Offered]:
    """The bodies whose boxes were ticked, as the directory offers them."""
    by = staff_actor()
    with room().unit.db.read() as connection:
        enquiry = load(connection, enquiry_id, site=by.site, organization_id=by.employer)
        found = recipients.named(connection, enquiry, Names(connection), request.form.getlist("recipients"))
    if not found:
        raise InvalidError("request.invalid", {"recipients": "at-least-one"})
    return found


def recipient_of(one: Offered) -> ConsentRecipient:
    """What was ticked for this body; only what its terms take can be."""
    ticked = set(request.form.getlist(f"categories/{one.name}"))
    level = request.form.get(f"back_level/{one.name}", one.level.value)
    is_check = one.purpose is Purpose.DOPPELPRUEFUNG
    return ConsentRecipient(
        organization_id=one.organization_id,
        service_id=one.service_id,
        purposes=(one.purpose,) if is_check else (Purpose.VERWEIS, one.purpose),
        categories=tuple(category for category in one.accepts if category.value in ticked),
        back_level=next((known for known in one.levels if known.value == level), one.level),
    )


def read_form(enquiry_id: UUID) -> ConsentForm:
    form = request.form
    return ConsentForm(
        given_by=chosen(tuple(GivenBy), form.get("given_by"), "given_by"),
        channel=chosen(AT_THE_DESK, form.get("channel"), "channel"),
        language=form.get("language", "de"),
        recipients=tuple(recipient_of(one) for one in ticked_bodies(enquiry_id)),
        person_id=id_of(form.get("person_id", ""), "person_id"),
        interpreter=form.get("interpreter") == "true",
        secrecy_release=form.get("secrecy_release") == "true",
        valid_until=day_of(form.get("valid_until", "")),
        custody=custody_of(form.get("holders", ""), form.get("guardian", "")),
        **witness_typed(),
    )


def id_of(typed: str, field: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise InvalidError("consent.incomplete", {field: "one-of-those-offered"}) from None


def day_of(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise InvalidError("consent.incomplete", {"valid_until": "a-day"}) from None


def custody_of(holders: str, guardian: str) -> Custody | None:
    """Who has custody of somebody under age; nothing said means that she is not.

    Of a guardian it has to be said which body it is, or that it is none of them: a Jugendamt that is Vormund cannot
    consent to itself as recipient.
    """
    if holders != "guardian":
        return Custody(holders=int(holders)) if holders in {"1", "2"} else None
    if guardian == NO_BODY:
        return Custody(guardianship=True)
    try:
        return Custody(guardianship=True, guardian_organization_id=UUID(guardian))
    except ValueError:
        raise InvalidError("consent.incomplete", {"custody": "which-body-is-guardian"}) from None


def guardians_offered(connection: Connection, offered: Iterable[Offered], names: Names) -> list[tuple[str, str]]:
    """Bodies that may be guardian and recipient at once: those of this form, and authorities like a Jugendamt."""
    authorities = (one.organization_id for one in directory.organizations(connection) if one.social_data_body)
    found = dict.fromkeys((*(one.organization_id for one in offered), *authorities))
    return sorted(((str(one), names.organization(one)) for one in found), key=lambda named: named[1])


@navigators
@uploads
def give(enquiry_id: UUID) -> Response:
    """Prepared and, unless only a form is wanted, signed at once; what is wrong is told with all that was typed."""
    try:
        done = take_down(enquiry_id, read_form(enquiry_id), scanned())
    except InvalidError as error:
        return answered(enquiry_id, error)
    return redirect(f"/referral/enquiries/{enquiry_id}?done={done}#consents", 303)


def take_down(enquiry_id: UUID, form: ConsentForm, scan: Scan) -> str:
    by, own = staff_actor(), house()
    only_prepare = request.form.get("step") == "prepare"

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        matching.suggest_for_consent(work, own.keys.vault, by, enquiry_id, form.person_id, form.recipients)
        drafted = preparing.prepare_consent(work, own, by, enquiry_id, form.draft)
        if not only_prepare:
            signed = replace(form.signing, document_id=keep_scan(work, drafted, scan))
            signing.complete_consent(work, own, drafted, signed)
        return 201, {"id": str(drafted.id)}

    once_per_form(by.actor, enquiry_id, "consent", run, file=scan.content)
    return "prepared" if only_prepare else "consent"
