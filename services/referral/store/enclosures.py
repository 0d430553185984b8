"""Papers that go along with a referral: which they are, and what the partner's dossier says of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.dossier import with_papers, with_words
from services.referral.domain.referral import Referral
from services.referral.store import documents, dossiers, persons
from services.referral.store.documents import Paper
from services.referral.vault import Vault


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A paper that goes along, and since when the partner has had it."""

    paper: Paper
    fetched_at: datetime | None


def add(work: Work, referral_id: UUID, document_id: UUID) -> bool:
    """Let it go along; false if it does already."""
    added = work.tx.execute(
        "INSERT INTO referral_documents (referral_id, document_id, enclosed_by, enclosed_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (referral_id, document_id, work.actor, work.now),
    )
    return added.rowcount == 1


def remove(work: Work, referral_id: UUID, document_id: UUID) -> None:
    gone = work.tx.execute(
        "DELETE FROM referral_documents WHERE referral_id = %s AND document_id = %s", (referral_id, document_id)
    )
    if gone.rowcount != 1:
        raise NotFoundError("document.unknown")


def mark_fetched(work: Work, referral_id: UUID, document_id: UUID) -> None:
    work.tx.execute(
        "UPDATE referral_documents SET fetched_at = %s WHERE referral_id = %s AND document_id = %s"
        " AND fetched_at IS NULL",
        (work.now, referral_id, document_id),
    )


def of_referral(connection: Connection, referral_id: UUID) -> list[Enclosure]:
    """In the order they were added; a deleted paper goes nowhere."""
    rows = connection.execute(
        "SELECT document_id, fetched_at FROM referral_documents WHERE referral_id = %s"
        " ORDER BY enclosed_at, document_id",
        (referral_id,),
    ).fetchall()
    fetched = {row["document_id"]: row["fetched_at"] for row in rows}
    return [Enclosure(paper, fetched[paper.id]) for paper in documents.of_ids(connection, list(fetched))]


def one(connection: Connection, referral_id: UUID, document_id: UUID) -> Enclosure:
    found = next((one for one in of_referral(connection, referral_id) if one.paper.id == document_id), None)
    if found is None:
        raise NotFoundError("document.unknown")
    return found


def referrals_with(connection: Connection, document_id: UUID) -> list[UUID]:
    rows = connection.execute(
        "SELECT referral_id FROM referral_documents WHERE document_id = %s ORDER BY referral_id", (document_id,)
    )
    return [row["referral_id"] for row in rows.fetchall()]


def record_of(connection: Connection, vault: Vault, referral: Referral) -> dict[str, Any]:
    """The person's record as this referral would pass it on: with our answers to its body, and the papers."""
    own = persons.record_of(connection, vault, referral.person_id)
    record = with_words(own, dossiers.answered(connection, vault, referral.person_id, referral.id))
    papers = [one.paper for one in of_referral(connection, referral.id)]
    listed = [
        {"kind": paper.kind, "id": str(paper.id), "media_type": paper.media_type, "size": paper.size}
        for paper in papers
    ]
    return with_papers(referral.enquirer, record, listed)
