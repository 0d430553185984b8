"""Persons: a sealed record, the key that opens it, and the epoch that every change of consent raises."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.store import person_links, pseudonyms
from services.referral.vault import PersonKey, Vault

RECORD = "persons/sealed"
#: Herself, whoever has exactly her name and birth date, and whomever two desks do not hold for another person; to be
#: asked of one controller's rows only.
SAME_PERSON: LiteralString = """
    SELECT %(person)s::uuid
    UNION SELECT p.id FROM persons p JOIN persons own ON own.blind_index = p.blind_index
          WHERE own.id = %(person)s AND p.erased_at IS NULL
    UNION SELECT other.person_id FROM duplicate_sides s
          JOIN duplicate_sides other ON other.matter_id = s.matter_id AND other.side <> s.side
          WHERE s.person_id = %(person)s AND 'other_person' NOT IN (
              SELECT DISTINCT ON (w.side) w.resolution FROM duplicate_statements w
              WHERE w.matter_id = s.matter_id AND w.resolution IS NOT NULL ORDER BY w.side, w.said_at DESC, w.id DESC)
"""
FOUND_BY = "SELECT id FROM persons WHERE blind_index = ANY(%s) AND erased_at IS NULL ORDER BY recorded_at"


def add(work: Work, vault: Vault, kind: str, record: Mapping[str, Any]) -> UUID:
    """Keep a new person: the record under a fresh key; the key is in its own store before this work commits."""
    person_id = work.new_id()
    sealed = vault.new_person_key(person_id, work.now).seal_record(RECORD, record)
    work.tx.execute(
        "INSERT INTO persons (id, kind, sealed, blind_index, index_key_id, recorded_at, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (person_id, kind, sealed, index_of(vault, record), vault.wrapping_id, work.now, work.now),
    )
    if kind == "person":
        pseudonyms.keep(work, vault, person_id, record)
    return person_id


def index_of(vault: Vault, record: Mapping[str, Any]) -> bytes | None:
    """What finds this person again; only with a full name and a birth date."""
    words = [record.get(name) for name in ("given_name", "family_name", "birth_date")]
    if not all(words):
        return None
    given, family, born = map(str, words)
    return vault.blind_index(given, family, date.fromisoformat(born))


def key_of(connection: Connection, vault: Vault, person_id: UUID) -> PersonKey:
    """Her key, unless she is erased: from that commit on nobody gets it, though it is destroyed a moment later."""
    living = connection.execute("SELECT FROM persons WHERE id = %s AND erased_at IS NULL", (person_id,)).fetchone()
    if living is None:
        raise NotFoundError("person.erased")
    return _kept_key(vault, person_id)


def _kept_key(vault: Vault, person_id: UUID) -> PersonKey:
    if (key := vault.person_key(person_id)) is None:
        raise NotFoundError("person.key-missing")  # not erased, but lost: operations must hear of it
    return key


def record_of(connection: Connection, vault: Vault, person_id: UUID) -> dict[str, Any]:
    """The open record. Whoever shows any of it has committed a view or a disclosure first."""
    row = connection.execute("SELECT sealed FROM persons WHERE id = %s", (person_id,)).fetchone()
    if row is None or row["sealed"] is None:
        raise NotFoundError("person.erased")
    return _kept_key(vault, person_id).open_record(RECORD, row["sealed"])


def replace(work: Work, vault: Vault, person_id: UUID, record: Mapping[str, Any]) -> None:
    """Rectify: the new record takes the place of the old one."""
    sealed = key_of(work.tx, vault, person_id).seal_record(RECORD, record)
    work.tx.execute(
        "UPDATE persons SET sealed = %s, blind_index = %s, index_key_id = %s, changed_at = greatest(changed_at, %s)"
        " WHERE id = %s AND erased_at IS NULL",
        (sealed, index_of(vault, record), vault.wrapping_id, work.now, person_id),
    )
    pseudonyms.keep(work, vault, person_id, record)


def mark_rectified(work: Work, person_id: UUID) -> None:
    """When her record was last corrected: what a granted request is held against (GDPR Art. 16)."""
    work.tx.execute("UPDATE persons SET rectified_at = %s WHERE id = %s", (work.now, person_id))


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
    """Say that something about consent changes; nothing that discloses runs beside this work.

    The time of the last change never goes back, even if this machine's clock does: decisions reckon from it.
    """
    row = work.tx.execute(
        "UPDATE persons SET consent_epoch = consent_epoch + 1, changed_at = greatest(changed_at, %s) WHERE id = %s"
        " RETURNING consent_epoch",
        (work.now, person_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("person.unknown")
    epoch: int = row["consent_epoch"]
    return epoch


def erase(work: Work, person_id: UUID, occasion: str) -> None:
    """From this commit on she is erased; ids, codes and times stay. The clock destroys the key and tells it."""
    work.tx.execute(
        "UPDATE persons SET sealed = NULL, blind_index = NULL, index_key_id = NULL, erased_at = %s,"
        " changed_at = greatest(changed_at, %s) WHERE id = %s AND erased_at IS NULL",
        (work.now, work.now, person_id),
    )
    pseudonyms.forget(work, person_id)
    person_links.end_visits(work, person_id=person_id)
    work.tx.execute(
        "UPDATE documents SET sealed = NULL, deleted_at = %s WHERE person_id = %s AND deleted_at IS NULL",
        (work.now, person_id),
    )
    work.tx.execute(
        "INSERT INTO deletions (person_id, erased_at, occasion) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (person_id, work.now, occasion),
    )


def found_by(connection: Connection, indexes: Sequence[bytes]) -> list[UUID]:
    """Everybody of this name and birth date, under whichever service key she was indexed."""
    return [row["id"] for row in connection.execute(FOUND_BY, (list(indexes),))]
