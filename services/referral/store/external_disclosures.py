"""What was told outside the system; the words for a recipient without an entry in the directory are sealed."""

from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import DataCategory, ExternalGround, Site
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.external_disclosure import ExternalDisclosure
from services.referral.store.referrals import StaffActor
from services.referral.store.subject_rights import scope

SELECT: LiteralString = """
SELECT d.*, persons.kind = 'business_contact' AS is_contact
FROM external_disclosures d JOIN persons ON persons.id = d.person_id WHERE """
#: Her own site and organization; data-protection officers have none and see all.
VISIBLE: LiteralString = "(%s::text IS NULL OR d.site = %s) AND (%s::uuid IS NULL OR d.organization_id = %s)"


def place(disclosure_id: UUID) -> str:
    """What the sealed words are bound to."""
    return f"external_disclosures/{disclosure_id}"


def add(work: Work, one: ExternalDisclosure) -> None:
    work.tx.execute(
        "INSERT INTO external_disclosures (id, enquiry_id, person_id, site, organization_id, ground, categories,"
        " told_at, recipient_id, sealed, recorded_by, recorded_at, confirm_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            one.id,
            one.enquiry_id,
            one.person_id,
            one.site,
            one.organization_id,
            one.ground,
            [str(category) for category in one.categories],
            one.told_at,
            one.recipient_id,
            one.sealed,
            one.recorded_by,
            one.recorded_at,
            one.confirm_by,
        ),
    )


def load(work: Work, disclosure_id: UUID, *, visible_to: StaffActor | None) -> ExternalDisclosure:
    """The disclosure, locked, if it is this organization's at this site; the clock sees all."""
    row = work.tx.execute(
        SELECT + "d.id = %s AND " + VISIBLE + " FOR UPDATE OF d", (disclosure_id, *scope(visible_to))
    ).fetchone()
    if row is None:
        raise NotFoundError("external-disclosure.unknown")
    return from_row(row)


def save(work: Work, one: ExternalDisclosure) -> None:
    work.tx.execute(
        "UPDATE external_disclosures SET confirmed_by = %s, confirmed_at = %s, withheld_until = %s, withheld_by = %s,"
        " task_id = %s WHERE id = %s",
        (one.confirmed_by, one.confirmed_at, one.withheld_until, one.withheld_by, one.task_id, one.id),
    )


def from_row(row: Mapping[str, Any]) -> ExternalDisclosure:
    return ExternalDisclosure(
        id=row["id"],
        enquiry_id=row["enquiry_id"],
        person_id=row["person_id"],
        site=Site(row["site"]),
        organization_id=row["organization_id"],
        ground=ExternalGround(row["ground"]),
        categories=tuple(DataCategory(one) for one in row["categories"]),
        told_at=row["told_at"],
        recipient_id=row["recipient_id"],
        sealed=row["sealed"],
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
        confirm_by=row["confirm_by"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
        task_id=row["task_id"],
        withheld_until=row["withheld_until"],
        withheld_by=row["withheld_by"],
        is_contact=row["is_contact"],
    )


def listed(
    connection: Connection, by: StaffActor | None, *, is_open: bool, limit: int = 200
) -> list[ExternalDisclosure]:
    """What is to be confirmed, the most urgent first; or what has been, the newest first."""
    order: LiteralString = "d.confirm_by, d.recorded_at, d.id" if is_open else "d.confirmed_at DESC, d.id"
    rows = connection.execute(
        SELECT + "(d.confirmed_at IS NULL) = %s AND " + VISIBLE + " ORDER BY " + order + " LIMIT %s",
        (is_open, *scope(by), limit),
    )
    return [from_row(row) for row in rows.fetchall()]


def held_back(connection: Connection, by: StaffActor | None, today: date) -> list[ExternalDisclosure]:
    """What the person does not hear of yet, the soonest to end first."""
    rows = connection.execute(
        SELECT + "d.withheld_until >= %s AND " + VISIBLE + " ORDER BY d.withheld_until, d.id", (today, *scope(by))
    )
    return [from_row(row) for row in rows.fetchall()]


def of_enquiry(connection: Connection, enquiry_id: UUID) -> list[ExternalDisclosure]:
    rows = connection.execute(SELECT + "d.enquiry_id = %s ORDER BY d.told_at DESC, d.id", (enquiry_id,))
    return [from_row(row) for row in rows.fetchall()]


def of_person(connection: Connection, person_id: UUID) -> list[ExternalDisclosure]:
    rows = connection.execute(SELECT + "d.person_id = %s ORDER BY d.told_at DESC, d.id", (person_id,))
    return [from_row(row) for row in rows.fetchall()]


def unconfirmed(connection: Connection, today: date, limit: int) -> list[tuple[UUID, date]]:
    """Nobody confirmed it in time, and nobody was told of that yet."""
    rows = connection.execute(
        "SELECT id, confirm_by FROM external_disclosures WHERE confirmed_at IS NULL AND task_id IS NULL"
        " AND confirm_by < %s ORDER BY confirm_by, id LIMIT %s",
        (today, limit),
    )
    return [(row["id"], row["confirm_by"]) for row in rows.fetchall()]
