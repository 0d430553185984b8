"""Everything the directory tells to everybody, as a stream: what one site gives away another site takes in whole."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

from services.chassis.db import Connection
from services.directory.domain import hsds
from services.directory.domain.objects import Kind
from services.directory.queries import Filter, entries

Json = dict[str, Any]
BATCH = 500

#: How a body takes part is no public entry: keys and agreements are told through the network.
PUBLIC: Mapping[Kind, LiteralString] = {
    Kind.SOURCE: "SELECT document FROM sources ORDER BY id",
    Kind.AREA: "SELECT document FROM areas ORDER BY id",
    Kind.ORGANIZATION: "SELECT document FROM organizations ORDER BY id",
    Kind.LOCATION: "SELECT document FROM locations ORDER BY id",
    Kind.SERVICE: "SELECT document FROM services ORDER BY id",
    Kind.SERVICE_AT_LOCATION: "SELECT document FROM service_at_locations ORDER BY id",
    Kind.COMPETENCE: "SELECT document FROM competences ORDER BY id",
    Kind.REPORT: "SELECT document FROM reports ORDER BY service_id",
}

ORGANIZATIONS: LiteralString = """
    SELECT o.document, ARRAY(SELECT l.document FROM locations l WHERE l.organization_id = o.id ORDER BY l.id)
        AS locations FROM organizations o ORDER BY o.id"""


def rows(connection: Connection) -> Iterator[str]:
    """One line for each object, in the order in which they need each other: the file that fills an empty directory."""
    for kind, query in PUBLIC.items():
        for row in stream(connection, query):
            yield _line({"object": kind, **row["document"]})


def nested(connection: Connection) -> Iterator[str]:
    """Every organization, then every service, each with all that hangs below it, as HSDS has it."""
    for row in stream(connection, ORGANIZATIONS):
        yield _line(hsds.organization_full(row["document"], row["locations"]))
    for service in entries.every_service(connection, Filter()):
        yield _line(service)


def document(connection: Connection) -> Iterator[str]:
    """The same as one JSON document."""
    yield '{"version": "3.0", "contents": ['
    for number, line in enumerate(nested(connection)):
        yield f"{',' if number else ''}\n{line.rstrip()}"
    yield "\n]}\n"


def stream(connection: Connection, query: LiteralString) -> Iterator[Json]:
    """The rows of a query, read as they are needed."""
    with connection.transaction(), connection.cursor(name="export") as cursor:
        cursor.itersize = BATCH
        cursor.execute(query)
        yield from cursor


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
