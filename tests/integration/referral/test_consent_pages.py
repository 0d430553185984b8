"""A consent at the desk: prepared, printed in two languages, found by its code, signed, witnessed, declined."""

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.referral import ConsentDraftEnded, ConsentGiven, ConsentPrepared, DocumentAdded, PersonalDataViewed
from tests.integration.referral.rig import Json, Network, recipient
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK
from tests.unit.referral.papers import a_pdf

KEY = f"ANERKENNUNG/{HWK_SERVICE}"
FORM = {
    "recipients": KEY,
    f"categories/{KEY}": ["IDENTITY", "CONTACT"],
    f"back_level/{KEY}": "status",
    "channel": "signed_paper",
    "given_by": "self",
    "language": "ar",
    "step": "prepare",
}


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def prepared(network: Network, browser: FlaskClient, **changes: Any) -> tuple[Json, Json]:
    enquiry = network.navigator.enquire()
    answer = browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=FORM | changes)
    assert answer.status_code == 303, answer.text[:800]
    [drafted] = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["drafted_consents"]
    return enquiry, drafted


def address(enquiry: Json, drafted: Json) -> str:
    return f"/referral/enquiries/{enquiry['id']}/consent-drafts/{drafted['id']}"


def test_a_form_shows_both_languages_and_exactly_the_fields_each_body_sees(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser)

    sheet = browser.get(address(enquiry, drafted)).text

    assert 'dir="rtl"' in sheet
    assert "من المسؤول؟" in sheet
    assert "Wer ist verantwortlich?" in sheet
    assert "Welcome Center Musterstadt" in sheet
    assert "E-Mail" in sheet
    assert "ما يجوز الرد به" in sheet
    assert "Beruf" not in sheet.partition("</table>")[0]
    assert drafted["text_sha256"] in sheet
    assert drafted["terms_sha256"] in sheet
    assert len(network.scene.said(ConsentPrepared)) == 1
    assert network.scene.said(ConsentGiven) == []
    [view] = [one for one in network.scene.said(PersonalDataViewed) if [*one.categories] == ["IDENTITY"]]
    assert str(view.person_id) == enquiry["person_id"]


def test_nothing_leaves_on_what_is_only_prepared(network: Network, browser: FlaskClient):
    enquiry, _ = prepared(network, browser)
    referral_id = network.navigator.draft(enquiry)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    assert network.navigator.see(referral_id)["status"] == "awaiting_consent"


def test_the_signed_paper_finds_its_form_by_the_code_and_is_sealed(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser)

    found = browser.get(f"/referral/consent-forms?code={drafted['code'].lower()}")
    signed = browser.post(
        f"{address(enquiry, drafted)}/signatures",
        data={"signer": "person", "channel": "signed_paper", "scan": (BytesIO(a_pdf()), "s.pdf", "application/pdf")},
        content_type="multipart/form-data",
    )

    assert found.headers["Location"].endswith(f"#draft-{drafted['id']}")
    assert signed.status_code == 303, signed.text[:600]
    [given] = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["consents"]
    [paper] = network.scene.rows("SELECT evidence_sha256, kind FROM documents")
    assert given["signatures"][0]["evidence_sha256"] == paper["evidence_sha256"]
    assert paper["kind"] == "consent_form" or str(paper["kind"]).upper() == "CONSENT_FORM"
    assert len(network.scene.said(DocumentAdded)) == 1


def test_the_release_from_secrecy_stands_in_both_languages_of_the_form(network: Network, browser: FlaskClient):
    plain = browser.get(address(*prepared(network, browser))).text
    enquiry, drafted = prepared(network, browser, secrecy_release="true")
    sheet = browser.get(address(enquiry, drafted), headers={"Accept-Language": "en"}).text
    for words in ("Ich entbinde die Beschäftigten hier im Haus", "أعفي العاملين هنا من واجب كتمان السر"):
        assert words in sheet and words not in plain
    network.navigator.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{drafted['id']}/signatures",
        {"signer": "person", "channel": "signed_paper", "document_id": network.navigator.scan(enquiry)},
    )
    assert "von der Schweigepflicht entbunden" in browser.get(f"/referral/enquiries/{enquiry['id']}").text


def test_a_form_made_by_hand_does_not_agree_online_for_her(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser)
    by_hand = [
        browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=FORM | {"channel": "online", "step": ""}),
        browser.post(f"{address(enquiry, drafted)}/signatures", data={"signer": "person", "channel": "online"}),
    ]
    assert [answer.status_code for answer in by_hand] == [422, 422]
    assert network.scene.said(ConsentGiven) == []


