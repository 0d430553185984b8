"""What waits for a partner that rests, and what is taken back from one that has left."""

from datetime import datetime
from uuid import UUID

from contracts.codes import NoticeKind
from services.chassis.db import Connection
from services.notifications.domain.delivery import Move, states_before
from services.notifications.store import Delivery, delivery_of

_WAITING = [state.value for state in states_before(Move.WITHDRAW)]


def held_for_queue(tx: Connection, organization_id: UUID) -> list[tuple[Delivery, NoticeKind, bytes]]:
    """What was not put into the queue of a partner that rests, oldest first, with kind and bytes."""
    rows = tx.execute(
        """
        SELECT d.*, n.kind, n.body FROM deliveries d JOIN notices n USING (notice_id)
        WHERE d.organization_id = %s AND d.channel = 'amqp' AND d.state = 'pending' ORDER BY n.position
        FOR UPDATE OF d""",
        (organization_id,),
    )
    return [(delivery_of(row), NoticeKind(row["kind"]), bytes(row["body"])) for row in rows]


def waiting_for_partner(tx: Connection, organization_id: UUID, now: datetime) -> list[Delivery]:
    """What has not left for the partner itself and is not leaving now; a mail to its contact is not for its systems."""
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE organization_id = %s AND state = ANY(%s) AND channel <> 'contact'
        AND (claimed_until IS NULL OR claimed_until < %s) ORDER BY made_at FOR UPDATE""",
        (organization_id, _WAITING, now),
    )
    return [delivery_of(row) for row in rows]
