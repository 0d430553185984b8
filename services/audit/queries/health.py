"""Figures for operations: how far the log is, how far it is signed, what is missing - never what is in it."""

from datetime import datetime
from typing import Any

from services.audit.domain.streams import Stream
from services.audit.queries import owners, retention, tree
from services.audit.queries.streams import never_heard, streams
from services.audit.writer import LogContradictsError, Outside
from services.chassis.db import Connection

STANDING = """
SELECT coalesce((SELECT size FROM heads ORDER BY size DESC LIMIT 1), 0) AS size,
       (SELECT recorded_at FROM heads ORDER BY size DESC LIMIT 1) AS recorded_at,
       coalesce((SELECT size FROM checkpoints ORDER BY size DESC LIMIT 1), 0) AS signed,
       (SELECT signed_at FROM checkpoints ORDER BY size DESC LIMIT 1) AS signed_at
"""


def standing(connection: Connection) -> dict[str, Any]:
    """How far the log reaches and how far it is signed."""
    row = connection.execute(STANDING).fetchone()
    return dict(row or {})


def completeness(found: list[Stream], now: datetime) -> dict[str, Any]:
    """What each service reported against what was heard; of one that is silent nobody knows what came after."""
    return {
        "silent": never_heard(found) + [stream.source for stream in found if stream.is_silent(now)],
        "missing": sum(stream.position - stream.heard for stream in found),
        "differing": sum(stream.compared.differing for stream in found),
        "streams": [
            {
                "source": stream.source,
                "reported": stream.position,
                "heard": stream.heard,
                "reported_at": stream.reported_at.isoformat(),
                "compared": stream.compared.position,
                "gaps": [[gap.first, gap.last] for gap in stream.gaps],
            }
            for stream in found
        ],
    }


def published(connection: Connection, outside: Outside) -> dict[str, Any]:
    """What lies outside the database, and whether the log still is what it says; never raises, for it is looked at."""
    try:
        found = outside.published()
    except LogContradictsError as wrong:
        return {"size": None, "agrees": False, "slug": wrong.slug}
    if found is None:
        return {"size": 0, "agrees": True}
    reaches = found.size <= standing(connection)["size"]
    return {"size": found.size, "agrees": reaches and tree.holds(connection, found.size, found.root)}


def expiry(connection: Connection, now: datetime) -> dict[str, Any]:
    """What was named to expire and waits."""
    left = retention.waiting(connection)
    since = None if left.since is None else left.since.isoformat()
    return {"waiting": left.runs, "since": since, "stuck": left.is_stuck(now)}


def compared_owners(connection: Connection) -> dict[str, Any]:
    """Whether auditors are shown what the log says is theirs; nothing was compared longer ago than `since`."""
    found = owners.standing(connection)
    since = None if found.since is None else found.since.isoformat()
    return {"missing": found.missing, "surplus": found.surplus, "since": since}


def log_health(connection: Connection, outside: Outside, now: datetime) -> dict[str, Any]:
    """Everything operations watches, as JSON."""
    times = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in standing(connection).items()
    }
    return {
        **times,
        "published": published(connection, outside),
        "completeness": completeness(streams(connection), now),
        "expiry": expiry(connection, now),
        "owners": compared_owners(connection),
    }
