"""Services to tick: found by name, body, topic, status and age of the last word."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.chassis.db import Connection

Json = dict[str, Any]
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """Which services somebody looks for; what is not given lets everything pass."""

    words: str = ""
    organization_id: UUID | None = None
    topic: str | None = None
    status: str | None = None
    #: Those whose last word is older than this day, or was never given.
    before: date | None = None

    @property
    def params(self) -> Json:
        words = self.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "words": f"%{words}%" if words else None,
            "organization_id": self.organization_id,
            "topic": self.topic,
            "status": self.status,
            "before": self.before,
        }


def services(connection: Connection, sought: Sought, picked: Collection[UUID] = ()) -> list[Json]:
    """What is ticked already, whatever is looked for, and the first of the others by body and name; each row says how
    many fit."""
    return connection.execute(
        """
        SELECT found.*, count(*) FILTER (WHERE fits) OVER () AS total FROM (
        SELECT s.id, s.document -> 'name' AS name, o.document -> 'name' AS body, s.status,
            coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date') AS assured_on,
            s.id = ANY(%(picked)s::uuid[]) AS is_picked,
            (%(words)s::text IS NULL OR s.names ILIKE %(words)s OR o.names ILIKE %(words)s)
            AND (%(organization_id)s::uuid IS NULL OR s.organization_id = %(organization_id)s)
            AND (%(topic)s::text IS NULL OR s.document -> 'topics' ? %(topic)s)
            AND (%(status)s::text IS NULL OR s.status = %(status)s)
            AND (%(before)s::date IS NULL OR coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date')
                IS NULL OR coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date')::date < %(before)s)
                AS fits
        FROM services s JOIN organizations o ON o.id = s.organization_id LEFT JOIN reports r ON r.service_id = s.id
        ) AS found WHERE fits OR is_picked
        ORDER BY is_picked DESC, body ->> 'de', name ->> 'de', id LIMIT %(limit)s""",
        {**sought.params, "picked": list(picked), "limit": MOST_SHOWN + len(picked)},
    ).fetchall()


def choices(connection: Connection) -> tuple[list[Json], list[Json]]:
    """Organizations and sources to choose from."""
    bodies = connection.execute(
        "SELECT id, document -> 'name' AS name FROM organizations ORDER BY document -> 'name' ->> 'de' LIMIT 1000"
    ).fetchall()
    sources = connection.execute(
        "SELECT id, document ->> 'title' AS title FROM sources ORDER BY changed_at DESC, id LIMIT 200"
    ).fetchall()
    return bodies, sources
