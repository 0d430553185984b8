"""A prepared consent online: nothing ticked, recipient by recipient, evidence of exactly what was shown."""

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import ConsentChannel, GivenBy, PersonLinkPurpose, Signer
from contracts.referral import ConsentDraftEnded, ConsentGiven, PersonalDataViewed
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.commands import preparing
from services.referral.domain.drafting import Custody, DraftedConsent
from services.referral.store import consents, drafts, persons
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.guests import HTML, issued, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HEARD, HWK_SERVICE, IHK_SERVICE, NAVIGATOR, to_hwk, to_ihk

PATH = "/referral/my/consent"


@pytest.fixture
def enquiry(network: Network) -> Enquiry:
    return network.scene.an_enquiry()


def prepared(network: Network, enquiry: Enquiry, language: str = "ar", **changes: Any) -> DraftedConsent:
    usual: dict[str, Any] = {"given_by": GivenBy.SELF, "language": language, "recipients": (to_hwk(), to_ihk())}
    form = preparing.DraftForm(**{**usual, **changes})
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        return preparing.prepare_consent(work, network.scene.house, NAVIGATOR, enquiry.id, form)


def guest_before(network: Network, enquiry: Enquiry, drafted: DraftedConsent, **changes: Any) -> FlaskClient:
    client = network.app.test_client()
    usual = {"purpose": PersonLinkPurpose.CONSENT, "consent_id": drafted.id, "mail_is_safe": False}
    assert press(client, issued(network, enquiry, **{**usual, **changes})).headers["Location"] == PATH
    return client


def send(client: FlaskClient, answer: str, *services: Any, **changes: Any) -> TestResponse:
    page = client.get(PATH, headers=HTML).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page[page.index("<main") :]))
    data = {**hidden, "answer": answer, "recipients": [str(one) for one in services], **changes}
    return client.post(PATH, data=data, headers=HTML)


def test_the_page_shows_both_languages_every_recipient_and_nothing_is_ticked(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry), language="ar")
    page = guest.get(PATH, headers=HTML).text
    assert 'lang="ar" dir="rtl"' in page and 'lang="de" dir="ltr"' in page
    assert "Einwilligung in die Weitergabe Ihrer Daten" in page
    assert page.count('name="recipients"') == 2 and "checked" not in page
    assert page.count('name="answer"') == 2 and page.count("kern-btn--primary") == 2, "no is as easy as yes"
    assert len(network.scene.said(PersonalDataViewed)) == 1
    assert network.scene.said(ConsentGiven) == []


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_she_reads_who_is_responsible_whom_to_ask_and_where_to_complain_in_every_language(
    network: Network, enquiry: Enquiry
):
    for tag in PERSON_LANGUAGES:
        own = "de" if tag == "de-simple" else tag  # nobody has reviewed the plain text yet
        page = main_of(
            guest_before(network, enquiry, prepared(network, enquiry, own), language=tag).get(PATH, headers=HTML).text
        )
        assert "{" not in page and "##" not in page, tag
        for name in ("Welcome Center Musterstadt", "datenschutz@center.example", "Aufsichtsbehörde Musterland"):
            assert page.count(name) == (1 if own == "de" else 2), (tag, name)


def test_a_young_person_reads_and_agrees_to_her_own_words_not_to_her_guardians(network: Network):
    enquiry = network.scene.an_enquiry(birth_date="2009-02-01")
    by_guardian = {"given_by": GivenBy.GUARDIAN, "custody": Custody(), "recipients": (to_hwk(),)}
    drafted = prepared(network, enquiry, "en", **by_guardian)
    guest = guest_before(network, enquiry, drafted, language="en")

    page = main_of(guest.get(PATH, headers=HTML).text)
    assert "Your own agreement, because you are 16 or older" in page and "Consent for a child" not in page
    assert send(guest, "agree", HWK_SERVICE).status_code == 303

    with network.scene.db.read() as connection:
        [hers] = drafts.load(connection, drafted.id).signatures
        key = persons.key_of(connection, network.scene.keys.vault, enquiry.person_id)
        shown = json.loads(drafts.remembered(connection, key, drafted.id, drafted.version)["statement"])
    assert (hers.signer, hers.text_id) == (Signer.PERSON, "young-person-1")
    assert (shown["text"]["id"], shown["text"]["sha256"]) == (hers.text_id, hers.text_sha256)


