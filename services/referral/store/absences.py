"""Desks that are closed for some days, and who works at them meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import Site, StaffRole
from services.chassis.db import Connection
from services.chassis.work import Work


@dataclass(frozen=True, slots=True)
class DeskAbsence:
    """From the first to the last day, both included; of one role at the desk, or of everybody."""

    id: UUID
    organization_id: UUID
    site: Site
    substitute: Site
    from_on: date
    until_on: date
    role: StaffRole | None = None

    def counts(self, today: date) -> bool:
        return self.from_on <= today <= self.until_on

    def concerns(self, role: StaffRole) -> bool:
        """Whether somebody in this role may stand in: a lead for a lead, and for everybody whoever works there."""
        return self.role in (None, role)


#: Not ended early, and not yet over.
STANDING: LiteralString = (
    "SELECT * FROM desk_absences WHERE organization_id = %s AND ended_at IS NULL AND until_on >= %s"
)
ACTING: LiteralString = (
    "SELECT a.* FROM standing_in s JOIN desk_absences a ON a.id = s.absence_id WHERE s.actor = %s"
    " AND a.organization_id = %s AND a.substitute = %s AND a.ended_at IS NULL AND %s BETWEEN a.from_on AND a.until_on"
    " AND (a.role IS NULL OR a.role = %s)"
)


def add(work: Work, absence: DeskAbsence) -> None:
    work.tx.execute(
        "INSERT INTO desk_absences (id, organization_id, site, substitute, from_on, until_on, role, set_by, set_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            absence.id,
            absence.organization_id,
            absence.site,
            absence.substitute,
            absence.from_on,
            absence.until_on,
            absence.role,
            work.actor,
            work.now,
        ),
    )


def clashes(work: Work, absence: DeskAbsence) -> bool:
    """Whether on one of these days either is away already, or this one is to work for another; roles apart."""
    work.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('desk_absences', 0))")
    row = work.tx.execute(
        "SELECT FROM desk_absences WHERE organization_id = %s AND ended_at IS NULL AND from_on <= %s AND until_on >= %s"
        " AND (site = ANY(%s) OR substitute = %s) AND (role IS NULL OR %s::text IS NULL OR role = %s) LIMIT 1",
        (
            absence.organization_id,
            absence.until_on,
            absence.from_on,
            [absence.site.value, absence.substitute.value],
            absence.site,
            absence.role,
            absence.role,
        ),
    ).fetchone()
    return row is not None


def end(work: Work, absence_id: UUID, organization_id: UUID) -> bool:
    """They are back early; False if it is another organization's, or over already."""
    return (
        work.tx.execute(
            "UPDATE desk_absences SET ended_at = %s WHERE id = %s AND organization_id = %s AND ended_at IS NULL"
            " AND until_on >= %s",
            (work.now, absence_id, organization_id, work.today),
        ).rowcount
        == 1
    )


def standing(connection: Connection, organization_id: UUID, today: date) -> Sequence[DeskAbsence]:
    """Present ones and those to come, soonest first."""
    rows = connection.execute(STANDING + " ORDER BY from_on, id", (organization_id, today)).fetchall()
    return [_absence(row) for row in rows]


def acting_for(
    connection: Connection, actor: str, organization_id: UUID, own_site: Site, today: date, role: StaffRole | None
) -> DeskAbsence | None:
    """For which desk somebody works today instead of the own one, if for any."""
    row = connection.execute(ACTING, (actor, organization_id, own_site, today, role)).fetchone()
    return _absence(row) if row else None


def begin(work: Work, absence_id: UUID) -> None:
    work.tx.execute(
        "INSERT INTO standing_in (actor, absence_id, since) VALUES (%s, %s, %s)"
        " ON CONFLICT (actor) DO UPDATE SET absence_id = EXCLUDED.absence_id, since = EXCLUDED.since",
        (work.actor, absence_id, work.now),
    )


def stop(work: Work) -> UUID | None:
    """Back at the own desk; for which absence that was."""
    row = work.tx.execute("DELETE FROM standing_in WHERE actor = %s RETURNING absence_id", (work.actor,)).fetchone()
    return row["absence_id"] if row else None


def _absence(row: Any) -> DeskAbsence:
    return DeskAbsence(
        row["id"],
        row["organization_id"],
        Site(row["site"]),
        Site(row["substitute"]),
        row["from_on"],
        row["until_on"],
        StaffRole(row["role"]) if row["role"] else None,
    )
