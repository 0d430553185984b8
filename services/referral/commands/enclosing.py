"""Papers on their way to a partner: marked by the navigator, named in the dossier, fetched one by one.

A mark lets nothing out. Each fetch asks the consent engine anew, about category DOCUMENTS and on the same ground that
carries the dossier, so that pieces of two consents are never put together; its answer is committed before a byte
leaves.
"""

from dataclasses import dataclass
from uuid import UUID

from contracts.codes import DataCategory, DocumentKind, EnquirerKind
from contracts.referral import DeletionStated, DocumentEnclosed, DocumentFetched, DocumentTakenOut, DossierFetched
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral import sealing
from services.referral.calendar import moment_of
from services.referral.commands import cascade, disclosing, receipts
from services.referral.commands.referrals import Withheld, check_agreement, check_key
from services.referral.commands.saving import load_for_disclosure
from services.referral.config import Keys
from services.referral.domain import owing
from services.referral.domain.consent import Allowed
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral, refusal
from services.referral.store import directory, documents, dossiers, enclosures, timeline
from services.referral.store.documents import Document, Paper
from services.referral.store.referrals import StaffActor

#: More than this nobody reads, and a dossier should name them all.
MOST_PAPERS = 20


@dataclass(frozen=True, slots=True)
class Handed:
    """A paper the engine let out; decision and fetch are committed before it is sent."""

    referral: Referral
    document: Document


def enclose(work: Work, keys: Keys, by: StaffActor, referral_id: UUID, document_id: UUID) -> Referral:
    """Let a paper go along; a dossier that waits is sealed anew, so that it names the paper."""
    referral, _ = load_for_disclosure(work, referral_id, by, changes_data=True)
    paper = _own_paper(work, referral, document_id)
    _check(work, referral, paper)
    if enclosures.add(work, referral.id, paper.id):
        told = DocumentEnclosed(
            referral_id=referral.id,
            organization_id=referral.organization_id,
            document_id=paper.id,
            kind=paper.kind,
        )
        timeline.tell(work, referral.id, told)
        _renew(work, keys, referral)
    return referral


def take_out(work: Work, keys: Keys, by: StaffActor, referral_id: UUID, document_id: UUID) -> Referral:
    """Let it go along no longer; what the partner has fetched it keeps, and the account of it stays."""
    referral, _ = load_for_disclosure(work, referral_id, by, changes_data=True)
    enclosures.remove(work, referral.id, document_id)
    told = DocumentTakenOut(referral_id=referral.id, organization_id=referral.organization_id, document_id=document_id)
    timeline.tell(work, referral.id, told)
    _renew(work, keys, referral)
    return referral


def fetch(work: Work, keys: Keys, referral_id: UUID, document_id: UUID, by: Actor) -> Handed | Withheld:
    """Hand one paper to the addressed partner, if the consent engine says yes at this very moment."""
    referral, _ = load_for_disclosure(work, referral_id, by)
    paper = _may_be_asked_for(work, referral, document_id)
    decision_id, answer = disclosing.decide_enclosure(work, referral, _beside(work, referral))
    if not isinstance(answer, Allowed):
        return Withheld(referral, answer.reason)
    document = documents.open_one(work.tx, keys.vault, paper.id)
    enclosures.mark_fetched(work, referral.id, paper.id)
    told = DocumentFetched(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        person_id=paper.advised_person_id,
        document_id=paper.id,
        kind=paper.kind,
        decision_id=decision_id,
        ground=answer.kind,
        ground_id=answer.ground_id,
        ground_version=answer.ground_version,
    )
    timeline.tell(work, referral.id, told, consentref=timeline.ground_name(answer))
    return Handed(referral, document)


def _may_be_asked_for(work: Work, referral: Referral, document_id: UUID) -> Paper:
    """What has to be true, like of the dossier itself, before the consent engine is asked about a paper."""
    if referral.status not in RUNNING:
        raise refusal(referral, "referral.closed", None, moment_of(work))
    check_agreement(work, referral)
    check_key(work, referral)
    paper = enclosures.one(work.tx, referral.id, document_id).paper
    if DataCategory.DOCUMENTS not in directory.listing(work.tx, referral.service_id).terms.categories_accepted:
        raise refusal(referral, "enclosure.not-accepted", None, moment_of(work))
    if DataCategory.DOCUMENTS not in owing.unanswered(
        timeline.told(work.tx, referral.id, DossierFetched, DeletionStated)
    ):
        raise refusal(referral, "enclosure.dossier-first", None, moment_of(work))
    return paper


def _beside(work: Work, referral: Referral) -> frozenset[DataCategory]:
    """What the same ground has to carry beside the paper: the dossier as it now waits."""
    waiting = dossiers.categories_of(work.tx, referral.id)
    minimum = directory.listing(work.tx, referral.service_id).terms.minimum_categories
    return frozenset(minimum) if waiting is None else waiting


def _own_paper(work: Work, referral: Referral, document_id: UUID) -> Paper:
    paper = documents.load(work.tx, document_id)
    if paper.person_id != referral.person_id:
        raise NotFoundError("document.unknown")
    return paper


def _check(work: Work, referral: Referral, paper: Paper) -> None:
    """What never goes along, whoever consents."""
    terms = directory.listing(work.tx, referral.service_id).terms
    if referral.status.is_terminal:
        raise refusal(referral, "lifecycle.not-allowed", None, moment_of(work))
    if paper.kind is DocumentKind.CONSENT_FORM:
        raise RefusedError("enclosure.consent-form")  # it names everybody else she trusts
    if referral.enquirer is EnquirerKind.EMPLOYER:
        raise RefusedError("enclosure.of-an-employer")  # its request carries a business contact and nothing else
    if DataCategory.DOCUMENTS not in terms.categories_accepted:
        raise RefusedError("enclosure.not-accepted")
    if len(enclosures.of_referral(work.tx, referral.id)) >= MOST_PAPERS:
        raise RefusedError("enclosure.too-many")


def _renew(work: Work, keys: Keys, referral: Referral) -> None:
    if referral.status in RUNNING:
        cascade.reseal(work, keys, referral)


def hand_over(work: Work, keys: Keys, handed: Handed) -> tuple[sealing.SealedDossier, tuple[str, ...]]:
    """The paper as a message of its own to the partner's key, with the receipt of its fetch."""
    listing = directory.listing(work.tx, handed.referral.service_id)
    recipient = disclosing.recipient_key(work, keys, listing)
    assert recipient is not None, "looked for before the engine was asked"
    key, custodial = recipient
    sealed = sealing.seal_bytes(handed.document.content, handed.document.media_type, key, custodial=custodial)
    return sealed, receipts.issue(work, keys.receipts, handed.referral.organization_id, sealed.sha256)
