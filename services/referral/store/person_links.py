"""Links for persons: what each is for, whether it is spent, and the letters that carry them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import PersonLinkPurpose, PersonLinkWay
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work

COLUMNS = (
    "id, purpose, way, person_id, enquiry_id, consent_id, language, mail_is_safe,"
    " issued_at, expires_at, used_at, voided_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLink:
    """One link: whose, what for, until when, and what became of it."""

    id: UUID
    purpose: PersonLinkPurpose
    way: PersonLinkWay
    person_id: UUID
    enquiry_id: UUID
    language: str
    mail_is_safe: bool
    issued_at: datetime
    expires_at: datetime
    consent_id: UUID | None = None
    used_at: datetime | None = None
    voided_at: datetime | None = None

    @property
    def known_person_id(self) -> UUID | None:
        """The person as facts name her; somebody who was only invited appears in none."""
        return None if self.purpose is PersonLinkPurpose.INVITATION else self.person_id

    @property
    def is_spent(self) -> bool:
        return self.used_at is not None or self.voided_at is not None


def add(work: Work, link: PersonLink, code_digest: bytes | None) -> None:
    work.tx.execute(
        "INSERT INTO person_links (id, purpose, way, person_id, enquiry_id, consent_id, language, mail_is_safe,"
        " code_digest, issued_by, issued_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            link.id,
            link.purpose,
            link.way,
            link.person_id,
            link.enquiry_id,
            link.consent_id,
            link.language,
            link.mail_is_safe,
            code_digest,
            work.actor,
            link.issued_at,
            link.expires_at,
        ),
    )


def load(connection: Connection, link_id: UUID) -> PersonLink:
    row = connection.execute(f"SELECT {COLUMNS} FROM person_links WHERE id = %s", (link_id,)).fetchone()  # noqa: S608 - fixed
    if row is None:
        raise NotFoundError("person-link.unknown")
    return from_row(row)


def burn(work: Work, link_id: UUID) -> bool:
    """Use it up; of two that try at once only one succeeds."""
    burned = work.tx.execute(
        "UPDATE person_links SET used_at = %s"
        " WHERE id = %s AND used_at IS NULL AND voided_at IS NULL AND expires_at > %s",
        (work.now, link_id, work.now),
    )
    return burned.rowcount == 1


def void(work: Work, link_id: UUID) -> bool:
    """Let it open nothing any more, and be replaced by none; one that was used would still bring a new one by mail."""
    voided = work.tx.execute(
        "UPDATE person_links SET voided_at = %s WHERE id = %s AND voided_at IS NULL",
        (work.now, link_id),
    )
    return voided.rowcount == 1


def end_visits(work: Work, *, link_id: UUID | None = None, person_id: UUID | None = None) -> None:
    """Whoever came in by this link, or by any of hers, is out. Who answered an invitation may read what became of it,
    though its placeholder is erased: it says nothing of anybody.
    """
    work.tx.execute(
        "UPDATE web_sessions SET revoked_at = %s WHERE revoked_at IS NULL AND only_subject IN"
        " (SELECT id FROM person_links WHERE id = %s OR (person_id = %s AND purpose <> 'invitation'))",
        (work.now, link_id, person_id),
    )


def mail_is_safe(connection: Connection, person_id: UUID) -> bool:
    """What she answered last, whichever link it was asked with; of two answers at once the careful one."""
    row = connection.execute(
        "SELECT bool_and(mail_is_safe) AS safe FROM person_links"
        " WHERE person_id = %s AND issued_at = (SELECT max(issued_at) FROM person_links WHERE person_id = %s)",
        (person_id, person_id),
    ).fetchone()
    return bool(row and row["safe"])


def of_enquiry(connection: Connection, enquiry_id: UUID) -> list[PersonLink]:
    """The links given out in an enquiry, newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM person_links WHERE enquiry_id = %s ORDER BY issued_at DESC LIMIT 20",  # noqa: S608 - fixed
        (enquiry_id,),
    )
    return [from_row(row) for row in rows.fetchall()]


def by_code(connection: Connection, digests: list[bytes]) -> PersonLink | None:
    row = connection.execute(
        f"SELECT {COLUMNS} FROM person_links WHERE code_digest = ANY(%s)",  # noqa: S608 - fixed
        (digests,),
    ).fetchone()
    return None if row is None else from_row(row)


def lock_person(work: Work, person_id: UUID) -> None:
    """Nobody else gives this person a link until this work ends; her consent is not touched."""
    work.tx.execute("SELECT FROM persons WHERE id = %s FOR NO KEY UPDATE", (person_id,))


def stale_invitations(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Invitations whose time is over, an hour for a visit under way included, and that nobody has answered."""
    rows = connection.execute(
        "SELECT person_links.id FROM person_links JOIN persons ON persons.id = person_id"
        " WHERE purpose = 'invitation' AND expires_at < %s - interval '1 hour' AND persons.erased_at IS NULL"
        " ORDER BY expires_at LIMIT %s",
        (now, limit),
    )
    return [row["id"] for row in rows.fetchall()]


def from_row(row: Mapping[str, Any]) -> PersonLink:
    return PersonLink(
        **{**row, "purpose": PersonLinkPurpose(row["purpose"]), "way": PersonLinkWay(row["way"])},
    )
