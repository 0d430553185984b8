"""The glossary over HTTP: open to everybody, every code at an address of its own, no link into nothing."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from services.chassis.i18n import STAFF_LANGUAGES, label
from services.directory.domain.glossary import LISTS, TERMS, slug_of
from services.directory.web.app import create_app
from tests.browser.sample import NoDatabase, make_sample
from tests.chassis.web_rig import TestIssuer, settings


@pytest.fixture(scope="module")
def reader() -> FlaskClient:
    return create_app(settings(), NoDatabase(), issuer_keys=TestIssuer().keys()).test_client()  # type: ignore[arg-type]  # the page reads nothing


def page(reader: FlaskClient, language: str) -> str:
    answer = reader.get(f"/directory/glossary?lang={language}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_every_code_of_every_list_stands_there_with_its_word(reader: FlaskClient, language: str) -> None:
    said = dict(re.findall(r'<dt><a href="#([^"]+)">([^<]+)</a>', page(reader, language)))
    wanted = {f"{slug_of(one)}-{code.value}": label("directory", language, code) for one in LISTS for code in one}
    assert {place: unescape(word) for place, word in said.items() if place in wanted} == wanted
    assert set(TERMS) <= set(said)


def test_no_address_is_given_twice_and_none_leads_nowhere(reader: FlaskClient) -> None:
    text = page(reader, "de")
    places = re.findall(r' id="([^"]+)"', text)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(places)


def test_a_reason_says_what_it_sets_off(reader: FlaskClient) -> None:
    entry = page(reader, "de").split('id="rejection_reason-LEGAL_BAR"')[1].split("</div>")[0]
    assert "Ursache: außerhalb" in entry
    assert "danach: Hindernis festhalten" in entry
    assert "mit Bemerkung" in entry


def test_words_stand_in_the_order_of_a_dictionary(reader: FlaskClient) -> None:
    text = page(reader, "de").partition('id="lists"')[0]
    places = re.findall(r'class="glossary__entry" id="([^"]+)"', text)
    assert places.index("handover_sheet") < places.index("integrity") < places.index("referral")  # Ü beside U


def test_every_page_for_staff_leads_there_and_a_page_for_persons_does_not() -> None:
    client = make_sample().test_client()
    link = 'href="/directory/glossary?lang=de"'
    assert link in client.get("/sample/?lang=de").text
    assert link not in client.get("/sample/person?lang=de").text
