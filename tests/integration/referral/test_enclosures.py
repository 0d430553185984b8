"""Papers on their way to a partner: only named ones, only on a consent to DOCUMENTS that holds at that moment."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwe

from contracts.codes import DataCategory, DisclosurePoint, RefusalReason
from contracts.partner.dossier import DOSSIER
from contracts.referral import DisclosureDecided, DocumentFetched
from services.referral import handlers, sealing
from tests.integration.referral.rig import FULL, PARTNER_KEYS, Json, Network, recipient
from tests.integration.referral.scene import HWK, a_service, some_terms
from tests.unit.referral.papers import a_pdf, a_stream

CERTIFICATE = a_pdf(a_stream(b"Abschlusszeugnis von Amira Ben Salah"))
WITH_PAPERS = recipient(categories=[*FULL, "DOCUMENTS"])


@pytest.fixture
def network(network: Network) -> Network:
    terms = some_terms(categories_accepted=(*(DataCategory(one) for one in FULL), DataCategory.DOCUMENTS))
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, terms=terms))
    return network


def taken_in(network: Network, enquiry: Json, content: bytes = CERTIFICATE, kind: str = "CERTIFICATE") -> str:
    answer = network.navigator.client.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/documents",
        data={"kind": kind, "file": (BytesIO(content), "x.pdf", "application/pdf")},
        headers={"Authorization": f"Bearer {network.navigator.token}", "Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def referred(network: Network, consented: Json = WITH_PAPERS, *, send: bool = True) -> tuple[Json, str, str]:
    """An enquiry with a paper, and a referral it goes along with."""
    enquiry = network.navigator.enquire()
    document_id = taken_in(network, enquiry)
    network.navigator.consent(enquiry, consented)
    referral_id = str(network.navigator.draft(enquiry)["id"])
    enclose(network, referral_id, document_id)
    if send:
        network.navigator.act(referral_id, "prepare")
        network.scene.tick()
    return enquiry, referral_id, document_id


def enclose(network: Network, referral_id: str, document_id: str) -> None:
    network.navigator.post(f"/referral/api/v1/referrals/{referral_id}/documents", {"document_id": document_id})


def try_fetch(network: Network, referral_id: str, document_id: str) -> Any:
    return network.hwk.ask("GET", f"/partner/v1/referrals/{referral_id}/documents/{document_id}")


def opened(sealed: str) -> tuple[dict[str, Any], bytes]:
    message = jwe.decrypt_compact(sealed, PARTNER_KEYS[HWK], algorithms=sealing.ALLOWED)
    return dict(message.headers()), message.plaintext or b""


def test_the_dossier_names_the_paper_and_the_partner_fetches_it_sealed(network: Network) -> None:
    _, referral_id, document_id = referred(network)
    dossier = network.hwk.fetch(referral_id)
    DOSSIER.load(dossier)
    assert dossier["person"]["documents"] == [
        {"id": document_id, "kind": "CERTIFICATE", "media_type": "application/pdf", "size": len(CERTIFICATE)}
    ]
    answer = try_fetch(network, referral_id, document_id)
    assert (answer.status_code, answer.content_type) == (200, "application/jose")
    header, content = opened(answer.text)
    assert content == CERTIFICATE
    assert header["cty"] == "application/pdf"
    decision = network.scene.said(DisclosureDecided)[-1]
    assert (decision.point, decision.categories) == (DisclosurePoint.FETCH, (DataCategory.DOCUMENTS,))
    (fetched,) = network.scene.said(DocumentFetched)
    assert (str(fetched.document_id), fetched.decision_id) == (document_id, decision.decision_id)
    (row,) = network.scene.rows("SELECT disclosed FROM decisions WHERE id = %s", decision.decision_id)
    assert row["disclosed"]
    (shown,) = network.navigator.get(f"/referral/api/v1/referrals/{referral_id}/documents")["documents"]
    assert shown["fetched_at"] is not None


def test_without_consent_to_documents_the_paper_is_neither_named_nor_handed_out(network: Network) -> None:
    _, referral_id, document_id = referred(network, recipient())
    assert "documents" not in network.hwk.fetch(referral_id)["person"]
    answer = try_fetch(network, referral_id, document_id)
    assert (answer.status_code, answer.json["slug"]) == (409, "enclosure.dossier-first")
    assert network.scene.said(DocumentFetched) == []


def test_after_documents_were_withdrawn_nothing_leaves_and_the_no_is_a_fact(network: Network) -> None:
    enquiry, referral_id, document_id = referred(network)
    network.hwk.fetch(referral_id)
    network.navigator.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent_of(network)}/withdrawals",
        {"channel": "in_person", "category": "DOCUMENTS"},
    )
    answer = try_fetch(network, referral_id, document_id)
    assert (answer.status_code, answer.json["slug"]) == (409, "consent.withdrawn")
    decision = network.scene.said(DisclosureDecided)[-1]
    assert (decision.allowed, decision.refusal) == (False, RefusalReason.WITHDRAWN)
    assert network.scene.said(DocumentFetched) == []


def consent_of(network: Network) -> str:
    (row,) = network.scene.rows("SELECT id FROM consents ORDER BY given_at DESC, version DESC LIMIT 1")
    return str(row["id"])


def test_after_all_was_withdrawn_nothing_leaves(network: Network) -> None:
    enquiry, referral_id, document_id = referred(network)
    network.hwk.fetch(referral_id)
    network.navigator.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent_of(network)}/withdrawals",
        {"channel": "in_person"},
    )
    answer = try_fetch(network, referral_id, document_id)
    assert (answer.status_code, answer.json["slug"]) == (409, "referral.closed")
    assert network.scene.said(DocumentFetched) == []


def test_pieces_of_two_consents_are_not_put_together(network: Network) -> None:
    """One consent carries the dossier, another the papers: no single one said both."""
    enquiry, referral_id, document_id = referred(network, recipient())
    network.navigator.consent(enquiry, recipient(categories=["DOCUMENTS"]))
    network.hwk.fetch(referral_id)
    assert try_fetch(network, referral_id, document_id).status_code == 409
    assert network.scene.said(DocumentFetched) == []


def test_a_foreign_partner_finds_nothing_and_an_unnamed_paper_is_nobodys(network: Network) -> None:
    enquiry, referral_id, document_id = referred(network)
    network.hwk.fetch(referral_id)
    path = f"/partner/v1/referrals/{referral_id}/documents/{document_id}"
    assert network.ihk.ask("GET", path).status_code == 404
    assert network.navigator.ask("GET", path).status_code == 403
    unnamed = taken_in(network, enquiry, a_pdf(b"<< /Other 1 >>"))
    assert try_fetch(network, referral_id, unnamed).status_code == 404
    assert try_fetch(network, referral_id, str(uuid4())).status_code == 404


def test_a_paper_added_later_is_named_at_the_next_fetch_and_one_taken_out_is_gone(network: Network) -> None:
    enquiry, referral_id, first = referred(network)
    network.hwk.fetch(referral_id)
    second = taken_in(network, enquiry, a_pdf(b"<< /Second 1 >>"), "NOTICE")
    enclose(network, referral_id, second)
    enclose(network, referral_id, second)
    assert [one["id"] for one in network.hwk.fetch(referral_id)["person"]["documents"]] == [first, second]
    network.navigator.post(f"/referral/api/v1/referrals/{referral_id}/documents/{first}/removals", None)
    assert [one["id"] for one in network.hwk.fetch(referral_id)["person"]["documents"]] == [second]
    assert try_fetch(network, referral_id, first).status_code == 404
    assert try_fetch(network, referral_id, second).status_code == 200


def test_a_paper_that_is_deleted_goes_nowhere(network: Network) -> None:
    enquiry, referral_id, document_id = referred(network)
    network.hwk.fetch(referral_id)
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/documents/{document_id}/deletions", None)
    assert try_fetch(network, referral_id, document_id).status_code == 404
    assert "documents" not in network.hwk.fetch(referral_id)["person"]


def test_if_the_fetch_cannot_be_written_down_nothing_leaves(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    _, referral_id, document_id = referred(network)
    network.hwk.fetch(referral_id)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(network.scene.unit, "finish", broken)
    answer = try_fetch(network, referral_id, document_id)
    assert answer.status_code == 500
    monkeypatch.undo()
    assert network.scene.said(DocumentFetched) == []


def test_what_never_goes_along_is_refused_with_its_reason(network: Network) -> None:
    _, referral_id, document_id = referred(network, send=False)
    navigator = network.navigator
    other = navigator.enquire()
    hers = taken_in(network, other)
    answer = navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/documents", {"document_id": hers})
    assert answer.status_code == 404
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=3))
    answer = navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/documents", {"document_id": document_id})
    assert (answer.status_code, answer.json["slug"]) == (409, "enclosure.not-accepted")
    navigator.act(referral_id, "cancel", {"reason": "MISTAKE"})
    answer = navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/documents", {"document_id": document_id})
    assert (answer.status_code, answer.json["slug"]) == (409, "lifecycle.not-allowed")


def test_the_navigator_sends_papers_along_on_the_case_page(network: Network) -> None:
    enquiry, referral_id, first = referred(network)
    second = taken_in(network, enquiry, a_pdf(b"<< /Second 1 >>"), "NOTICE")
    browser = network.app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    case = f"/referral/referrals/{referral_id}"
    assert "Bescheid 3" in browser.get(case).text
    assert browser.post(f"{case}/documents/{second}").status_code == 303
    assert browser.post(f"{case}/documents/{first}/removals").status_code == 303
    assert [one["id"] for one in network.hwk.fetch(referral_id)["person"]["documents"]] == [second]
    assert "Dokument geht mit: Bescheid" in browser.get(case).text
    assert browser.post(f"{case}/documents/{first}/removals").status_code == 404
