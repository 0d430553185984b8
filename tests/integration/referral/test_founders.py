"""Founding, taking over, handing on - and an authority to act (§ 81a AufenthG), which is a paper and no consent."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from contracts.codes import Audience, DataCategory, Topic
from contracts.referral import DossierFetched, EnquiryRecorded, EnterpriseRequestRecorded
from services.referral import handlers
from tests.integration.referral.rig import Json, Network, recipient, somebody_new
from tests.integration.referral.scene import IHK, IHK_SERVICE, RECORD, a_service, some_terms
from tests.unit.referral.papers import a_pdf

API = "/referral/api/v1/enquiries"
FOUNDING = {"topic": "GRUENDUNG", "urgency": "normal"}
FOUNDER = recipient(IHK, IHK_SERVICE, purposes=["VERWEIS", "GRUENDUNG"], categories=["IDENTITY", "CONTACT"])
COMPANY = {
    "company": "Tischlerei Beispiel GmbH",
    "mailbox": "nachfolge@tischlerei.example",
    "contact_name": "Frau Platzhalter",
    "employees": 9,
}


@pytest.fixture
def founding(network: Network) -> Network:
    """The IHK advises whoever founds or takes over, and companies that look for a successor."""
    accepted = (DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.BUSINESS_CONTACT, DataCategory.FREE_TEXT)
    terms = some_terms(categories_accepted=accepted, minimum_categories=())
    listed = a_service(IHK_SERVICE, IHK, version=2, topics=(Topic.GRUENDUNG,), audience=Audience.BOTH, terms=terms)
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, listed)
    return network


def a_founders_enquiry(network: Network, **about: Any) -> Json:
    body = {
        "enquirer": "person",
        "site": "aachen",
        "person": {**RECORD, **somebody_new(), **about},
        "needs": [FOUNDING],
    }
    return dict(network.navigator.post(API, body))


def a_company_looking_for_a_successor(network: Network, **about: Any) -> Json:
    body = {"enquirer": "employer", "site": "aachen", "employer": {**COMPANY, **about}, "needs": [FOUNDING]}
    return dict(network.navigator.post(API, body))


def referred(network: Network, enquiry: Json) -> str:
    drafted = network.navigator.draft(enquiry, IHK_SERVICE)
    network.navigator.act(drafted["id"], "prepare")
    network.scene.tick()
    return str(drafted["id"])


@pytest.mark.parametrize("about", [{}, {"note": "sucht einen Betrieb zur Übernahme"}], ids=["founds", "takes over"])
def test_whoever_founds_or_takes_over_is_a_person_and_consents_herself(founding: Network, about: Json):
    enquiry = a_founders_enquiry(founding, **about)
    referral_id = referred(founding, enquiry)
    assert founding.navigator.see(referral_id)["status"] == "awaiting_consent"

    founding.scene.clock.instant += timedelta(minutes=1)
    founding.navigator.consent(enquiry, FOUNDER)
    founding.scene.tick()
    assert founding.navigator.see(referral_id)["status"] == "requested"
    dossier = founding.ihk.fetch(referral_id)

    assert dossier["ground"]["kind"] == "consent"
    assert "employer" not in dossier
    assert set(dossier["person"]) == {"given_name", "family_name", "birth_date", "email", "postal_code"}
    [recorded] = founding.scene.said(EnquiryRecorded)
    assert (str(recorded.person_id), recorded.topics) == (enquiry["person_id"], (Topic.GRUENDUNG,))


def test_whoever_takes_over_cannot_be_referred_like_a_company(founding: Network):
    enquiry = a_founders_enquiry(founding)

    answer = ask_to_be_put_in_touch(founding, enquiry)

    assert (answer.status_code, answer.json["slug"]) == (422, "enterprise-request.not-an-employer")
    assert founding.navigator.see(referred(founding, enquiry))["status"] == "awaiting_consent"


def ask_to_be_put_in_touch(network: Network, enquiry: Json) -> Any:
    body = {
        "recipients": [{"organization_id": str(IHK), "service_id": str(IHK_SERVICE)}],
        "purposes": ["GRUENDUNG"],
        "notice_given": True,
    }
    return network.navigator.ask("POST", f"{API}/{enquiry['id']}/enterprise-requests", body)


def test_a_company_looking_for_a_successor_sends_its_contact_and_nobodys_data(founding: Network):
    enquiry = a_company_looking_for_a_successor(founding, note="Herr Worker, geboren 1990, will übernehmen")
    assert ask_to_be_put_in_touch(founding, enquiry).status_code == 201
    referral_id = referred(founding, enquiry)

    dossier = founding.ihk.fetch(referral_id)

    assert dossier["ground"]["kind"] == "enterprise_request"
    assert dossier["employer"] == COMPANY
    assert "person" not in dossier
    [fetched] = founding.scene.said(DossierFetched)
    assert (fetched.person_id, fetched.categories) == (None, (DataCategory.BUSINESS_CONTACT,))
    assert len(founding.scene.said(EnterpriseRequestRecorded)) == 1


def upload_vollmacht(network: Network, enquiry: Json) -> None:
    """§ 81a AufenthG: the worker authorises the employer to run the accelerated procedure for her."""
    answer = network.navigator.client.post(
        f"{API}/{enquiry['id']}/documents",
        data={"kind": "VOLLMACHT", "file": (BytesIO(a_pdf()), "v.pdf", "application/pdf")},
        content_type="multipart/form-data",
        headers={"Authorization": f"Bearer {network.navigator.token}", "Idempotency-Key": enquiry["id"]},
    )
    assert answer.status_code == 201, answer.text


def without_consent(network: Network, enquiry: Json) -> list[Any]:
    """What request, release and fetch answer, word for word, and why nothing is disclosed."""
    referral_id = referred(network, enquiry)
    released = network.navigator.try_act(referral_id, "request")
    fetched = network.hwk.try_fetch(referral_id)
    decided = network.scene.rows(
        "SELECT point, allowed, refusal FROM decisions WHERE referral_id = %s ORDER BY decided_at, point", referral_id
    )
    slugs = [(answer.status_code, answer.json["slug"]) for answer in (released, fetched)]  # type: ignore[index]
    return [network.navigator.see(referral_id)["status"], slugs, decided]


def test_a_vollmacht_is_a_document_and_no_consent(network: Network):
    enquiry = network.navigator.enquire()
    before = without_consent(network, enquiry)

    upload_vollmacht(network, enquiry)

    assert network.scene.rows("SELECT upper(kind) AS kind FROM documents") == [{"kind": "VOLLMACHT"}]
    assert network.navigator.get(f"{API}/{enquiry['id']}")["consents"] == []
    assert without_consent(network, enquiry) == before
    assert network.scene.said(DossierFetched) == []
