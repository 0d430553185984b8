"""What is not translated, or was not translated anew: of one entry, of all, by language and by organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.directory.domain.translations import LANGUAGES, State

Json = dict[str, Any]
PER_PAGE = 50
#: So many organizations are counted by name; the page has a filter for the others.
BODIES = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gaps somebody looks for; what is not given lets everything pass."""

    language: str | None = None
    state: State | None = None
    organization_id: UUID | None = None
    page: int = 1

    @property
    def params(self) -> Json:
        return {
            "language": self.language,
            "state": self.state,
            "organization_id": self.organization_id,
            "limit": PER_PAGE,
            "offset": (self.page - 1) * PER_PAGE,
        }


def outdated(connection: Connection, kind: str, name: UUID | str) -> list[tuple[str, str]]:
    """The texts of one entry that are older in a language than in German: which text, which language."""
    rows = connection.execute(
        "SELECT field, language FROM outdated_texts WHERE kind = %s AND id = %s", (kind, str(name))
    ).fetchall()
    return [(row["field"], row["language"]) for row in rows]


def listed(connection: Connection, wanted: Wanted) -> list[Json]:
    """A page of entries with gaps, what is outdated first; each row says how many there are."""
    return connection.execute(
        """
        SELECT g.kind, g.id, g.name, o.document -> 'name' AS body, count(*) OVER () AS total,
            coalesce(jsonb_agg(jsonb_build_array(language, field)) FILTER (WHERE state = 'missing'), '[]') AS missing,
            coalesce(jsonb_agg(jsonb_build_array(language, field, german_sha256)) FILTER (WHERE state = 'outdated'),
                '[]') AS outdated
        FROM translation_gaps g JOIN organizations o ON o.id = g.organization_id
        WHERE (%(language)s::text IS NULL OR g.language = %(language)s)
            AND (%(state)s::text IS NULL OR g.state = %(state)s)
            AND (%(organization_id)s::uuid IS NULL OR g.organization_id = %(organization_id)s)
        GROUP BY g.kind, g.id, g.name, o.id
        ORDER BY count(*) FILTER (WHERE state = 'outdated') DESC, o.document -> 'name' ->> 'de', g.kind,
            g.name ->> 'de', g.id LIMIT %(limit)s OFFSET %(offset)s""",
        wanted.params,
    ).fetchall()


def by_language(connection: Connection, organization_id: UUID | None) -> dict[str, Json]:
    """For each language how many texts are missing in it, and how many outdated."""
    rows = connection.execute(
        """
        SELECT language, state, count(*) AS many FROM translation_gaps
        WHERE %(id)s::uuid IS NULL OR organization_id = %(id)s GROUP BY language, state""",
        {"id": organization_id},
    ).fetchall()
    counted = {(row["language"], row["state"]): row["many"] for row in rows}
    return {
        language: {state: counted.get((language, state), 0) for state in (State.MISSING, State.OUTDATED)}
        for language in LANGUAGES
    }


def by_organization(connection: Connection, wanted: Wanted) -> Sequence[Json]:
    """The organizations with the most gaps."""
    return connection.execute(
        """
        SELECT o.id, o.document -> 'name' AS name, count(*) FILTER (WHERE state = 'missing') AS missing,
            count(*) FILTER (WHERE state = 'outdated') AS outdated
        FROM translation_gaps g JOIN organizations o ON o.id = g.organization_id
        WHERE (%(language)s::text IS NULL OR g.language = %(language)s)
            AND (%(state)s::text IS NULL OR g.state = %(state)s)
        GROUP BY o.id ORDER BY count(*) DESC, o.document -> 'name' ->> 'de', o.id LIMIT %(bodies)s""",
        {**wanted.params, "bodies": BODIES},
    ).fetchall()


def texts(connection: Connection, organization_id: UUID | None) -> int:
    """How many texts there are to translate, each counted once."""
    row = connection.execute(
        "SELECT count(*) AS many FROM public_texts WHERE %(id)s::uuid IS NULL OR organization_id = %(id)s",
        {"id": organization_id},
    ).fetchone()
    return int(row["many"]) if row else 0
