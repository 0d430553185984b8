"""Letters waiting for the relay: written in the same transaction as the change they tell of, or not at all."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.db import Connection


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it will leave: the bytes are final, nothing serializes them again."""

    event_id: UUID
    subject: str
    exchange: str
    routing_key: str
    headers: Mapping[str, str]
    body: bytes


TAKE_NUMBERS = """
INSERT INTO subject_sequences AS known (subject, last)
SELECT subject, wanted FROM unnest(%s::text[], %s::bigint[]) AS asked (subject, wanted) ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET last = known.last + EXCLUDED.last
RETURNING subject, last"""

INSERT = """
INSERT INTO outbox (event_id, subject, exchange, routing_key, headers, body)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::json[], %s::bytea[])"""


def take_numbers(connection: Connection, subjects: Iterable[str]) -> dict[str, int]:
    """Reserve one number per mention of a subject; returns the first number of each.

    One statement for all. The row locks last until the end of the transaction, so that for one subject the order of
    numbers is the order of commits; they are taken in the order of names, so that two works never wait for each other.
    """
    wanted = Counter(subjects)
    if not wanted:
        return {}
    rows = connection.execute(TAKE_NUMBERS, (list(wanted), list(wanted.values()))).fetchall()
    return {row["subject"]: row["last"] - wanted[row["subject"]] + 1 for row in rows}


def post(connection: Connection, letters: Sequence[Letter]) -> None:
    """Put letters into the outbox, in this order."""
    if letters:
        connection.execute(INSERT, columns(letters))


def columns(letters: Sequence[Letter]) -> tuple[list[object], ...]:
    """The letters as one array per column, the way `INSERT` wants them."""
    return (
        [letter.event_id for letter in letters],
        [letter.subject for letter in letters],
        [letter.exchange for letter in letters],
        [letter.routing_key for letter in letters],
        [json.dumps(dict(letter.headers), separators=(",", ":"), ensure_ascii=False) for letter in letters],
        [letter.body for letter in letters],
    )
