"""Of several persons in one enquiry each is served by page: referred, linked, answered, and never in another's name."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contracts.codes import ViewPurpose
from contracts.referral import (
    NeedRecorded,
    PersonalDataViewed,
    PersonLinkIssued,
    SubjectAccessGiven,
    SubjectRequestReceived,
)
from services.referral.commands import person_links
from services.referral.store import person_links as store
from tests.integration.referral.guests import HTML, press
from tests.integration.referral.rig import Json, Network, recipient
from tests.integration.referral.test_data_protection_pages import browser_of

ENQUIRIES = "/referral/enquiries"
YUSUF = {"given_name": "Yusuf", "family_name": "Muster", "birth_date": "1990-02-11", "email": "yusuf@example.org"}


@pytest.fixture
def desk(network: Network) -> FlaskClient:
    return browser_of(network)


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def a_couple(network: Network, desk: FlaskClient) -> tuple[Json, str]:
    """Samira asked first; her husband is added by the form, with what he needs."""
    enquiry = network.navigator.enquire(given_name="Samira", family_name="Muster")
    form = {"relation": "spouse", **YUSUF, "topics": "ANERKENNUNG"}
    assert desk.post(f"{ENQUIRIES}/{enquiry['id']}/persons", data=form).status_code == 303
    seen = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")
    return enquiry, str(next(one["person_id"] for one in seen["persons"] if one["relation"] == "spouse"))


def test_a_member_is_taken_down_with_her_needs_and_can_be_referred(network: Network, desk: FlaskClient):
    enquiry, yusuf = a_couple(network, desk)
    seen = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")
    [need] = [one for one in seen["needs"] if one["person_id"] == yusuf]
    record = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/persons/{yusuf}")["person"]
    assert (need["topic"], record["email"]) == ("ANERKENNUNG", "yusuf@example.org")
    page = desk.get(f"{ENQUIRIES}/{enquiry['id']}").text
    assert f"/needs/{need['id']}" in page and re.search(r"<h3[^>]*>[^<]+, Yusuf", page)


def test_what_else_somebody_needs_is_taken_down_for_her_by_page(network: Network, desk: FlaskClient):
    enquiry, yusuf = a_couple(network, desk)
    place = f"{ENQUIRIES}/{enquiry['id']}"
    form = {"person_id": yusuf, "topic": "SPRACHE", "urgency": "urgent", "request_key": "f" * 32}
    assert "Something else is needed" in desk.get(place).text
    for _ in range(2):  # sent twice it counts once
        assert desk.post(f"{place}/needs", data=form).location == f"{place}?done=need#needs"
    page = desk.get(f"{place}?done=need").text
    assert "The need is taken down" in page
    needs = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["needs"]
    [new] = [one for one in needs if one["topic"] == "SPRACHE"]
    assert (new["person_id"], new["urgency"]) == (yusuf, "urgent") and f"/needs/{new['id']}" in page
    assert [str(one.person_id) for one in network.scene.said(NeedRecorded)][-1] == yusuf


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("topic", {"topic": "WETTER"}), ("topic", {"topic": "ANWERBUNG"}), ("urgency", {"urgency": "gleich"})],
)
def test_a_need_that_cannot_be_is_named(network: Network, desk: FlaskClient, field: str, wrong: dict[str, str]):
    enquiry = network.navigator.enquire()
    place = f"{ENQUIRIES}/{enquiry['id']}/needs"
    answer = desk.post(place, data={"topic": "SPRACHE", "urgency": "normal"} | wrong)
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])
    assert desk.post(place, data={"topic": "SPRACHE", "person_id": str(UUID(int=7))}).status_code == 404
    assert len(network.scene.rows("SELECT FROM needs")) == 1
    assert browser_of(network, sub="dirk", site="neuss").post(place, data={"topic": "SPRACHE"}).status_code == 404


def test_a_link_leads_each_to_a_page_of_her_own(network: Network, desk: FlaskClient):
    enquiry, yusuf = a_couple(network, desk)
    network.navigator.consent(enquiry, recipient(), person_id=yusuf)
    form = {"person_id": yusuf, "way": "shown", "mail_is_safe": "yes", "language": "en"}

    assert desk.post(f"{ENQUIRIES}/{enquiry['id']}/person-links", data=form).status_code == 200

    [issued] = network.scene.said(PersonLinkIssued)
    assert str(issued.person_id) == yusuf
    with network.scene.db.read() as connection:
        link = person_links.as_handed_over(network.scene.keys, store.load(connection, issued.link_id))
    guest = network.app.test_client()
    assert press(guest, link).status_code == 303
    page = guest.get("/referral/my/", headers=HTML).text
    assert "Eine Stelle" in page and "may receive" in page
    assert str(network.scene.said(PersonalDataViewed)[-1].person_id) == yusuf


def test_a_link_leads_nobody_to_anothers_consent(network: Network, desk: FlaskClient):
    enquiry, yusuf = a_couple(network, desk)
    hers = network.navigator.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/consent-drafts",
        {"given_by": "self", "language": "de", "recipients": [recipient()]},
    )
    form = {"person_id": yusuf, "consent_id": hers["id"], "way": "shown", "mail_is_safe": "yes", "language": "en"}
    refused = desk.post(f"{ENQUIRIES}/{enquiry['id']}/person-links", data=form)
    assert (refused.status_code, list(refused.json["fields"])) == (422, ["consent_id"])
    assert network.scene.said(PersonLinkIssued) == []


def test_a_request_is_taken_down_for_whoever_asks_and_answered_with_her_data(
    network: Network, desk: FlaskClient, lead: FlaskClient
):
    enquiry, yusuf = a_couple(network, desk)
    asks = {"right": "access", "channel": "in_person", "received_on": "2026-11-20", "person_id": yusuf}
    assert desk.post(f"{ENQUIRIES}/{enquiry['id']}/subject-requests", data=asks).status_code == 303
    assert [str(one.person_id) for one in network.scene.said(SubjectRequestReceived)] == [yusuf]
    assert "Access</strong>, Yusuf" in re.sub(r"\s+", " ", desk.get(f"{ENQUIRIES}/{enquiry['id']}").text)

    place = f"{ENQUIRIES}/{enquiry['id']}/subject-access"
    asked = lead.get(place).text
    assert "Yusuf Muster" in asked and "Samira Muster" in asked
    request_id = str(network.scene.rows("SELECT id FROM subject_requests")[0]["id"])
    form = {"person_id": yusuf, "request_id": request_id, "identity_check": "id_document", "language": "en"}
    sheet = lead.post(place, data=form | {"form": "sheet"})

    assert sheet.status_code == 200 and "yusuf@example.org" in sheet.text and "Samira" not in sheet.text
    assert [str(one.person_id) for one in network.scene.said(SubjectAccessGiven)] == [yusuf]
    assert network.scene.rows("SELECT answer FROM subject_requests") == [{"answer": "granted"}]


@pytest.mark.parametrize("place", ["subject-requests", "subject-access", "person-links"])
def test_nobody_of_another_enquiry_is_served(network: Network, desk: FlaskClient, lead: FlaskClient, place: str):
    enquiry, _ = a_couple(network, desk)
    form: dict[str, Any] = {"right": "access", "channel": "letter", "received_on": "2026-11-20", "way": "shown"}
    form |= {"mail_is_safe": "yes", "language": "en", "identity_check": "id_document", "form": "sheet"}
    answer = lead.post(f"{ENQUIRIES}/{enquiry['id']}/{place}", data=form | {"person_id": str(UUID(int=7))})
    assert answer.status_code == 404


# --- who was taken out of a case keeps her rights ---------------------------------------------------------------------


def a_removed(network: Network, desk: FlaskClient) -> tuple[Json, str]:
    """He was referred, his data were fetched, it ended, he withdrew - and then he was taken out of the case."""
    enquiry, yusuf = a_couple(network, desk)
    place = f"/referral/api/v1/enquiries/{enquiry['id']}"
    consent = network.navigator.consent(enquiry, person_id=yusuf)
    [need] = [one for one in network.navigator.get(place)["needs"] if one["person_id"] == yusuf]
    referral = network.navigator.draft(enquiry, need_id=need["id"])["id"]
    network.navigator.act(referral, "prepare")
    network.scene.tick()
    network.hwk.fetch(referral)
    network.hwk.act(referral, "reject", {"reason": "NO_CAPACITY"})
    network.navigator.post(f"{place}/consents/{consent['id']}/withdrawals", {"channel": "letter"})
    network.navigator.post(f"{place}/persons/{yusuf}/removals", {})
    return enquiry, yusuf


def test_whoever_was_removed_is_found_and_handed_out_what_is_held(
    network: Network, desk: FlaskClient, lead: FlaskClient
):
    enquiry, yusuf = a_removed(network, desk)
    wanted = {name: YUSUF[name] for name in ("given_name", "family_name", "birth_date")}
    assert network.navigator.ask("POST", "/referral/api/v1/persons/searches", wanted).json == {
        "enquiries": [enquiry["id"]],
        "removed_from": [enquiry["id"]],
    }
    page = desk.get(f"{ENQUIRIES}/{enquiry['id']}").text
    assert "Removed from the case" in page and "yusuf@example.org" not in page

    asks = {"right": "access", "channel": "in_person", "received_on": "2026-11-20", "person_id": yusuf}
    assert desk.post(f"{ENQUIRIES}/{enquiry['id']}/subject-requests", data=asks).status_code == 303
    assert re.search(
        r"Access</strong>, [^<(]+ \(removed from the case\)", desk.get(f"{ENQUIRIES}/{enquiry['id']}").text
    )
    place = f"{ENQUIRIES}/{enquiry['id']}/subject-access"
    assert "Yusuf Muster" in lead.get(place).text
    request_id = str(network.scene.rows("SELECT id FROM subject_requests")[0]["id"])
    form = {"person_id": yusuf, "request_id": request_id, "identity_check": "id_document", "language": "en"}
    sheet = lead.post(place, data=form | {"form": "sheet"})
    by_pseudonym = network.staff(sub="lena", roles=["lead"]).ask(
        "POST", f"/referral/api/v1/persons/{yusuf}/subject-access", {"identity_check": "id_document", "language": "en"}
    )

    assert sheet.status_code == 200 and "yusuf@example.org" in sheet.text and "Samira" not in sheet.text
    assert by_pseudonym.status_code == 200 and len(by_pseudonym.json["disclosures"]) == 1  # type: ignore[index]
    assert network.scene.rows("SELECT answer FROM subject_requests") == [{"answer": "granted"}]


def test_whoever_was_removed_is_corrected_and_erased(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry, yusuf = a_removed(network, desk)
    record = f"{ENQUIRIES}/{enquiry['id']}/persons/{yusuf}/record"
    shown = lead.get(record)
    assert shown.status_code == 200 and "yusuf@example.org" in shown.text
    assert [one.purpose for one in network.scene.said(PersonalDataViewed)][-1] is ViewPurpose.SUBJECT_ACCESS
    body = {"person_id": yusuf, "person": {"email": "neu@example.org"}}
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/rectifications", body)
    assert "neu@example.org" in lead.get(record).text

    assert "Yusuf Muster" in lead.get(f"{ENQUIRIES}/{enquiry['id']}/erasure").text
    done = lead.post(f"{ENQUIRIES}/{enquiry['id']}/erasure", data={"person_id": yusuf, "confirmed": "yes"})
    assert done.status_code == 303
    network.scene.clock.instant += timedelta(seconds=1)
    network.scene.tick()
    assert network.scene.keys.vault.person_key(UUID(yusuf)) is None


def test_whatever_still_stands_is_withdrawn_for_whoever_was_removed(network: Network, desk: FlaskClient):
    """Nobody is removed while a consent stands; should one stand nevertheless, taking it back is as easy as ever."""
    enquiry, yusuf = a_couple(network, desk)
    place = f"/referral/api/v1/enquiries/{enquiry['id']}"
    consent = network.navigator.consent(enquiry, person_id=yusuf)
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute("UPDATE enquiry_persons SET removed_at = now() WHERE person_id = %s", (UUID(yusuf),))
    assert network.navigator.ask(
        "POST", f"{place}/consents/{consent['id']}/withdrawals", {"channel": "letter"}
    ).status_code in (200, 201)


def test_nothing_else_is_done_with_whoever_was_removed(network: Network, desk: FlaskClient):
    enquiry, yusuf = a_removed(network, desk)
    body = {"person_id": yusuf, "given_by": "self", "language": "de", "recipients": [recipient()]}
    drafted = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/consent-drafts", body)
    link = {"person_id": yusuf, "language": "en", "way": "shown", "mail_is_safe": "yes"}
    assert drafted.status_code == 404
    assert desk.post(f"{ENQUIRIES}/{enquiry['id']}/person-links", data=link).status_code == 404
    assert (
        network.navigator.ask("GET", f"/referral/api/v1/enquiries/{enquiry['id']}/persons/{yusuf}").status_code == 404
    )
