"""What every search shows to choose from: places and languages, read anew only when something in the directory changed.

Of two changes at the same time the one that commits last may be seen only with the next.
"""

from dataclasses import dataclass

from flask import current_app

from services.chassis.db import Connection
from services.chassis.web import room
from services.directory.domain.places import Area, Places
from services.directory.queries import public as queries

HELD = "directory-lists"


@dataclass(frozen=True, slots=True)
class Lists:
    """All places, and the languages somebody is known to speak, as they stood after a change of the directory."""

    change: int
    places: Places
    spoken: list[str]


def lists() -> Lists:
    """The lists of this moment; each process keeps its own."""
    with room().unit.db.read() as connection:
        change = queries.last_change(connection)
        held: Lists | None = current_app.extensions.get(HELD)
        if held is None or held.change != change:
            held = current_app.extensions[HELD] = _read(connection, change)
    return held


def _read(connection: Connection, change: int) -> Lists:
    rows = queries.areas(connection)
    areas = [Area(row["document"]["id"], row["document"]["name"], row["postal_codes"]) for row in rows]
    return Lists(change, Places(areas), queries.spoken(connection))
