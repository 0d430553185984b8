"""Referral's web application."""

from uuid import UUID

from apiflask import APIBlueprint, APIFlask

from contracts.codes import DiscardReason, ParkedOutcome, StaffRole
from contracts.event import Code, Slug
from contracts.referral import ParkedSettled, SessionEnded, SignedIn, SignedOut, SignInRefused
from services.chassis.config import Settings
from services.chassis.parking import Parked
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit
from services.referral import config
from services.referral.config import ReferralSettings
from services.referral.store.timeline import tell_refusal
from services.referral.web import (
    absences,
    agreements,
    api_absences,
    api_consents,
    api_documents,
    api_enclosures,
    api_enquiries,
    api_external_disclosures,
    api_helpers,
    api_holding,
    api_household,
    api_partner,
    api_receipts,
    api_referrals,
    api_rights,
    appointments,
    board,
    breaches,
    case,
    clashes,
    company_requests,
    consent_drafts,
    consent_form,
    consent_texts_page,
    contact_cards,
    desk,
    desk_units,
    documents,
    double_funding,
    duplicate_figures,
    duplicate_matters,
    enclosures,
    enquiry,
    enquiry_sheet,
    erasure,
    external_disclosures,
    fhir,
    funder_report,
    further_needs,
    handover,
    helping,
    holding,
    intake,
    key_custody,
    ledger,
    names,
    notes,
    obstacles,
    operator,
    person_links,
    plan,
    processing,
    protection,
    rectification,
    resolutions,
    resting,
    retention,
    roster,
    self_service,
    several,
    steering,
    subject_access,
    subject_requests,
    tasks,
    why,
    withdrawals,
    worklist,
)
from services.referral.web.description import complete
from services.referral.web.limits import Limits

NAVIGATORS = frozenset({StaffRole.NAVIGATOR.value, StaffRole.LEAD.value})
GUARDIANS = frozenset({StaffRole.LEAD.value, StaffRole.DPO.value})
STEERING = frozenset({StaffRole.COORDINATOR.value, StaffRole.LEAD.value})
OPERATORS = frozenset({StaffRole.OPERATIONS.value})
HELPERS = frozenset({StaffRole.HELPER.value})
NAVIGATION = (
    NavigationItem("Action needed", "/referral/", NAVIGATORS),
    NavigationItem("Tracking", "/referral/tracking", NAVIGATORS),
    NavigationItem("Units without a system", "/referral/desk-units", NAVIGATORS),
    NavigationItem("Directory", "/directory/", frozenset(role.value for role in StaffRole) - HELPERS),
    NavigationItem("Data protection", "/referral/data-protection/", GUARDIANS),
    NavigationItem("Steering figures", "/referral/steering", STEERING),
    NavigationItem("Parked messages", "/referral/operator/parked", OPERATORS),
    NavigationItem("Your appointment", "/referral/help", HELPERS),
)


def settled(settlement_id: UUID, item: Parked, outcome: ParkedOutcome, reason: str | None) -> ParkedSettled:
    return ParkedSettled(
        settlement_id=settlement_id,
        event_id=item.event_id,
        outcome=outcome,
        cause=Code(item.reason),
        reason=DiscardReason(reason) if reason else None,
    )


FACTS = SecurityFacts(
    refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count),
    signed_in=lambda session_id, caller: SignedIn(
        session_id=session_id, role=caller.role or StaffRole.NAVIGATOR, site=caller.site
    ),
    signed_out=lambda session_id: SignedOut(session_id=session_id),
    session_ended=lambda session_id, how: SessionEnded(session_id=session_id, how=how),
    met=roster.met,
    settled=settled,
)


def interfaces() -> tuple[APIBlueprint, ...]:
    """What programs ask for here, room by room."""
    return (
        api_documents.blueprint,
        api_enclosures.blueprint,
        api_holding.blueprint,
        api_rights.blueprint,
        api_enquiries.blueprint,
        api_consents.blueprint,
        api_household.blueprint,
        api_referrals.blueprint,
        api_partner.blueprint,
        api_receipts.blueprint,
        fhir.blueprint,
        operator.blueprint,
        desk_units.api,
        subject_access.api,
        api_external_disclosures.blueprint,
        api_absences.blueprint,
        duplicate_matters.api,
        clashes.api,
        api_helpers.blueprint,
    )


def pages() -> tuple[APIBlueprint, ...]:
    """What people look at here, room by room."""
    return (
        desk.blueprint(),
        desk_units.blueprint(),
        worklist.blueprint(),
        tasks.blueprint(),
        board.blueprint(),
        absences.blueprint(),
        handover.blueprint(),
        case.blueprint(),
        appointments.blueprint(),
        clashes.blueprint(),
        helping.blueprint(),
        documents.blueprint(),
        enclosures.blueprint(),
        *of_enquiries(),
        resolutions.blueprint(),
        retention.blueprint(),
        consent_form.blueprint(),
        company_requests.blueprint(),
        consent_texts_page.blueprint(),
        consent_drafts.blueprint(),
        contact_cards.blueprint(),
        withdrawals.blueprint(),
        processing.blueprint(),
        protection.blueprint(),
        key_custody.blueprint(),
        ledger.blueprint(),
        agreements.blueprint(),
        breaches.blueprint(),
        self_service.blueprint(),
        subject_access.blueprint(),
        subject_requests.blueprint(),
        rectification.blueprint(),
        erasure.blueprint(),
        external_disclosures.blueprint(),
        duplicate_matters.blueprint(),
        duplicate_figures.blueprint(),
        double_funding.blueprint(),
        steering.blueprint(),
        funder_report.blueprint(),
        person_links.blueprint(),
    )


def of_enquiries() -> tuple[APIBlueprint, ...]:
    """How an enquiry is taken down, shown and gone on with."""
    return (
        intake.blueprint(),
        enquiry.blueprint(),
        enquiry_sheet.blueprint(),
        further_needs.blueprint(),
        several.blueprint(),
        obstacles.blueprint(),
        notes.blueprint(),
        plan.blueprint(),
        holding.blueprint(),
    )


def create_app(
    settings: Settings, unit: Unit, *, issuer_keys: IssuerKeys | None = None, own: ReferralSettings | None = None
) -> APIFlask:
    """Pages for navigators and light-path units, interfaces for staff and partners, the operators' door."""
    unit.tell_refusal = tell_refusal
    own = own or config.load(settings)
    app = create_chassis_app(
        "referral",
        settings,
        unit,
        blueprints=(*interfaces(), *pages()),
        facts=FACTS,
        navigation=NAVIGATION,
        issuer_keys=issuer_keys,
        status=key_custody.status,
        upload_bytes=own.document_bytes + documents.FORM_BYTES,
    )
    names.prepare(app)
    why.prepare(app)
    resting.prepare(app)
    absences.prepare(app)
    app.after_request(fhir.speak_fhir)
    app.extensions["referral-limits"] = Limits()
    app.extensions["referral"] = own
    app.spec_processor(complete)  # type: ignore[arg-type]  # ours is a mapping, never YAML text
    return app
