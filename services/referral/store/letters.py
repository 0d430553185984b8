"""Letters to persons: which link each carries and how far it has come. Where it goes stands nowhere in here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import PersonLinkPurpose
from services.chassis.db import Connection
from services.chassis.work import Work


class State(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    PARKED = "parked"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter under way."""

    id: UUID
    link_id: UUID
    attempt: int


CLAIM = """
UPDATE person_letters SET claimed_until = %s, attempt = attempt + 1, changed_at = %s
WHERE id = (
    SELECT id FROM person_letters WHERE state = 'pending' AND due_at <= %s
    AND (claimed_until IS NULL OR claimed_until < %s) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, link_id, attempt"""


def add(work: Work, link_id: UUID) -> UUID:
    """Put a letter with this link into the box; the address is looked up when it leaves."""
    letter_id = work.new_id()
    work.tx.execute(
        "INSERT INTO person_letters (id, link_id, state, attempt, due_at, made_at, changed_at)"
        " VALUES (%s, %s, 'pending', 0, %s, %s, %s)",
        (letter_id, link_id, work.now, work.now, work.now),
    )
    return letter_id


def claim(tx: Connection, now: datetime, until: datetime) -> Letter | None:
    """The next letter that is due, taken so that nobody else sends it meanwhile."""
    row = tx.execute(CLAIM, (until, now, now, now)).fetchone()
    return None if row is None else Letter(row["id"], row["link_id"], row["attempt"])


def change(
    work: Work, letter_id: UUID, state: State, *, due_at: datetime | None = None, cause: str | None = None
) -> bool:
    """Write down how it went; False if that stood there already."""
    changed = work.tx.execute(
        "UPDATE person_letters SET state = %s, due_at = coalesce(%s, due_at), claimed_until = NULL, cause = %s,"
        " changed_at = %s WHERE id = %s AND state = 'pending'",
        (state, due_at, cause, work.now, letter_id),
    )
    return changed.rowcount == 1


def written_since(connection: Connection, person_id: UUID, purpose: PersonLinkPurpose, since: datetime) -> bool:
    """Whether a letter of this kind was put into the box for this person after that moment."""
    row = connection.execute(
        "SELECT FROM person_letters JOIN person_links ON person_links.id = link_id"
        " WHERE person_id = %s AND purpose = %s AND made_at > %s LIMIT 1",
        (person_id, purpose, since),
    ).fetchone()
    return row is not None


def of_links(connection: Connection, enquiry_id: UUID) -> dict[UUID, tuple[State, str | None]]:
    """How far the letters of an enquiry's links have come, by link."""
    rows = connection.execute(
        "SELECT link_id, state, cause FROM person_letters JOIN person_links ON person_links.id = link_id"
        " WHERE enquiry_id = %s ORDER BY made_at",
        (enquiry_id,),
    )
    return {row["link_id"]: (State(row["state"]), row["cause"]) for row in rows.fetchall()}
