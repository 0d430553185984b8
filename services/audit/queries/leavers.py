"""Whose access had ended, as the log tells it."""

import json
from dataclasses import dataclass
from datetime import datetime

from contracts.fields import parse_instant
from services.audit.queries.rules import ENDED, RESTORED
from services.chassis.db import Connection

TOLD = """
SELECT position, type, leaf FROM entries WHERE type = ANY(%s) AND leaf IS NOT NULL
ORDER BY occurred_at DESC, position DESC LIMIT 1000
"""


#: Something was done under it, or something was told of it before.
KNOWN = "SELECT EXISTS (SELECT 1 FROM entries WHERE actor = %s) AS known"


@dataclass(frozen=True, slots=True)
class Leaver:
    """A pseudonym without access from an instant on, and since when it has access again."""

    position: int
    staff: str
    from_at: datetime
    restored_at: datetime | None


def leavers(connection: Connection) -> list[Leaver]:
    """The newest first."""
    rows = connection.execute(TOLD, ([ENDED, RESTORED],), prepare=False).fetchall()
    told = [(row["position"], row["type"], json.loads(bytes(row["leaf"]))["data"]) for row in rows]
    restored = [(data["staff"], parse_instant(data["from_at"])) for _, type_, data in told if type_ == RESTORED]
    found = []
    for position, type_, data in told:
        if type_ == ENDED:
            since = parse_instant(data["from_at"])
            later = [at for staff, at in restored if staff == data["staff"] and at > since]
            found.append(Leaver(position, data["staff"], since, min(later, default=None)))
    return found


def is_known(connection: Connection, staff: str) -> bool:
    """Whether the log has ever heard of a pseudonym: of a mistyped account it has not."""
    row = connection.execute(KNOWN, (staff,), prepare=False).fetchone()
    return (row is not None and bool(row["known"])) or any(one.staff == staff for one in leavers(connection))
