"""Write SQL about what is stuck: a group of deliveries, locked, and giving one up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import DiscardReason
from services.chassis.db import Connection
from services.notifications.domain.delivery import STUCK
from services.notifications.domain.group import Group
from services.notifications.store import Delivery, delivery_of

_STUCK = [state.value for state in STUCK]


def of_group(tx: Connection, group: Group, after: UUID | None, limit: int) -> list[Delivery]:
    """The next deliveries of the group, locked; what another operator or the dispatcher holds just now is left out."""
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE state = ANY(%(stuck)s)
        AND (%(organization)s::uuid IS NULL OR organization_id = %(organization)s)
        AND (%(channel)s::text IS NULL OR channel = %(channel)s)
        AND (%(state)s::text IS NULL OR state = %(state)s)
        AND (%(cause)s::text IS NULL OR cause = %(cause)s)
        AND (%(after)s::uuid IS NULL OR delivery_id > %(after)s)
        ORDER BY delivery_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED""",
        {
            "stuck": _STUCK,
            "organization": group.organization_id,
            "channel": group.channel,
            "state": group.state,
            "cause": group.cause,
            "after": after,
            "limit": limit,
        },
    )
    return [delivery_of(row) for row in rows]


def untold(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """What was parked and the lead has not been told of, by partner and cause; the most first."""
    return connection.execute(
        """
        SELECT organization_id, o.name, d.channel, coalesce(d.cause, 'unknown') AS cause, count(*) AS count,
            min(d.changed_at) AS since, array_agg(d.delivery_id) AS delivery_ids
        FROM deliveries d JOIN organizations o USING (organization_id)
        WHERE d.state = 'parked' AND (d.parked_told_at IS NULL OR d.parked_told_at < d.changed_at)
        GROUP BY organization_id, o.name, d.channel, d.cause ORDER BY count(*) DESC, organization_id"""
    ).fetchall()


def told(tx: Connection, delivery_ids: Sequence[UUID], now: datetime) -> None:
    tx.execute(
        "UPDATE deliveries SET parked_told_at = %s WHERE delivery_id = ANY(%s) AND state = 'parked'",
        (now, list(delivery_ids)),
    )


def cause_of(tx: Connection, delivery: Delivery) -> str:
    row = tx.execute("SELECT cause FROM deliveries WHERE delivery_id = %s", (delivery.delivery_id,)).fetchone()
    return str(row["cause"]) if row and row["cause"] else "unknown"


def give_up(tx: Connection, delivery: Delivery, reason: DiscardReason) -> None:
    """Before its state says so: a delivery given up always has its reason."""
    tx.execute("UPDATE deliveries SET discard_reason = %s WHERE delivery_id = %s", (reason, delivery.delivery_id))
