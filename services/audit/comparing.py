"""Comparing: the clock asks of one stretch of the log after the other whether the list of owners still fits it."""

from datetime import datetime

from services.audit.queries.owners import astray, next_block
from services.chassis.db import Connection, take_time
from services.chassis.jobs import ClockJob, Due
from services.chassis.work import Work

KEEP = """
INSERT INTO owner_checks (block, missing, surplus, checked_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (block) DO UPDATE
SET (missing, surplus, checked_at) = (excluded.missing, excluded.surplus, excluded.checked_at)
"""


def uncompared(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """The next stretch, at most one a minute."""
    block = next_block(connection, now)
    return [] if block is None else [Due(f"owners:{block}:{now:%Y-%m-%dT%H:%M:%S}", block)]


def compare(work: Work, due: Due) -> None:
    """Keep what the comparison came to; whoever watches the figures is told of a difference."""
    take_time(work.tx, 60)
    missing, surplus = astray(work.tx, due.payload)
    work.tx.execute(KEEP, (due.payload, missing, surplus, work.now))


OWNER_JOBS = (ClockJob("compare_owners", uncompared, compare),)
