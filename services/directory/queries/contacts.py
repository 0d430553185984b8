"""Where a telephone number, an address of mail or a place is used: by which objects, shown at which services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.db import Connection

Json = dict[str, Any]
PER_PAGE = 50
#: More users of one contact nobody reads; how many more there are is said.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """Which contacts somebody looks for; what is not given lets everything pass."""

    words: str = ""
    organization_id: UUID | None = None
    page: int = 1

    @property
    def params(self) -> Json:
        words = self.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "words": f"%{words}%" if words else None,
            "organization_id": self.organization_id,
            "limit": PER_PAGE,
            "offset": (self.page - 1) * PER_PAGE,
        }


def listed(connection: Connection, sought: Sought) -> list[Json]:
    """A page of numbers, mail addresses and places, those that most services show first; each row says how many there
    are."""
    return connection.execute(
        """
        WITH said AS (
            SELECT sort, folded AS name, value AS text, kind, id, organization_id FROM contact_uses
            UNION ALL
            SELECT 'location', id::text, document ->> 'name', 'location', id, organization_id FROM locations)
        SELECT said.sort, said.name, min(said.text) AS text, count(DISTINCT (said.kind, said.id)) AS objects,
            count(DISTINCT shown_at.service_id) AS services, count(*) OVER () AS total
        FROM said LEFT JOIN shown_at USING (kind, id)
        WHERE (%(organization_id)s::uuid IS NULL OR said.organization_id = %(organization_id)s)
            AND (%(words)s::text IS NULL OR said.text ILIKE %(words)s OR said.name ILIKE %(words)s)
        GROUP BY said.sort, said.name ORDER BY services DESC, objects DESC, text, said.name
        LIMIT %(limit)s OFFSET %(offset)s""",
        sought.params,
    ).fetchall()


def users(connection: Connection, sort: str, name: str, most: int = MOST_SHOWN) -> Sequence[Json]:
    """The objects that say a number or an address, or the place itself, each with the services it is shown at; up to so
    many, and each row says how many there are."""
    return connection.execute(
        """
        WITH users AS (
            SELECT kind, id, organization_id, value FROM contact_uses WHERE sort = %(sort)s AND folded = %(name)s
            UNION ALL
            SELECT 'location', id, organization_id, document ->> 'name' FROM locations
            WHERE %(sort)s = 'location' AND id::text = %(name)s)
        SELECT users.kind, users.id, users.value, count(*) OVER () AS total, o.document -> 'name' AS body,
            coalesce(s.document -> 'name', to_jsonb(l.document ->> 'name'), o.document -> 'name') AS name,
            coalesce(shown.services, '[]') AS services
        FROM users JOIN organizations o ON o.id = users.organization_id
        LEFT JOIN service_at_locations p ON users.kind = 'service_at_location' AND p.id = users.id
        LEFT JOIN services s ON s.id = coalesce(p.service_id, CASE users.kind WHEN 'service' THEN users.id END)
        LEFT JOIN locations l ON users.kind = 'location' AND l.id = users.id
        LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.document -> 'name',
                'retired', f.status NOT IN ('active', 'temporarily closed'), 'places', ARRAY(
                    SELECT place.document ->> 'name' FROM service_at_locations at
                    JOIN locations place ON place.id = at.location_id WHERE at.service_id = f.id
                    AND (users.kind NOT IN ('location', 'service_at_location') OR users.id IN (at.location_id, at.id))
                    ORDER BY 1)) ORDER BY f.document -> 'name' ->> 'de', f.id) AS services
            FROM shown_at JOIN services f ON f.id = shown_at.service_id
            WHERE shown_at.kind = users.kind AND shown_at.id = users.id) AS shown ON true
        ORDER BY o.document -> 'name' ->> 'de', users.kind, users.id LIMIT %(most)s""",
        {"sort": sort, "name": name, "most": most},
    ).fetchall()


def said_by(connection: Connection, kind: str, name: UUID) -> list[Json]:
    """The numbers and addresses an object says, each with how many objects say it and how many services show it."""
    return connection.execute(
        """
        SELECT own.sort, own.folded AS name, min(own.value) AS text,
            count(DISTINCT (every.kind, every.id)) AS objects, count(DISTINCT shown_at.service_id) AS services
        FROM contact_uses own JOIN contact_uses every USING (sort, folded)
        LEFT JOIN shown_at ON shown_at.kind = every.kind AND shown_at.id = every.id
        WHERE own.kind = %s AND own.id = %s GROUP BY own.sort, own.folded ORDER BY own.sort DESC, text""",
        (kind, name),
    ).fetchall()
