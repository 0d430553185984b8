"""The desk gives links: shown or mailed, once per form, and only after the question whether mail is safe."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.codes import PersonLinkPurpose
from contracts.referral import PersonLinkIssued, PersonLinkVoided
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.commands import person_links
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.guests import HTML, deliver, everything, links_in, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR
from tests.mailing import Mailbox, smtp_server

SHOWN = {"language": "ar", "way": "shown", "mail_is_safe": "no", "request_key": "a" * 32}
MAILED = {"language": "tr", "way": "mailed", "mail_is_safe": "yes", "request_key": "b" * 32}


@pytest.fixture
def enquiry(network: Network) -> Enquiry:
    return network.scene.an_enquiry()


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return client


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


def give(browser: FlaskClient, enquiry: Enquiry, form: dict[str, str]) -> Any:
    return browser.post(f"/referral/enquiries/{enquiry.id}/person-links", data=form, headers=HTML)


def test_a_shown_link_is_a_picture_and_a_code_in_her_language(network: Network, browser: FlaskClient, enquiry: Enquiry):
    page = give(browser, enquiry, SHOWN)
    assert page.status_code == 200
    assert 'lang="ar" dir="rtl"' in page.text and "صفحتك لدى مركز الترحيب" in page.text
    assert 'src="data:image/svg+xml' in page.text
    [code] = re.findall(r"[2-9A-Z]{5}-[2-9A-Z]{5}", page.text)
    guest = network.app.test_client()
    door = guest.post("/referral/my/code", data={"code": code}, headers=HTML).headers["Location"]
    assert press(guest, door).status_code == 303


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_the_sheet_is_written_in_every_persons_language(
    network: Network, browser: FlaskClient, enquiry: Enquiry, language: str
):
    page = give(browser, enquiry, {**SHOWN, "language": language}).text
    sheet = page[page.index("link-sheet") : page.index("</section>")]
    assert ("Point the camera" in sheet) == (language == "en")


def test_sending_the_form_twice_gives_one_link_and_the_same_page(
    network: Network, browser: FlaskClient, enquiry: Enquiry
):
    first, second = (re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", give(browser, enquiry, SHOWN).text) for _ in range(2))
    assert first is not None and second is not None
    assert first.group() == second.group()
    assert len(network.scene.said(PersonLinkIssued)) == 1


def test_a_mailed_link_is_seen_by_nobody_at_the_desk(
    network: Network, browser: FlaskClient, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    answer = give(browser, enquiry, MAILED)
    assert answer.status_code == 303
    deliver(network, smtp)
    [link] = links_in(mailbox)
    page = browser.get(answer.headers["Location"], headers=HTML).text
    assert "The letter is on its way" in page or "Die E-Mail ist unterwegs" in page
    assert "E-Mail gesendet" in page and link not in page
    assert press(network.app.test_client(), link).headers["Location"] == "/referral/my/"


def test_a_mail_scanner_may_open_every_mailed_link_ten_times_before_she_does(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    for purpose in PersonLinkPurpose:
        with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
            person_links.send(work, network.scene.keys, enquiry.person_id, enquiry.id, purpose, language="uk")
    deliver(network, smtp)
    links = links_in(mailbox)
    assert len(links) == len(PersonLinkPurpose)
    before = everything(network)

    for link in links * 10:
        assert network.app.test_client().get(link, headers=HTML).status_code == 200
        assert network.app.test_client().head(link).status_code == 200

    assert everything(network) == before
    assert [press(network.app.test_client(), link).status_code for link in links] == [303] * len(links)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mail_is_safe": ""}, "mail_is_safe"),
        ({"mail_is_safe": "no"}, "mail_is_safe"),
        ({"language": "xx"}, "language"),
        ({"way": "pigeon"}, "way"),
    ],
)
def test_without_an_answer_to_every_question_nothing_is_made(
    network: Network, browser: FlaskClient, enquiry: Enquiry, change: dict[str, str], field: str
):
    refused = give(browser, enquiry, MAILED | change)
    assert refused.status_code == 422 and field in refused.text
    assert network.scene.rows("SELECT FROM person_links") == []


def test_who_gave_no_address_gets_no_letter(network: Network, browser: FlaskClient):
    enquiry = network.scene.an_enquiry(email="")
    assert give(browser, enquiry, MAILED).status_code == 422
    page = browser.get(f"/referral/enquiries/{enquiry.id}", headers=HTML).text
    assert "Es ist keine E-Mail-Adresse erfasst." in page
    assert network.scene.rows("SELECT FROM person_links") == []


def test_a_link_in_wrong_hands_is_made_invalid(network: Network, browser: FlaskClient, enquiry: Enquiry):
    give(browser, enquiry, SHOWN)
    [link] = network.scene.rows("SELECT id FROM person_links")
    path = f"/referral/enquiries/{enquiry.id}/person-links/{link['id']}/voidances"
    assert browser.post(path, headers=HTML).status_code == 303
    [told] = network.scene.said(PersonLinkVoided)
    assert (told.link_id, told.purpose) == (link["id"], PersonLinkPurpose.SELF_SERVICE)
    assert "ungültig gemacht" in browser.get(f"/referral/enquiries/{enquiry.id}", headers=HTML).text


def test_a_foreign_enquirys_link_looks_like_a_missing_one(network: Network, browser: FlaskClient, enquiry: Enquiry):
    give(browser, enquiry, SHOWN)
    [link] = network.scene.rows("SELECT id FROM person_links")
    other = network.scene.an_enquiry()
    foreign = network.app.test_client()
    token = network.staff(sub="otto", employer="00000000-0000-0000-0000-000000000001").token
    foreign.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert give(foreign, enquiry, SHOWN).status_code == 404
    path = f"/referral/enquiries/{other.id}/person-links/{link['id']}/voidances"
    assert browser.post(path, headers=HTML).status_code == 404
