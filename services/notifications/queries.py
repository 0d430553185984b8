"""Read-only SQL: the feed of a partner, deliveries for people and programs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.codes import TERMINAL
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.notifications.domain import policy
from services.notifications.domain.delivery import State

LARGEST_PAGE = 500
SHOWN = """
SELECT d.delivery_id, d.referral_id, n.reference, d.organization_id, d.channel, n.kind, d.state, d.attempt, d.due_at,
    d.cause, d.made_at, d.changed_at, d.discard_reason, o.name
FROM deliveries d JOIN notices n USING (notice_id) JOIN organizations o ON o.organization_id = d.organization_id"""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Notices as the bytes that were made once, and the cursor to come back with."""

    bodies: tuple[bytes, ...]
    cursor: int


def feed(connection: Connection, organization_id: UUID, after: int, limit: int) -> FeedPage:
    """The next notices of one organization, oldest first; none withdrawn."""
    rows = connection.execute(
        """
        SELECT position, body FROM notices
        WHERE organization_id = %s AND position > %s AND withdrawn_at IS NULL ORDER BY position LIMIT %s""",
        (organization_id, after, min(limit, LARGEST_PAGE)),
    ).fetchall()
    return FeedPage(tuple(bytes(row["body"]) for row in rows), rows[-1]["position"] if rows else after)


def deliveries(
    connection: Connection,
    *,
    state: State | None = None,
    referral_id: UUID | None = None,
    organization_id: UUID | None = None,
    limit: int = 100,
) -> Sequence[Mapping[str, Any]]:
    """Deliveries, those changed last first."""
    return connection.execute(
        SHOWN
        + """
        WHERE (%(state)s::text IS NULL OR d.state = %(state)s)
        AND (%(referral)s::uuid IS NULL OR d.referral_id = %(referral)s)
        AND (%(organization)s::uuid IS NULL OR d.organization_id = %(organization)s)
        ORDER BY d.changed_at DESC LIMIT %(limit)s""",
        {
            "state": state.value if state else None,
            "referral": referral_id,
            "organization": organization_id,
            "limit": min(limit, LARGEST_PAGE),
        },
    ).fetchall()