def test_what_was_typed_beside_a_bad_scan_is_not_lost(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser, language="de")
    typed = {"signer": "person", "channel": "sign_pad", "interpreter_name": "Samir Muster"}
    scan = (BytesIO(b"GIF89a"), "s.gif", "image/gif")

    answer = browser.post(f"{address(enquiry, drafted)}/signatures", data={**typed, "scan": scan})

    assert answer.status_code == 422
    box = answer.text[answer.text.index(f'id="draft-{drafted["id"]}"') :].partition("</details>")[0]
    assert 'role="alert"' in box and '<details class="action" open>' in box
    assert 'value="sign_pad" selected' in box and 'value="Samir Muster"' in box
    assert network.scene.said(ConsentGiven) == []


def test_a_scan_may_be_as_large_as_any_paper(network: Network, browser: FlaskClient):
    room = network.app.extensions["lotsennetz"]
    room.settings = replace(room.settings, max_request_bytes=50_000)
    large = a_pdf(b" " * 60_000)
    at_once = FORM | {"step": "", "scan": (BytesIO(large), "s.pdf", "application/pdf")}
    enquiry, drafted = prepared(network, browser)
    other = BytesIO(a_pdf(b" " * 60_001))
    later = {"signer": "person", "channel": "signed_paper", "scan": (other, "s.pdf", "application/pdf")}
    assert browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=at_once).status_code == 303
    assert browser.post(f"{address(enquiry, drafted)}/signatures", data=later).status_code == 303
    over = (BytesIO(a_pdf(b" " * network.app.extensions["referral"].document_bytes)), "s.pdf", "application/pdf")
    refused = browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=at_once | {"scan": over})
    assert refused.status_code == 422 and "zu groß" in refused.text


def test_the_same_form_with_another_scan_is_another_form(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire()
    answers = [
        browser.post(
            f"/referral/enquiries/{enquiry['id']}/consents",
            data=FORM | {"step": "", "request_key": "e" * 32, "scan": (BytesIO(scan), "s.pdf", "application/pdf")},
        ).status_code
        for scan in (a_pdf(), a_pdf(), a_pdf(b"<< /Other 1 >>"))
    ]
    assert answers == [303, 303, 422]
    assert len(network.scene.said(ConsentGiven)) == 1


def test_whose_consent_it_is_is_one_of_those_offered(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire()
    answer = browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=FORM | {"person_id": "nobody"})
    assert answer.status_code == 422 and "Bitte eines der angebotenen wählen" in answer.text


def test_a_mistyped_code_opens_nothing(network: Network, browser: FlaskClient):
    _, drafted = prepared(network, browser)
    wrong = "2" if drafted["code"][0] != "2" else "3"
    assert browser.get(f"/referral/consent-forms?code={wrong}{drafted['code'][1:]}").status_code == 422


def test_a_spoken_consent_waits_for_the_colleague_who_heard_it(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser, language="de")
    url = address(enquiry, drafted)
    said = {"signer": "person", "channel": "verbal_witnessed", "witness": "staff"}
    nameless = browser.post(f"{url}/signatures", data=said | {"witness": "interpreter"})
    assert nameless.status_code == 422 and "die gedolmetscht und mitgehört hat" in nameless.text
    assert browser.post(f"{url}/signatures", data=said).status_code == 303
    assert network.scene.said(ConsentGiven) == []
    assert browser.post(f"{url}/witnesses").status_code == 422

    colleague = network.staff(sub="carla")
    heard = colleague.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{drafted['id']}/witnesses", {})

    assert (heard.status_code, heard.json["lapses_on"]) == (201, "2026-11-30")  # type: ignore[index]
    [given] = network.scene.said(ConsentGiven)
    assert given.text_id == "spoken-1"
    [task] = network.navigator.get("/referral/api/v1/tasks")["tasks"]
    assert (task["kind"], task["due_on"]) == ("consent_to_confirm", "2026-11-30")


GUARDIAN = {"given_by": "guardian", "holders": "guardian", "language": "de"}


@pytest.mark.parametrize(
    ("guardian", "sentence"),
    [
        (str(HWK), "willigt nicht in die Weitergabe an sich selbst ein"),
        ("", "Bitte angeben, wer Vormund ist"),
        ("nobody", "wer Vormund ist"),
    ],
)
def test_a_body_that_is_guardian_is_named_and_does_not_consent_to_itself(
    network: Network, browser: FlaskClient, guardian: str, sentence: str
):
    enquiry = network.navigator.enquire(birth_date="2015-06-01")
    body = FORM | GUARDIAN | {"guardian": guardian}
    refused = browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=body)
    assert refused.status_code == 422
    [alert] = re.findall(r'<div id="consent-errors">(.*?)</ul>', refused.text, re.DOTALL)
    assert sentence in alert
    assert network.scene.said(ConsentPrepared) == []


