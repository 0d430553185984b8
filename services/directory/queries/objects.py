"""What editors look at: lists of objects of one kind, one object with the names of what it refers to, its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.directory import store
from services.directory.domain.freshness import STALE_AFTER, WARNED_AFTER, Freshness
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Name, names_in
from services.directory.domain.reading import Row

Json = dict[str, Any]
PER_PAGE = 50
#: So many states of an object are shown; the older ones are kept.
STATES = 30
#: A choice among more is no choice any more: the short name is typed.
MOST_CHOICES = 300

#: The kinds that are made and changed on pages.
EDITED = (Kind.ORGANIZATION, Kind.SERVICE, Kind.LOCATION, Kind.SERVICE_AT_LOCATION, Kind.SOURCE)

#: Every kind in the same columns. `body` is what stands beside the name.
COLUMNS: Mapping[Kind, LiteralString] = {
    Kind.ORGANIZATION: """
        SELECT o.id::text AS id, o.slug, o.document -> 'name' AS name, NULL::jsonb AS body, o.id AS organization_id,
            NULL AS status, NULL::jsonb AS topics, NULL AS assured_on, o.changed_at FROM organizations o""",
    Kind.SERVICE: """
        SELECT s.id::text AS id, s.slug, s.document -> 'name' AS name, o.document -> 'name' AS body, s.organization_id,
            s.status, s.document -> 'topics' AS topics,
            coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date') AS assured_on, s.changed_at
        FROM services s JOIN organizations o ON o.id = s.organization_id LEFT JOIN reports r ON r.service_id = s.id""",
    Kind.LOCATION: """
        SELECT l.id::text AS id, l.document ->> 'slug' AS slug, jsonb_build_object('de', l.document -> 'name') AS name,
            o.document -> 'name' AS body, l.organization_id, NULL AS status, NULL::jsonb AS topics, NULL AS assured_on,
            l.changed_at FROM locations l JOIN organizations o ON o.id = l.organization_id""",
    Kind.SERVICE_AT_LOCATION: """
        SELECT p.id::text AS id, NULL AS slug, s.document -> 'name' AS name,
            jsonb_build_object('de', l.document -> 'name') AS body, s.organization_id, NULL AS status,
            NULL::jsonb AS topics, NULL AS assured_on, p.changed_at
        FROM service_at_locations p JOIN services s ON s.id = p.service_id JOIN locations l ON l.id = p.location_id""",
    Kind.SOURCE: """
        SELECT c.id, c.id AS slug, jsonb_build_object('de', c.document -> 'title') AS name,
            jsonb_build_object('de', c.document -> 'publisher') AS body, NULL::uuid AS organization_id, NULL AS status,
            NULL::jsonb AS topics, NULL AS assured_on, c.changed_at FROM sources c""",
}

#: What hangs below an object of a kind.
BELOW: Mapping[Kind, Mapping[Kind, LiteralString]] = {
    Kind.ORGANIZATION: {
        Kind.SERVICE: " WHERE s.organization_id = %(id)s",
        Kind.LOCATION: " WHERE l.organization_id = %(id)s",
    },
    Kind.SERVICE: {Kind.SERVICE_AT_LOCATION: " WHERE p.service_id = %(id)s"},
    Kind.LOCATION: {Kind.SERVICE_AT_LOCATION: " WHERE p.location_id = %(id)s"},
}
LISTED: LiteralString = "SELECT * FROM ("
FIRST: LiteralString = ") AS listed ORDER BY name ->> 'de', id LIMIT %(most)s"

COUNTED: LiteralString = "SELECT listed.*, count(*) OVER () AS total FROM ("
FITTING: LiteralString = """) AS listed
    WHERE (%(words)s::text IS NULL OR listed.slug ILIKE %(words)s
            OR EXISTS (SELECT FROM jsonb_each_text(listed.name) AS said WHERE said.value ILIKE %(words)s))
        AND (%(organization_id)s::uuid IS NULL OR listed.organization_id = %(organization_id)s)
        AND (%(topic)s::text IS NULL OR listed.topics ? %(topic)s)
        AND (%(status)s::text IS NULL OR listed.status = %(status)s)
        AND (NOT %(never)s OR listed.assured_on IS NULL)
        AND (%(after)s::text IS NULL OR listed.assured_on >= %(after)s)
        AND (%(before)s::text IS NULL OR listed.assured_on < %(before)s)
    ORDER BY listed.name ->> 'de', listed.id LIMIT %(limit)s OFFSET %(offset)s"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an editor looks for; what is not given lets everything pass."""

    kind: Kind = Kind.SERVICE
    words: str = ""
    organization_id: str | None = None
    topic: str | None = None
    status: str | None = None
    freshness: Freshness | None = None
    page: int = 1

    def params(self, today: date) -> Json:
        words = self.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        after, before = _span(self.freshness, today) if self.freshness else (None, None)
        return {
            "words": f"%{words}%" if words else None,
            "organization_id": self.organization_id,
            "topic": self.topic,
            "status": self.status,
            "never": self.freshness is Freshness.NEVER,
            "after": after,
            "before": before,
            "limit": PER_PAGE,
            "offset": (self.page - 1) * PER_PAGE,
        }


