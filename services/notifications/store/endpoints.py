"""Write SQL about webhooks: the secrets that sign them, and how their receivers fare."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.codes import ChannelKind
from services.chassis.db import Connection
from services.notifications.domain.delivery import Move, states_before
from services.notifications.domain.endpoint import SWITCHED_OFF, Endpoint
from services.notifications.store import Delivery, delivery_of

SECRETS_AT_MOST = 5
_PARKABLE = [state.value for state in states_before(Move.PARK)]


def load(tx: Connection, organization_id: UUID) -> Endpoint:
    """How the webhook fares, locked until the end of the transaction; one nobody called yet fares well."""
    row = tx.execute(
        """
        SELECT failing_since, cause, disabled_at FROM webhook_endpoints WHERE organization_id = %s FOR UPDATE""",
        (organization_id,),
    ).fetchone()
    return Endpoint() if row is None else Endpoint(row["failing_since"], row["cause"], row["disabled_at"])


def keep(tx: Connection, organization_id: UUID, endpoint: Endpoint) -> None:
    """Write down how it fares; who is switched off anew has told nobody yet."""
    tx.execute(
        """
        INSERT INTO webhook_endpoints AS known (organization_id, failing_since, cause, disabled_at)
        VALUES (%s, %s, %s, %s) ON CONFLICT (organization_id) DO UPDATE SET failing_since = EXCLUDED.failing_since,
            cause = EXCLUDED.cause, disabled_at = EXCLUDED.disabled_at,
            lead_told_at = CASE WHEN known.disabled_at = EXCLUDED.disabled_at THEN known.lead_told_at END,
            contact_told_at = CASE WHEN known.disabled_at = EXCLUDED.disabled_at THEN known.contact_told_at END""",
        (organization_id, endpoint.failing_since, endpoint.cause, endpoint.disabled_at),
    )


def forgive_moved(tx: Connection, organization_id: UUID, webhook_url: str | None, version: int) -> None:
    """Another address has not failed yet; switched off it stays."""
    tx.execute(
        """
        UPDATE webhook_endpoints SET failing_since = NULL, cause = NULL
        WHERE organization_id = %s AND disabled_at IS NULL AND EXISTS (SELECT FROM organizations AS known
            WHERE known.organization_id = webhook_endpoints.organization_id AND known.version < %s
            AND known.webhook_url IS DISTINCT FROM %s)""",
        (organization_id, version, webhook_url),
    )


def is_disabled(tx: Connection, organization_id: UUID) -> bool:
    row = tx.execute(
        "SELECT FROM webhook_endpoints WHERE organization_id = %s AND disabled_at IS NOT NULL", (organization_id,)
    ).fetchone()
    return row is not None


def waiting(tx: Connection, organization_id: UUID, now: datetime) -> list[Delivery]:
    """Webhook deliveries that are not under way at this moment and would be tried again."""
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE organization_id = %s AND channel = %s AND state = ANY(%s)
        AND (claimed_until IS NULL OR claimed_until < %s) ORDER BY made_at FOR UPDATE""",
        (organization_id, ChannelKind.WEBHOOK.value, _PARKABLE, now),
    )
    return [delivery_of(row) for row in rows]


def held(tx: Connection, organization_id: UUID) -> list[Delivery]:
    """What was parked because the webhook was switched off."""
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE organization_id = %s AND state = 'parked' AND cause = %s
        ORDER BY made_at FOR UPDATE""",
        (organization_id, SWITCHED_OFF),
    )
    return [delivery_of(row) for row in rows]


# --- who has to be told ---------------------------------------------------------------------------------------------


def untold(tx: Connection) -> Sequence[Mapping[str, Any]]:
    """Webhooks that were switched off, and whom that is still news to."""
    return tx.execute(
        """
        SELECT e.organization_id, e.cause, e.lead_told_at, e.contact_told_at, o.contact, o.name
        FROM webhook_endpoints e JOIN organizations o USING (organization_id)
        WHERE e.disabled_at IS NOT NULL AND (e.lead_told_at IS NULL OR e.contact_told_at IS NULL)
        ORDER BY e.disabled_at LIMIT 100"""
    ).fetchall()


def told(tx: Connection, organization_id: UUID, *, lead: bool, contact: bool, now: datetime) -> None:
    tx.execute(
        """
        UPDATE webhook_endpoints SET lead_told_at = CASE WHEN %s THEN coalesce(lead_told_at, %s) END,
            contact_told_at = CASE WHEN %s THEN coalesce(contact_told_at, %s) END WHERE organization_id = %s""",
        (lead, now, contact, now, organization_id),
    )


# --- secrets --------------------------------------------------------------------------------------------------------


def keep_secret(
    tx: Connection, organization_id: UUID, sealed: bytes, actor: str, now: datetime, old_until: datetime | None
) -> bool:
    """Sign with this one from now on, and with the one before until `old_until`; True if there was one before.

    Those replaced earlier keep their own time: a change made twice, its first answer lost, silences nobody. Without a
    time the ones before are known to others, and end at once.
    """
    before = tx.execute(
        "SELECT sealed FROM webhook_secrets WHERE organization_id = %s FOR UPDATE", (organization_id,)
    ).fetchone()
    tx.execute(
        "DELETE FROM webhook_old_secrets WHERE organization_id = %s AND until < %s",
        (organization_id, now if old_until else datetime.max.replace(tzinfo=UTC)),
    )
    if before is not None and old_until is not None:
        tx.execute(
            "INSERT INTO webhook_old_secrets (organization_id, sealed, until) VALUES (%s, %s, %s)",
            (organization_id, before["sealed"], old_until),
        )
    tx.execute(
        """
        INSERT INTO webhook_secrets (organization_id, sealed, set_by, set_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (organization_id) DO UPDATE SET sealed = EXCLUDED.sealed, set_by = EXCLUDED.set_by,
            set_at = EXCLUDED.set_at""",
        (organization_id, sealed, actor, now),
    )
    return before is not None


def secrets_in_force(connection: Connection, organization_id: UUID, now: datetime) -> list[bytes]:
    """The sealed secrets that sign now, the newest first; no more than a receiver wants to look at."""
    rows = connection.execute(
        """
        SELECT sealed FROM (
            SELECT sealed, 'infinity'::timestamptz AS until FROM webhook_secrets WHERE organization_id = %(of)s
            UNION ALL SELECT sealed, until FROM webhook_old_secrets WHERE organization_id = %(of)s AND until > %(now)s
        ) AS known ORDER BY until DESC LIMIT %(most)s""",
        {"of": organization_id, "now": now, "most": SECRETS_AT_MOST},
    )
    return [bytes(row["sealed"]) for row in rows]
