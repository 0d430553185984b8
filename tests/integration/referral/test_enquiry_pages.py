"""Enquiries at the desk, by form: taken down, consented to, passed on, given along - and what is refused on the way."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import ChannelKind, Status, Topic
from contracts.directory import Channel
from contracts.event import PublicText
from contracts.identity import id_of
from contracts.referral import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactCardIssued,
    DossierFetched,
    EnquiryRecorded,
    EnterpriseRequestRecorded,
    PersonalDataViewed,
)
from services.chassis.db import Database
from services.referral import handlers
from services.referral.consent_texts import TextLibrary
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import HWK_SERVICE, Scene, a_service, an_organization
from tests.unit.referral.papers import a_pdf

PERSON = {
    "enquirer": "person",
    "topics": "ANERKENNUNG",
    "urgency": "normal",
    "given_name": "Leyla",
    "family_name": "Demir",
    "birth_date": "1990-05-01",
    "postal_code": "52062",
    "languages": ["tr", "de"],
    "qualification_year": "2014",
}
KEY = f"ANERKENNUNG/{HWK_SERVICE}"
CONSENT = {
    "recipients": KEY,
    f"categories/{KEY}": ["IDENTITY", "CONTACT"],
    f"back_level/{KEY}": "status",
    "channel": "signed_paper",
    "given_by": "self",
    "language": "de",
}
CLUB = id_of("organization", "a-club")
CLUB_SERVICE = id_of("service", "a-club-anerkennung")


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    """A navigator's browser; her token stands in for the sign-in, which is tested elsewhere."""
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return client


def take_down(browser: FlaskClient, **changes: Any) -> str:
    answer = browser.post("/referral/enquiries/", data=PERSON | changes)
    assert answer.status_code == 303, answer.text[:600]
    return str(answer.headers["Location"])


def consent(browser: FlaskClient, enquiry: str, **changes: Any) -> TestResponse:
    scan = {"scan": (BytesIO(a_pdf()), "scan.pdf", "application/pdf")}
    return browser.post(f"{enquiry}/consents", data=CONSENT | scan | changes, content_type="multipart/form-data")


def test_an_address_chooses_topics_beforehand_and_fills_in_nothing_else(browser: FlaskClient) -> None:
    page = browser.get("/referral/enquiries/new?topics=ANERKENNUNG&topics=TELEPATHY&given_name=Leyla").text
    assert re.findall(r'name="topics" value="(\w+)" checked', page) == ["ANERKENNUNG"]
    assert "Leyla" not in page


