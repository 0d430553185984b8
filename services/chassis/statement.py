"""A command's write as one statement: guarded update, numbers, letters and the kept result in a single round trip.

Four statements in a transaction cost four round trips and hold locks across all of them. Where a command has read the
last sequence of its subject together with the subject, nothing needs to come back in between.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from services.chassis import outbox
from services.chassis.db import Connection
from services.chassis.errors import RaceLostError


@dataclass(frozen=True, slots=True)
class Write:
    """A guarded write of exactly one row, without RETURNING."""

    sql: LiteralString
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a command, to be given again when the command is repeated."""

    caller: str
    key: str
    digest: str
    status: int
    body: dict[str, Any]

    @property
    def params(self) -> tuple[Any, ...]:
        return (self.caller, self.key, self.digest, self.status, Jsonb(self.body))


_PLACE = re.compile("%[s%]")
KEEP: LiteralString = "INSERT INTO command_results (caller, key, digest, status, body) VALUES (%s, %s, %s, %s, %s)"

#: A known subject moves on only from where the caller saw it; a new one must still be new.
MOVE_ONE: LiteralString = "UPDATE subject_sequences SET last = %s WHERE subject = %s AND last = %s RETURNING 1"
MOVE_ON: LiteralString = """
UPDATE subject_sequences AS known SET last = asked.after
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS asked (subject, before, after)
WHERE known.subject = asked.subject AND known.last = asked.before RETURNING 1"""
BEGIN_ONE: LiteralString = "INSERT INTO subject_sequences (subject, last) VALUES (%s, %s) RETURNING 1"
BEGIN: LiteralString = """
INSERT INTO subject_sequences (subject, last)
SELECT * FROM unnest(%s::text[], %s::bigint[]) RETURNING 1"""


def fits(writes: Sequence[Write], subjects: Iterable[str], followed: Mapping[str, int]) -> bool:
    """Whether everything needed is known beforehand."""
    return bool(writes) and all(subject in followed for subject in subjects)


def execute(
    connection: Connection,
    *,
    writes: Sequence[Write],
    followed: Mapping[str, int],
    letters: Sequence[outbox.Letter],
    told: Counter[str],
    kept: Kept | None,
) -> None:
    """Send it all; if a write or a number hits another count of rows than it must, nothing of it happens."""
    known = [subject for subject in told if followed[subject]]
    begun = [subject for subject in told if not followed[subject]]
    params: list[object] = [value for write in writes for value in write.params]
    if len(known) == 1:
        params += [followed[known[0]] + told[known[0]], known[0], followed[known[0]]]
    elif known:
        params += [known, [followed[s] for s in known], [followed[s] + told[s] for s in known]]
    if len(begun) == 1:
        params += [begun[0], told[begun[0]]]
    elif begun:
        params += [begun, [told[s] for s in begun]]
    params += outbox.columns(letters)
    params += kept.params if kept else ()
    params += [len(known)] if known else []
    shape = Shape(min(len(known), 2), min(len(begun), 2), min(len(letters), outbox.FEW + 1), kept is not None)
    query = compose(tuple(write.sql for write in writes), shape)
    try:
        psycopg.RawCursor(connection).execute(query, params)
    except (psycopg.errors.DivisionByZero, psycopg.errors.UniqueViolation) as error:
        if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.table_name != "subject_sequences":
            raise
        raise RaceLostError("work.changed-meanwhile") from error


class Shape(NamedTuple):
    """What makes one statement differ from another: how many of each, not which."""

    known: int
    begun: int
    letters: int
    kept: bool


@lru_cache(maxsize=256)
def compose(writes: tuple[LiteralString, ...], shape: Shape) -> bytes:
    """The statement of one shape. It divides by zero when a guard was lost: an error is what undoes all its parts.

    Its values are numbered here, once: psycopg would look for them anew in every statement as long as these are.
    """
    parts = {f"write_{n}": f"{sql} RETURNING 1" for n, sql in enumerate(writes)}
    conditions = [f"(SELECT count(*) FROM {name}) = 1" for name in parts]  # noqa: S608 - names made two lines above
    if shape.known:
        parts["moved"] = MOVE_ONE if shape.known == 1 else MOVE_ON
    if shape.begun:
        parts["begun"] = BEGIN_ONE if shape.begun == 1 else BEGIN
    if shape.letters:
        parts["posted"] = outbox.insert(shape.letters)
    if shape.kept:
        parts["kept"] = KEEP
    if shape.known:
        conditions.append("(SELECT count(*) FROM moved) = %s")
    named = ", ".join(f"{name} AS ({sql})" for name, sql in parts.items())
    return numbered(f"WITH {named} SELECT 1 / (CASE WHEN {' AND '.join(conditions)} THEN 1 ELSE 0 END)").encode()


def numbered(sql: str) -> str:
    """``%s`` by ``%s`` as ``$1``, ``$2``, as PostgreSQL counts them; ``%%`` is a mere percent sign."""
    numbers = count(1)
    return _PLACE.sub(lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql)


def keep(connection: Connection, kept: Kept) -> None:
    connection.execute(KEEP, kept.params)
