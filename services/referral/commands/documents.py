"""Papers of an enquiry at the desk: taken in, looked at - which is a fact first - and deleted."""

from uuid import UUID

from contracts.codes import DataCategory, DocumentKind, ViewPurpose
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral.commands import cascade, closing
from services.referral.commands import enquiries as commands
from services.referral.config import Keys
from services.referral.domain import documents as domain
from services.referral.store import documents, enclosures, enquiries, persons, timeline
from services.referral.store.documents import Document, Paper
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


def add(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    *,
    kind: DocumentKind,
    content: bytes,
    media_type: str,
    largest: int,
    person_id: UUID | None = None,
) -> Paper:
    """Take a paper of one of the enquiry's persons in, of who asked if nobody is named; it is sealed before it lies."""
    enquiry = commands.load(work, enquiry_id, by)
    domain.examine(content, media_type, largest=largest)
    document_id = documents.keep(
        work,
        vault,
        enquiry.living(person_id).person_id,
        enquiry_id=enquiry.id,
        kind=kind,
        content=content,
        media_type=media_type,
    )
    enquiries.touch(work, enquiry.id)
    return documents.load(work.tx, document_id)


def look_into(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    document_id: UUID,
    purpose: ViewPurpose = ViewPurpose.CASE_WORK,
) -> Document:
    """The paper itself; that somebody sees it is noted, and the caller hands it out only after the commit."""
    enquiry = closing.look_into(work, by, enquiry_id, purpose)
    paper = documents.load(work.tx, document_id, enquiry_id=enquiry.id)
    timeline.viewed(
        work,
        role=by.role,
        purpose=by.why(purpose),
        categories=(DataCategory.DOCUMENTS,),
        person_id=paper.advised_person_id,
        enquiry_id=enquiry.id,
    )
    return documents.open_one(work.tx, vault, paper.id)


def delete(work: Work, keys: Keys, by: StaffActor, enquiry_id: UUID, document_id: UUID) -> None:
    """Keep it no longer; what proves a consent stays as long as the consent's own record (GDPR Art. 7(1))."""
    enquiry = commands.load(work, enquiry_id, by)
    paper = documents.load(work.tx, document_id, enquiry_id=enquiry.id)
    persons.raise_epoch(work, paper.person_id)
    if documents.proves_consent(work.tx, paper):
        raise RefusedError("document.proves-consent")
    documents.delete(work, paper)
    if enclosures.referrals_with(work.tx, paper.id):
        cascade.reseal_all(work, keys, paper.person_id)
