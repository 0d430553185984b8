"""Of several persons in one enquiry each is served by page: referred, linked, answered, and never in another's name."""

import re
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

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
