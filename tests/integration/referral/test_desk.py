"""The light path: a link that works once, a page for one referral, and the same refusals as everywhere."""

import json
import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from werkzeug.test import TestResponse

from contracts.codes import BackLevel, DataCategory, DocumentKind
from contracts.referral import DeskEntered, DeskLinkRequested, DocumentFetched, DossierFetched
from services.notifications.channels.desk_link import DeskLinks
from services.referral import handlers
from services.referral.store import documents
from tests.integration.referral.desk_rig import (
    HTML,
    JOBCENTER,
    LINK_KEY,
    SERVICE,
    a_desk,
    at_the_desk,
    enter,
    fields_of,
    link_to,
    make_known,
    press,
    referred,
)
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import NOW, Scene, a_service, some_terms
from tests.unit.referral.papers import a_png


@pytest.fixture
def network(scene: Scene) -> Network:
    return a_desk(scene)


def forged(network: Network, typ: str = "desk-link", **changes: Any) -> str:
    now = int(NOW.timestamp())
    claims = {
        "iss": "lotsennetz/notifications",
        "aud": "lotsennetz/referral/desk",
        "unit": "a",
        "organization_id": str(JOBCENTER),
        "referral_id": str(uuid4()),
        "exp": now + 600,
        "jti": str(uuid4()),
    }
    header = {"alg": "Ed25519", "typ": typ, "kid": LINK_KEY.kid}
    token = jwt.encode(header, claims | changes, LINK_KEY, algorithms=["Ed25519"])
    return f"/referral/desk/enter/{token}"


def test_looking_at_a_link_shows_a_button_and_no_data(network: Network):
    referral_id = referred(network)
    link, client = link_to(network, referral_id), network.app.test_client()
    for _ in range(10):  # what a mail scanner, a preview and an anxious clerk do together
        page = client.get(link, headers=HTML)
        assert page.status_code == 200
        assert "Ben Salah" not in page.text
    assert network.scene.said(DeskEntered, DossierFetched) == []
    assert enter(client, link).status_code == 303


def test_pressing_the_button_uses_the_link_up(network: Network):
    link = link_to(network, referred(network))
    assert enter(network.app.test_client(), link).status_code == 303
    second = enter(network.app.test_client(), link)
    assert (second.status_code, "Set-Cookie" in second.headers) == (403, False)
    assert len(network.scene.said(DeskEntered)) == 1


@pytest.mark.parametrize(
    "changes", [{"iss": "somebody"}, {"aud": "elsewhere"}, {"exp": int(NOW.timestamp()) - 1}, {"jti": "no-id"}, {}]
)
def test_a_link_that_is_not_ours_leads_nowhere(network: Network, changes: dict[str, Any]):
    assert enter(network.app.test_client(), forged(network, **changes)).status_code in {403, 404}
    assert network.scene.said(DeskEntered) == []


def test_a_link_signed_by_another_key_leads_nowhere(network: Network):
    stranger = DeskLinks(OKPKey.generate_key("Ed25519", auto_kid=True), "", timedelta(days=1))
    url, _ = stranger.issue(JOBCENTER, UUID(referred(network)), uuid4(), network.scene.clock.now())
    assert enter(network.app.test_client(), url).status_code == 403


def test_the_dossier_is_shown_after_its_disclosure_was_committed(network: Network):
    client, referral_id = at_the_desk(network)
    page = client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML)
    assert "Ben Salah" in page.text
    assert "Dies ist kein Antrag und keine Entscheidung einer Behörde." in page.text
    assert [fact.first for fact in network.scene.said(DossierFetched)] == [True]


def test_the_unit_accepts_starts_and_completes(network: Network):
    client, referral_id = at_the_desk(network)
    assert press(client, referral_id, "receive").status_code == 303
    assert press(client, referral_id, "accept", contact_by="2026-11-27").status_code == 303
    assert press(client, referral_id, "start", first_contact_on="2026-11-23").status_code == 303
    assert press(client, referral_id, "complete", outcome="ADVICE_GIVEN").status_code == 303
    assert network.navigator.see(referral_id)["status"] == "completed"


