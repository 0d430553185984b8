"""Whoever asked first may be erased like anybody else: the others of her household go on as if she had never asked."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contracts.referral import LegalHoldSet, PersonalDataViewed, SubjectAccessGiven
from tests.integration.referral.rig import Json, Network, recipient
from tests.integration.referral.test_data_protection_pages import browser_of
from tests.integration.referral.test_household import refer
from tests.integration.referral.test_household_pages import ENQUIRIES, a_couple

API = "/referral/api/v1/enquiries"


@pytest.fixture
def desk(network: Network) -> FlaskClient:
    return browser_of(network)


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


@pytest.fixture
def left(network: Network, desk: FlaskClient, lead: FlaskClient) -> tuple[Json, str]:
    """Samira asked for both, her referral ran, and she was erased at her wish; Yusuf is left."""
    enquiry, yusuf = a_couple(network, desk)
    network.navigator.consent(enquiry)
    network.navigator.consent(enquiry, person_id=yusuf)
    for person_id in (enquiry["person_id"], yusuf):
        network.hwk.fetch(refer(network, enquiry, person_id))
    form = {"person_id": enquiry["person_id"], "confirmed": "yes"}
    assert lead.post(f"{ENQUIRIES}/{enquiry['id']}/erasure", data=form).status_code == 303
    network.scene.tick()
    return enquiry, yusuf


def test_the_page_shows_a_household_without_her(network: Network, desk: FlaskClient, left: tuple[Json, str]):
    enquiry, yusuf = left
    referrals = network.navigator.get(f"{API}/{enquiry['id']}")["referrals"]
    hers, his = (one["reference"] for one in referrals)

    page = desk.get(f"{ENQUIRIES}/{enquiry['id']}")

    assert page.status_code == 200
    assert "Yusuf" in page.text and "Samira" not in page.text and "asked first has been erased" in page.text
    assert his in page.text and hers not in page.text and page.text.count("/needs/") == 1
    assert enquiry["person_id"] not in page.text
    assert [str(one.person_id) for one in network.scene.said(PersonalDataViewed)][-1] == yusuf
    for path in (f"{ENQUIRIES}/{enquiry['id']}/needs/{enquiry['needs'][0]['id']}", "/referral/", "/referral/tasks"):
        assert desk.get(path).status_code in (200, 404), path


def test_by_interface_it_is_said_who_is_erased(network: Network, left: tuple[Json, str]):
    enquiry, yusuf = left
    seen = network.navigator.get(f"{API}/{enquiry['id']}")["persons"]
    assert [(one["person_id"], one["erased"]) for one in seen] == [(enquiry["person_id"], True), (yusuf, False)]


def test_everything_on_the_page_is_done_for_whoever_is_left(
    network: Network, desk: FlaskClient, lead: FlaskClient, left: tuple[Json, str]
):
    """The forms name him, though nothing has to be chosen."""
    enquiry, yusuf = left
    page = lead.get(f"{ENQUIRIES}/{enquiry['id']}").text
    place = f"{ENQUIRIES}/{enquiry['id']}"
    assert page.count(f'name="person_id" value="{yusuf}"') >= 5
    his: dict[str, Any] = {"person_id": yusuf}
    link = his | {"way": "mailed", "mail_is_safe": "yes", "language": "en"}
    hold = his | {"reason": "LEGAL_CLAIM", "words": "Klage", "until": "2027-01-31"}
    request = his | {"right": "access", "channel": "letter", "received_on": "2026-11-20"}
    for path, form in (("person-links", link), ("holds", hold), ("subject-requests", request)):
        assert lead.post(f"{place}/{path}", data=form).status_code == 303, path
    assert [str(one.person_id) for one in network.scene.said(LegalHoldSet)] == [yusuf]
    assert "Klage" in lead.get(place).text
    asked = lead.get(f"{place}/subject-access").text
    assert f'value="{yusuf}"' in asked
    access = his | {"identity_check": "id_document", "language": "en", "form": "sheet"}
    sheet = lead.post(f"{place}/subject-access", data=access)
    assert sheet.status_code == 200 and "yusuf@example.org" in sheet.text
    assert [str(one.person_id) for one in network.scene.said(SubjectAccessGiven)] == [yusuf]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("needs", {"topic": "SPRACHE"}),
        pytest.param("consent-drafts", {"given_by": "self", "language": "de"}, marks=pytest.mark.long),
        pytest.param(
            "holds", {"reason": "LEGAL_CLAIM", "words": "Klage", "until": "2027-01-31"}, marks=pytest.mark.long
        ),
    ],
)
def test_nothing_new_is_begun_for_her(network: Network, left: tuple[Json, str], path: str, body: Json):
    enquiry, _ = left
    lead = network.staff(sub="lena", roles=["lead"])
    if path == "consent-drafts":
        body = body | {"recipients": [recipient()]}
    answer = lead.ask("POST", f"{API}/{enquiry['id']}/{path}", body)
    assert (answer.status_code, answer.json["slug"]) == (404, "person.erased"), answer.text  # type: ignore[index]


def test_the_case_goes_on_to_its_end(network: Network, lead: FlaskClient, left: tuple[Json, str]):
    enquiry, yusuf = left
    place = f"{ENQUIRIES}/{enquiry['id']}"
    correction = {"was/city": "", "city": "Stolberg"}
    assert lead.post(f"{place}/persons/{yusuf}/record", data=correction).status_code == 303
    form = {"person_id": yusuf, "confirmed": "yes"}
    assert lead.post(f"{place}/erasure", data=form).status_code == 303
    network.scene.tick()
    page = lead.get(place)
    assert page.status_code == 200 and "Everybody in this enquiry has been erased" in page.text
    assert lead.post(f"{place}/closings").status_code == 303
    assert lead.get(f"{place}?purpose=subject_access").status_code == 200
    assert network.scene.keys.vault.person_key(UUID(yusuf)) is None


@pytest.mark.long
def test_a_closed_case_is_shown_to_the_lead_without_her(network: Network, lead: FlaskClient, left: tuple[Json, str]):
    enquiry, _ = left
    his = next(
        one for one in network.navigator.get(f"{API}/{enquiry['id']}")["referrals"] if one["status"] != "cancelled"
    )
    network.navigator.act(his["id"], "cancel", {"reason": "PERSON_DECLINED"})
    assert lead.post(f"{ENQUIRIES}/{enquiry['id']}/closings").status_code == 303
    page = lead.get(f"{ENQUIRIES}/{enquiry['id']}?purpose=subject_access")
    assert page.status_code == 200 and "Yusuf" in page.text and enquiry["person_id"] not in page.text
