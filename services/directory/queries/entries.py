"""Entries for readers of HSDS: one with all below it, pages of them, and all of them as a stream."""

from collections.abc import Iterator, Sequence
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.directory.domain import hsds
from services.directory.domain.opening_hours import calendar
from services.directory.domain.provenance import metadata
from services.directory.domain.publishing import address_of
from services.directory.queries import Filter, Json

#: So many changes are told of an entry.
CHANGES = 20

#: A service with all that is shown of it. The first two of `places` are the link and its location.
SERVICE: LiteralString = """
    SELECT s.id, s.document || coalesce(r.document, '{}') AS document, s.changed_at, o.document AS organization,
        ARRAY(SELECT a.document
              FROM jsonb_array_elements_text(s.document -> 'areas') WITH ORDINALITY AS named (id, n)
              JOIN areas a ON a.id = named.id ORDER BY n) AS areas,
        ARRAY(SELECT jsonb_build_array(p.document, l.document) FROM service_at_locations p
              JOIN locations l ON l.id = p.location_id WHERE p.service_id = s.id ORDER BY p.id) AS places
    FROM services s JOIN organizations o ON o.id = s.organization_id LEFT JOIN reports r ON r.service_id = s.id"""

#: All filters are cumulative; one that is not given lets everything pass.
FILTERED: LiteralString = """
    (%(organization_id)s::uuid IS NULL OR s.organization_id = %(organization_id)s)
    AND (%(topic)s::text IS NULL OR s.document -> 'topics' ? %(topic)s)
    AND (%(taxonomy)s::text IS NULL OR coalesce(s.document -> %(taxonomy)s, '[]') <> '[]')
    AND (%(modified_after)s::timestamptz IS NULL OR s.changed_at > %(modified_after)s)
    AND (%(search)s::text IS NULL OR concat(s.document -> 'name', s.document -> 'description') ILIKE %(search)s)"""

PAGE: LiteralString = " ORDER BY s.document -> 'name' ->> 'de', s.id LIMIT %(limit)s OFFSET %(offset)s"

SERVICES: LiteralString = (
    """
    FROM services s JOIN organizations o ON o.id = s.organization_id LEFT JOIN reports r ON r.service_id = s.id
    WHERE """
    + FILTERED
)

LINK: LiteralString = """
    SELECT p.document AS link, l.document AS place, s.document || coalesce(r.document, '{}') AS document,
        o.document AS organization, s.changed_at"""

LINKS: LiteralString = (
    """
    FROM service_at_locations p JOIN locations l ON l.id = p.location_id
    JOIN services s ON s.id = p.service_id JOIN organizations o ON o.id = s.organization_id
    LEFT JOIN reports r ON r.service_id = s.id
    WHERE (%(link_id)s::uuid IS NULL OR p.id = %(link_id)s) AND """
    + FILTERED
)

#: The closest key that names an area; without an area, the longest there is.
COMPETENCES: LiteralString = """
    FROM competences c JOIN organizations o ON o.id = c.organization_id
    CROSS JOIN LATERAL (
        SELECT max(length(named.key)) AS closeness
        FROM jsonb_array_elements_text(c.document -> 'areas') AS named (key)
        WHERE %(area)s::text IS NULL OR starts_with(%(area)s, named.key)) AS near
    WHERE (%(leika)s::text IS NULL OR c.leika_key = %(leika)s) AND near.closeness IS NOT NULL"""


def services(connection: Connection, wanted: Filter) -> Json:
    """A page of services."""
    rows = connection.execute(
        "SELECT s.document || coalesce(r.document, '{}') AS document, s.changed_at, o.document AS organization"
        + SERVICES
        + PAGE,
        wanted.params,
    ).fetchall()
    found = [hsds.service_summary(row["document"], row["organization"], row["changed_at"]) for row in rows]
    return hsds.page(found, _count_services(connection, wanted), wanted.page, wanted.per_page)


def service(connection: Connection, service_id: UUID) -> Json:
    """One service with everything below it; a retired one too, for what still runs on it."""
    row = connection.execute(SERVICE + " WHERE s.id = %s", (service_id,)).fetchone()
    if row is None:
        raise NotFoundError("directory.service-unknown")
    return {**_service(row), "metadata": changes(connection, "service", service_id)}


def full_services(connection: Connection, wanted: Filter) -> Json:
    """A page of services with everything below them."""
    rows = connection.execute(SERVICE + " WHERE " + FILTERED + PAGE, wanted.params).fetchall()
    return hsds.page(list(map(_service, rows)), _count_services(connection, wanted), wanted.page, wanted.per_page)


