"""Papers of a person, sealed under her key and bound to their place; in the open only kind, size and type.

Two fingerprints, because they answer two questions. A consent form's plain SHA-256 stands in the consent record:
anybody who holds the scan can check it without us, and the noise of a scan cannot be guessed. Of other papers a plain
hash would tell whoever holds the same file - the office that issued it - that we have it too, even after it was
erased; so they get the vault's keyed digest, which recognizes the same file again only here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import DocumentKind, MediaType
from contracts.referral import DocumentAdded, DocumentDeleted
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain import documents
from services.referral.store import persons
from services.referral.vault import Vault

LISTED = (
    "SELECT d.id, d.person_id, d.enquiry_id, d.number, d.kind, d.media_type, d.size, d.evidence_sha256, d.added_at,"
    " p.kind AS person_kind FROM documents d JOIN persons p ON p.id = d.person_id WHERE d.deleted_at IS NULL AND "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What may be known of a document without looking into it."""

    id: UUID
    person_id: UUID
    enquiry_id: UUID
    number: int
    kind: DocumentKind
    media_type: MediaType
    size: int
    added_at: datetime
    evidence_sha256: str | None
    #: None where the papers are an employer's: facts name no person then.
    advised_person_id: UUID | None

    @property
    def file_name(self) -> str:
        return documents.file_name(self.kind, self.number, self.media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Paper):
    """A document with what is in it; whoever hands it on has committed a view or a disclosure first."""

    content: bytes = field(repr=False)


def keep(
    work: Work,
    vault: Vault,
    person_id: UUID,
    *,
    enquiry_id: UUID,
    kind: DocumentKind,
    content: bytes,
    media_type: str,
) -> UUID:
    """Take a paper in: checked by content, sealed, told. The very same paper again is the one that is there."""
    found = documents.examine(content, media_type)
    digests = vault.digests(content)
    if (known := _known(work.tx, person_id, enquiry_id, kind, digests)) is not None:
        return known
    document_id = work.new_id()
    sealed = persons.key_of(work.tx, vault, person_id).seal(_place(document_id), content)
    work.tx.execute(
        "INSERT INTO documents (id, person_id, enquiry_id, number, kind, media_type, size, evidence_sha256, digest,"
        " sealed, added_by, added_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %b, %s, %s)",
        (
            document_id,
            person_id,
            enquiry_id,
            _next_number(work.tx, enquiry_id),
            kind,
            found,
            len(content),
            hashlib.sha256(content).hexdigest() if kind is DocumentKind.CONSENT_FORM else None,
            digests[0],
            sealed,
            work.actor,
            work.now,
        ),
    )
    paper = load(work.tx, document_id)
    work.announce(
        DocumentAdded(
            document_id=document_id,
            enquiry_id=enquiry_id,
            person_id=paper.advised_person_id,
            kind=kind,
            media_type=found,
            size=len(content),
        )
    )
    return document_id


def load(connection: Connection, document_id: UUID, *, enquiry_id: UUID | None = None) -> Paper:
    """What stands in the open about one document, of this enquiry if one is named."""
    row = connection.execute(
        LISTED + "d.id = %s AND (%s::uuid IS NULL OR d.enquiry_id = %s)", (document_id, enquiry_id, enquiry_id)
    ).fetchone()
    if row is None:
        raise NotFoundError("document.unknown")
    return Paper(**_values(row))


def open_one(connection: Connection, vault: Vault, document_id: UUID) -> Document:
    """The document itself."""
    paper = connection.execute(LISTED + "d.id = %s", (document_id,)).fetchone()
    sealed = connection.execute("SELECT sealed FROM documents WHERE id = %b AND sealed IS NOT NULL", (document_id,))
    row = sealed.fetchone()
    if paper is None or row is None:
        raise NotFoundError("document.unknown")
    content = persons.key_of(connection, vault, paper["person_id"]).open(_place(document_id), row["sealed"])
    return Document(**_values(paper), content=content)


def of_enquiry(connection: Connection, enquiry_id: UUID) -> list[Paper]:
    rows = connection.execute(LISTED + "d.enquiry_id = %s ORDER BY d.number", (enquiry_id,))
    return [Paper(**_values(row)) for row in rows.fetchall()]


def of_person(connection: Connection, person_id: UUID) -> list[Paper]:
    rows = connection.execute(LISTED + "d.person_id = %s ORDER BY d.added_at, d.id", (person_id,))
    return [Paper(**_values(row)) for row in rows.fetchall()]


def of_ids(connection: Connection, document_ids: list[UUID]) -> list[Paper]:
    """Those of these papers that are still kept, in this order."""
    rows = connection.execute(LISTED + "d.id = ANY(%s) ORDER BY array_position(%s, d.id)", (document_ids, document_ids))
    return [Paper(**_values(row)) for row in rows.fetchall()]


def proves_consent(connection: Connection, paper: Paper) -> bool:
    """Whether a consent, or one that waits for further signatures, names this paper as what shows one of them."""
    signed = Jsonb([{"evidence_sha256": paper.evidence_sha256}])
    found = connection.execute(
        "SELECT FROM consents WHERE person_id = %s AND signatures @> %s UNION ALL"
        " SELECT FROM drafted_consents WHERE person_id = %s AND ended_at IS NULL AND signatures @> %s LIMIT 1",
        (paper.person_id, signed, paper.person_id, signed),
    )
    return paper.evidence_sha256 is not None and found.fetchone() is not None


def delete(work: Work, paper: Paper) -> None:
    """Keep it no longer; that it was there, of which kind and until when, stays."""
    work.tx.execute(
        "UPDATE documents SET sealed = NULL, deleted_at = %s WHERE id = %s AND deleted_at IS NULL",
        (work.now, paper.id),
    )
    work.announce(
        DocumentDeleted(
            document_id=paper.id,
            enquiry_id=paper.enquiry_id,
            person_id=paper.advised_person_id,
            kind=paper.kind,
        )
    )


def _known(
    connection: Connection, person_id: UUID, enquiry_id: UUID, kind: DocumentKind, digests: list[str]
) -> UUID | None:
    row = connection.execute(
        "SELECT id FROM documents WHERE person_id = %s AND enquiry_id = %s AND kind = %s AND digest = ANY(%s)"
        " AND deleted_at IS NULL",
        (person_id, enquiry_id, kind, digests),
    ).fetchone()
    return row["id"] if row else None


def _next_number(connection: Connection, enquiry_id: UUID) -> int:
    """One after the other within the enquiry, however many are taken in at once."""
    if connection.execute("SELECT FROM enquiries WHERE id = %s FOR NO KEY UPDATE", (enquiry_id,)).fetchone() is None:
        raise NotFoundError("enquiry.unknown")
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 AS next FROM documents WHERE enquiry_id = %s", (enquiry_id,)
    ).fetchone()
    assert row is not None
    number: int = row["next"]
    return number


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"kind": DocumentKind(row["kind"]), "media_type": MediaType(row["media_type"])}
    advised = row["person_id"] if row["person_kind"] == "person" else None
    return (
        {name: value for name, value in row.items() if name != "person_kind"} | kinds | {"advised_person_id": advised}
    )


def _place(document_id: UUID) -> str:
    return f"documents/{document_id}"
