"""All write SQL of notifications."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import ChannelKind, NoticeKind, Participation, Status
from services.chassis.db import Connection
from services.notifications.domain.delivery import Move, State, states_before


@dataclass(frozen=True, slots=True)
class Organization:
    organization_id: UUID
    channel: ChannelKind
    webhook_url: str | None
    unit_mailbox: str | None
    name: Mapping[str, str] = field(default_factory=dict)
    #: The mailbox named in the agreement.
    contact: str | None = None
    participation: Participation = Participation.TAKING_PART


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is worked with: whom, about what, how far."""

    delivery_id: UUID
    notice_id: UUID
    referral_id: UUID
    organization_id: UUID
    channel: ChannelKind
    state: State
    attempt: int
    step: int = 0


#: The channel of the database on which it is said for whom there is a notice.
BELL = "notices"
_WAITING = [state.value for state in states_before(Move.WITHDRAW)]
_RESENDABLE = [state.value for state in states_before(Move.RESEND)]
_CONFIRMABLE = [state.value for state in states_before(Move.CONFIRM)]


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        row["delivery_id"],
        row["notice_id"],
        row["referral_id"],
        row["organization_id"],
        ChannelKind(row["channel"]),
        State(row["state"]),
        row["attempt"],
        row["step"],
    )


# --- what is known of organizations and referrals -------------------------------------------------------------------


def keep_organization(tx: Connection, organization: Organization, version: int) -> None:
    """Keep the newest version; one that comes late changes nothing."""
    tx.execute(
        """
        INSERT INTO organizations
            (organization_id, version, channel, webhook_url, unit_mailbox, name, contact, participation)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (organization_id) DO UPDATE SET version = EXCLUDED.version, channel = EXCLUDED.channel,
            webhook_url = EXCLUDED.webhook_url, unit_mailbox = EXCLUDED.unit_mailbox, name = EXCLUDED.name,
            contact = EXCLUDED.contact, participation = EXCLUDED.participation
        WHERE organizations.version < EXCLUDED.version""",
        (
            organization.organization_id,
            version,
            organization.channel.value,
            organization.webhook_url,
            organization.unit_mailbox,
            Jsonb(dict(organization.name)),
            organization.contact,
            organization.participation.value,
        ),
    )


def organization(tx: Connection, organization_id: UUID) -> Organization | None:
    row = tx.execute(
        "SELECT organization_id, channel, webhook_url, unit_mailbox, name, contact, participation FROM organizations"
        " WHERE organization_id = %s",
        (organization_id,),
    ).fetchone()
    if row is None:
        return None
    return Organization(
        row["organization_id"],
        ChannelKind(row["channel"]),
        row["webhook_url"],
        row["unit_mailbox"],
        row["name"],
        row["contact"],
        Participation(row["participation"]),
    )


def keep_referral(
    tx: Connection,
    referral_id: UUID,
    organization_id: UUID,
    status: Status,
    reference: str | None = None,
    urgency: str | None = None,
) -> None:
    tx.execute(
        """
        INSERT INTO referrals (referral_id, organization_id, reference, status, urgency) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (referral_id) DO UPDATE SET status = EXCLUDED.status,
            organization_id = EXCLUDED.organization_id,
            reference = coalesce(EXCLUDED.reference, referrals.reference),
            urgency = coalesce(EXCLUDED.urgency, referrals.urgency)""",
        (referral_id, organization_id, reference, status.value, urgency),
    )


def referral(tx: Connection, referral_id: UUID) -> tuple[str | None, Status | None]:
    """The number people use for it and where it stands, as far as heard."""
    row = tx.execute("SELECT reference, status FROM referrals WHERE referral_id = %s", (referral_id,)).fetchone()
    return (None, None) if row is None else (row["reference"], Status(row["status"]))


# --- notices and deliveries -----------------------------------------------------------------------------------------


def add_notice(
    tx: Connection,
    *,
    notice_id: UUID,
    caused_by: UUID,
    referral_id: UUID,
    organization_id: UUID,
    kind: NoticeKind,
    reference: str | None,
    body: bytes,
    now: datetime,
) -> bool:
    """Keep a notice; False if this event has already made it.

    The lock makes positions become visible in their order: a reader that has seen 7 will never later find a 6.
    Who waits for the partner's news hears of it at the commit.
    """
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('notices', 0))")
    row = tx.execute(
        """
        INSERT INTO notices (notice_id, caused_by, referral_id, organization_id, kind, reference, body, made_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (caused_by, organization_id, kind) DO NOTHING
        RETURNING position, pg_notify(%s, organization_id::text)""",
        (notice_id, caused_by, referral_id, organization_id, kind.value, reference, body, now, BELL),
    ).fetchone()
    return row is not None


