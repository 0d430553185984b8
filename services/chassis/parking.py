"""Events that had to wait or be put aside: the SQL of `held_events` and `parked_events`, and what operators may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.hear import Mail

#: Parked only because an earlier one is missing: goes on by itself as soon as that one was heard.
BEHIND = "parked.behind"
GAP = "parked.gap"
PATIENT = [BEHIND, GAP]
NUL = "\0"


@dataclass(frozen=True, slots=True)
class Stub:
    """What can be known of a message, even of one that cannot be read."""

    event_id: UUID | None = None
    source: str | None = None
    subject: str | None = None
    sequence: int | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held or parked message on its way back."""

    table: str
    key: int | UUID
    stub: Stub
    mail: Mail
    reason: str
    attempts: int = 0
    is_forced: bool = False


def hold(tx: Connection, stub: Stub, mail: Mail, reason: str) -> None:
    """Let an event wait for its predecessor (or for what it speaks of)."""
    tx.execute(
        "INSERT INTO held_events (event_id, source, subject, sequence, queue, arrival, body, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (stub.event_id, stub.source, stub.subject or "", stub.sequence, mail.queue, _arrival(mail), mail.raw, reason),
    )


def park(tx: Connection, stub: Stub, mail: Mail, reason: str, *, error: str | None = None, attempts: int = 0) -> None:
    """Put a message aside with its reason until an operator decides."""
    tx.execute(
        "INSERT INTO parked_events (event_id, source, subject, sequence, type, queue, arrival, body, reason, error,"
        " attempts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(stub.event_id, stub.source, stub.subject, stub.sequence, stub.type),
            *(mail.queue, _arrival(mail), mail.raw, reason, error, attempts),
        ),
    )


def park_overdue(tx: Connection, queue: str, seconds: float) -> int:
    """What waited too long is parked; the other subjects go on."""
    return tx.execute(
        "WITH late AS (DELETE FROM held_events WHERE queue = %s AND held_at < now() - %s * interval '1 second'"
        " RETURNING *)"
        " INSERT INTO parked_events (event_id, source, subject, sequence, queue, arrival, body, reason)"
        " SELECT event_id, source, nullif(subject, ''), sequence, queue, arrival, body, reason FROM late"
        " ORDER BY source, subject, sequence",
        (queue, seconds),
    ).rowcount


RUNNABLE = """
SELECT 'held' AS tab, event_id AS held_key, NULL::bigint AS parked_key, false AS is_forced, 0 AS attempts,
       held.event_id, held.source, held.subject, held.sequence, NULL AS type, arrival, body, reason, queue
FROM held_events AS held LEFT JOIN inbox_subjects AS heard USING (source, subject)
WHERE held.queue = %(queue)s AND held.reason = ANY(%(patient)s)
    AND held.sequence <= coalesce(heard.last_sequence, 0) + 1
UNION ALL
SELECT 'parked', NULL, parked_id, retry_requested_at IS NOT NULL, attempts,
       parked.event_id, parked.source, parked.subject, parked.sequence, type, arrival, body, reason, queue
FROM parked_events AS parked LEFT JOIN inbox_subjects AS heard USING (source, subject)
WHERE parked.queue = %(queue)s AND settled_at IS NULL AND (retry_requested_at IS NOT NULL
    OR (reason = ANY(%(patient)s) AND parked.sequence <= coalesce(heard.last_sequence, 0) + 1))
ORDER BY source, subject, sequence LIMIT 1"""


EARLY = """
SELECT 'held' AS tab, event_id AS held_key, NULL::bigint AS parked_key, false AS is_forced, 0 AS attempts,
       event_id, source, subject, sequence, NULL AS type, arrival, body, reason, queue
FROM held_events WHERE queue = %s AND reason <> ALL(%s) ORDER BY source, subject, sequence LIMIT 100"""


def next_runnable(tx: Connection, queue: str) -> Waiting | None:
    """The first message whose turn has come, or that an operator wants tried again."""
    row = tx.execute(RUNNABLE, {"queue": queue, "patient": PATIENT}).fetchone()
    return _waiting(row) if row else None


def early(tx: Connection, queue: str) -> list[Waiting]:
    """What waits not for its number but for the thing it speaks of."""
    return [_waiting(row) for row in tx.execute(EARLY, (queue, PATIENT))]


def still_early(tx: Connection, waiting: Waiting, reason: str) -> None:
    """Its turn has come, but what it speaks of is not there yet."""
    tx.execute(
        "UPDATE held_events SET reason = %s WHERE event_id = %s AND source = %s",
        (reason, waiting.key, waiting.stub.source),
    )


def take_back(tx: Connection, waiting: Waiting) -> bool:
    """Take a message out of its waiting place, to be handled in this transaction; False if somebody else did."""
    if waiting.table == "held":
        sql = "DELETE FROM held_events WHERE event_id = %s AND source = %s"
        return tx.execute(sql, (waiting.key, waiting.stub.source)).rowcount == 1
    sql = (
        "UPDATE parked_events SET settled_at = now(), settlement = 'handled'"
        " WHERE parked_id = %s AND settled_at IS NULL"
    )
    return tx.execute(sql, (waiting.key,)).rowcount == 1


