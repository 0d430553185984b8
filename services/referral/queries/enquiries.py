"""Enquiries as they are shown, the services that could help, and what lies on the desk."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.codes import ConsentState
from services.chassis.db import Connection
from services.referral.domain.drafting import DraftedConsent
from services.referral.domain.grounds import Consent, EnterpriseRequest, Signature, request_state_on, state_on
from services.referral.domain.matching import Ranking
from services.referral.store import consents, drafts, enquiries
from services.referral.store.drafts import release_to_json
from services.referral.store.enquiries import Enquiry, Member, Need
from services.referral.store.recipients import recipient_to_json
from services.referral.store.referrals import StaffActor


def enquiry(connection: Connection, enquiry_id: UUID, by: StaffActor, on: date) -> dict[str, Any]:
    """The enquiry without a word about the person: needs, grounds, cards, referrals."""
    found = enquiries.load(connection, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=True)
    return shown(connection, found, on)


def shown(connection: Connection, found: Enquiry, on: date) -> dict[str, Any]:
    referrals = connection.execute(
        "SELECT id, reference, status, topic, service_id FROM referrals WHERE enquiry_id = %s ORDER BY drafted_on, id",
        (found.id,),
    ).fetchall()
    return {
        **head(found),
        "consents": [
            consent_shown(one, on)
            for member in found.members
            for one in consents.of_person(connection, member.person_id)
        ],
        "drafted_consents": [
            draft_shown(one) for member in found.members for one in drafts.of_person(connection, member.person_id)
        ],
        "enterprise_requests": [request_shown(one, on) for one in consents.requests_of(connection, found.person_id)],
        "referrals": [{**row, "id": str(row["id"]), "service_id": str(row["service_id"])} for row in referrals],
        "contact_cards": cards(connection, found.id),
    }


def _person_shown(found: Enquiry, one: Member) -> dict[str, Any]:
    return {"person_id": str(one.person_id), "relation": one.relation, "erased": one.person_id in found.erased}


def head(found: Enquiry) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "enquirer": found.enquirer,
        "site": found.site,
        "organization_id": str(found.organization_id),
        "person_id": str(found.person_id),
        "closed_at": found.closed_at.isoformat() if found.closed_at else None,
        "persons": [_person_shown(found, one) for one in found.members],
        "removed_persons": [_person_shown(found, one) for one in found.former],
        "needs": [need_shown(need) for need in found.needs],
    }


def need_shown(need: Need) -> dict[str, Any]:
    return {"id": str(need.id), "topic": need.topic, "urgency": need.urgency, "person_id": str(need.person_id)}


def recorded_at(connection: Connection, enquiry_id: UUID) -> datetime:
    """When it was taken down."""
    row = connection.execute("SELECT recorded_at FROM enquiries WHERE id = %s", (enquiry_id,)).fetchone()
    assert row is not None, "whoever asks has loaded it"
    found: datetime = row["recorded_at"]
    return found


def cards(connection: Connection, enquiry_id: UUID) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT id, organization_id, service_id, issued_at FROM contact_cards WHERE enquiry_id = %s ORDER BY issued_at",
        (enquiry_id,),
    )
    return [
        {
            "id": str(row["id"]),
            "organization_id": str(row["organization_id"]),
            "service_id": str(row["service_id"]),
            "issued_at": row["issued_at"].isoformat(),
        }
        for row in rows.fetchall()
    ]


def consent_shown(consent: Consent, on: date) -> dict[str, Any]:
    """A version of a consent with the state it is in."""
    return {
        "id": str(consent.id),
        "person_id": str(consent.person_id),
        "version": consent.version,
        "state": state_on(consent, on),
        "given_by": consent.given_by,
        "channel": consent.channel,
        "text_id": consent.text_id,
        "text_version": consent.text_version,
        "text_sha256": consent.text_sha256,
        "language": consent.language,
        "interpreter": consent.interpreter,
        "recipients": [recipient_to_json(one) for one in consent.recipients],
        "controllers": [str(one) for one in consent.controllers],
        "secrecy_releases": [release_to_json(one) for one in consent.secrecy_releases],
        "signatures": [signature_shown(one) for one in consent.signatures],
        "given_at": consent.given_at.isoformat(),
        "valid_from": consent.valid_from.isoformat(),
        "valid_until": consent.valid_until.isoformat(),
        "lapses_on": consent.lapses_on.isoformat() if consent.lapses_on and not consent.confirmed_at else None,
        "withdrawn": withdrawal_shown(consent),
    }


def ground_shown(ground: Consent | EnterpriseRequest, on: date) -> dict[str, Any]:
    """A consent's version, or an employer's request, with the state it is in."""
    if isinstance(ground, Consent):
        return consent_shown(ground, on)
    return request_shown(ground, on)


def withdrawal_shown(consent: Consent) -> dict[str, Any] | None:
    if consent.withdrawn_at is None:
        return None
    return {
        "at": consent.withdrawn_at.isoformat(),
        "by": consent.withdrawn_by,
        "channel": consent.withdrawn_channel,
    }


def signature_shown(one: Signature) -> dict[str, Any]:
    return {
        "signer": one.signer,
        "channel": one.channel,
        "text_id": one.text_id,
        "text_sha256": one.text_sha256,
        "language": one.language,
        "signed_on": one.signed_on.isoformat(),
        "evidence_sha256": one.evidence_sha256,
        "proof": one.proof,
        "waits_for_witness": one.waits_for_witness,
    }


def draft_shown(drafted: DraftedConsent) -> dict[str, Any]:
    """What waits to be signed; it carries nothing yet."""
    return {
        "id": str(drafted.id),
        "person_id": str(drafted.person_id),
        "version": drafted.version,
        "state": ConsentState.DRAFTED,
        "code": drafted.code,
        "given_by": drafted.given_by,
        "text_id": drafted.text_id,
        "text_version": drafted.text_version,
        "text_sha256": drafted.text_sha256,
        "terms_sha256": drafted.terms_sha256,
        "language": drafted.language,
        "interpreter": drafted.interpreter,
        "recipients": [recipient_to_json(one) for one in drafted.recipients],
        "controllers": [str(one) for one in drafted.controllers],
        "secrecy_releases": [release_to_json(one) for one in drafted.secrecy_releases],
        "signatures": [signature_shown(one) for one in drafted.signatures],
        "valid_from": drafted.valid_from.isoformat() if drafted.valid_from else None,
        "valid_until": drafted.valid_until.isoformat(),
    }


def request_shown(request: EnterpriseRequest, on: date) -> dict[str, Any]:
    """An employer's request with the state it is in, without a word about who asked."""
    return {
        "id": str(request.id),
        "state": request_state_on(request, on),
        "recipients": [
            {"organization_id": str(one), "service_id": str(service)} for one, service in request.recipients
        ],
        "purposes": list(request.purposes),
        "asked_by": request.asked_by,
        "asked_on": request.asked_on.isoformat() if request.asked_on else None,
        "ground": request.ground,
        "notice": {
            "text_id": request.notice_text_id,
            "version": request.notice_version,
            "sha256": request.notice_sha256,
            "language": request.notice_language,
        },
        "controllers": [str(one) for one in request.controllers],
        "valid_until": request.valid_until.isoformat(),
        "withdrawn_at": request.withdrawn_at.isoformat() if request.withdrawn_at else None,
    }


