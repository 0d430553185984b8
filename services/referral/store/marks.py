"""What persons are found and compared by - blind index and pseudonyms - made anew when the service key changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.db import Connection
from services.referral.store import persons, pseudonyms
from services.referral.vault import UnreadableError, Vault

MARKED_OTHERWISE = """
SELECT id, sealed, index_key_id AS wrapping_id FROM persons
WHERE index_key_id IS DISTINCT FROM %s AND erased_at IS NULL
    AND (blind_index IS NOT NULL OR EXISTS (SELECT FROM pseudonyms AS known WHERE known.person_id = persons.id))
    AND id > %s ORDER BY id LIMIT %s"""
COUNTS = """
SELECT coalesce(index_key_id, 'unnamed') AS key_id, count(*) AS persons FROM persons
WHERE erased_at IS NULL
    AND (blind_index IS NOT NULL OR EXISTS (SELECT FROM pseudonyms AS known WHERE known.person_id = persons.id))
GROUP BY 1 ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Marked:
    """A living person, and by which service key her marks were made."""

    id: UUID
    sealed: bytes = field(repr=False)
    wrapping_id: str | None


@dataclass(frozen=True, slots=True)
class Marks:
    """The blind index, and the pseudonyms of each period that is still kept."""

    blind_index: bytes | None
    pseudonyms: Mapping[str, list[bytes]]


def marked_otherwise(connection: Connection, key_id: str, after: UUID, limit: int) -> list[Marked]:
    """Whose marks were made by another service key than this, by id."""
    rows = connection.execute(MARKED_OTHERWISE, (key_id, after, limit)).fetchall()
    return [Marked(**row) for row in rows]


def made_anew(connection: Connection, vault: Vault, person: Marked) -> Marks:
    """Her marks under the current service key; a period that is over for her does not begin again."""
    if (key := vault.person_key(person.id)) is None:
        raise UnreadableError
    record = key.open_record(persons.RECORD, person.sealed)
    periods = pseudonyms.periods_of(connection, person.id)
    return Marks(
        persons.index_of(vault, record), {period: pseudonyms.made(vault, record, period) for period in periods}
    )


def put(connection: Connection, changes: Sequence[tuple[Marked, Marks]], key_id: str) -> int:
    """Each person by herself, so that nobody waits; who was rectified or erased meanwhile keeps what she has."""
    return sum(_put(connection, person, marks, key_id) for person, marks in changes)


def _put(connection: Connection, person: Marked, marks: Marks, key_id: str) -> int:
    with connection.transaction():
        done = connection.execute(
            "UPDATE persons SET blind_index = %s, index_key_id = %s WHERE id = %s AND sealed = %s",
            (marks.blind_index, key_id, person.id, person.sealed),
        ).rowcount
        if done:
            for period, kept in marks.pseudonyms.items():
                pseudonyms.put(connection, person.id, period, kept)
    return done


def counts(connection: Connection) -> dict[str, int]:
    """How many persons' marks were made by each service key."""
    rows = connection.execute(COUNTS).fetchall()
    return {row["key_id"]: row["persons"] for row in rows}
