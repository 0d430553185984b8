"""What is asked, answered and doubted: for the partner's page and for the editors' list."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.directory.queries import public

Json = dict[str, Any]
PER_PAGE = 50


def asked_entries(connection: Connection, organization_id: UUID) -> list[Json]:
    """All that an organization offers, as everybody sees it, each with the doubt that is open about it."""
    rows = connection.execute(
        """
        SELECT s.id, d.said_at AS doubted_at FROM services s
        LEFT JOIN assurance_doubts d ON d.service_id = s.id AND d.settled_at IS NULL
        WHERE s.organization_id = %s AND s.status IN ('active', 'temporarily closed')
        ORDER BY s.document -> 'name' ->> 'de', s.id""",
        (organization_id,),
    ).fetchall()
    found = ((public.entry(connection, str(row["id"])), row["doubted_at"]) for row in rows)
    return [{**entry, "doubted_at": doubted_at} for entry, doubted_at in found if entry is not None]


def waiting(connection: Connection, before: date, page: int) -> tuple[list[Json], int]:
    """A page of organizations whose entries wait, with these and when they were asked; and how many there are."""
    rows = connection.execute(
        """
        WITH entries AS (
            SELECT organization_id, min(assured_on) AS oldest, jsonb_agg(jsonb_build_object('id', service_id,
                'name', name, 'assured_on', assured_on) ORDER BY assured_on NULLS FIRST, service_id) AS services
            FROM assured_entries WHERE NOT is_doubted AND (assured_on IS NULL OR assured_on < %(before)s)
            GROUP BY organization_id)
        SELECT entries.*, o.document -> 'name' AS name, a.asked_at, a.reminded_at, count(*) OVER () AS total,
            EXISTS (SELECT FROM mailboxes m WHERE m.organization_id = o.id) AS has_mailbox
        FROM entries JOIN organizations o ON o.id = entries.organization_id
        LEFT JOIN LATERAL (SELECT asked_at, reminded_at FROM assurance_asks WHERE organization_id = o.id
            ORDER BY asked_at DESC LIMIT 1) AS a ON true
        ORDER BY a.asked_at NULLS LAST, entries.oldest NULLS LAST, o.document -> 'name' ->> 'de', o.id
        LIMIT %(limit)s OFFSET %(offset)s""",
        {"before": before, "limit": PER_PAGE, "offset": (page - 1) * PER_PAGE},
    ).fetchall()
    return rows, int(rows[0]["total"]) if rows else 0


def doubts(connection: Connection) -> Sequence[Json]:
    """What organizations say is wrong, the oldest first."""
    return connection.execute(
        """
        SELECT d.doubt_id, d.service_id, d.words, d.said_at, s.document -> 'name' AS service,
            o.document -> 'name' AS organization, coalesce(s.slug, s.id::text) AS address
        FROM assurance_doubts d JOIN services s ON s.id = d.service_id JOIN organizations o ON o.id = s.organization_id
        WHERE d.settled_at IS NULL ORDER BY d.said_at, d.doubt_id LIMIT 200"""
    ).fetchall()


def to_do(connection: Connection, before: date) -> Json:
    """How many doubts are open, and how many entries nobody has confirmed for too long: two lines of a list."""
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM assurance_doubts WHERE settled_at IS NULL) AS doubts, count(*) AS entries
        FROM assured_entries WHERE NOT is_doubted AND (assured_on IS NULL OR assured_on < %s)""",
        (before,),
    ).fetchone()
    return row or {}


def word(connection: Connection, service_id: UUID) -> Json:
    """What was last said of a service: how full it is, since when that is known, that it is true, what is wrong."""
    row = connection.execute(
        """
        SELECT s.document || coalesce(r.document, '{}') AS document,
            ARRAY(SELECT d.words FROM assurance_doubts d WHERE d.service_id = s.id AND d.settled_at IS NULL) AS doubts
        FROM services s LEFT JOIN reports r ON r.service_id = s.id WHERE s.id = %s""",
        (service_id,),
    ).fetchone()
    return row or {"document": {}, "doubts": []}
