"""Write SQL about partners' keys and channels that wait for a second person. Which it is stays with the directory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.directory import (
    PartnerChannelHandedIn,
    PartnerChannelSettled,
    PartnerKeyConfirmed,
    PartnerKeyHandedIn,
)
from services.chassis.db import Connection

#: A channel waits among the keys, and is told of in one mail with them.
CHANNEL = "channel"
WAITS = """
INSERT INTO waiting_keys (organization_id, thumbprint, use, handed_in_at) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
WAITS_NO_LONGER = "DELETE FROM waiting_keys WHERE organization_id = %s AND thumbprint = %s AND use = %s"


def wait(tx: Connection, event: PartnerKeyHandedIn, now: datetime) -> None:
    tx.execute(WAITS, (event.organization_id, event.thumbprint, event.use.value, now))


def confirmed(tx: Connection, event: PartnerKeyConfirmed) -> None:
    tx.execute(WAITS_NO_LONGER, (event.organization_id, event.thumbprint, event.use.value))


def channel_waits(tx: Connection, event: PartnerChannelHandedIn, now: datetime) -> None:
    tx.execute(WAITS, (event.organization_id, event.thumbprint, CHANNEL, now))


def channel_settled(tx: Connection, event: PartnerChannelSettled) -> None:
    tx.execute(WAITS_NO_LONGER, (event.organization_id, event.thumbprint, CHANNEL))


def untold(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Whose keys and channels wait without anybody having been told, how many, and since when."""
    return connection.execute(
        """
        SELECT k.organization_id, coalesce(o.name, '{}') AS name, count(*) AS count, min(k.handed_in_at) AS since,
            max(k.handed_in_at) AS until
        FROM waiting_keys k LEFT JOIN organizations o USING (organization_id)
        WHERE k.told_at IS NULL GROUP BY k.organization_id, o.name ORDER BY min(k.handed_in_at), k.organization_id"""
    ).fetchall()


def told(tx: Connection, until: datetime, now: datetime) -> None:
    """Of everything handed in until then somebody has been told."""
    tx.execute("UPDATE waiting_keys SET told_at = %s WHERE told_at IS NULL AND handed_in_at <= %s", (now, until))
