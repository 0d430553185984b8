"""Persons: a sealed record, the key that opens it, and the epoch that every change of consent raises."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.vault import PersonKey, Vault

RECORD = "persons/sealed"


def add(work: Work, vault: Vault, kind: str, record: Mapping[str, Any]) -> UUID:
    """Keep a new person: the record under a fresh key, the key under the service key."""
    person_id = work.new_id()
    key, wrapped = vault.new_person_key(person_id)
    work.tx.execute(
        "INSERT INTO persons (id, kind, sealed, blind_index, recorded_at, changed_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (person_id, kind, key.seal_record(RECORD, record), index_of(vault, record), work.now, work.now),
    )
    work.tx.execute(
        "INSERT INTO person_keys (person_id, wrapped, wrapping_id, made_at) VALUES (%s, %s, %s, %s)",
        (person_id, wrapped, vault.wrapping_id, work.now),
    )
    return person_id


def index_of(vault: Vault, record: Mapping[str, Any]) -> bytes | None:
    """What finds this person again; only with a full name and a birth date."""
    words = [record.get(name) for name in ("given_name", "family_name", "birth_date")]
    if not all(words):
        return None
    given, family, born = map(str, words)
    return vault.blind_index(given, family, date.fromisoformat(born))


def key_of(connection: Connection, vault: Vault, person_id: UUID) -> PersonKey:
    row = connection.execute("SELECT wrapped FROM person_keys WHERE person_id = %s", (person_id,)).fetchone()
    if row is None:
        raise NotFoundError("person.erased")
    return vault.person_key(person_id, row["wrapped"])


def record_of(connection: Connection, vault: Vault, person_id: UUID) -> dict[str, Any]:
    """The open record. Whoever shows any of it has committed a view or a disclosure first."""
    row = connection.execute("SELECT sealed FROM persons WHERE id = %s", (person_id,)).fetchone()
    if row is None or row["sealed"] is None:
        raise NotFoundError("person.erased")
    return key_of(connection, vault, person_id).open_record(RECORD, row["sealed"])


def replace(work: Work, vault: Vault, person_id: UUID, record: Mapping[str, Any]) -> None:
    """Rectify: the new record takes the place of the old one."""
    sealed = key_of(work.tx, vault, person_id).seal_record(RECORD, record)
    work.tx.execute(
        "UPDATE persons SET sealed = %s, blind_index = %s, changed_at = %s WHERE id = %s AND erased_at IS NULL",
        (sealed, index_of(vault, record), work.now, person_id),
    )


def hold_epoch(work: Work, person_id: UUID) -> int:
    """Lock the person's consent as it stands until this work ends; every disclosing command begins here.

    Always taken before any referral's own lock, so that a withdrawal and a fetch never wait for each other.
    """
    row = work.tx.execute("SELECT consent_epoch FROM persons WHERE id = %s FOR SHARE", (person_id,)).fetchone()
    if row is None:
        raise NotFoundError("person.unknown")
    epoch: int = row["consent_epoch"]
    return epoch


def raise_epoch(work: Work, person_id: UUID) -> int:
    """Say that something about consent changes; nothing that discloses runs beside this work."""
    row = work.tx.execute(
        "UPDATE persons SET consent_epoch = consent_epoch + 1, changed_at = %s WHERE id = %s RETURNING consent_epoch",
        (work.now, person_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("person.unknown")
    epoch: int = row["consent_epoch"]
    return epoch


def erase(work: Work, person_id: UUID, occasion: str) -> None:
    """Destroy the key and what it opened; ids, codes and times stay, and the ledger for the next restore."""
    work.tx.execute("DELETE FROM person_keys WHERE person_id = %s", (person_id,))
    work.tx.execute(
        "UPDATE persons SET sealed = NULL, blind_index = NULL, erased_at = %s, changed_at = %s WHERE id = %s",
        (work.now, work.now, person_id),
    )
    work.tx.execute(
        "UPDATE documents SET sealed = NULL, deleted_at = %s WHERE person_id = %s AND deleted_at IS NULL",
        (work.now, person_id),
    )
    work.tx.execute(
        "INSERT INTO deletions (person_id, erased_at, occasion) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (person_id, work.now, occasion),
    )


def found_by(connection: Connection, index: bytes) -> list[UUID]:
    rows = connection.execute("SELECT id FROM persons WHERE blind_index = %s ORDER BY recorded_at", (index,))
    return [row["id"] for row in rows]