def add_delivery(tx: Connection, delivery: Delivery, due_at: datetime | None, now: datetime) -> None:
    tx.execute(
        """
        INSERT INTO deliveries (delivery_id, notice_id, referral_id, organization_id, channel, state, attempt, due_at,
            made_at, changed_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            delivery.delivery_id,
            delivery.notice_id,
            delivery.referral_id,
            delivery.organization_id,
            delivery.channel.value,
            delivery.state.value,
            delivery.attempt,
            due_at,
            now,
            now,
        ),
    )


def add_attempt(
    tx: Connection,
    delivery: Delivery,
    *,
    number: int,
    began_at: datetime,
    latency_ms: int,
    status_code: int | None,
    cause: str | None,
) -> bool:
    """Write the attempt down; False if it stood there already, and whatever follows from it was done then."""
    written = tx.execute(
        """
        INSERT INTO attempts (delivery_id, number, began_at, latency_ms, succeeded, status_code, cause)
        VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
        (delivery.delivery_id, number, began_at, latency_ms, cause is None, status_code, cause),
    )
    return written.rowcount == 1


def change(
    tx: Connection,
    delivery: Delivery,
    state: State,
    *,
    now: datetime,
    due_at: datetime | None = None,
    cause: str | None = None,
) -> None:
    """Write the new state; whoever held it lets go."""
    tx.execute(
        """
        UPDATE deliveries SET state = %s, due_at = %s, claimed_until = NULL, cause = %s, changed_at = %s
        WHERE delivery_id = %s""",
        (state.value, due_at, cause, now, delivery.delivery_id),
    )


def restart(tx: Connection, delivery: Delivery, now: datetime) -> None:
    """Begin a new ladder."""
    tx.execute("UPDATE deliveries SET step = 0 WHERE delivery_id = %s", (delivery.delivery_id,))
    change(tx, delivery, State.PENDING, now=now, due_at=now)


def leave(tx: Connection, delivery: Delivery, now: datetime) -> None:
    """It was handed over: the state, and how often that was tried by now."""
    tx.execute(
        "UPDATE deliveries SET attempt = %s, step = %s WHERE delivery_id = %s",
        (delivery.attempt, delivery.step, delivery.delivery_id),
    )
    change(tx, delivery, delivery.state, now=now)


def left_since(
    tx: Connection, organization_id: UUID, since: datetime, after: int, now: datetime, limit: int
) -> list[tuple[int, Delivery, NoticeKind, bytes]]:
    """Deliveries by queue or webhook of notices made since then, with place, kind and bytes; none that is leaving."""
    rows = tx.execute(
        """
        SELECT d.*, n.position, n.kind, n.body FROM deliveries d JOIN notices n USING (notice_id)
        WHERE n.organization_id = %s AND n.made_at >= %s AND n.position > %s AND n.withdrawn_at IS NULL
        AND d.channel IN ('amqp', 'webhook') AND d.state = ANY(%s)
        AND (d.claimed_until IS NULL OR d.claimed_until < %s) ORDER BY n.position LIMIT %s FOR UPDATE OF d""",
        (organization_id, since, after, _RESENDABLE, now, limit),
    )
    return [(row["position"], delivery_of(row), NoticeKind(row["kind"]), bytes(row["body"])) for row in rows]


def load(tx: Connection, delivery_id: UUID) -> Delivery | None:
    """A delivery, locked until the end of the transaction."""
    row = tx.execute("SELECT * FROM deliveries WHERE delivery_id = %s FOR UPDATE", (delivery_id,)).fetchone()
    return None if row is None else delivery_of(row)


def waiting_for_referral(
    tx: Connection, referral_id: UUID, now: datetime, kinds: Collection[NoticeKind]
) -> list[Delivery]:
    """What of these kinds has not left yet and is not leaving at this moment."""
    rows = tx.execute(
        """
        SELECT d.* FROM deliveries d JOIN notices n USING (notice_id) WHERE d.referral_id = %s AND d.state = ANY(%s)
        AND n.kind = ANY(%s) AND (d.claimed_until IS NULL OR d.claimed_until < %s)
        ORDER BY d.made_at FOR UPDATE OF d""",
        (referral_id, _WAITING, [*map(str, kinds)], now),
    )
    return [delivery_of(row) for row in rows]


