"""Letters waiting for the relay: written in the same transaction as the change they tell of, or not at all."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString
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

INSERT: LiteralString = "\nINSERT INTO outbox (event_id, subject, exchange, routing_key, headers, body)"
ROW: LiteralString = "(%s, %s, %s, %s, %s::json, %s)"
MANY: LiteralString = " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::json[], %s::bytea[])"
#: So few letters are written value by value: to put them into arrays costs more than the rest of the writing.
FEW = 6


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
        connection.execute(insert(len(letters)), columns(letters))


def insert(count: int) -> LiteralString:
    """The statement for that many letters; for more than a few it is the same for any number."""
    return INSERT + (MANY if count > FEW else f" VALUES {', '.join([ROW] * count)}")  # noqa: S608 - fixed parts


def columns(letters: Sequence[Letter]) -> Sequence[object]:
    """The values `insert` wants: of a few letters one by one, otherwise one array per column."""
    rows = [_values(letter) for letter in letters]
    if len(rows) <= FEW:
        return [value for row in rows for value in row]
    return [list(column) for column in zip(*rows, strict=True)]


def _values(letter: Letter) -> tuple[object, ...]:
    headers = json.dumps(dict(letter.headers), separators=(",", ":"), ensure_ascii=False)
    return letter.event_id, letter.subject, letter.exchange, letter.routing_key, headers, letter.body
