"""Tallying: the clock counts each whole stretch of the log once, so that no report has to."""

import time
from datetime import datetime

from services.audit.noticing import size_of
from services.audit.queries.tally import BLOCK, COUNTED, next_block
from services.chassis.db import Connection, take_time
from services.chassis.jobs import ClockJob, Due
from services.chassis.work import Work

LOCK = 69_629_164
SECONDS = 1.0
KEEP = f"INSERT INTO tallies (block, year, measure, codes, n) SELECT %(block)s, counted.* FROM ({COUNTED}) AS counted"  # noqa: S608 - the text of the query
KEEP_BLOCK = "INSERT INTO tallied_blocks (block, counted_at) VALUES (%s, %s)"


def uncounted(connection: Connection, _now: datetime, _limit: int) -> list[Due]:
    """The next whole stretch, if there is one."""
    block = next_block(connection)
    return [Due(f"tally:{block}")] if (block + 1) * BLOCK <= size_of(connection) else []


def count(work: Work, _due: Due) -> None:
    """Count what is whole, as much as one turn of the clock may take."""
    tx, began = work.tx, time.monotonic()
    take_time(tx, 60)
    tx.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    size, block = size_of(tx), next_block(tx)
    while (block + 1) * BLOCK <= size and time.monotonic() - began < SECONDS:
        window = {"block": block, "first": block * BLOCK, "end": (block + 1) * BLOCK, "year": None}
        tx.execute(KEEP.encode(), window, prepare=False)
        tx.execute(KEEP_BLOCK, (block, work.now))
        block += 1


TALLY_JOBS = (ClockJob("tally", uncounted, count),)
