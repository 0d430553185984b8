"""Write SQL about what is stuck: a group of deliveries, locked, and giving one up."""

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


def cause_of(tx: Connection, delivery: Delivery) -> str:
    row = tx.execute("SELECT cause FROM deliveries WHERE delivery_id = %s", (delivery.delivery_id,)).fetchone()
    return str(row["cause"]) if row and row["cause"] else "unknown"


def give_up(tx: Connection, delivery: Delivery, reason: DiscardReason) -> None:
    """Before its state says so: a delivery given up always has its reason."""
    tx.execute("UPDATE deliveries SET discard_reason = %s WHERE delivery_id = %s", (reason, delivery.delivery_id))