def test_the_unit_sees_and_saves_what_was_signed_for_it_and_nobody_elses(network: Network):
    client, referral_id = at_the_desk(network)
    press(client, referral_id, "accept", contact_by="2026-11-27")
    desk = f"/referral/desk/referrals/{referral_id}"
    page = client.get(desk, headers={**HTML, "Accept-Language": "de"}).text
    links = re.findall(rf'href="({desk}/receipts/[0-9a-f-]+)" download>([^<]+)</a>', page)
    assert {"Unterlagen abgerufen", "Eingang bestätigt", "Übernommen"} <= {words for _, words in links}
    kept = {
        row["token"] for row in network.scene.rows("SELECT token FROM receipts WHERE referral_id = %s", referral_id)
    }
    for link, _ in links:
        saved = client.get(link)
        assert saved.text in kept and "attachment" in saved.headers["Content-Disposition"]
    other, theirs = at_the_desk(network)
    of_another = links[0][0].replace(referral_id, theirs)
    assert other.get(of_another).status_code == 404
    assert network.app.test_client().get(links[0][0]).status_code == 401


def test_a_question_reaches_the_navigator(network: Network):
    client, referral_id = at_the_desk(network)
    press(client, referral_id, "ask", question="LANGUAGE_LEVEL", sealed_comment="Welches Niveau?")
    assert network.navigator.see(referral_id)["status"] == "clarification"


def test_what_is_above_the_back_level_is_not_offered_and_refused_when_sent(network: Network):
    client, referral_id = at_the_desk(network, BackLevel.RECEIPT)
    desk = f"/referral/desk/referrals/{referral_id}"
    assert "/actions/accept" not in client.get(desk, headers=HTML).text
    token = fields_of(client.get(desk, headers=HTML).text, "receive")["csrf_token"]
    answer = client.post(f"{desk}/actions/accept", data={"csrf_token": token}, headers=HTML)
    assert answer.status_code == 409
    assert network.navigator.see(referral_id)["status"] == "requested"


def test_the_session_sees_this_referral_and_no_other(network: Network):
    client, _ = at_the_desk(network)
    other = network.navigator.draft(network.navigator.enquire(family_name="Haddad"))
    assert client.get(f"/referral/desk/referrals/{other['id']}", headers=HTML).status_code == 404
    assert client.get("/referral/api/v1/referrals").status_code == 403


def test_a_form_without_the_sessions_token_changes_nothing(network: Network):
    client, referral_id = at_the_desk(network)
    assert client.post(f"/referral/desk/referrals/{referral_id}/actions/receive").status_code == 419


def test_a_second_click_has_no_second_effect(network: Network):
    client, referral_id = at_the_desk(network)
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = fields_of(client.get(desk, headers=HTML).text, "receive")
    for _ in range(2):
        assert client.post(f"{desk}/actions/receive", data=hidden).status_code == 303


def test_after_a_withdrawal_nothing_is_shown(network: Network):
    client, referral_id = at_the_desk(network)
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    enquiry = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry_id}")
    consent_id = enquiry["consents"][0]["id"]
    path = f"/referral/api/v1/enquiries/{enquiry_id}/consents/{consent_id}/withdrawals"
    network.navigator.post(path, {"channel": "in_person"})
    page = client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML)
    assert page.status_code == 200
    assert "Ben Salah" not in page.text


def used_link(network: Network) -> tuple[str, str]:
    """A link whose button was pressed by somebody who then lost the session."""
    referral_id = referred(network)
    link = link_to(network, referral_id)
    assert enter(network.app.test_client(), link).status_code == 303
    return link, referral_id


def ask_for_new(network: Network, link: str) -> TestResponse:
    return network.app.test_client().post(f"{link}/renewals", headers=HTML)


def test_a_used_link_offers_a_new_one_and_looking_asks_for_nothing(network: Network):
    link, _ = used_link(network)
    client = network.app.test_client()
    for shown in (client.get(link, headers=HTML), enter(client, link)):
        assert f'action="{link}/renewals"' in shown.text
        assert f'action="{link}"' not in shown.text
    assert client.get(f"{link}/renewals", headers=HTML).status_code == 405
    assert network.scene.said(DeskLinkRequested) == []


def test_a_unit_before_a_used_link_asks_for_a_new_one(network: Network):
    link, referral_id = used_link(network)
    answer = ask_for_new(network, link)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
    (asked,) = network.scene.said(DeskLinkRequested)
    assert (str(asked.referral_id), asked.organization_id) == (referral_id, JOBCENTER)
    assert str(asked.link_id) == json.loads(b64decode(link.split(".")[1] + "==", "-_"))["jti"]