def unconfirmed(tx: Connection, referral_id: UUID, organization_id: UUID) -> list[Delivery]:
    """What this partner has now shown to have; webhooks speak for themselves."""
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE referral_id = %s AND organization_id = %s AND state = ANY(%s)
        AND attempt > 0 ORDER BY made_at FOR UPDATE""",
        (referral_id, organization_id, _CONFIRMABLE),
    )
    return [delivery_of(row) for row in rows]


def withdraw_notice(tx: Connection, notice_id: UUID, now: datetime) -> None:
    tx.execute("UPDATE notices SET withdrawn_at = %s WHERE notice_id = %s", (now, notice_id))


def has_left(tx: Connection, referral_id: UUID, organization_id: UUID) -> bool:
    """Whether this partner may know of the referral from us."""
    row = tx.execute(
        """
        SELECT EXISTS (SELECT FROM deliveries WHERE referral_id = %s AND organization_id = %s
        AND (attempt > 0 OR state IN ('sent', 'confirmed'))) AS left""",
        (referral_id, organization_id),
    ).fetchone()
    return bool(row and row["left"])


def was_told(tx: Connection, referral_id: UUID, organization_id: UUID, kind: NoticeKind) -> bool:
    """Whether this partner has ever been given a notice of this kind about the referral."""
    row = tx.execute(
        "SELECT FROM notices WHERE referral_id = %s AND organization_id = %s AND kind = %s LIMIT 1",
        (referral_id, organization_id, kind.value),
    ).fetchone()
    return row is not None


# --- the dispatcher -------------------------------------------------------------------------------------------------


def claim(tx: Connection, now: datetime, until: datetime, busy: Sequence[UUID], limit: int) -> list[Delivery]:
    """Take what is due, at most one per organization and none of the busy ones: a slow partner delays only itself.

    What is due to a partner that rests waits for it.
    """
    rows = tx.execute(
        """
        UPDATE deliveries SET claimed_until = %s, state = 'pending', attempt = attempt + 1, step = step + 1,
            changed_at = %s
        WHERE delivery_id IN (
            SELECT DISTINCT ON (organization_id) delivery_id FROM deliveries
            WHERE state IN ('pending', 'failed') AND due_at <= %s AND organization_id <> ALL(%s)
            AND (claimed_until IS NULL OR claimed_until < %s)
            AND NOT EXISTS (SELECT FROM organizations o WHERE o.organization_id = deliveries.organization_id
                AND (o.participation = 'suspended' OR (o.participation = 'ended' AND deliveries.channel <> 'contact')))
            ORDER BY organization_id, due_at, made_at LIMIT %s)
        AND state IN ('pending', 'failed')
        RETURNING *""",
        (until, now, now, list(busy), now, limit),
    )
    return [delivery_of(row) for row in rows]


def letter(tx: Connection, delivery: Delivery, today: date) -> Mapping[str, Any]:
    """What the sender needs besides the delivery: the bytes, the number, the address - on days when nobody of the unit
    is there, its substitute's."""
    row = tx.execute(
        """
        SELECT notices.body, notices.reference, notices.kind, organizations.webhook_url, organizations.contact,
            coalesce((SELECT substitute_mailbox FROM unit_absences a WHERE a.ended_at IS NULL
                AND a.organization_id = organizations.organization_id AND %s BETWEEN a.from_on AND a.until_on LIMIT 1),
                organizations.unit_mailbox) AS unit_mailbox,
            EXISTS (SELECT FROM referrals r
                WHERE r.referral_id = notices.referral_id AND r.urgency = 'urgent') AS urgent
        FROM notices JOIN organizations USING (organization_id)
        WHERE notices.notice_id = %s""",
        (today, delivery.notice_id),
    ).fetchone()
    assert row is not None, "the foreign key keeps the notice, and no organization is ever removed"
    return row


# --- pull ---------------------------------------------------------------------------------------------------------


def acknowledge(tx: Connection, organization_id: UUID, cursor: int, now: datetime) -> list[Delivery]:
    """The partner has taken its notices up to here; returns the deliveries this confirms, by whichever channel.

    A mail to the contact that has not left is none of them: it is to reach a person, whatever the system has taken.
    """
    tx.execute(
        """
        INSERT INTO cursors (organization_id, acknowledged, acknowledged_at) VALUES (%s, %s, %s)
        ON CONFLICT (organization_id) DO UPDATE SET
            acknowledged = greatest(cursors.acknowledged, EXCLUDED.acknowledged),
            acknowledged_at = EXCLUDED.acknowledged_at""",
        (organization_id, cursor, now),
    )
    rows = tx.execute(
        """
        SELECT * FROM deliveries WHERE organization_id = %s AND state = ANY(%s)
        AND (channel <> 'contact' OR state = 'sent')
        AND notice_id IN (SELECT notice_id FROM notices WHERE organization_id = %s AND position <= %s) FOR UPDATE""",
        (organization_id, _CONFIRMABLE, organization_id, cursor),
    )
    return [delivery_of(row) for row in rows]


def last_position(tx: Connection, organization_id: UUID) -> int:
    row = tx.execute(
        """
        SELECT greatest(
            (SELECT max(position) FROM notices WHERE organization_id = %(id)s),
            (SELECT acknowledged FROM cursors WHERE organization_id = %(id)s), 0) AS last""",
        {"id": organization_id},
    ).fetchone()
    return int(row["last"]) if row else 0
