"""Papers by form and over the interface: what is taken, what is refused, and that nobody looks without a trace."""

import re
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import DataCategory
from contracts.referral import DocumentAdded, DocumentDeleted, PersonalDataViewed
from tests.integration.referral.rig import Network, recipient
from tests.unit.referral.papers import a_pdf, a_png, a_zip

PDF = ("application/pdf", a_pdf())


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return client


@pytest.fixture
def enquiry_id(network: Network) -> str:
    return str(network.navigator.enquire()["id"])


def send(
    client: FlaskClient, address: str, content: bytes, media_type: str = "application/pdf", **form: Any
) -> TestResponse:
    name = form.pop("name", "../../Zeugnis Amira Ben Salah.pdf")
    headers = form.pop("headers", {"Idempotency-Key": str(uuid4())})
    data = {"kind": "CERTIFICATE", "file": (BytesIO(content), name, media_type), **form}
    return client.post(address, data=data, content_type="multipart/form-data", headers=headers)


def page_of(enquiry_id: str) -> str:
    return f"/referral/enquiries/{enquiry_id}/documents"


def api_of(enquiry_id: str) -> str:
    return f"/referral/api/v1/enquiries/{enquiry_id}/documents"


def test_a_paper_by_form_is_listed_and_comes_back_as_a_download(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    answer = send(browser, page_of(enquiry_id), PDF[1])
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"]).text
    assert "Zeugnis oder Bescheinigung 1" in page and "aufgenommen" in page
    assert "Zeugnis Amira" not in page
    (link,) = re.findall(rf'href="({page_of(enquiry_id)}/[0-9a-f-]+)"', page)
    file = browser.get(link)
    assert (file.data, file.content_type) == (PDF[1], "application/pdf")
    assert file.headers["Content-Disposition"] == 'attachment; filename="certificate-1.pdf"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert "no-store" in file.headers["Cache-Control"]


def test_that_somebody_looks_into_it_is_a_fact_before_a_byte_leaves(
    network: Network, browser: FlaskClient, enquiry_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = send(browser, api_of(enquiry_id), PDF[1]).json["id"]
    before = len(network.scene.said(PersonalDataViewed))
    assert browser.get(f"{api_of(enquiry_id)}/{document_id}").status_code == 200
    assert [view.categories for view in network.scene.said(PersonalDataViewed)[before:]] == [(DataCategory.DOCUMENTS,)]

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(network.scene.unit, "finish", broken)  # the view cannot be committed
    answer = browser.get(f"{api_of(enquiry_id)}/{document_id}")
    assert answer.status_code == 500
    assert b"%PDF" not in answer.data


def test_the_list_over_the_interface_looks_into_nothing(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    sent = send(browser, api_of(enquiry_id), a_png(), "image/png", kind="NOTICE", name="x.png")
    assert sent.status_code == 201, sent.text
    before = len(network.scene.said(PersonalDataViewed))
    (one,) = network.navigator.get(api_of(enquiry_id))["documents"]
    assert one == sent.json
    assert (one["kind"], one["media_type"], one["file_name"]) == ("NOTICE", "image/png", "notice-1.png")
    assert len(network.scene.said(PersonalDataViewed)) == before


HOSTILE = {
    "a drawing with a script": (b"<svg onload='alert(1)'/>", "image/png", "document.type-unknown"),
    "a page": (b"<script>alert(1)</script>", "application/pdf", "document.type-unknown"),
    "an archive that unpacks without end": (
        a_zip(content=bytes(10_000_000)),
        "application/pdf",
        "document.type-unknown",
    ),
    "another type than it says": (a_png(), "application/pdf", "document.type-differs"),
    "a type we do not take": (b"GIF89a", "image/gif", "document.type-unknown"),
    "a script in a pdf": (a_pdf(b"<< /S /JavaScript /JS (x) >>"), "application/pdf", "document.acts"),
    "nothing": (b"", "application/pdf", "document.empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plain_paper_is_refused_and_leaves_nothing(
    network: Network, browser: FlaskClient, enquiry_id: str, name: str
) -> None:
    content, media_type, slug = HOSTILE[name]
    answer = send(browser, api_of(enquiry_id), content, media_type)
    assert (answer.status_code, answer.json["slug"]) == (422, slug), answer.text
    assert answer.json["fields"]
    page = send(browser, page_of(enquiry_id), content, media_type)
    assert page.status_code == 422
    assert 'id="file-error" role="alert"' in page.text
    assert "slug:" not in page.text
    assert network.scene.rows("SELECT FROM documents") == [] and network.scene.said(DocumentAdded) == []


def test_a_file_over_the_limit_is_refused_by_its_size_and_an_ordinary_request_stays_small(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    room = network.app.extensions["lotsennetz"]
    room.settings = replace(room.settings, max_request_bytes=50_000)
    largest = network.app.extensions["referral"].document_bytes
    over = a_pdf(b" " * (largest - len(a_pdf()) + 1))
    answer = send(browser, api_of(enquiry_id), over)
    assert (answer.status_code, answer.json["slug"]) == (422, "document.too-large")
    answer = send(browser, api_of(enquiry_id), over + bytes(200_000))
    assert (answer.status_code, answer.json["slug"]) == (413, "request.too-large")
    just = a_pdf(b" " * 60_000)
    assert send(browser, api_of(enquiry_id), just).status_code == 201
    elsewhere = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry_id}/needs", {"x": "y" * 60_000})
    assert elsewhere.status_code == 413


def test_a_signed_form_comes_before_its_consent_by_program_and_with_it_by_page(
    browser: FlaskClient, enquiry_id: str
) -> None:
    assert send(browser, api_of(enquiry_id), PDF[1], kind="CONSENT_FORM").status_code == 201
    assert send(browser, page_of(enquiry_id), PDF[1], kind="CONSENT_FORM").status_code == 422


def test_the_same_key_counts_once_and_is_refused_for_another_file(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    headers = {"Idempotency-Key": "one-and-the-same"}
    first = send(browser, api_of(enquiry_id), PDF[1], headers=headers)
    again = send(browser, api_of(enquiry_id), PDF[1], headers=headers)
    assert (first.status_code, first.json) == (again.status_code, again.json)
    other = send(browser, api_of(enquiry_id), a_pdf(b"<< /Other 1 >>"), headers=headers)
    assert (other.status_code, other.json["slug"]) == (422, "idempotency.key-reused")
    key = "a" * 32
    for _ in range(2):
        assert send(browser, page_of(enquiry_id), a_png(), "image/png", request_key=key).status_code == 303
    assert len(network.scene.said(DocumentAdded)) == 2


def test_a_foreign_house_finds_no_enquiry_and_no_paper(network: Network, browser: FlaskClient, enquiry_id: str) -> None:
    document_id = send(browser, api_of(enquiry_id), PDF[1]).json["id"]
    stranger = network.staff(sub="olga", site="neuss")
    other = network.navigator.enquire()["id"]
    for path in (f"{api_of(enquiry_id)}/{document_id}", f"{page_of(enquiry_id)}/{document_id}"):
        assert stranger.ask("GET", path).status_code == 404
    assert stranger.ask("GET", api_of(enquiry_id)).status_code == 404
    assert stranger.ask("POST", f"{api_of(enquiry_id)}/{document_id}/deletions").status_code == 404
    assert network.navigator.ask("GET", f"{api_of(other)}/{document_id}").status_code == 404
    assert network.hwk.ask("GET", f"{api_of(enquiry_id)}/{document_id}").status_code == 403


def test_a_paper_is_deleted_by_form_and_over_the_interface(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    mine = send(browser, api_of(enquiry_id), PDF[1]).json["id"]
    other = send(browser, api_of(enquiry_id), a_png(), "image/png").json["id"]
    assert browser.post(f"{page_of(enquiry_id)}/{mine}/deletions").status_code == 303
    network.navigator.post(f"{api_of(enquiry_id)}/{other}/deletions", None)
    assert network.navigator.get(api_of(enquiry_id)) == {"documents": []}
    assert browser.get(f"{page_of(enquiry_id)}/{mine}").status_code == 404
    assert len(network.scene.said(DocumentDeleted)) == 2


def test_what_proves_a_consent_is_not_deleted(network: Network) -> None:
    enquiry = network.navigator.enquire()
    document_id = network.navigator.scan(enquiry)
    network.navigator.consent(enquiry, document_id=document_id)
    answer = network.navigator.ask("POST", f"{api_of(enquiry['id'])}/{document_id}/deletions")
    assert (answer.status_code, answer.json["slug"]) == (409, "document.proves-consent")


def test_what_one_of_two_parents_signed_stays_while_the_other_is_waited_for(network: Network) -> None:
    enquiry = network.navigator.enquire(birth_date="2015-06-01")
    terms = {"given_by": "guardian", "language": "de", "recipients": [recipient()], "custody": {"holders": 2}}
    consents = f"/referral/api/v1/enquiries/{enquiry['id']}/consents"
    drafted = network.navigator.post(consents.removesuffix("s") + "-drafts", terms)["id"]
    document_id = network.navigator.scan(enquiry)
    proof = {"channel": "signed_paper", "document_id": document_id, "proof": "BIRTH_CERTIFICATE"}
    network.navigator.post(f"{consents}/{drafted}/signatures", {"signer": "custody_holder", **proof})
    deletion = f"{api_of(enquiry['id'])}/{document_id}/deletions"
    assert network.navigator.ask("POST", deletion).status_code == 409
    network.navigator.post(f"{consents}/{drafted}/refusals", {})
    assert network.navigator.ask("POST", deletion).status_code == 201


def test_a_paper_belongs_to_one_person_of_the_household(
    network: Network, browser: FlaskClient, enquiry_id: str
) -> None:
    body = {"relation": "child", "person": {"given_name": "Yara", "birth_date": "2015-06-01"}}
    child = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry_id}/persons", body)["person_id"]
    assert send(browser, page_of(enquiry_id), PDF[1], person_id=child).status_code == 303
    (one,) = network.navigator.get(api_of(enquiry_id))["documents"]
    assert one["person_id"] == child
    page = browser.get(f"/referral/enquiries/{enquiry_id}").text
    assert "Zeugnis oder Bescheinigung 1</a> – Yara" in page
    for wrong, status in ((str(uuid4()), 404), ("nobody", 422)):
        assert send(browser, page_of(enquiry_id), a_png(), "image/png", person_id=wrong).status_code == status
    assert send(browser, api_of(enquiry_id), a_png(), "image/png", person_id=str(uuid4())).status_code == 404