def test_an_enquiry_is_taken_down_and_shown(network: Network, browser: FlaskClient):
    page = browser.get(take_down(browser)).text
    assert all(word in page for word in ("Demir", "01.05.1990", "Türkisch, Deutsch", "2014"))
    assert len(network.scene.said(EnquiryRecorded)) == 1
    assert len(network.scene.said(PersonalDataViewed)) == 1


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"postal_code": "5206"}, "postal_code"),
        ({"birth_date": "yesterday"}, "birth_date"),
        ({"topics": "ANWERBUNG"}, "topics"),
        ({"topics": ""}, "topics"),
        ({"qualification_year": "14"}, "qualification_year"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_typed_is_lost(
    network: Network, browser: FlaskClient, wrong: dict[str, str], name: str
):
    answer = browser.post("/referral/enquiries/", data=PERSON | wrong)
    assert answer.status_code == 422
    assert 'value="Demir"' in answer.text
    assert 'role="alert"' in answer.text, name
    assert network.scene.said(EnquiryRecorded) == []


@pytest.mark.parametrize("typed", ["5206", "NL-6411", "520622"])
def test_a_postal_code_of_other_than_five_digits_is_answered_in_words(browser: FlaskClient, typed: str):
    answer = browser.post("/referral/enquiries/", data=PERSON | {"postal_code": typed})
    assert answer.status_code == 422
    assert "fünf Ziffern, zum Beispiel 52062" in answer.text and f'value="{typed}"' in answer.text


def test_a_consent_names_body_data_and_what_may_come_back(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    assert consent(browser, enquiry).status_code == 303
    [given] = network.scene.said(ConsentGiven)
    [to] = given.recipients
    assert [str(category) for category in to.categories] == ["IDENTITY", "CONTACT"]
    assert (to.back_level, [str(one) for one in to.purposes]) == ("status", ["VERWEIS", "ANERKENNUNG"])
    assert "gilt" in browser.get(enquiry).text


@pytest.mark.parametrize("wrong", [{"recipients": "ANERKENNUNG/nobody"}, {"channel": "shouted"}, {"given_by": "boss"}])
def test_a_consent_that_says_too_little_is_none(network: Network, browser: FlaskClient, wrong: dict[str, str]):
    assert consent(browser, take_down(browser), **wrong).status_code == 422
    assert network.scene.said(ConsentGiven) == []


def test_a_category_the_terms_do_not_take_cannot_be_consented_to(network: Network, browser: FlaskClient):
    consent(browser, take_down(browser), **{f"categories/{KEY}": ["IDENTITY", "HEALTH"]})
    [given] = network.scene.said(ConsentGiven)
    assert [str(category) for category in given.recipients[0].categories] == ["IDENTITY"]


def test_a_withdrawal_is_one_button(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    consent(browser, enquiry)
    target = re.search(r'action="([^"]*/withdrawals)"', browser.get(enquiry).text)
    assert target
    answer = browser.post(target[1], data={"channel": "phone", "part": "//"})
    assert answer.status_code == 303
    assert len(network.scene.said(ConsentWithdrawn)) == 1
    assert "widerrufen" in browser.get(enquiry).text


@pytest.mark.parametrize("has_fetched", [True, False])
def test_a_consent_that_ran_out_is_withdrawn_at_the_desk_while_a_body_has_the_data(
    network: Network, browser: FlaskClient, has_fetched: bool
):
    scene = network.scene
    referral_id = network.requested()
    referral = scene.now(UUID(referral_id))
    if has_fetched:
        network.hwk.fetch(referral_id)
    scene.clock.instant += timedelta(days=200)
    enquiry = f"/referral/enquiries/{referral.enquiry_id}"
    page = browser.get(enquiry).text
    assert "abgelaufen" in page
    target = re.search(r'action="([^"]*/withdrawals)"', page)
    assert bool(target) is has_fetched
    if target:
        assert browser.post(target[1], data={"channel": "phone", "part": "//"}).status_code == 303
        assert scene.now(referral.id).status is Status.CANCELLED
        assert "/withdrawals" not in browser.get(enquiry).text


def test_from_the_suggestions_to_a_draft(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    offers = re.search(r'href="([^"]*/needs/[^"]*)"', browser.get(enquiry).text)
    assert offers
    page = browser.get(offers[1]).text
    assert "Passt, weil: das Thema stimmt" in page
    drafted = browser.post(f"{offers[1]}/referrals", data={"service_id": str(HWK_SERVICE)})
    referral_id = drafted.headers["Location"].rpartition("/")[2]
    assert network.navigator.see(referral_id)["status"] == "draft"


def test_a_contact_card_is_given_along_without_any_consent(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    offers = re.search(r'href="([^"]*/needs/[^"]*)"', browser.get(enquiry).text)
    assert offers
    card = browser.post(f"{offers[1]}/contact-cards", data={"service_id": str(HWK_SERVICE)})
    assert "Demir" not in card.text
    assert len(network.scene.said(ContactCardIssued)) == 1


COMPANY = {"enquirer": "employer", "topics": "FACHKRAEFTEVERFAHREN", "urgency": "normal", "company": "Rur GmbH"}
REQUEST = {"recipients": f"FACHKRAEFTEVERFAHREN/{HWK_SERVICE}", "notice_given": "true", "ground": "ART_6_1_F"}


def an_employers_enquiry(network: Network, browser: FlaskClient, **changes: str) -> str:
    with network.scene.unit.work(actor="system:directory") as work:
        topics = (Topic.ANERKENNUNG, Topic.FACHKRAEFTEVERFAHREN)
        handlers.keep_service(work, a_service(version=3, topics=topics))
    answer = browser.post("/referral/enquiries/", data={**COMPANY, "phone": "+49 2421 000", **changes})
    return str(answer.headers["Location"])


def confirmation_of(browser: FlaskClient, enquiry: str) -> str:
    [place] = re.findall(r'href="([^"]*/confirmation)"', browser.get(enquiry).text)
    return str(place)


def test_an_employers_request_carries_its_own_contact_only(network: Network, browser: FlaskClient):
    enquiry = an_employers_enquiry(network, browser)
    assert "Nichts über Beschäftigte" in browser.get(enquiry).text, "the notice can be read out before"
    days = {"asked_on": "2026-11-20", "valid_until": "2027-03-01", "notice_language": "en"}
    assert browser.post(f"{enquiry}/enterprise-requests", data=REQUEST | days).status_code == 303
    [told] = network.scene.said(EnterpriseRequestRecorded)
    assert (str(told.ground), str(told.language), str(told.valid_until)) == ("ART_6_1_F", "en", "2027-03-01")
    [kept] = network.scene.rows("SELECT asked_on FROM enterprise_requests")
    assert kept["asked_on"].isoformat() == "2026-11-20"
    page = browser.get(enquiry).text
    assert "Rur GmbH" in page and "Art. 6 Abs. 1 f DSGVO" in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"notice_given": ""}, "Der Betrieb muss vorher wissen"),
        ({"asked_on": "2026-11-24"}, "Kein Tag in der Zukunft"),
        ({"asked_on": "soon"}, "Angefragt am"),
        ({"valid_until": "2026-11-01"}, "kein Tag in der Vergangenheit"),
        ({"valid_until": "2028-01-01"}, "höchstens zwölf Monate"),
        ({"ground": "ART_6_1_A"}, "Grundlage"),
    ],
)
def test_what_an_employers_request_lacks_is_said_and_nothing_typed_is_lost(
    network: Network, browser: FlaskClient, wrong: dict[str, str], sentence: str
):
    enquiry = an_employers_enquiry(network, browser)
    answer = browser.post(f"{enquiry}/enterprise-requests", data=REQUEST | wrong, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    [alert] = re.findall(r'<div id="consent-errors">(.*?)</ul>', answer.text, re.DOTALL)
    assert "Die Anfrage des Unternehmens ist noch nicht vollständig." in alert
    assert sentence.lower() in alert.lower()
    assert f'value="{REQUEST["recipients"]}" checked' in answer.text
    assert network.scene.said(EnterpriseRequestRecorded) == []


def test_the_company_is_handed_a_confirmation_with_the_notice_it_was_given(network: Network, browser: FlaskClient):
    enquiry = an_employers_enquiry(network, browser, note="Frau Beispiel sucht eine Stelle")
    browser.post(f"{enquiry}/enterprise-requests", data=REQUEST | {"valid_until": "2027-03-01"})
    [asked] = network.scene.rows("SELECT id, notice_sha256 FROM enterprise_requests")
    sheet = browser.get(confirmation_of(browser, enquiry)).text
    for words in (
        "Bestätigung Ihrer Anfrage",
        "Rur GmbH",
        "+49 2421 000",
        "Eine Stelle",
        "Art. 6 Abs. 1 f DSGVO",
        "01.03.2027",
        "Welcome Center Musterstadt",
        "Datenschutzbeauftragte, Musterweg 2",
        "Aufsichtsbehörde Musterland",
        "Was wird nicht weitergegeben?",
        str(asked["id"]),
        asked["notice_sha256"],
    ):
        assert words in sheet, words
    assert "Frau Beispiel" not in sheet, "only what goes along"
    assert re.findall(r"[{}]|##", sheet.partition("<main")[2]) == []
    viewed = network.scene.said(PersonalDataViewed)[-1]
    assert (viewed.person_id, viewed.role, [*viewed.categories]) == (None, "navigator", ["BUSINESS_CONTACT"])
    other = network.staff(sub="olga", site="neuss")
    assert other.ask("GET", confirmation_of(browser, enquiry)).status_code == 404


def test_a_confirmation_is_in_the_language_of_the_notice_and_says_when_it_ended(network: Network, browser: FlaskClient):
    enquiry = an_employers_enquiry(network, browser)
    browser.post(
        f"{enquiry}/enterprise-requests", data=REQUEST | {"notice_language": "en", "valid_until": "2026-12-01"}
    )
    place = confirmation_of(browser, enquiry)
    holding = browser.get(place).text
    assert "Nothing about employees or applicants." in holding and "Art. 6(1)(f) GDPR" in holding
    assert "This request ended" not in holding
    network.scene.clock.instant += timedelta(days=9)
    assert "This request ended on Dec 1, 2026." in browser.get(place).text
    assert "abgelaufen" in browser.get(enquiry).text


def test_no_request_is_taken_down_on_a_notice_nobody_has_reviewed(make_database: Any):
    """A sample counts in a demonstration and nowhere else, as with consents."""
    with Database(make_database("referral").app_dsn) as db:
        network = Network(Scene(db, texts=TextLibrary(samples_count=False)))
        browser = network.app.test_client()
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
        enquiry = an_employers_enquiry(network, browser)
        assert "Noch kein Hinweis für Betriebe ist geprüft." in browser.get(enquiry).text
        refused = browser.post(f"{enquiry}/enterprise-requests", data=REQUEST)
        assert (refused.status_code, refused.json["fields"]) == (422, {"notice_language": "a-reviewed-notice"})  # type: ignore[index]
        assert network.scene.said(EnterpriseRequestRecorded) == []
        network.scene.close()


def test_a_person_is_found_and_the_find_is_a_view(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    wanted = {"given_name": "LEYLA", "family_name": "Demir", "birth_date": "1990-05-01"}
    assert browser.post("/referral/enquiries/search", data=wanted).headers["Location"] == enquiry
    assert [str(view.purpose) for view in network.scene.said(PersonalDataViewed)] == ["search"]
    assert browser.post("/referral/enquiries/search", data=wanted | {"birth_date": "1990-05-02"}).status_code == 200


def test_a_foreign_enquiry_looks_like_a_missing_one(network: Network, browser: FlaskClient):
    enquiry = take_down(browser)
    other = network.staff(sub="olga", site="neuss")
    assert other.client.get(enquiry, headers={"Authorization": f"Bearer {other.token}"}).status_code == 404


def test_a_body_without_a_channel_gets_exactly_what_was_consented_to_on_paper(network: Network, browser: FlaskClient):
    club = an_organization(CLUB, name=PublicText({"de": "Sportverein"}), channel=Channel(kind=ChannelKind.NONE))
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, replace(club, public_key=None))
        handlers.keep_service(work, a_service(CLUB_SERVICE, CLUB))
    to_club = recipient(CLUB, CLUB_SERVICE, categories=["IDENTITY"])
    referral_id = network.requested(to_club, service_id=CLUB_SERVICE)
    assert "Übergabebogen drucken" in browser.get(f"/referral/referrals/{referral_id}").text
    sheet = browser.post(f"/referral/referrals/{referral_id}/handover-sheet").text
    assert "Ben Salah" in sheet
    assert "amira@example.org" not in sheet
    assert [fact.printed for fact in network.scene.said(DossierFetched)] == [True]


def test_a_body_with_a_channel_gets_no_paper(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    answer = browser.post(f"/referral/referrals/{referral_id}/handover-sheet")
    assert (answer.status_code, answer.json["slug"]) == (409, "dossier.partner-has-a-channel")  # type: ignore[index]


def test_the_page_says_what_comes_next_and_leads_to_all_its_parts(network: Network, browser: FlaskClient):
    enquiry = take_down(browser, phone="+49 241 5550199")
    page = browser.get(enquiry).text
    [card] = re.findall(r'<ul class="task-cards">(.*?)</ul>', page, re.DOTALL)
    assert "Angebot suchen" in card
    assert 'href="tel:+492415550199"' in page
    [parts] = re.findall(r'<nav class="no-print"[^>]*>(.*?)</nav>', page, re.DOTALL)
    places = re.findall(r'href="([^"]*)#([^"]+)"', parts)
    assert len(places) == 8
    for query, part in places:
        assert f'id="{part}"' in page
        opened = browser.get(f"{enquiry}{query}").text
        assert opened.count('<details class="fold" open>') == (1 if query else 0), part
    drafted = browser.post(
        re.findall(r'href="([^"]*/needs/[^"]*)"', page)[0] + "/referrals", data={"service_id": str(HWK_SERVICE)}
    )
    assert drafted.status_code == 303
    assert 'href="?open=consent#consents"' in browser.get(enquiry).text
    assert '<details class="action" id="take-down" open>' in browser.get(f"{enquiry}?open=consent").text
    consent(browser, enquiry)
    assert 'href="?open=consent#consents"' not in browser.get(enquiry).text
