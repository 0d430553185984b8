"""What can be read: entries in HSDS shape, lists for pages, histories."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.directory.domain import hsds
from services.directory.domain.publishing import is_retired

Json = dict[str, Any]

ORGANIZATIONS = """
    FROM organizations WHERE %(search)s::text IS NULL
        OR concat(document -> 'name', document -> 'description') ILIKE %(search)s"""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader is looking for, and which page of it."""

    page: int = 1
    per_page: int = 50
    search: str | None = None
    organization_id: UUID | None = None
    topic: str | None = None
    #: A coded field that has to say something.
    taxonomy: str | None = None
    modified_after: datetime | None = None

    @property
    def params(self) -> Json:
        words = (self.search or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "search": f"%{words}%" if self.search else None,
            "organization_id": self.organization_id,
            "topic": self.topic,
            "taxonomy": self.taxonomy,
            "modified_after": self.modified_after,
            "limit": self.per_page,
            "offset": (self.page - 1) * self.per_page,
        }


def organizations(connection: Connection, wanted: Filter) -> Json:
    """A page of organizations."""
    total = connection.execute(f"SELECT count(*) AS n {ORGANIZATIONS}", wanted.params).fetchone()
    rows = connection.execute(
        f"""SELECT document {ORGANIZATIONS}
        ORDER BY document -> 'name' ->> 'de', id LIMIT %(limit)s OFFSET %(offset)s""",
        wanted.params,
    ).fetchall()
    summaries = [hsds.organization_summary(row["document"]) for row in rows]
    return hsds.page(summaries, total["n"] if total else 0, wanted.page, wanted.per_page)


def organization(connection: Connection, organization_id: UUID) -> Json:
    """One organization with its places."""
    row = connection.execute(
        """
        SELECT o.document, ARRAY(SELECT l.document FROM locations l WHERE l.organization_id = o.id ORDER BY l.id)
            AS locations
        FROM organizations o WHERE o.id = %s""",
        (organization_id,),
    ).fetchone()
    if row is None:
        raise NotFoundError("directory.organization-unknown")
    return hsds.organization_full(row["document"], row["locations"])


def listing(connection: Connection, topic: str | None = None) -> list[Json]:
    """Every organization with its services, or those with services on a topic; for the page of the staff."""
    return connection.execute(
        """
        SELECT o.id, o.document AS organization, p.document AS participation, offered.services,
            c.in_force AS reached_by, c.waiting IS NOT NULL AS channel_waits,
            (SELECT s.participation FROM standings s WHERE s.organization_id = o.id) AS standing
        FROM organizations o LEFT JOIN participations p ON p.organization_id = o.id
        LEFT JOIN channel_confirmations c ON c.organization_id = o.id
        CROSS JOIN LATERAL (SELECT ARRAY(
            SELECT s.document || coalesce(r.document, '{}') FROM services s LEFT JOIN reports r ON r.service_id = s.id
            WHERE s.organization_id = o.id AND (%(topic)s::text IS NULL OR s.document -> 'topics' ? %(topic)s)
            ORDER BY s.document -> 'name' ->> 'de') AS services) AS offered
        WHERE %(topic)s::text IS NULL OR cardinality(offered.services) > 0
        ORDER BY cardinality(offered.services) = 0, o.document -> 'name' ->> 'de'""",
        {"topic": topic},
    ).fetchall()


def organization_names(connection: Connection, ids: Collection[str]) -> dict[str, Json]:
    """The names of bodies in each language."""
    rows = connection.execute(
        "SELECT id, document -> 'name' AS name FROM organizations WHERE id = ANY(%s::uuid[])", (sorted(ids),)
    ).fetchall()
    return {str(row["id"]): row["name"] for row in rows}


def justified_on(connection: Connection, service_ids: Collection[str]) -> dict[str, datetime]:
    """Since when services say, in these words, why they are needed beside others."""
    rows = connection.execute(
        """
        SELECT now.id, min(h.changed_at) AS since FROM services now
        JOIN object_history h ON h.kind = 'service' AND h.id = now.id::text
            AND h.document -> 'overlap_justification' = now.document -> 'overlap_justification'
        WHERE now.id = ANY(%s::uuid[]) GROUP BY now.id""",
        (sorted(service_ids),),
    ).fetchall()
    return {str(row["id"]): row["since"] for row in rows}


def service_card(connection: Connection, service_id: UUID, organization_id: str | None) -> Json:
    """One service's document with what its organization says; another organization's looks as if it were not there."""
    row = connection.execute(
        """
        SELECT s.document || coalesce(r.document, '{}') AS document, (r.document ->> 'capacity_reported_on')::date
            AS reported_on, (r.document ->> 'assured_date')::date AS assured_on
        FROM services s LEFT JOIN reports r ON r.service_id = s.id
        WHERE s.id = %s AND (%s::uuid IS NULL OR s.organization_id = %s::uuid)""",
        (service_id, organization_id, organization_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("directory.service-unknown")
    return {**row["document"], "reported_on": row["reported_on"], "assured_on": row["assured_on"]}


def service_cards(connection: Connection, organization_id: UUID, service_id: UUID | None) -> list[Json]:
    """What an organization offers, or the one service asked for, each with what was said of it last."""
    rows = connection.execute(
        """
        SELECT s.id FROM services s WHERE s.organization_id = %s AND (%s::uuid IS NULL OR s.id = %s::uuid)
        ORDER BY s.document -> 'name' ->> 'de', s.id""",
        (organization_id, service_id, service_id),
    ).fetchall()
    found = [service_card(connection, row["id"], str(organization_id)) for row in rows]
    return [card for card in found if not is_retired(card)]


def participation(connection: Connection, organization_id: str) -> Json:
    """How an organization takes part."""
    row = connection.execute(
        "SELECT document FROM participations WHERE organization_id = %s", (organization_id,)
    ).fetchone()
    if row is None:
        raise NotFoundError("directory.participation-unknown")
    document: Json = row["document"]
    return document


def history(connection: Connection, kind: str, name: str) -> list[Json]:
    """Every state of one object, the newest first."""
    return connection.execute(
        """
        SELECT document, changed_at, changed_by FROM object_history WHERE kind = %s AND id = %s
        ORDER BY number DESC""",
        (kind, name),
    ).fetchall()
