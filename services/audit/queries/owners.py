"""Whether the list of owners (`controllers`) still says what the log says, compared stretch by stretch.

The list is derived, and what derives it may be tampered with or fail in a repair: then an auditor sees too little or
too much, and nobody is told. What a difference is says the database itself (`owners_astray`), by the one definition.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.chassis.db import Connection

#: Entries in one stretch.
BLOCK = 8_192
#: How often a stretch is compared at most, and how long what was compared may stand.
EVERY, AGAIN_AFTER = timedelta(minutes=1), timedelta(hours=1)

LAST = "SELECT checked_at FROM owner_checks ORDER BY checked_at DESC, block DESC LIMIT 1"
UNCHECKED = """
SELECT coalesce((SELECT max(block) + 1 FROM owner_checks), 0) AS block,
    coalesce((SELECT size FROM heads ORDER BY size DESC LIMIT 1), 0) AS size
"""
OLDEST = "SELECT block FROM owner_checks WHERE checked_at <= %s ORDER BY checked_at, block LIMIT 1"
ASTRAY = """
SELECT count(*) FILTER (WHERE is_missing) AS missing, count(*) FILTER (WHERE NOT is_missing) AS surplus
FROM owners_astray(%s, %s)
"""
STANDING = """
SELECT (SELECT min(checked_at) FROM owner_checks) AS since, coalesce(sum(missing), 0)::bigint AS missing,
    coalesce(sum(surplus), 0)::bigint AS surplus
FROM owner_checks WHERE missing + surplus > 0
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest comparison of every stretch came to; none is older than `since`."""

    since: datetime | None
    missing: int
    surplus: int


def next_block(connection: Connection, now: datetime) -> int | None:
    """The stretch to compare: one that never was, else the one for which it is longest ago; None while none is due."""
    last = connection.execute(LAST).fetchone()
    if last is not None and last["checked_at"] > now - EVERY:
        return None
    row = connection.execute(UNCHECKED).fetchone()
    if row is not None and row["block"] * BLOCK < row["size"]:
        return int(row["block"])
    oldest = connection.execute(OLDEST, (now - AGAIN_AFTER,)).fetchone()
    return None if oldest is None else int(oldest["block"])


def astray(connection: Connection, block: int) -> tuple[int, int]:
    """How many owners are missing in a stretch, and how many stand there too much."""
    row = connection.execute(ASTRAY, (block * BLOCK, (block + 1) * BLOCK), prepare=False).fetchone()
    assert row is not None
    return row["missing"], row["surplus"]


def standing(connection: Connection) -> Standing:
    row = connection.execute(STANDING).fetchone()
    assert row is not None
    return Standing(row["since"], row["missing"], row["surplus"])
