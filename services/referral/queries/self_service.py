"""What left this house about one person: her own account of it, drawn from referral's own tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.codes import DataCategory, DisclosurePoint, EnquirerKind, Purpose
from services.chassis.db import Connection
from services.referral.domain.explaining import Decision, Explanation, fit_of
from services.referral.domain.matching import OwnMeasureReason
from services.referral.domain.referral import Referral
from services.referral.domain.withdrawing import Named
from services.referral.store import referrals

#: So many rankings of a person are looked through, the newest first.
LONGEST_MEMORY = 50


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


def decisions(connection: Connection, person_id: UUID) -> dict[UUID, Decision]:
    """What was chosen for her by which referral, with the ranking each choice was held against."""
    rows = connection.execute(
        "SELECT c.referral_id, c.service_id, c.need_id, c.excluded_because, c.own_measure, m.suggestions, m.exclusions,"
        " c.own_measure_because"
        " FROM choices c JOIN referrals r ON r.id = c.referral_id JOIN matchings m ON m.id = c.matching_id"
        " WHERE r.person_id = %s",
        (person_id,),
    ).fetchall()
    return {
        row["referral_id"]: Decision(
            row["service_id"],
            row["need_id"],
            tuple(row["excluded_because"]),
            row["own_measure"],
            row["suggestions"],
            row["exclusions"],
            OwnMeasureReason(row["own_measure_because"]) if row["own_measure_because"] else None,
        )
        for row in rows
    }


def fits(
    connection: Connection, person_id: UUID, services: Iterable[tuple[UUID, Iterable[Purpose]]], until: datetime
) -> dict[UUID, Explanation]:
    """Why services were thought to fit when a consent was prepared: by the last ranking of the topic before that."""
    rows = connection.execute(
        "SELECT n.topic, m.suggestions || m.exclusions AS told FROM matchings m JOIN needs n ON n.id = m.need_id"
        " WHERE n.person_id = %s AND m.made_at <= %s ORDER BY m.made_at DESC, m.id DESC LIMIT %s",
        (person_id, until, LONGEST_MEMORY),
    ).fetchall()
    found: dict[UUID, Explanation] = {}
    for service_id, purposes in services:
        topics = set(purposes)
        on_topic = (fit_of(row["told"], service_id) for row in rows if row["topic"] in topics)
        fit = next((one for one in on_topic if one is not None), None)
        if fit is not None:
            found[service_id] = fit
    return found
