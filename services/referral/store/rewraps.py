"""What each change of the service key did, for whoever asks when the last one was."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrap:
    """One finished run: under which key everything was put, and how much of it."""

    id: UUID
    wrapping_id: str
    person_keys: int
    custodial_keys: int
    blind_indexes: int
    unreadable: int
    began_at: datetime
    ended_at: datetime


def keep(work: Work, rewrap: Rewrap) -> None:
    work.tx.execute(
        "INSERT INTO rewraps (id, wrapping_id, person_keys, custodial_keys, blind_indexes, unreadable, began_at,"
        " ended_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            rewrap.id,
            rewrap.wrapping_id,
            rewrap.person_keys,
            rewrap.custodial_keys,
            rewrap.blind_indexes,
            rewrap.unreadable,
            rewrap.began_at,
            rewrap.ended_at,
        ),
    )


def last(connection: Connection) -> Rewrap | None:
    row = connection.execute("SELECT * FROM rewraps ORDER BY ended_at DESC LIMIT 1").fetchone()
    return Rewrap(**row) if row else None
