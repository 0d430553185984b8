"""Who has referrals running with a partner, and what lies on desks about its agreement and its keys."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.codes import Site, TaskKind
from services.chassis.db import Connection
from services.referral.domain.lifecycle import RUNNING


@dataclass(frozen=True, slots=True)
class DeskTask:
    """One open task about a partner's agreement or its keys."""

    id: UUID
    kind: TaskKind
    due_on: date
    site: Site
    organization_id: UUID


def desks(connection: Connection, partner_id: UUID) -> list[tuple[Site, UUID]]:
    """The sites and organizations whose referrals run with this partner."""
    rows = connection.execute(
        "SELECT DISTINCT site, sender_id FROM referrals WHERE organization_id = %s AND status = ANY(%s)"
        " ORDER BY site, sender_id",
        (partner_id, [str(status) for status in RUNNING]),
    ).fetchall()
    return [(Site(row["site"]), row["sender_id"]) for row in rows]


def open_tasks(connection: Connection, kinds: Collection[TaskKind]) -> list[DeskTask]:
    """All of them: a handful at most, since a deployment has few partners where something runs out."""
    rows = connection.execute(
        "SELECT id, kind, due_on, site, organization_id FROM tasks WHERE kind = ANY(%s) AND closed_at IS NULL",
        ([str(kind) for kind in kinds],),
    ).fetchall()
    return [
        DeskTask(row["id"], TaskKind(row["kind"]), row["due_on"], Site(row["site"]), row["organization_id"])
        for row in rows
    ]
