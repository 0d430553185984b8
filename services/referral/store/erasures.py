"""The table of erasures: who was erased, and whether her key is destroyed already. Ids, codes and times only."""

from collections.abc import Collection
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.keystore.ledger import Erasure
from services.referral.store import intake, staff_names


def of_person(connection: Connection, person_id: UUID) -> Erasure | None:
    row = connection.execute(
        "SELECT person_id, erased_at, occasion FROM deletions WHERE person_id = %s", (person_id,)
    ).fetchone()
    return Erasure(**row) if row else None


def finished(work: Work, person_id: UUID) -> None:
    """Her key exists no more."""
    work.tx.execute("UPDATE deletions SET key_destroyed_at = %s WHERE person_id = %s", (work.now, person_id))


def all_of(connection: Connection) -> dict[Erasure, bool]:
    """Every erasure, and whether its key is known to be destroyed."""
    rows = connection.execute("SELECT person_id, erased_at, occasion, key_destroyed_at FROM deletions").fetchall()
    return {
        Erasure(row["person_id"], row["erased_at"], row["occasion"]): row["key_destroyed_at"] is not None
        for row in rows
    }


def note(work: Work, erasure: Erasure) -> bool:
    """Put into the table what only the ledger still knows; true if it was not there."""
    noted = work.tx.execute(
        "INSERT INTO deletions (person_id, erased_at, occasion) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (erasure.person_id, erasure.erased_at, erasure.occasion),
    )
    return noted.rowcount == 1


def unfinished(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) AS found FROM deletions WHERE key_destroyed_at IS NULL").fetchone()
    assert row is not None
    found: int = row["found"]
    return found


def open_records(connection: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """Which of these are not erased here."""
    rows = connection.execute(
        "SELECT id FROM persons WHERE id = ANY(%s) AND erased_at IS NULL", (list(person_ids),)
    ).fetchall()
    return {row["id"] for row in rows}


def existing(connection: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """Which of these have a row at all, erased or not; a draft's key and that of a staff member's name too."""
    rows = connection.execute("SELECT id FROM persons WHERE id = ANY(%s)", (list(person_ids),)).fetchall()
    others = staff_names.owners(connection, person_ids) | intake.owners(connection, person_ids)
    return {row["id"] for row in rows} | others