def test_whoever_releases_staff_from_secrecy_has_read_it(network: Network, enquiry: Enquiry):
    unasked = guest_before(network, enquiry, prepared(network, enquiry))
    assert "§ 203" not in unasked.get(PATH, headers=HTML).text
    drafted = prepared(network, enquiry, secrecy_release=True)
    guest = guest_before(network, enquiry, drafted)

    page = guest.get(PATH, headers=HTML).text
    assert "Ich entbinde die Beschäftigten hier im Haus" in page and "أعفي العاملين هنا من واجب كتمان السر" in page
    send(guest, "agree", HWK_SERVICE)

    with network.scene.db.read() as connection:
        [given] = consents.of_person(connection, enquiry.person_id)
        key = persons.key_of(connection, network.scene.keys.vault, enquiry.person_id)
        shown = json.loads(drafts.remembered(connection, key, given.id, given.version)["statement"])
    assert [one.to_service_id for one in given.secrecy_releases] == [HWK_SERVICE]
    assert shown["secrecy_released_to"] == sorted([str(HWK_SERVICE), str(IHK_SERVICE)])


def test_agreeing_is_evidence_of_what_was_shown(network: Network, enquiry: Enquiry):
    drafted = prepared(network, enquiry)
    guest = guest_before(network, enquiry, drafted, language="en")
    done = send(guest, "agree", HWK_SERVICE, IHK_SERVICE)
    assert "Thank you. You have agreed." in guest.get(done.headers["Location"], headers=HTML).text
    with network.scene.db.read() as connection:
        [given] = consents.of_person(connection, enquiry.person_id)
        key = persons.key_of(connection, network.scene.keys.vault, enquiry.person_id)
        kept = drafts.remembered(connection, key, drafted.id, drafted.version)["statement"]
    assert given.channel is ConsentChannel.ONLINE
    assert hashlib.sha256(kept.encode()).hexdigest() == given.signatures[0].evidence_sha256
    shown = json.loads(kept)
    assert shown["text"]["sha256"] == given.text_sha256
    assert [one["service"] for one in shown["recipients"]] == [str(HWK_SERVICE), str(IHK_SERVICE)]
    assert "birth_date" in shown["recipients"][0]["fields"]
    assert kept not in str(network.scene.rows("SELECT * FROM drafted_consents"))


def test_only_the_recipients_she_ticked_may_receive(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry))
    assert send(guest, "agree", IHK_SERVICE).status_code == 303
    [given] = network.scene.said(ConsentGiven)
    assert [one.service_id for one in given.recipients] == [IHK_SERVICE]


def test_refusing_ends_it_and_nothing_is_given(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry), language="en")
    done = send(guest, "refuse")
    assert "You have no disadvantage" in guest.get(done.headers["Location"], headers=HTML).text
    assert [str(one.reason) for one in network.scene.said(ConsentDraftEnded)] == ["declined"]
    assert network.scene.said(ConsentGiven) == []
    assert "nothing to decide here" in guest.get(PATH, headers=HTML).text


def test_agreeing_to_nobody_is_said_to_be_no_agreement(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry), language="uk")
    refused = send(guest, "agree")
    assert refused.status_code == 422 and "Позначте принаймні одну установу" in refused.text
    assert network.scene.said(ConsentGiven) == []


def test_what_changed_since_it_was_shown_is_not_agreed_to(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry))
    assert send(guest, "agree", HWK_SERVICE, seen="0" * 64).status_code == 412
    assert network.scene.said(ConsentGiven) == []


def test_a_recipient_that_was_never_shown_cannot_be_ticked(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry))
    assert send(guest, "agree", enquiry.id).status_code == 422
    assert network.scene.said(ConsentGiven) == []


def test_somebody_elses_draft_is_none(network: Network, enquiry: Enquiry):
    other = network.scene.an_enquiry(given_name="Nur")
    foreign = prepared(network, other)
    guest = guest_before(network, enquiry, foreign, language="en")
    assert "nothing to decide here" in guest.get(PATH, headers=HTML).text


def test_a_spoken_consent_is_confirmed_the_same_way(network: Network, enquiry: Enquiry):
    categories = to_hwk().categories[:3]
    spoken = replace(to_hwk(), categories=categories)
    consent = network.scene.consent(
        enquiry,
        spoken,
        **HEARD,
        language="en",
    )
    with network.scene.db.read() as connection:
        drafted = drafts.load(connection, consent.id)
    guest = guest_before(network, enquiry, drafted)
    assert send(guest, "agree", HWK_SERVICE).status_code == 303
    with network.scene.db.read() as connection:
        now = consents.load(connection, consent.id, enquiry.person_id)
    assert (now.version, now.channel, now.lapses_on) == (2, ConsentChannel.ONLINE, None)


def test_whoever_agreed_by_a_mailed_link_gets_the_link_to_take_it_back(network: Network, enquiry: Enquiry):
    guest = guest_before(network, enquiry, prepared(network, enquiry), mail_is_safe=True)
    send(guest, "agree", HWK_SERVICE)
    [link] = network.scene.rows("SELECT purpose FROM person_links WHERE way = 'mailed'")
    assert link["purpose"] == "self_service"
