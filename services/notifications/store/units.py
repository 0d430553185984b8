"""Write SQL about units: when they are left alone, and who takes their mail while nobody is there."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from contracts.codes import NoticeKind
from services.chassis.db import Connection
from services.notifications.domain.absence import Absence
from services.notifications.domain.hours import QuietHours
from services.notifications.store import Delivery, delivery_of

#: The row that speaks for every unit without one of its own.
EVERYBODY = UUID(int=0)


def quiet_hours(tx: Connection, organization_id: UUID) -> QuietHours | None:
    """The unit's own hours, else everybody's; none where mail is welcome at any time."""
    row = tx.execute(
        "SELECT quiet_from, quiet_until FROM unit_hours WHERE organization_id = ANY(%s)"
        " ORDER BY organization_id = %s LIMIT 1",
        ([organization_id, EVERYBODY], EVERYBODY),
    ).fetchone()
    if row is None or row["quiet_from"] is None:
        return None
    return QuietHours(row["quiet_from"], row["quiet_until"])


def rests(tx: Connection, organization_id: UUID, now: datetime) -> bool:
    """Is this an hour in which it wants no mail that can wait?"""
    quiet = quiet_hours(tx, organization_id)
    return quiet is not None and quiet.over(now) > now


def keep_quiet_hours(
    tx: Connection, organization_id: UUID, quiet: QuietHours | None, actor: str, now: datetime
) -> None:
    tx.execute(
        """
        INSERT INTO unit_hours (organization_id, quiet_from, quiet_until, set_by, set_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (organization_id) DO UPDATE SET quiet_from = EXCLUDED.quiet_from,
            quiet_until = EXCLUDED.quiet_until, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at""",
        (organization_id, quiet and quiet.begins, quiet and quiet.ends, actor, now),
    )


def add_absence(tx: Connection, absence: Absence, actor: str, now: datetime) -> None:
    tx.execute(
        """
        INSERT INTO unit_absences (absence_id, organization_id, from_on, until_on, substitute_mailbox, set_by, set_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)""",
        (
            absence.absence_id,
            absence.organization_id,
            absence.from_on,
            absence.until_on,
            absence.substitute_mailbox,
            actor,
            now,
        ),
    )


def overlaps(tx: Connection, absence: Absence) -> bool:
    """Whether somebody takes the mail on one of these days already; of two that ask at once one waits."""
    tx.execute("SELECT FROM organizations WHERE organization_id = %s FOR UPDATE", (absence.organization_id,))
    row = tx.execute(
        "SELECT FROM unit_absences WHERE organization_id = %s AND ended_at IS NULL"
        " AND from_on <= %s AND until_on >= %s LIMIT 1",
        (absence.organization_id, absence.until_on, absence.from_on),
    ).fetchone()
    return row is not None


def end_absence(tx: Connection, absence_id: UUID, today: date, now: datetime) -> UUID | None:
    """They are back early; whose absence that was, if it had not ended by itself."""
    row = tx.execute(
        "UPDATE unit_absences SET ended_at = %s WHERE absence_id = %s AND ended_at IS NULL AND until_on >= %s"
        " RETURNING organization_id",
        (now, absence_id, today),
    ).fetchone()
    return row["organization_id"] if row else None


def is_urgent(tx: Connection, referral_id: UUID) -> bool:
    row = tx.execute("SELECT FROM referrals WHERE referral_id = %s AND urgency = 'urgent'", (referral_id,)).fetchone()
    return row is not None


def claim_rest(
    tx: Connection, first: Delivery, kind: NoticeKind, now: datetime, until: datetime
) -> Sequence[tuple[Delivery, str | None, bool]]:
    """Everything else of this kind that waits for the unit by the same way, due already or not: with its number, and
    whether it is urgent; what is urgent first, then the oldest."""
    rows = tx.execute(
        """
        WITH taken AS (
            UPDATE deliveries d SET claimed_until = %s, state = 'pending', attempt = d.attempt + 1, step = d.step + 1,
                changed_at = %s
            FROM notices n WHERE n.notice_id = d.notice_id AND n.kind = %s AND d.organization_id = %s
            AND d.channel = %s AND d.state IN ('pending', 'failed') AND d.delivery_id <> %s
            AND (d.claimed_until IS NULL OR d.claimed_until < %s)
            RETURNING d.*, n.reference)
        SELECT taken.*, coalesce(r.urgency = 'urgent', false) AS urgent FROM taken
        LEFT JOIN referrals r ON r.referral_id = taken.referral_id ORDER BY urgent DESC, taken.made_at""",
        (until, now, kind.value, first.organization_id, first.channel.value, first.delivery_id, now),
    ).fetchall()
    return [(delivery_of(row), row["reference"], row["urgent"]) for row in rows]
