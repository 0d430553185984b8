"""Wrapped keys in their own database. Each call is a transaction of its own; nothing is remembered between calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.db import Database
from services.referral.vault import WrappedKey


@dataclass(frozen=True, slots=True)
class KeyCount:
    """How many keys one service key wraps, and since when the oldest of them is there."""

    wrapping_id: str
    keys: int
    oldest: datetime


class KeyStore:
    """Keeps, finds and destroys; knows no person and cannot open what it keeps."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def keep(self, key: WrappedKey, at: datetime) -> None:
        with self.db.session() as connection:
            connection.execute(
                "INSERT INTO keystore.person_keys (person_id, wrapped, wrapping_id, made_at) VALUES (%s, %s, %s, %s)",
                (key.person_id, key.wrapped, key.wrapping_id, at),
            )

    def find(self, person_id: UUID) -> WrappedKey | None:
        with self.db.read() as connection:
            row = connection.execute(
                "SELECT person_id, wrapped, wrapping_id FROM keystore.person_keys WHERE person_id = %s", (person_id,)
            ).fetchone()
        return WrappedKey(**row) if row else None

    def destroy(self, person_id: UUID) -> bool:
        with self.db.session() as connection:
            gone = connection.execute("DELETE FROM keystore.person_keys WHERE person_id = %s", (person_id,))
        return gone.rowcount == 1

    def existing(self, person_ids: Collection[UUID]) -> set[UUID]:
        """Which of these have a key."""
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT person_id FROM keystore.person_keys WHERE person_id = ANY(%s)", (list(person_ids),)
            ).fetchall()
        return {row["person_id"] for row in rows}

    def counts(self) -> list[KeyCount]:
        """How many keys each service key wraps, the most first."""
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT wrapping_id, count(*) AS keys, min(made_at) AS oldest FROM keystore.person_keys"
                " GROUP BY wrapping_id ORDER BY keys DESC, wrapping_id"
            ).fetchall()
        return [KeyCount(**row) for row in rows]

    def wrapped_otherwise(self, wrapping_id: str, after: UUID, limit: int) -> list[WrappedKey]:
        """Keys under any other service key than this, by id."""
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT person_id, wrapped, wrapping_id FROM keystore.person_keys WHERE wrapping_id <> %s"
                " AND person_id > %s ORDER BY person_id LIMIT %s",
                (wrapping_id, after, limit),
            ).fetchall()
        return [WrappedKey(**row) for row in rows]

    def rewrap(self, changes: Sequence[tuple[WrappedKey, bytes]], wrapping_id: str) -> int:
        """Put the new wrapping where the old one still is; who was erased meanwhile stays without."""
        with self.db.session() as connection:
            done = connection.execute(
                "UPDATE keystore.person_keys AS kept SET wrapped = new.wrapped, wrapping_id = %s"
                " FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS new (person_id, before, wrapped)"
                " WHERE kept.person_id = new.person_id AND kept.wrapped = new.before",
                (
                    wrapping_id,
                    [before.person_id for before, _ in changes],
                    [before.wrapped for before, _ in changes],
                    [after for _, after in changes],
                ),
            )
        return done.rowcount

    def unclaimed(self, made_before: datetime, limit: int) -> list[UUID]:
        """Keys nobody has yet been seen to own, oldest first."""
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT person_id FROM keystore.person_keys WHERE claimed_at IS NULL AND made_at < %s"
                " ORDER BY made_at LIMIT %s",
                (made_before, limit),
            ).fetchall()
        return [row["person_id"] for row in rows]

    def claim(self, person_ids: Sequence[UUID], at: datetime) -> None:
        """Their persons exist: these keys are no leftovers, whatever becomes of the other database."""
        with self.db.session() as connection:
            connection.execute(
                "UPDATE keystore.person_keys SET claimed_at = %s WHERE person_id = ANY(%s)", (at, list(person_ids))
            )
