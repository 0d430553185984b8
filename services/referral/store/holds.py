"""Legal holds: whose data must not be deleted yet, why - in a code, and in sealed words - and until when.

Statements are put together from fixed parts, never from what comes in.
"""
# ruff: noqa: S608

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from contracts.codes import HoldReason, Site
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.vault import PersonKey


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold as it was set; it holds through its last day unless somebody lifts it."""

    id: UUID
    person_id: UUID
    enquiry_id: UUID
    reason: HoldReason
    until: date
    set_by: str
    set_at: datetime
    lifted_at: datetime | None = None

    def stands_on(self, day: date) -> bool:
        return self.lifted_at is None and day <= self.until


COLUMNS: LiteralString = "h.id, h.person_id, h.enquiry_id, h.reason, h.until, h.set_by, h.set_at, h.lifted_at"


def add(work: Work, key: PersonKey, hold: Hold, words: str) -> None:
    work.tx.execute(
        "INSERT INTO legal_holds (id, person_id, enquiry_id, reason, sealed, until, set_by, set_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            hold.id,
            hold.person_id,
            hold.enquiry_id,
            hold.reason,
            key.seal(_place(hold.id), words.encode()),
            hold.until,
            hold.set_by,
            hold.set_at,
        ),
    )


def lift(work: Work, hold_id: UUID) -> None:
    work.tx.execute(
        "UPDATE legal_holds SET lifted_at = %s, lifted_by = %s WHERE id = %s", (work.now, work.actor, hold_id)
    )


def load(
    connection: Connection, hold_id: UUID, *, site: Site | None, organization_id: UUID | None, lock: bool = False
) -> Hold:
    """A hold on somebody of the own organization at the own site."""
    suffix: LiteralString = " FOR UPDATE OF h" if lock else ""
    row = connection.execute(
        "SELECT " + COLUMNS + " FROM legal_holds h JOIN enquiries e ON e.id = h.enquiry_id"
        " WHERE h.id = %s AND e.site = %s AND e.organization_id = %s" + suffix,
        (hold_id, site, organization_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("hold.unknown")
    return _hold(row)


def of_person(connection: Connection, person_id: UUID, on: date) -> list[Hold]:
    """The holds that stand on this day, the longest first."""
    rows = connection.execute(
        "SELECT " + COLUMNS + " FROM legal_holds h"
        " WHERE h.person_id = %s AND h.lifted_at IS NULL AND h.until >= %s ORDER BY h.until DESC",
        (person_id, on),
    )
    return [_hold(row) for row in rows.fetchall()]


def standing(connection: Connection, on: date, *, site: Site | None, organization_id: UUID | None) -> list[Hold]:
    """All that stand; of one desk, or (no desk named) of all."""
    rows = connection.execute(
        "SELECT " + COLUMNS + " FROM legal_holds h JOIN enquiries e ON e.id = h.enquiry_id"
        " WHERE h.lifted_at IS NULL AND h.until >= %s"
        " AND (%s::uuid IS NULL OR (e.organization_id = %s AND e.site = %s)) ORDER BY h.until, h.id LIMIT 500",
        (on, organization_id, organization_id, site),
    )
    return [_hold(row) for row in rows.fetchall()]


def words_of(connection: Connection, key: PersonKey, hold_id: UUID) -> str:
    row = connection.execute("SELECT sealed FROM legal_holds WHERE id = %s", (hold_id,)).fetchone()
    return key.open(_place(hold_id), row["sealed"]).decode() if row and row["sealed"] else ""


def _hold(row: dict[str, object]) -> Hold:
    return Hold(**{**row, "reason": HoldReason(str(row["reason"]))})  # type: ignore[arg-type]


def _place(hold_id: UUID) -> str:
    return f"legal_holds/{hold_id}"
