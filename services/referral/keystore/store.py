"""Wrapped keys in their own database. Each call is a transaction of its own; nothing is remembered between calls."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.db import Database
from services.referral.vault import WrappedKey


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