def put_back(tx: Connection, waiting: Waiting, reason: str, error: str | None) -> None:
    """It failed again: it stays, with what is known now, and no longer asks to be tried."""
    if waiting.table == "held":
        if take_back(tx, waiting):
            park(tx, waiting.stub, waiting.mail, reason, error=error, attempts=1)
        return
    tx.execute(
        "UPDATE parked_events SET retry_requested_at = NULL, reason = %s, error = %s, attempts = attempts + 1"
        " WHERE parked_id = %s AND settled_at IS NULL",
        (reason, error, waiting.key),
    )


class Parked(NamedTuple):
    """A parked message as an operator sees it: everything but its content."""

    parked_id: int
    event_id: UUID | None
    source: str | None
    subject: str | None
    sequence: int | None
    type: str | None
    queue: str
    reason: str
    error: str | None
    attempts: int
    parked_at: datetime
    retry_requested_at: datetime | None


LISTED = ", ".join(Parked._fields)


def parked(connection: Connection, limit: int = 100, after: int = 0) -> list[Parked]:
    """What is parked now, oldest first."""
    rows = connection.execute(
        f"SELECT {LISTED} FROM parked_events WHERE settled_at IS NULL AND parked_id > %s ORDER BY parked_id LIMIT %s",  # noqa: S608
        (after, limit),
    )
    return [Parked(**row) for row in rows]


def show(connection: Connection, parked_id: int) -> Parked:
    sql = f"SELECT {LISTED} FROM parked_events WHERE settled_at IS NULL AND parked_id = %s"  # noqa: S608
    row = connection.execute(sql, (parked_id,)).fetchone()
    if row is None:
        raise NotFoundError("parked.unknown")
    return Parked(**row)


def retry(tx: Connection, parked_id: int) -> Parked:
    """Ask the worker to try it once more; within a second or so it does. The earliest of a subject comes first."""
    item = _earliest(tx, parked_id)
    tx.execute("UPDATE parked_events SET retry_requested_at = now() WHERE parked_id = %s", (parked_id,))
    return item


RETRY_SOME = f"""
UPDATE parked_events AS mine SET retry_requested_at = now()
WHERE settled_at IS NULL AND retry_requested_at IS NULL AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND NOT EXISTS (SELECT FROM parked_events AS before WHERE before.settled_at IS NULL AND before.queue = mine.queue
        AND (before.source, before.subject) = (mine.source, mine.subject) AND before.sequence < mine.sequence)
RETURNING {LISTED}"""  # noqa: S608 - the columns above


def retry_some(tx: Connection, reason: str | None) -> list[Parked]:
    """The same for all that are parked for this reason (None: for whatever reason) and have none parked before them."""
    return [Parked(**row) for row in tx.execute(RETRY_SOME, {"reason": reason})]


def discard(tx: Connection, parked_id: int, by: str) -> Parked:
    """Give it up: it counts as heard, and what waits behind it goes on."""
    item = _earliest(tx, parked_id)
    tx.execute(
        "UPDATE parked_events SET settled_at = now(), settlement = 'discarded', settled_by = %s WHERE parked_id = %s",
        (by, parked_id),
    )
    if item.sequence is not None:
        move_on(tx, {(item.source or "", item.subject or ""): item.sequence})
    return item


def move_on(tx: Connection, heard: Mapping[tuple[str, str], int]) -> None:
    """Keep how far each subject was heard."""
    if heard:
        tx.execute(
            "INSERT INTO inbox_subjects AS known (source, subject, last_sequence)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])"
            " ON CONFLICT (source, subject) DO UPDATE"
            " SET last_sequence = greatest(known.last_sequence, EXCLUDED.last_sequence)",
            ([source for source, _ in heard], [subject for _, subject in heard], list(heard.values())),
        )


def _earliest(tx: Connection, parked_id: int) -> Parked:
    item = show(tx, parked_id)
    row = tx.execute(
        "SELECT min(sequence) AS first FROM parked_events"
        " WHERE settled_at IS NULL AND source = %s AND subject = %s AND queue = %s",
        (item.source, item.subject, item.queue),
    ).fetchone()
    if item.sequence is not None and row is not None and row["first"] < item.sequence:
        raise RefusedError("parked.earlier-first", sequence=row["first"])
    return item


def _arrival(mail: Mail) -> Jsonb:
    headers = {
        key: value for key, value in mail.headers.items() if isinstance(value, int | str) and NUL not in str(value)
    }
    return Jsonb({"headers": headers, "user_id": mail.user_id})


def _waiting(row: Mapping[str, Any]) -> Waiting:
    stub = Stub(row["event_id"], row["source"], row["subject"], row["sequence"], row["type"])
    arrival = row["arrival"]
    mail = Mail(row["body"], row["queue"], arrival["headers"], arrival["user_id"], redelivered=True)
    key = row["held_key"] or row["parked_key"]
    return Waiting(row["tab"], key, stub, mail, row["reason"], row["attempts"], row["is_forced"])
