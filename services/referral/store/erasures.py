"""The table of erasures: who was erased, and whether her key is destroyed already. Ids, codes and times only."""

from collections.abc import Collection
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.keystore.ledger import Erasure


def of_person(connection: Connection, person_id: UUID) -> Erasure | None:
    row = connection.execute(
        "SELECT person_id, erased_at, occasion FROM deletions WHERE person_id = %s", (person_id,)
    ).fetchone()
    return Erasure(**row) if row else None


def finished(work: Work, person_id: UUID) -> None:
    """Her key exists no more."""
    work.tx.execute("UPDATE deletions SET key_destroyed_at = %s WHERE person_id = %s", (work.now, person_id))


def existing(connection: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """Which of these have a row at all, erased or not."""
    rows = connection.execute("SELECT id FROM persons WHERE id = ANY(%s)", (list(person_ids),)).fetchall()
    return {row["id"] for row in rows}
