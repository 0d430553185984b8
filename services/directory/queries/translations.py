"""The texts of entries and what they were before: what is missing or outdated is computed from them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.directory.domain import translations

Json = dict[str, Any]
#: More at once nobody reads, nor should anybody wait for: then one organization is chosen.
MOST = 3_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An organization, a service, a place or a service there that persons read about."""

    kind: str
    id: str
    organization_id: UUID
    body: Mapping[str, str]
    name: Mapping[str, str]
    document: Json


def outdated(connection: Connection, kind: str, name: UUID | str) -> set[tuple[str, str]]:
    """The texts of one entry that are older in a language than in German: which text, which language."""
    return outdated_of(connection, kind, [str(name)]).get(str(name), set())


def outdated_of(connection: Connection, kind: str, names: Collection[str]) -> dict[str, set[tuple[str, str]]]:
    """The same of several; those of which nothing is outdated are left out."""
    rows = connection.execute(
        """
        SELECT id, array_agg(document ORDER BY number) AS states FROM object_history
        WHERE kind = %s AND id = ANY(%s) GROUP BY id HAVING count(*) > 1""",
        (kind, list(names)),
    ).fetchall()
    checked = _checked(connection, kind, [row["id"] for row in rows])
    found = {row["id"]: translations.outdated(row["states"], checked[row["id"]]) for row in rows}
    return {name: old for name, old in found.items() if old}


def _checked(connection: Connection, kind: str, names: Collection[str]) -> dict[str, set[tuple[str, str, str]]]:
    """Translations somebody found still fitting, each with the sum over its German."""
    checked: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
    rows = connection.execute(
        "SELECT id, field, language, german_sha256 FROM translations_checked WHERE kind = %s AND id = ANY(%s::uuid[])",
        (kind, list(names)),
    ).fetchall()
    for row in rows:
        checked[str(row["id"])].add((row["field"], row["language"], row["german_sha256"]))
    return checked


def entries(connection: Connection, organization_id: UUID | None) -> list[Entry] | None:
    """All that persons read about, or what is of one organization; None if that is too much. What is retired is read by
    nobody."""
    rows = connection.execute(
        """
        SELECT e.kind, e.id::text AS id, e.organization_id, o.document -> 'name' AS body, e.name, e.document
        FROM (
            SELECT 'service' AS kind, id, organization_id, document -> 'name' AS name, document FROM services
                WHERE status IN ('active', 'temporarily closed')
            UNION ALL SELECT 'organization', id, id, document -> 'name', document FROM organizations
            UNION ALL SELECT 'location', id, organization_id, jsonb_build_object('de', document -> 'name'), document
                FROM locations
            UNION ALL SELECT 'service_at_location', l.id, s.organization_id, s.document -> 'name', l.document
                FROM service_at_locations l JOIN services s ON s.id = l.service_id
                WHERE s.status IN ('active', 'temporarily closed') AND l.document ? 'description'
        ) AS e JOIN organizations o ON o.id = e.organization_id
        WHERE %(of)s::uuid IS NULL OR e.organization_id = %(of)s LIMIT %(most)s""",
        {"of": organization_id, "most": MOST + 1},
    ).fetchall()
    return [Entry(**row) for row in rows] if len(rows) <= MOST else None


def bodies(connection: Connection) -> Sequence[Json]:
    """Organizations to choose one from."""
    return connection.execute(
        "SELECT id, document -> 'name' AS name FROM organizations ORDER BY document -> 'name' ->> 'de', id LIMIT 1000"
    ).fetchall()