def causes(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """What is wrong, grouped: one broken endpoint is one line, not a hundred."""
    return connection.execute(
        """
        SELECT organization_id, o.name, d.channel, state, cause, count(*) AS count, min(made_at) AS since,
            min(due_at) AS next_at
        FROM deliveries d JOIN organizations o USING (organization_id) WHERE state IN ('failed', 'parked')
        GROUP BY organization_id, o.name, d.channel, state, cause ORDER BY state DESC, count(*) DESC"""
    ).fetchall()


def lags(connection: Connection, now: datetime) -> Sequence[Mapping[str, Any]]:
    """Partners for whom something is under way: how much, since when, and how their attempts of a day went."""
    return connection.execute(
        """
        WITH unacknowledged AS (
            SELECT d.organization_id, d.delivery_id, d.made_at
            FROM deliveries d JOIN notices n USING (notice_id) LEFT JOIN referrals r ON r.referral_id = d.referral_id
            WHERE d.state = 'sent' AND (d.channel <> ALL(%(by_deeds)s) OR n.kind = ANY(%(owed)s)
                OR (n.kind <> ALL(%(nobody_answers)s) AND coalesce(r.status, '') <> ALL(%(ended)s)))),
        waiting AS (
            SELECT organization_id, count(*) FILTER (WHERE state IN ('pending', 'failed')) AS leaving,
                count(*) FILTER (WHERE state = 'parked') AS parked,
                min(made_at) FILTER (WHERE state IN ('pending', 'failed', 'parked')) AS oldest_leaving
            FROM deliveries WHERE state IN ('pending', 'failed', 'parked') GROUP BY organization_id),
        untaken AS (
            SELECT organization_id, count(*) AS unacknowledged, min(made_at) AS oldest_unacknowledged,
                (array_agg(delivery_id ORDER BY made_at, delivery_id))[1] AS oldest_id
            FROM unacknowledged GROUP BY organization_id),
        lately AS (
            SELECT d.organization_id, count(*) AS attempts, count(*) FILTER (WHERE NOT a.succeeded) AS failed,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY a.latency_ms)::integer AS median_ms,
                max(a.latency_ms) AS slowest_ms
            FROM attempts a JOIN deliveries d USING (delivery_id) WHERE a.began_at > %(since)s
            GROUP BY d.organization_id)
        SELECT o.organization_id, o.name, o.channel, coalesce(w.leaving, 0) AS leaving,
            coalesce(u.unacknowledged, 0) AS unacknowledged, coalesce(w.parked, 0) AS parked, u.oldest_unacknowledged,
            w.oldest_leaving, coalesce(l.attempts, 0) AS attempts, coalesce(l.failed, 0) AS failed, l.median_ms,
            l.slowest_ms, u.oldest_id
        FROM organizations o LEFT JOIN waiting w USING (organization_id) LEFT JOIN untaken u USING (organization_id)
            LEFT JOIN lately l USING (organization_id)
        WHERE w.organization_id IS NOT NULL OR u.organization_id IS NOT NULL OR l.organization_id IS NOT NULL
        ORDER BY least(w.oldest_leaving, u.oldest_unacknowledged) NULLS LAST, o.organization_id LIMIT 500""",
        {
            "since": now - timedelta(days=1),
            "by_deeds": [*map(str, policy.SHOWN_BY_DEEDS)],
            "owed": [*map(str, policy.OWED)],
            "nobody_answers": [*map(str, policy.NOBODY_ANSWERS)],
            "ended": [*map(str, TERMINAL)],
        },
    ).fetchall()


def envelope(connection: Connection, delivery_id: UUID) -> Mapping[str, Any]:
    """What stands on a notice, with its size and hash: everything but what is in it."""
    row = connection.execute(
        """
        SELECT n.position, n.notice_id, n.caused_by, n.body, n.made_at, n.withdrawn_at
        FROM deliveries d JOIN notices n USING (notice_id) WHERE d.delivery_id = %s""",
        (delivery_id,),
    ).fetchone()
    if row is None:
        raise NotFoundError("delivery.unknown")
    body = bytes(row.pop("body"))
    return {**row, **attributes_of(body), "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


#: Attributes of the envelope that are ids, codes, numbers or times by their definition.
SHOWN_ATTRIBUTES = ("specversion", "type", "source", "time", "datacontenttype", "dataclassification", "correlationid")


def attributes_of(body: bytes) -> dict[str, Any]:
    """The attributes of a CloudEvent that may be looked at; of bytes that are none, nothing."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return {name: document[name] for name in SHOWN_ATTRIBUTES if name in document}


def delivery(connection: Connection, delivery_id: UUID) -> Mapping[str, Any]:
    """One delivery with all its attempts."""
    row = connection.execute(SHOWN + " WHERE d.delivery_id = %s", (delivery_id,)).fetchone()
    if row is None:
        raise NotFoundError("delivery.unknown")
    return {**row, "attempts": attempts(connection, [delivery_id]).get(delivery_id, [])}


def attempts(connection: Connection, delivery_ids: Sequence[UUID]) -> dict[UUID, list[Mapping[str, Any]]]:
    """Every attempt of these deliveries, in order."""
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in connection.execute(
        """
        SELECT delivery_id, number, began_at, latency_ms, succeeded, status_code, cause FROM attempts
        WHERE delivery_id = ANY(%s) ORDER BY delivery_id, number""",
        (list(delivery_ids),),
    ):
        found.setdefault(row["delivery_id"], []).append(row)
    return found


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries stand in each state."""
    rows = connection.execute("SELECT state, count(*) AS count FROM deliveries GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


def troubled_webhooks(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Webhooks where every attempt fails at the moment, and those that are switched off."""
    return connection.execute(
        """
        SELECT organization_id, o.name, e.cause, e.failing_since, e.disabled_at, (SELECT count(*) FROM deliveries d
            WHERE d.organization_id = e.organization_id AND d.channel = 'webhook'
            AND d.state IN ('pending', 'failed', 'parked')) AS waiting
        FROM webhook_endpoints e JOIN organizations o USING (organization_id)
        WHERE o.channel = 'webhook' AND (e.failing_since IS NOT NULL OR e.disabled_at IS NOT NULL)
        ORDER BY e.disabled_at DESC NULLS LAST, e.failing_since LIMIT 200"""
    ).fetchall()


def names(connection: Connection, organizations: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
    """What these organizations are called."""
    return connection.execute(
        "SELECT organization_id, name FROM organizations WHERE organization_id = ANY(%s)", (list(organizations),)
    ).fetchall()


UNITS = """
SELECT o.organization_id, o.name, o.channel, o.unit_mailbox, o.contact,
    h.organization_id IS NOT NULL AS has_own_hours, to_char(h.quiet_from, 'HH24:MI') AS quiet_from,
    to_char(h.quiet_until, 'HH24:MI') AS quiet_until, a.absence_id, a.from_on, a.until_on, a.substitute_mailbox,
    (SELECT count(*) FROM deliveries d WHERE d.organization_id = o.organization_id
        AND d.channel IN ('light', 'contact') AND d.state IN ('pending', 'failed')) AS waiting
FROM organizations o LEFT JOIN unit_hours h USING (organization_id)
LEFT JOIN LATERAL (SELECT * FROM unit_absences a WHERE a.organization_id = o.organization_id AND a.ended_at IS NULL
    AND a.until_on >= %(today)s ORDER BY a.from_on LIMIT 1) a ON true"""


def units(connection: Connection, today: date) -> Sequence[Mapping[str, Any]]:
    """Whoever is told by mail, with what was set for it: the hours, and the next or present absence."""
    return connection.execute(
        UNITS + " WHERE o.channel = 'light' OR o.contact IS NOT NULL ORDER BY o.name ->> 'de', o.organization_id",
        {"today": today},
    ).fetchall()


def unit(connection: Connection, organization_id: UUID, today: date) -> Mapping[str, Any]:
    """One of them, whichever channel it has."""
    row = connection.execute(
        UNITS + " WHERE o.organization_id = %(id)s", {"today": today, "id": organization_id}
    ).fetchone()
    if row is None:
        raise NotFoundError("organization.unknown")
    return row


def absences(connection: Connection, organization_id: UUID, today: date) -> Sequence[Mapping[str, Any]]:
    """What was entered for it, present and to come first, and what is over."""
    return connection.execute(
        "SELECT *, (ended_at IS NULL AND until_on >= %s) AS counts FROM unit_absences WHERE organization_id = %s"
        " ORDER BY counts DESC, from_on DESC LIMIT 50",
        (today, organization_id),
    ).fetchall()
