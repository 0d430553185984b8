"""Write SQL about organizations that are to be asked whether their entries are still true."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.chassis.db import Connection


def keep(tx: Connection, ask_id: UUID, organization_id: UUID, services: int, now: datetime, *, reminder: bool) -> None:
    """Note whom to ask; heard again it is the same question."""
    tx.execute(
        """
        INSERT INTO asked_organizations (ask_id, reminder, organization_id, services, heard_at)
        VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
        (ask_id, reminder, organization_id, services, now),
    )


def untold(tx: Connection, today: date, limit: int) -> Sequence[Mapping[str, Any]]:
    """Whom nobody has written to yet, the oldest first, each with the mailbox to write to: of the desk that gets its
    mail - on days when nobody is there, of its substitute -, else of the contact named in the agreement."""
    return tx.execute(
        """
        SELECT asked.ask_id, asked.reminder, asked.organization_id, asked.services,
            coalesce((SELECT substitute_mailbox FROM unit_absences a WHERE a.ended_at IS NULL
                AND a.organization_id = o.organization_id AND %s BETWEEN a.from_on AND a.until_on LIMIT 1),
                o.unit_mailbox, o.contact) AS mailbox
        FROM asked_organizations asked LEFT JOIN organizations o USING (organization_id)
        WHERE asked.told_at IS NULL ORDER BY asked.heard_at, asked.ask_id LIMIT %s""",
        (today, limit),
    ).fetchall()


def tried(tx: Connection, row: Mapping[str, Any], cause: str | None, told_at: datetime | None) -> bool:
    """How it went; with a time it is over. False if somebody else had written it down."""
    written = tx.execute(
        """
        UPDATE asked_organizations SET cause = %s, told_at = %s
        WHERE ask_id = %s AND reminder = %s AND told_at IS NULL""",
        (cause, told_at, row["ask_id"], row["reminder"]),
    )
    return written.rowcount == 1