def minimal_services(connection: Connection, wanted: Filter) -> Json:
    """A page of ids with the time of the last change."""
    rows = connection.execute("SELECT s.id, s.document, s.changed_at" + SERVICES + PAGE, wanted.params).fetchall()
    found = [
        {**_named(row["document"]), "id": str(row["id"]), "last_modified": row["changed_at"].isoformat()}
        for row in rows
    ]
    return hsds.page(found, _count_services(connection, wanted), wanted.page, wanted.per_page)


def every_service(connection: Connection, wanted: Filter) -> Iterator[Json]:
    """All services of a filter with everything below them, read as a stream."""
    with connection.transaction(), connection.cursor(name="every_service") as cursor:
        cursor.itersize = 200
        cursor.execute(SERVICE + " WHERE " + FILTERED + " ORDER BY s.id", wanted.params)
        yield from map(_service, cursor)


def service_at_locations(connection: Connection, wanted: Filter, *, full: bool = False) -> Json:
    """A page of services at their places."""
    params = {**wanted.params, "link_id": None}
    rows = connection.execute(LINK + LINKS + " ORDER BY p.id LIMIT %(limit)s OFFSET %(offset)s", params).fetchall()
    row = connection.execute("SELECT count(*) AS n" + LINKS, params).fetchone()
    made = hsds.at_location_full if full else hsds.at_location_summary
    return hsds.page([made(row) for row in rows], row["n"] if row else 0, wanted.page, wanted.per_page)


def service_at_location(connection: Connection, link_id: UUID) -> Json:
    """One service at one place, with everything about both."""
    row = connection.execute(LINK + LINKS, {**Filter().params, "link_id": link_id}).fetchone()
    if row is None:
        raise NotFoundError("directory.service-unknown")
    return hsds.at_location_full(row)


def services_of(connection: Connection, organization_id: UUID, *, full: bool) -> list[Json]:
    """What an organization offers."""
    rows = connection.execute(SERVICE + " WHERE s.organization_id = %s ORDER BY s.id", (organization_id,)).fetchall()
    if full:
        return list(map(_service, rows))
    return [{"id": str(row["id"]), **_named(row["document"])} for row in rows]


def changes(connection: Connection, kind: str, owner: UUID) -> list[Json]:
    """When which field was changed, the newest first."""
    rows = connection.execute(
        "SELECT document, changed_at FROM object_history WHERE kind = %s AND id = %s ORDER BY number DESC LIMIT %s",
        (kind, str(owner), CHANGES + 1),
    ).fetchall()
    states: Sequence[tuple[Json, Any]] = [(row["document"], row["changed_at"]) for row in rows]
    return metadata(kind, str(owner), states[:CHANGES] if len(rows) > CHANGES else states, whole=len(rows) <= CHANGES)


def competences(connection: Connection, leika_key: str | None, area: str | None, page: int, per_page: int) -> Json:
    """Which body answers for an administrative service in an area, the one named most closely first."""
    params = {"leika": leika_key, "area": area, "limit": per_page, "offset": (page - 1) * per_page}
    rows = connection.execute(
        "SELECT c.document, o.document -> 'name' AS organization"
        + COMPETENCES
        + " ORDER BY near.closeness DESC, c.leika_key, c.id LIMIT %(limit)s OFFSET %(offset)s",
        params,
    ).fetchall()
    total = connection.execute("SELECT count(*) AS n" + COMPETENCES, params).fetchone()
    found = [{**row["document"], "organization_name": row["organization"]} for row in rows]
    return hsds.page(found, total["n"] if total else 0, page, per_page)


def _count_services(connection: Connection, wanted: Filter) -> int:
    row = connection.execute("SELECT count(*) AS n" + SERVICES, wanted.params).fetchone()
    return int(row["n"]) if row else 0


def _service(row: Json) -> Json:
    return hsds.service_full(row["document"], row["organization"], row["changed_at"], row["areas"], row["places"])


def _named(document: Json) -> Json:
    return {"name": document["name"]["de"], "status": document["status"]}


def opening_hours(connection: Connection, service_id: UUID) -> str:
    """When a service is open, as a calendar: its own hours, and those of the service at each of its places."""
    row = connection.execute(SERVICE + " WHERE s.id = %s", (service_id,)).fetchone()
    if row is None:
        raise NotFoundError("directory.service-unknown")
    document = row["document"]
    places: list[tuple[str | None, Json]] = [(None, document)]
    for link, place in row["places"]:
        where = address_of(place)
        places += [(where, link)] if link.get("schedules") else [(where, place)]
    return calendar(document["id"], document["name"]["de"], places, row["changed_at"])
