"""An invited worker: nothing is known of her until she says so, and nothing leads from the employer to her."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import EnquirerKind, PersonLinkPurpose, Site, TaskKind, Topic, Urgency
from contracts.referral import EnquiryRecorded, PersonKeyDestroyed, PersonLinkIssued, TaskOpened
from services.chassis.errors import InvalidError
from services.referral.commands import enquiries, invitations
from services.referral.commands.person_links import IssuedLink
from services.referral.consent_texts import TextLibrary
from services.referral.store import persons
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.guests import HTML, deliver, everything, links_in, path_of, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR
from tests.mailing import Mailbox, smtp_server

PATH = "/referral/my/invitation"
HERS = {"family_name": "Plantova", "email": "plantova@example.org", "topics": ["SPRACHE"], "languages": ["uk"]}


@pytest.fixture
def employer(network: Network) -> Enquiry:
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        return enquiries.record_enquiry(
            work,
            network.scene.keys.vault,
            NAVIGATOR,
            enquirer=EnquirerKind.EMPLOYER,
            site=Site.AACHEN,
            record={"company": "Muster GmbH", "mailbox": "info@muster.example"},
            needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
        )


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


def invited(network: Network, employer: Enquiry, mailbox: str | None = None, language: str = "en") -> IssuedLink:
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        return invitations.invite(work, network.scene.house, NAVIGATOR, employer.id, language=language, mailbox=mailbox)


def guest_of(network: Network, link: IssuedLink | str) -> FlaskClient:
    client = network.app.test_client()
    assert press(client, link).headers["Location"] == PATH
    return client


def send(client: FlaskClient, answer: str, **fields: Any) -> TestResponse:
    page = client.get(PATH, headers=HTML).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index("<main") :]))
    return client.post(PATH, data={**hidden, "answer": answer, **fields}, headers=HTML)


def placeholder(network: Network) -> dict[str, Any]:
    [row] = network.scene.rows("SELECT * FROM persons WHERE kind = 'invited'")
    return row


def test_an_invitation_holds_nobodys_data(network: Network, employer: Enquiry):
    invited(network, employer)
    row = placeholder(network)
    with network.scene.db.read() as connection:
        assert persons.record_of(connection, network.scene.keys.vault, row["id"]) == {}
    [told] = network.scene.said(PersonLinkIssued)
    assert (told.person_id, told.purpose) == (None, PersonLinkPurpose.INVITATION)


def test_the_address_of_the_letter_is_gone_with_the_letter(
    network: Network, employer: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    invited(network, employer, "plantova@example.org")
    assert "plantova" not in str(everything(network))
    deliver(network, smtp)
    [mail] = mailbox.mails
    assert mail["To"] == "plantova@example.org" and "Muster" not in mail.get_content()
    with network.scene.db.read() as connection:
        assert persons.record_of(connection, network.scene.keys.vault, placeholder(network)["id"]) == {}
    [link] = links_in(mailbox)
    assert "welcome center invites you" in guest_of(network, link).get(PATH, headers=HTML).text


def test_who_accepts_is_the_person_of_an_enquiry_of_her_own(network: Network, employer: Enquiry):
    guest = guest_of(network, invited(network, employer))
    done = send(guest, "accept", **HERS)
    assert "not your employer either" in guest.get(done.headers["Location"], headers=HTML).text
    told = network.scene.said(EnquiryRecorded)[-1]
    assert (told.enquirer, told.topics, told.site) == (EnquirerKind.PERSON, (Topic.SPRACHE,), Site.AACHEN)
    with network.scene.db.read() as connection:
        record = persons.record_of(connection, network.scene.keys.vault, told.person_id)
    assert record["family_name"] == "Plantova"
    [task] = network.scene.said(TaskOpened)
    assert (task.kind, task.enquiry_id) == (TaskKind.INVITATION_ACCEPTED, told.enquiry_id)
    assert placeholder(network)["erased_at"] is not None


def test_she_is_told_who_keeps_what_on_what_ground_and_consents_to_nothing(network: Network, employer: Enquiry):
    guest = guest_of(network, invited(network, employer))
    page = guest.get(PATH, headers=HTML).text
    main = page[page.index("<main") : page.index("</main>")]
    for words in (
        "Welcome Center Musterstadt, Musterweg 1",
        "Datenschutzbeauftragte, Musterweg 2",
        "Aufsichtsbehörde Musterland",
        "Where does my address come from?",
        "because you ask us to (Art. 6(1) GDPR",
        "This is no consent",
        "6 months",
    ):
        assert words in main, words
    assert "you agree" not in main and not re.findall(r"[{}]|##", main)
    send(guest, "accept", **HERS)
    told = network.scene.said(EnquiryRecorded)[-1]
    [kept] = network.scene.rows("SELECT * FROM enquiries WHERE id = %s", told.enquiry_id)
    text = network.scene.texts.printed("invitation-1", "en").text
    assert (kept["notice_text_id"], kept["notice_version"], kept["notice_language"]) == ("invitation-1", 1, "en")
    assert kept["notice_sha256"] == told.notice_sha256 == text.sha256
    assert network.scene.rows("SELECT FROM consents") == []


@pytest.mark.parametrize("language", ["de", "de-simple", "ar", "uk", "tr", "fr"])
def test_the_notice_is_in_her_language_and_where_that_is_not_reviewed_in_german_too(
    network: Network, employer: Enquiry, language: str
):
    link = invited(network, employer, language=language)
    page = guest_of(network, link).get(PATH, headers=HTML).text
    texts = network.scene.texts
    counts = texts.printed("invitation-1", "de" if language == "de-simple" else language)
    assert texts.printed("invitation-1", language).title in page and counts.title in page
    assert f'name="notice" value="{counts.text.sha256}"' in page
    assert "keeps what you enter" not in page and "How long the data stay" not in page


def test_an_answer_to_another_notice_than_the_one_shown_keeps_nothing(network: Network, employer: Enquiry):
    guest = guest_of(network, invited(network, employer))
    unreviewed = network.scene.texts.printed("invitation-1", "de-simple").text.sha256
    for wrong in ("0" * 64, unreviewed, ""):
        refused = send(guest, "accept", **{**HERS, "notice": wrong})
        assert refused.status_code == 422, wrong
    assert placeholder(network)["erased_at"] is None and "Plantova" not in str(everything(network))


def test_nobody_is_invited_on_a_notice_nobody_has_reviewed(network: Network, employer: Enquiry):
    network.scene.texts = TextLibrary(samples_count=False)
    with pytest.raises(InvalidError, match=r"invitation\.no-notice"):
        invited(network, employer)
    assert network.scene.rows("SELECT FROM person_links") == []


def test_nothing_leads_from_the_employer_to_her(network: Network, employer: Enquiry):
    link = invited(network, employer)
    stands_in = str(placeholder(network)["id"])
    send(guest_of(network, link), "accept", **HERS)
    new = network.scene.said(EnquiryRecorded)[-1]
    tables = everything(network)
    hers = {str(new.person_id), str(new.enquiry_id)}
    for table, rows in tables.items():
        for row in rows:
            if any(one in row for one in hers):
                assert not any(one in row for one in (str(employer.id), str(link.id), stands_in)), (table, row)
    page = network.app.test_client()
    page.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    shown = page.get(f"/referral/enquiries/{employer.id}", headers=HTML).text
    assert "Plantova" not in shown and str(new.enquiry_id) not in shown
    assert "damit es niemand dem Betrieb versehentlich sagt" in shown


def test_who_declines_leaves_nothing(network: Network, employer: Enquiry):
    guest = guest_of(network, invited(network, employer))
    done = send(guest, "decline", family_name="Plantova")
    assert "Nothing you entered is kept" in guest.get(done.headers["Location"], headers=HTML).text
    assert placeholder(network)["sealed"] is None
    network.scene.tick()
    assert len(network.scene.said(PersonKeyDestroyed)) == 1
    assert len(network.scene.said(EnquiryRecorded)) == 1, "the employer's own"
    assert "Plantova" not in str(everything(network))


def test_an_invitation_nobody_answers_vanishes_by_the_clock(network: Network, employer: Enquiry):
    link = invited(network, employer, "plantova@example.org")
    network.scene.clock.instant += timedelta(days=14, minutes=59)
    network.scene.tick()
    assert placeholder(network)["erased_at"] is None, "a visit under way has its hour"
    network.scene.clock.instant += timedelta(minutes=2)
    network.scene.tick()
    assert placeholder(network)["erased_at"] is not None
    assert press(network.app.test_client(), path_of(link)).status_code == 403


def test_what_is_missing_is_named_and_nothing_is_kept(network: Network, employer: Enquiry):
    guest = guest_of(network, invited(network, employer))
    refused = send(guest, "accept", family_name="Plantova")
    assert refused.status_code == 422 and 'value="Plantova"' in refused.text
    assert "a telephone number, for example 0241 1234567, or a mail address" in refused.text
    assert placeholder(network)["erased_at"] is None
    assert "Plantova" not in str(everything(network))


def test_each_field_says_what_of_hers_it_asks_for(network: Network, employer: Enquiry):
    page = guest_of(network, invited(network, employer)).get(PATH).text
    said = dict(re.findall(r'name="(\w+)" type="\w+" value="" autocomplete="([a-z-]+)"', page))
    assert said == {
        "given_name": "given-name",
        "family_name": "family-name",
        "birth_date": "bday",
        "phone": "tel",
        "email": "email",
        "postal_code": "postal-code",
    }


def test_two_answers_at_once_are_one(network: Network, employer: Enquiry):
    link = invited(network, employer)
    guest = guest_of(network, link)
    page = guest.get(PATH, headers=HTML).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index("<main") :]))
    first = guest.post(PATH, data={**hidden, "answer": "accept", **HERS}, headers=HTML)
    again = guest.post(PATH, data={**hidden, "answer": "accept", **HERS}, headers=HTML)
    other = guest.post(PATH, data={**hidden, "request_key": "f" * 32, "answer": "decline"}, headers=HTML)
    assert (first.status_code, again.status_code, other.status_code) == (303, 303, 409)
    assert len(network.scene.said(EnquiryRecorded)) == 2


def test_her_own_page_comes_by_mail_if_she_asks_for_it(network: Network, employer: Enquiry):
    send(guest_of(network, invited(network, employer)), "accept", wants_link="true", **HERS)
    [link] = network.scene.rows("SELECT purpose, enquiry_id FROM person_links WHERE way = 'mailed'")
    assert link["purpose"] == "self_service" and link["enquiry_id"] != employer.id


def test_only_from_an_employers_enquiry_somebody_is_invited(network: Network):
    with pytest.raises(InvalidError, match=r"invitation\.not-an-employer"):
        invited(network, network.scene.an_enquiry())