@pytest.mark.parametrize("guardian", [str(IHK), "none"])
def test_another_body_or_nobody_of_the_network_may_be_guardian(network: Network, browser: FlaskClient, guardian: str):
    enquiry = network.navigator.enquire(birth_date="2015-06-01")
    page = browser.get(f"/referral/enquiries/{enquiry['id']}").text
    [offered] = re.findall(r'<select[^>]*name="guardian"[^>]*>(.*?)</select>', page, re.DOTALL)
    assert {str(HWK), str(IHK), "none"} <= set(re.findall(r'value="([^"]+)"', offered))
    body = FORM | GUARDIAN | {"guardian": guardian}
    assert browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=body).status_code == 303
    [kept] = network.scene.rows("SELECT custody FROM drafted_consents")
    assert kept["custody"]["guardian_organization_id"] == (guardian if guardian != "none" else None)


def test_who_does_not_want_it_has_no_disadvantage(network: Network, browser: FlaskClient):
    enquiry, drafted = prepared(network, browser)
    assert browser.post(f"{address(enquiry, drafted)}/refusals").status_code == 303
    [ended] = network.scene.said(ConsentDraftEnded)
    assert str(ended.reason) == "declined"
    assert browser.get(address(enquiry, drafted)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({f"categories/{KEY}": []}, "eine Einwilligung für alles ist keine"),
        ({"recipients": []}, "eine Einwilligung ohne Empfänger ist keine"),
        ({"valid_until": "2026-11-01"}, "kein Tag in der Vergangenheit"),
        ({"valid_until": "2028-01-01"}, "höchstens zwölf Monate"),
        ({"language": "de-simple"}, "noch nicht geprüft"),
        ({"given_by": "guardian"}, "Wer volljährig ist, willigt selbst ein"),
        ({"step": ""}, "Bitte das unterschriebene Formular hochladen"),
        ({"step": "", "channel": "verbal_witnessed"}, "braucht eine zweite Person"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    network: Network, browser: FlaskClient, wrong: Json, sentence: str
):
    enquiry = network.navigator.enquire()

    answer = browser.post(f"/referral/enquiries/{enquiry['id']}/consents", data=FORM | wrong)

    assert answer.status_code == 422
    assert sentence in answer.text
    if wrong.get("recipients") != []:
        assert re.search(rf'value="{KEY}" checked', answer.text)
    assert network.scene.rows("SELECT FROM drafted_consents") == []
    assert network.scene.said(ConsentPrepared, ConsentGiven) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_from": "2026-11-22"}, "valid_from"),
        ({"valid_from": "2027-02-01", "valid_until": "2027-01-01"}, "valid_until"),
        ({"recipients": [recipient(), recipient()]}, "recipients"),
        ({"recipients": [recipient(service_id=None)]}, "recipients"),
        ({"recipients": [recipient(categories=["HEALTH"])]}, "categories"),
        ({"recipients": [recipient(purposes=["WOHNEN"])]}, "purposes"),
        ({"language": "so"}, "language"),
        ({"text_id": "referral-1"}, "text_id"),
        ({"text_id": "spoken-1"}, "text_id"),
        ({"document_id": None}, "document_id"),
        ({"channel": "online"}, "channel"),
        ({"channel": "verbal_witnessed", "recipients": [recipient(categories=["IDENTITY"])]}, "witnessed_by"),
        ({"given_by": "representative"}, "proof"),
    ],
)
def test_the_interface_names_each_field_and_keeps_nothing(network: Network, changes: Json, field: str):
    enquiry = network.navigator.enquire()
    usual = {"given_by": "self", "channel": "signed_paper", "language": "de", "recipients": [recipient()]}
    body = {**usual, "document_id": network.navigator.scan(enquiry), **changes}
    if changes.get("recipients") == [recipient(service_id=None)]:
        body["recipients"][0]["service_id"] = None

    answer = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/consents", body)

    assert answer.status_code == 422
    assert field in answer.json["fields"] or "json" in answer.json["fields"], answer.json  # type: ignore[index]
    assert network.scene.rows("SELECT FROM drafted_consents") == []