def ranking_shown(ranking: Ranking) -> dict[str, Any]:
    """Suggestions with their reasons, and what was excluded because of what, naming who could help instead."""
    return {
        "suggestions": [
            {
                "service_id": str(one.service_id),
                "organization_id": str(one.organization_id),
                "score": one.score,
                "fits": list(one.fits),
                "to_clarify": list(one.to_clarify),
                "own_measure": one.own_measure,
                "pass_on": one.pass_on,
                "blocked_because": one.blocked_because,
            }
            for one in ranking.suggestions
        ],
        "excluded": [
            {
                "service_id": str(one.service_id),
                "organization_id": str(one.organization_id),
                "because": list(one.because),
                "better_bodies": [str(body) for body in one.better_bodies],
                "fits": list(one.fits),
                "to_clarify": list(one.to_clarify),
                "score": one.score,
                "could_help": one.could_help,
                "card_given": one.card_given,
            }
            for one in ranking.exclusions
        ],
        "elsewhere": ranking.elsewhere,
        "place_needed": ranking.place_needed,
    }


def count_tasks(connection: Connection, by: StaffActor) -> int:
    """How many of them there are."""
    row = connection.execute(
        "SELECT count(*) AS many FROM tasks"
        " WHERE closed_at IS NULL AND site = %s AND organization_id = %s AND role = ANY(%s)",
        (by.site, by.employer, [str(role) for role in by.desks]),
    ).fetchone()
    return int(row["many"]) if row else 0


def tasks(connection: Connection, by: StaffActor, limit: int = 200) -> list[dict[str, Any]]:
    """What this caller may act on at the own organization's desk of this site, the most urgent first."""
    rows = connection.execute(
        "SELECT t.id, t.kind, coalesce(t.referral_id, c.referral_id) AS referral_id, t.enquiry_id, t.site, t.role,"
        " t.due_on, t.opened_at, r.reference, r.status, c.id AS clash_id, other.reference AS other_reference"
        " FROM tasks t LEFT JOIN appointment_clashes c ON c.task_id = t.id"
        " LEFT JOIN referrals r ON r.id = coalesce(t.referral_id, c.referral_id)"
        " LEFT JOIN referrals other ON other.id = c.other_referral_id"
        " WHERE t.closed_at IS NULL AND t.site = %s AND t.organization_id = %s AND t.role = ANY(%s)"
        " ORDER BY t.due_on, t.opened_at LIMIT %s",
        (by.site, by.employer, [str(role) for role in by.desks], limit),
    )
    return [
        {
            "id": str(row["id"]),
            "kind": row["kind"],
            "referral_id": str(row["referral_id"]) if row["referral_id"] else None,
            "enquiry_id": str(row["enquiry_id"]) if row["enquiry_id"] else None,
            "reference": row["reference"],
            "status": row["status"],
            "clash": {"id": str(row["clash_id"]), "with": row["other_reference"]} if row["clash_id"] else None,
            "site": row["site"],
            "role": row["role"],
            "due_on": row["due_on"].isoformat(),
            "opened_at": row["opened_at"].isoformat(),
        }
        for row in rows.fetchall()
    ]