def _span(wanted: Freshness, today: date) -> tuple[str | None, str | None]:
    """From which day on, and before which, somebody must have said so."""
    due, stale = (today - WARNED_AFTER).isoformat(), (today - STALE_AFTER).isoformat()
    spans: Mapping[Freshness, tuple[str | None, str | None]] = {
        Freshness.FRESH: (due, None),
        Freshness.DUE: (stale, due),
        Freshness.STALE: (None, stale),
    }
    return spans.get(wanted, (None, None))


def listed(connection: Connection, asked: Asked, today: date) -> list[Json]:
    """A page of objects of one kind; each row says how many there are in all."""
    return connection.execute(COUNTED + COLUMNS[asked.kind] + FITTING, asked.params(today)).fetchall()


def one(connection: Connection, kind: Kind, name: str) -> Json:
    """An object as it stands."""
    found = store.find(connection, [(kind, name)]).get((kind, name))
    if found is None:
        raise NotFoundError("directory.object-unknown")
    return found


def owner_of(connection: Connection, kind: Kind, document: Mapping[str, Any]) -> str | None:
    """The organization whose object it is; sources are nobody's."""
    if kind is Kind.ORGANIZATION:
        return str(document["id"])
    if kind is Kind.SERVICE_AT_LOCATION:
        service = store.find(connection, [(Kind.SERVICE, document["service_id"])])
        return next((str(one["organization_id"]) for one in service.values()), None)
    return document.get("organization_id")


def names(connection: Connection, kind: Kind, document: Mapping[str, Any]) -> dict[Name, Mapping[str, str]]:
    """What an object refers to, by the names people know, per language."""
    wanted = {name for _, name in names_in(Row(0, kind, "", dict(document)))}
    return {name: name_of(found) for name, found in store.find(connection, wanted).items()}


def name_of(document: Mapping[str, Any]) -> Mapping[str, str]:
    """The name of an object of any kind, per language."""
    name = document.get("name") or document.get("title") or document["id"]
    return name if isinstance(name, Mapping) else {"de": str(name)}


@dataclass(frozen=True, slots=True)
class State:
    """What an object was from some moment on."""

    number: int
    document: Json
    changed_at: Any
    changed_by: str
    why: str | None
    proposal_id: UUID | None


def states(connection: Connection, kind: Kind, name: str) -> Sequence[State]:
    """The newest states of an object, and one more to compare the last of them with."""
    rows = connection.execute(
        """
        SELECT number, document, changed_at, changed_by, why, proposal_id FROM object_history
        WHERE kind = %s AND id = %s
        ORDER BY number DESC LIMIT %s""",
        (kind, name, STATES + 1),
    ).fetchall()
    return [State(**row) for row in rows]


def below(connection: Connection, kind: Kind, name: str) -> list[tuple[Kind, Json]]:
    """What hangs below an object, to go there: an organization's services and places, where a service is."""
    found: list[tuple[Kind, Json]] = []
    for other, held in BELOW.get(kind, {}).items():
        rows = connection.execute(LISTED + COLUMNS[other] + held + FIRST, {"id": UUID(name), "most": MOST_CHOICES})
        found += [(other, row) for row in rows.fetchall()]
    return found


def choices(connection: Connection, kind: Kind, organization_id: str | None = None) -> list[Json] | None:
    """The objects of a kind to choose from, of one organization if it is named; None if they are too many."""
    if kind is Kind.AREA:
        rows = connection.execute(
            "SELECT id, document -> 'name' AS name, NULL::jsonb AS body FROM areas ORDER BY id LIMIT %s",
            (MOST_CHOICES + 1,),
        ).fetchall()
    else:
        asked = Asked(kind, organization_id=organization_id).params(date.min)
        rows = connection.execute(COUNTED + COLUMNS[kind] + FITTING, {**asked, "limit": MOST_CHOICES + 1}).fetchall()
    return rows if len(rows) <= MOST_CHOICES else None


#: The services whose public pages show an object of a kind.
SHOWN_BY: Mapping[Kind, LiteralString] = {
    Kind.ORGANIZATION: "SELECT s.id FROM services s WHERE s.organization_id = %s AND s.status = 'active' ORDER BY s.id",
    Kind.LOCATION: """
        SELECT DISTINCT s.id FROM service_at_locations p JOIN services s ON s.id = p.service_id
        WHERE p.location_id = %s AND s.status = 'active' ORDER BY s.id""",
}


def shown_by(connection: Connection, kind: Kind, name: str) -> list[str]:
    """The services whose public pages show an object."""
    query = SHOWN_BY.get(kind)
    rows = connection.execute(query, (UUID(name),)).fetchall() if query else []
    return [str(row["id"]) for row in rows]
