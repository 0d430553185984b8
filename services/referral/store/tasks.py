"""Tasks that are put off; how they are opened and closed stands with the timeline that opens them."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import Site, StaffRole
from services.chassis.errors import NotFoundError
from services.chassis.work import Work


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
