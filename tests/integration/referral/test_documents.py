"""Papers at rest: sealed under the person's key, found again, gone with her."""

import hashlib
from uuid import UUID, uuid4

import pytest

from contracts.codes import DocumentKind, EnquirerKind, Site, Topic, Urgency
from contracts.referral import DocumentAdded, DocumentDeleted
from services.chassis.errors import InvalidError, NotFoundError
from services.referral.commands import enquiries
from services.referral.store import documents, persons
from services.referral.store.enquiries import Enquiry
from services.referral.vault import UnreadableError
from tests.integration.referral.scene import NAVIGATOR, Scene
from tests.unit.referral.papers import a_pdf, a_png, a_stream

WORDS = b"Abschlusszeugnis von Amira Ben Salah"
CERTIFICATE = a_pdf(a_stream(WORDS, b"", packed=False))


def kept(
    scene: Scene,
    enquiry: Enquiry,
    content: bytes = CERTIFICATE,
    kind: DocumentKind = DocumentKind.CERTIFICATE,
    media_type: str = "application/pdf",
) -> UUID:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        return documents.keep(
            work,
            scene.keys.vault,
            enquiry.person_id,
            enquiry_id=enquiry.id,
            kind=kind,
            content=content,
            media_type=media_type,
        )


def opened(scene: Scene, document_id: UUID) -> documents.Document:
    with scene.db.read() as connection:
        return documents.open_one(connection, scene.keys.vault, document_id)


def test_a_paper_comes_out_as_it_went_in_and_lies_sealed_in_between(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    document_id = kept(scene, enquiry)
    found = opened(scene, document_id)
    assert (found.content, found.file_name) == (CERTIFICATE, "certificate-1.pdf")
    assert (found.size, found.evidence_sha256) == (len(CERTIFICATE), None)
    (row,) = scene.rows("SELECT * FROM documents")
    assert WORDS not in bytes(row["sealed"]) and CERTIFICATE[:20] not in bytes(row["sealed"])
    assert hashlib.sha256(CERTIFICATE).hexdigest() not in str(row)
    (told,) = scene.said(DocumentAdded)
    assert (told.document_id, told.kind, told.size) == (document_id, DocumentKind.CERTIFICATE, len(CERTIFICATE))


def test_of_a_consent_form_the_plain_fingerprint_is_kept_as_evidence(scene: Scene) -> None:
    scan = a_png()
    document_id = kept(scene, scene.an_enquiry(), scan, DocumentKind.CONSENT_FORM, "image/png")
    assert opened(scene, document_id).evidence_sha256 == hashlib.sha256(scan).hexdigest()


def test_the_same_paper_twice_is_one(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    assert kept(scene, enquiry) == kept(scene, enquiry)
    assert kept(scene, enquiry, kind=DocumentKind.NOTICE) != kept(scene, enquiry)
    assert len(scene.said(DocumentAdded)) == 2
    assert [row["number"] for row in scene.rows("SELECT number FROM documents ORDER BY number")] == [1, 2]


def test_a_paper_moved_to_another_row_does_not_open(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    mine, other = kept(scene, enquiry), kept(scene, enquiry, a_pdf(b"<< /Other true >>"))
    with scene.unit.work(actor="staff:thief") as work:
        work.tx.execute(
            "UPDATE documents SET sealed = (SELECT sealed FROM documents WHERE id = %s) WHERE id = %s", (mine, other)
        )
    with pytest.raises(UnreadableError):
        opened(scene, other)


def test_what_is_no_paper_leaves_nothing_behind(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    with pytest.raises(InvalidError):
        kept(scene, enquiry, b"<svg onload='alert(1)'/>", media_type="image/png")
    assert scene.rows("SELECT FROM documents") == [] and scene.said(DocumentAdded) == []


def test_a_deleted_paper_is_gone_and_the_fact_stays(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    document_id = kept(scene, enquiry)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        documents.delete(work, documents.load(work.tx, document_id))
    with pytest.raises(NotFoundError):
        opened(scene, document_id)
    (row,) = scene.rows("SELECT kind, sealed, deleted_at FROM documents")
    assert row["sealed"] is None and row["deleted_at"] == scene.clock.instant
    assert [fact.document_id for fact in scene.said(DocumentDeleted)] == [document_id]
    assert kept(scene, enquiry) != document_id


def test_erasing_the_person_takes_her_papers_along(scene: Scene) -> None:
    enquiry, other = scene.an_enquiry(), scene.an_enquiry(given_name="Nadia")
    mine, hers = kept(scene, enquiry), kept(scene, other)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, enquiry.id)
    with pytest.raises(NotFoundError):
        opened(scene, mine)
    assert opened(scene, hers).content == CERTIFICATE
    with scene.db.read() as connection, pytest.raises(NotFoundError):
        persons.key_of(connection, scene.keys.vault, enquiry.person_id)


def test_an_employers_paper_names_no_person_in_facts(scene: Scene) -> None:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiry = enquiries.record_enquiry(
            work,
            scene.keys.vault,
            NAVIGATOR,
            enquirer=EnquirerKind.EMPLOYER,
            site=Site.AACHEN,
            record={"company": "Muster GmbH"},
            needs=[(Topic.FACHKRAEFTEVERFAHREN, Urgency.NORMAL)],
        )
    kept(scene, enquiry, kind=DocumentKind.VOLLMACHT)
    (told,) = scene.said(DocumentAdded)
    assert told.person_id is None


def test_there_is_no_paper_for_nobodys_enquiry(scene: Scene) -> None:
    enquiry = scene.an_enquiry()
    with pytest.raises(NotFoundError), scene.unit.work(actor=NAVIGATOR.actor) as work:
        documents.keep(
            work,
            scene.keys.vault,
            enquiry.person_id,
            enquiry_id=uuid4(),
            kind=DocumentKind.OTHER,
            content=CERTIFICATE,
            media_type="application/pdf",
        )