def test_an_expired_link_offers_a_new_one_too(network: Network):
    link = link_to(network, referred(network))
    network.scene.clock.instant += timedelta(days=15)
    assert f'action="{link}/renewals"' in network.app.test_client().get(link, headers=HTML).text
    assert ask_for_new(network, link).status_code == 200
    assert len(network.scene.said(DeskLinkRequested)) == 1


def test_asking_twice_within_five_minutes_sends_one_link(network: Network):
    link, _ = used_link(network)
    answers = [ask_for_new(network, link) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert len(network.scene.said(DeskLinkRequested)) == 1
    network.scene.clock.instant += timedelta(minutes=6)
    ask_for_new(network, link)
    assert len(network.scene.said(DeskLinkRequested)) == 2


def test_two_clicks_at_once_send_one_link(network: Network):
    link, _ = used_link(network)
    with ThreadPoolExecutor(2) as pool:
        assert [answer.status_code for answer in pool.map(lambda _: ask_for_new(network, link), range(2))] == [200] * 2
    assert len(network.scene.said(DeskLinkRequested)) == 1


def test_a_closed_referral_answers_the_same_and_sends_nothing(network: Network):
    (link, _), (closed, referral_id) = used_link(network), used_link(network)
    network.navigator.act(referral_id, "cancel", {"reason": "MISTAKE"})
    assert ask_for_new(network, closed).text.replace(closed, link) == ask_for_new(network, link).text
    assert len(network.scene.said(DeskLinkRequested)) == 1


def test_a_link_that_still_works_is_not_replaced(network: Network):
    link = link_to(network, referred(network))
    answer = ask_for_new(network, link)
    assert (answer.status_code, answer.location) == (303, link)
    assert network.scene.said(DeskLinkRequested) == []


def test_nobody_asks_for_a_link_with_one_that_is_not_ours(network: Network):
    for link in ("/referral/desk/enter/garbage", forged(network, iss="somebody"), forged(network, aud="elsewhere")):
        assert ask_for_new(network, link).status_code == 403
    assert ask_for_new(network, forged(network, exp=int(NOW.timestamp()) - 1)).status_code == 200  # no such referral
    assert network.scene.said(DeskLinkRequested) == []


def test_the_navigator_reads_that_a_new_link_was_asked_for(network: Network):
    link, referral_id = used_link(network)
    ask_for_new(network, link)
    types = [entry["type"] for entry in network.navigator.see(referral_id)["timeline"]]
    assert types[-1] == "referral.desk_link_requested.v1"


def test_a_unit_fetches_the_papers_that_go_along_as_files(network: Network):
    """Each is decided and told like any fetch; a paper that is not named here is no paper."""
    everything = some_terms(categories_accepted=tuple(DataCategory))
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(SERVICE, JOBCENTER, version=2, terms=everything))
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry, recipient(JOBCENTER, SERVICE, categories=["IDENTITY", "DOCUMENTS"]))
    with network.scene.unit.work(actor="staff:x") as work:
        person_id = network.scene.rows("SELECT person_id FROM enquiries")[0]["person_id"]
        kept = [
            documents.keep(
                work,
                network.scene.keys.vault,
                person_id,
                enquiry_id=UUID(enquiry["id"]),
                kind=DocumentKind.CERTIFICATE,
                content=content,
                media_type="image/png",
            )
            for content in (a_png(), a_png(8, 8))
        ]
    referral_id = network.navigator.draft(enquiry, SERVICE)["id"]
    network.navigator.post(f"/referral/api/v1/referrals/{referral_id}/documents", {"document_id": str(kept[0])})
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    client = network.app.test_client()
    enter(client, link_to(network, referral_id))
    make_known(network.scene, client, referral_id, JOBCENTER)
    page = client.get(f"/referral/desk/referrals/{referral_id}").text
    (link,) = re.findall(r'href="(/referral/desk/referrals/[^"]+/documents/[^"]+)"', page)
    assert "Zeugnis oder Bescheinigung" in page
    file = client.get(link)
    assert (file.data, file.content_type) == (a_png(), "image/png")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert len(network.scene.said(DocumentFetched)) == 1
    assert client.get(link.replace(str(kept[0]), str(kept[1]))).status_code == 404
    other = referred(network)
    assert client.get(link.replace(referral_id, other)).status_code == 404
    assert len(network.scene.said(DocumentFetched)) == 1
