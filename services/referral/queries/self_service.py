"""What left this house about one person: her own account of it, drawn from referral's own tables."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.codes import DataCategory, DisclosurePoint, EnquirerKind, Purpose
from services.chassis.db import Connection
from services.referral.domain.referral import Referral
from services.referral.domain.withdrawing import Named
from services.referral.store import referrals


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Data that left: when, for what, which kinds, and on which consent."""

    referral_id: UUID
    at: datetime
    point: DisclosurePoint
    purpose: Purpose
    categories: tuple[DataCategory, ...]
    consent_id: UUID | None
    consent_version: int | None


def disclosures(connection: Connection, person_id: UUID) -> list[Disclosure]:
    """Only what really left - fetched, printed, answered - not what was merely allowed; newest first."""
    rows = connection.execute(
        "SELECT referral_id, decided_at, point, purpose, categories, ground_id, ground_version FROM decisions"
        " WHERE person_id = %s AND disclosed ORDER BY decided_at DESC, id DESC",
        (person_id,),
    ).fetchall()
    return [
        Disclosure(
            row["referral_id"],
            row["decided_at"],
            DisclosurePoint(row["point"]),
            Purpose(row["purpose"]),
            tuple(DataCategory(one) for one in row["categories"]),
            row["ground_id"],
            row["ground_version"],
        )
        for row in rows
    ]


def holders(connection: Connection, person_id: UUID) -> frozenset[Named]:
    """Who has data about somebody and has not said yet what became of all of it: organizations and their services."""
    rows = connection.execute(
        "SELECT DISTINCT organization_id, service_id FROM referrals"
        " WHERE person_id = %s AND fetched_at IS NOT NULL AND deletion IS NULL",
        (person_id,),
    ).fetchall()
    return frozenset((row["organization_id"], row["service_id"]) for row in rows)


def her_referrals(connection: Connection, person_id: UUID) -> list[Referral]:
    return [one for one in referrals.of_person(connection, person_id) if one.enquirer is EnquirerKind.PERSON]
