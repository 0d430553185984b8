"""How the public pages would look that show an object."""

from collections.abc import Sequence
from typing import Any

from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.chassis.web import room
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change
from services.directory.domain.publishing import is_retired
from services.directory.queries import objects as queries
from services.directory.queries import public
from services.directory.web.public import shown

#: So many pages are shown, of an organization that has many services.
MOST_PAGES = 3


def public_pages(connection: Connection, change: Change) -> list[dict[str, Any]]:
    """The public page of each service that shows the object, as it reads now on this connection."""
    rows = [public.entry(connection, name) for name in _services(connection, change)[:MOST_PAGES]]
    today = room().unit.clock.now().astimezone(PLACE).date()
    return [
        {
            "name": shown.said(row["document"]["name"]),
            "retired": is_retired(row["document"]),
            "service": shown.entry(row, today),
        }
        for row in rows
        if row is not None
    ]


def _services(connection: Connection, change: Change) -> Sequence[str]:
    row = change.row
    if row.kind is Kind.SERVICE:
        return [row.id]
    if row.kind is Kind.SERVICE_AT_LOCATION:
        return [str(row.document["service_id"])]
    return queries.shown_by(connection, row.kind, row.id)
