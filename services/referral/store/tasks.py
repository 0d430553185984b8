"""Tasks that are put off; how they are opened and closed stands with the timeline that opens them."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import Site, StaffRole
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work

PLANNED: LiteralString = """
WITH planned AS (
    SELECT task_id, enquiry_id, person_id FROM case_notes
    UNION ALL SELECT task_id, enquiry_id, person_id FROM plan_goals
    UNION ALL SELECT s.task_id, g.enquiry_id, g.person_id FROM plan_steps s JOIN plan_goals g ON g.id = s.goal_id)
SELECT t.id FROM tasks t WHERE t.enquiry_id = %(enquiry)s AND t.closed_at IS NULL AND t.id IN (
    SELECT task_id FROM planned WHERE enquiry_id = %(enquiry)s
        AND (%(person)s::uuid IS NULL OR person_id = %(person)s))"""


def load_open(
    work: Work, task_id: UUID, *, site: Site | None, organization_id: UUID | None, roles: Collection[StaffRole]
) -> Mapping[str, Any]:
    """The open task, locked, if it lies on one of these desks."""
    row = work.tx.execute(
        "SELECT id, kind, due_on, snoozed_until FROM tasks WHERE id = %s AND site = %s AND organization_id = %s"
        " AND role = ANY(%s) AND closed_at IS NULL FOR UPDATE",
        (task_id, site, organization_id, [*map(str, roles)]),
    ).fetchone()
    if row is None:
        raise NotFoundError("task.unknown")
    return row


def snooze(work: Work, task_id: UUID, until: date) -> None:
    work.tx.execute(
        "UPDATE tasks SET snoozed_until = %s, snoozed_by = %s, snoozed_at = %s WHERE id = %s",
        (until, work.actor, work.now, task_id),
    )


def wake(work: Work, task_id: UUID) -> None:
    work.tx.execute(
        "UPDATE tasks SET snoozed_until = NULL, snoozed_by = NULL, snoozed_at = NULL WHERE id = %s", (task_id,)
    )


def planned(connection: Connection, enquiry_id: UUID, person_id: UUID | None = None) -> list[UUID]:
    """What lies on the desk because somebody at it planned it, of a case or of one person in it."""
    rows = connection.execute(PLANNED, {"enquiry": enquiry_id, "person": person_id}).fetchall()
    return [row["id"] for row in rows]
