"""Enquiries as they are shown, the services that could help, and what lies on the desk."""

from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.referral.domain.grounds import Consent
from services.referral.domain.matching import Ranking
from services.referral.store import consents, enquiries
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor


def enquiry(connection: Connection, enquiry_id: UUID, by: StaffActor) -> dict[str, Any]:
    """The enquiry without a word about the person: needs, grounds, cards, referrals."""
    return shown(connection, enquiries.load(connection, enquiry_id, site=by.site, organization_id=by.employer))


def shown(connection: Connection, found: Enquiry) -> dict[str, Any]:
    referrals = connection.execute(
        "SELECT id, reference, status, topic, service_id FROM referrals WHERE enquiry_id = %s ORDER BY drafted_on, id",
        (found.id,),
    ).fetchall()
    return {
        **head(found),
        "consents": [consent_shown(one) for one in consents.of_person(connection, found.person_id)],
        "referrals": [{**row, "id": str(row["id"]), "service_id": str(row["service_id"])} for row in referrals],
        "contact_cards": cards(connection, found.id),
    }


def head(found: Enquiry) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "enquirer": found.enquirer,
        "site": found.site,
        "organization_id": str(found.organization_id),
        "person_id": str(found.person_id),
        "needs": [{"id": str(need.id), "topic": need.topic, "urgency": need.urgency} for need in found.needs],
    }


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


def consent_shown(consent: Consent) -> dict[str, Any]:
    """A version of a consent with the state it is in."""
    return {
        "id": str(consent.id),
        "version": consent.version,
        "state": state_of(consent),
        "given_by": consent.given_by,
        "channel": consent.channel,
        "text_id": consent.text_id,
        "text_sha256": consent.text_sha256,
        "language": consent.language,
        "interpreter": consent.interpreter,
        "recipients": [consents.recipient_to_json(one) for one in consent.recipients],
        "given_at": consent.given_at.isoformat(),
        "valid_from": consent.valid_from.isoformat(),
        "valid_until": consent.valid_until.isoformat(),
        "lapses_on": consent.lapses_on.isoformat() if consent.lapses_on and not consent.confirmed_at else None,
    }


def state_of(consent: Consent) -> str:
    if consent.withdrawn_at is not None:
        return "withdrawn"
    return "superseded" if consent.superseded_at is not None else "given"


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
            }
            for one in ranking.exclusions
        ],
    }


def tasks(connection: Connection, by: StaffActor, limit: int = 200) -> list[dict[str, Any]]:
    """What waits on the desk of this organization at this site, the most urgent first."""
    rows = connection.execute(
        "SELECT t.id, t.kind, t.referral_id, t.enquiry_id, t.role, t.due_on, t.opened_at, r.reference, r.status"
        " FROM tasks t LEFT JOIN referrals r ON r.id = t.referral_id"
        " WHERE t.closed_at IS NULL AND t.site = %s AND t.organization_id = %s ORDER BY t.due_on, t.opened_at LIMIT %s",
        (by.site, by.employer, limit),
    )
    return [
        {
            "id": str(row["id"]),
            "kind": row["kind"],
            "referral_id": str(row["referral_id"]) if row["referral_id"] else None,
            "enquiry_id": str(row["enquiry_id"]) if row["enquiry_id"] else None,
            "reference": row["reference"],
            "status": row["status"],
            "role": row["role"],
            "due_on": row["due_on"].isoformat(),
            "opened_at": row["opened_at"].isoformat(),
        }
        for row in rows.fetchall()
    ]
