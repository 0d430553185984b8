"""Persons' pseudonyms, by which duplicate care is asked about: kept by period, matched against two, then forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import Site, Topic
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.pseudonyms import Facets, Identity, facets, pseudonyms
from services.referral.vault import Vault

#: Running referrals of the same person at these controllers on one topic, whoever took her down and how.
SAME_MATTER = """
SELECT r.id, r.site, r.sender_id, r.enquiry_id, r.person_id FROM referrals r
WHERE r.topic = %(topic)s AND r.sender_id = ANY(%(controllers)s)
    AND r.status = ANY(%(running)s) AND r.id IS DISTINCT FROM %(besides)s AND r.person_id IN (
        SELECT %(person)s::uuid UNION SELECT p.person_id FROM pseudonyms p JOIN persons ON persons.id = p.person_id
        WHERE persons.erased_at IS NULL AND (p.period = %(period)s AND p.kept && %(now)s::bytea[]
                                             OR p.period = %(last)s AND p.kept && %(then)s::bytea[]))
ORDER BY r.id"""


@dataclass(frozen=True, slots=True)
class Found:
    """A running referral of whoever may be the same person; for us, not for a desk."""

    referral_id: UUID
    site: Site
    sender_id: UUID
    enquiry_id: UUID
    person_id: UUID


def period_of(day: date) -> str:
    """The quarter a day lies in."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def period_before(day: date) -> str:
    quarter = (day.month + 2) // 3
    return f"{day.year}-Q{quarter - 1}" if quarter > 1 else f"{day.year - 1}-Q4"


def identity_of(record: Mapping[str, Any]) -> Identity:
    born = record.get("birth_date")
    return Identity(
        str(record.get("given_name") or ""),
        str(record.get("family_name") or ""),
        date.fromisoformat(str(born)) if born else None,
        record.get("phone"),
        record.get("email"),
    )


def keep(work: Work, vault: Vault, person_id: UUID, record: Mapping[str, Any]) -> None:
    """What another record of hers would ask for, under this quarter's key; what was kept before is replaced."""
    period = period_of(work.today)
    forget(work, person_id)
    if kept := made(vault, record, period):
        work.tx.execute(
            "INSERT INTO pseudonyms (person_id, period, kept) VALUES (%s, %s, %s)", (person_id, period, kept)
        )


def made(vault: Vault, record: Mapping[str, Any], period: str) -> list[bytes]:
    """What is kept of a record for one period, under the current service key."""
    return sorted(pseudonyms(facets(identity_of(record)), vault.pseudonym_keys(period)[0]).kept)


def periods_of(connection: Connection, person_id: UUID) -> list[str]:
    rows = connection.execute("SELECT period FROM pseudonyms WHERE person_id = %s", (person_id,)).fetchall()
    return [row["period"] for row in rows]


def put(connection: Connection, person_id: UUID, period: str, kept: list[bytes]) -> None:
    """Replace what is kept for a period, where something still is."""
    connection.execute(
        "UPDATE pseudonyms SET kept = %s WHERE person_id = %s AND period = %s", (kept, person_id, period)
    )


def forget(work: Work, person_id: UUID) -> None:
    work.tx.execute("DELETE FROM pseudonyms WHERE person_id = %s", (person_id,))


def current(day: date) -> list[str]:
    """The periods whose pseudonyms answer."""
    return [period_of(day), period_before(day)]


def are_over(connection: Connection, day: date) -> bool:
    row = connection.execute("SELECT FROM pseudonyms WHERE period <> ALL(%s) LIMIT 1", (current(day),)).fetchone()
    return row is not None


def expire(work: Work) -> None:
    """Delete what neither this quarter's nor the last one's key made."""
    work.tx.execute("DELETE FROM pseudonyms WHERE period <> ALL(%s)", (current(work.today),))


def to_renew(connection: Connection, day: date, limit: int) -> list[UUID]:
    """Persons in an open enquiry who are not known under this quarter's key yet."""
    rows = connection.execute(
        "SELECT DISTINCT p.person_id FROM pseudonyms p JOIN enquiries e ON e.person_id = p.person_id"
        " JOIN persons ON persons.id = p.person_id"
        " WHERE p.period = %s AND e.closed_at IS NULL AND persons.erased_at IS NULL LIMIT %s",
        (period_before(day), limit),
    )
    return [row["person_id"] for row in rows]


def same_matter(
    connection: Connection,
    vault: Vault,
    record: Mapping[str, Any],
    on: date,
    *,
    person_id: UUID,
    controllers: Sequence[UUID],
    topic: Topic,
    besides: UUID | None = None,
) -> list[Found]:
    """Running referrals on this topic of whoever may be this person."""
    who = facets(identity_of(record))
    period, last = period_of(on), period_before(on)
    params = {
        "topic": topic,
        "controllers": list(controllers),
        "running": [str(status) for status in RUNNING],
        "besides": besides,
        "person": person_id,
        "period": period,
        "now": sought(who, vault, period),
        "last": last,
        "then": sought(who, vault, last),
    }
    return [
        Found(row["id"], Site(row["site"]), row["sender_id"], row["enquiry_id"], row["person_id"])
        for row in connection.execute(SAME_MATTER, params).fetchall()
    ]


def sought(who: Facets, vault: Vault, period: str) -> list[bytes]:
    """What is asked for in one period, under every service key that may have made an answer."""
    return [one for key in vault.pseudonym_keys(period) for one in sorted(pseudonyms(who, key).asked)]


def is_known_enough(record: Mapping[str, Any]) -> bool:
    return facets(identity_of(record)).is_telling
