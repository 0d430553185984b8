"""What a person may ask to be done to her data is done on a page: corrected field by field, or erased for good."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contracts.codes import DataCategory
from contracts.referral import DutyOpened, PersonalDataViewed, SubjectRequestAnswered
from tests.integration.referral.rig import Json, Network
from tests.integration.referral.test_data_protection_pages import PAGE, browser_of, open_id, receive

ENQUIRIES = "/referral/enquiries"


@pytest.fixture
def desk(network: Network) -> FlaskClient:
    return browser_of(network)


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def place_of(enquiry: Json, person_id: str = "") -> str:
    return f"{ENQUIRIES}/{enquiry['id']}/persons/{person_id or enquiry['person_id']}/record"


def filled(page: str) -> dict[str, Any]:
    """The form as it stands, so that a test writes over what it names."""
    form = page[page.index('<form class="stack"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        found.setdefault(given["name"], []).append(given.get("value", ""))
    for name, words in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = [words]
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        found[name] = re.findall(r'<option value="([^"]*)" selected', options)
    return found


def correct(browser: FlaskClient, enquiry: Json, person_id: str = "", **typed: Any) -> Any:
    place = place_of(enquiry, person_id)
    return browser.post(place, data=filled(browser.get(place).text) | typed)


def enquiry_of(network: Network, referral_id: str) -> Json:
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    return dict(network.navigator.get(f"/referral/api/v1/enquiries/{enquiry_id}"))


def record_of(network: Network, enquiry: Json) -> Json:
    return dict(network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")["person"])


# --- corrected --------------------------------------------------------------------------------------------------------


def test_a_field_is_written_over_and_everything_else_stays(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire(
        given_name="Samira", health_note="Heuschnupfen", note="Erste Zeile\nzweite", residence_status="AUFENTHALT"
    )
    before = record_of(network, enquiry)
    assert f'href="{place_of(enquiry)}"' in desk.get(f"{ENQUIRIES}/{enquiry['id']}").text

    answer = correct(desk, enquiry, family_name="Haddad", health_note="")

    assert (answer.status_code, answer.location) == (303, f"{ENQUIRIES}/{enquiry['id']}?done=rectification")
    expected = {name: value for name, value in before.items() if name != "health_note"} | {"family_name": "Haddad"}
    assert record_of(network, enquiry) == expected


def test_whoever_has_the_old_data_is_told_to_take_over_the_new(network: Network, desk: FlaskClient):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    enquiry = enquiry_of(network, referral_id)
    correct(desk, enquiry, phone="+49 241 555")
    assert [one.category for one in network.scene.said(DutyOpened)] == [DataCategory.CONTACT]
    assert network.hwk.fetch(referral_id)["person"]["phone"] == "+49 241 555"


def test_what_somebody_else_corrected_meanwhile_is_not_undone(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    opened = filled(desk.get(place_of(enquiry)).text)
    correct(desk, enquiry, city="Stolberg")
    desk.post(place_of(enquiry), data=opened | {"phone": "+49 241 555"})
    found = record_of(network, enquiry)
    assert (found["city"], found["phone"]) == ("Stolberg", "+49 241 555")


def test_a_wrong_value_is_named_and_what_was_typed_is_kept(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    before = record_of(network, enquiry)
    answer = correct(desk, enquiry, postal_code="Aachen", city="Stolberg")
    assert answer.status_code == 422
    assert 'value="Aachen"' in answer.text and 'value="Stolberg"' in answer.text
    assert record_of(network, enquiry) == before


def test_nothing_written_anew_is_no_correction(network: Network, desk: FlaskClient):
    answer = correct(desk, network.navigator.enquire(languages=["ar", "de"], note="Zeile\nZeile"))
    assert answer.status_code == 422 and "Nothing was changed" in answer.text


def test_what_is_no_single_value_is_taken_out_whole(network: Network, desk: FlaskClient):
    levels = [{"language": "de", "level": "B1"}]
    enquiry = network.navigator.enquire(given_name="Samira", language_levels=levels)
    correct(desk, enquiry, remove="language_levels")
    assert "language_levels" not in record_of(network, enquiry)


def test_opening_it_is_a_view_and_another_site_finds_nothing(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    assert desk.get(place_of(enquiry)).status_code == 200
    assert [str(one.person_id) for one in network.scene.said(PersonalDataViewed)] == [enquiry["person_id"]]
    elsewhere = browser_of(network, sub="dirk", roles=["lead"], site="neuss")
    assert elsewhere.get(place_of(enquiry)).status_code == 404
    assert elsewhere.post(place_of(enquiry), data={"was/city": "", "city": "Neuss"}).status_code == 404


def test_a_closed_case_is_corrected_by_the_lead_alone(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    desk.post(f"{ENQUIRIES}/{enquiry['id']}/closings")
    assert desk.get(place_of(enquiry)).status_code == 403
    assert desk.post(place_of(enquiry), data={"was/city": "", "city": "Neuss"}).status_code == 403
    assert place_of(enquiry) in lead.get(f"{ENQUIRIES}/{enquiry['id']}").text
    assert correct(lead, enquiry, city="Stolberg").status_code == 303


def test_the_request_that_asked_for_it_is_answered_by_it(network: Network, lead: FlaskClient):
    referral_id = network.requested()
    seen = network.navigator.see(referral_id)
    receive(lead, right="rectification", reference=seen["reference"])
    register = lead.get(PAGE).text
    enquiry = enquiry_of(network, referral_id)
    assert f'href="{place_of(enquiry)}"' in register
    correct(lead, enquiry, city="Stolberg")
    assert [(one.right, one.answer) for one in network.scene.said(SubjectRequestAnswered)] == [
        ("rectification", "granted")
    ]


def test_granting_a_correction_that_has_not_happened_is_refused(network: Network, desk: FlaskClient, lead: FlaskClient):
    referral_id = network.requested()
    enquiry = enquiry_of(network, referral_id)
    correct(desk, enquiry, city="Stolberg")  # before she asked: not what she asked for
    network.scene.clock.instant += timedelta(days=1)
    asks = {"received_on": "2026-11-24", "reference": network.navigator.see(referral_id)["reference"]}
    receive(lead, right="rectification", **asks)
    place = f"{PAGE}/{open_id(network)}/answers"
    for yes in ("granted", "partly_granted"):
        refused = lead.post(place, data={"answer": yes, "answered_on": "2026-11-24"})
        assert (refused.status_code, refused.json["slug"]) == (409, "subject-request.not-done")
    assert network.scene.said(SubjectRequestAnswered) == []

    correct(desk, enquiry, city="Eschweiler")
    assert lead.post(place, data={"answer": "granted", "answered_on": "2026-11-24"}).status_code == 303


def test_by_interface_a_request_is_answered_by_its_deed_too(network: Network, lead: FlaskClient):
    api = "/referral/api/v1/enquiries"
    lena = network.staff(sub="lena", roles=["lead"])
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    enquiry, reference = enquiry_of(network, referral_id), network.navigator.see(referral_id)["reference"]
    receive(lead, right="rectification", reference=reference)
    body = {"person": {"city": "Stolberg"}, "request_id": open_id(network)}
    assert network.navigator.ask("POST", f"{api}/{enquiry['id']}/rectifications", body).status_code == 403
    lena.post(f"{api}/{enquiry['id']}/rectifications", body)
    receive(lead, right="erasure", reference=reference)
    hers = f"{api}/{enquiry['id']}/persons/{enquiry['person_id']}"

    rehearsed = lena.get(f"{hers}/erasure")
    said = len(network.scene.said(PersonalDataViewed))
    again = lena.get(f"{hers}/erasure")

    assert rehearsed == again and len(network.scene.said(PersonalDataViewed)) == said
    assert [(one["reference"], one["becomes"], one["asked_to_delete"]) for one in rehearsed["referrals"]] == [
        (reference, "cancelled", True)
    ]
    assert record_of(network, enquiry)["city"] == "Stolberg"
    assert network.navigator.see(referral_id)["status"] != "cancelled"
    lena.post(f"{hers}/erasures", {"request_id": open_id(network)})
    assert [(one.right, one.answer) for one in network.scene.said(SubjectRequestAnswered)] == [
        ("rectification", "granted"),
        ("erasure", "granted"),
    ]
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert lena.ask("GET", f"{hers}/erasure").status_code == 404  # nothing is left to erase


def test_a_rehearsal_says_what_a_hold_keeps(network: Network, lead: FlaskClient):
    enquiry = network.navigator.enquire()
    hold = {"reason": "LEGAL_CLAIM", "words": "Klage", "until": "2027-01-31"}
    lena = network.staff(sub="lena", roles=["lead"])
    lena.post(f"/referral/api/v1/enquiries/{enquiry['id']}/holds", hold)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/persons/{enquiry['person_id']}/erasure"
    refused = lena.ask("GET", path)
    assert (refused.status_code, refused.json["slug"]) == (409, "person.held")  # type: ignore[index]
    assert network.navigator.ask("GET", path).status_code == 403


# --- erased -----------------------------------------------------------------------------------------------------------


def erase(lead: FlaskClient, enquiry: Json, **typed: Any) -> Any:
    place = f"{ENQUIRIES}/{enquiry['id']}/erasure"
    return lead.post(place, data=filled(lead.get(place).text) | {"confirmed": "yes"} | typed)


def test_granting_an_erasure_that_has_not_happened_is_refused(network: Network, lead: FlaskClient):
    seen = network.navigator.see(network.requested())
    receive(lead, right="erasure", reference=seen["reference"])
    place = f"{PAGE}/{open_id(network)}/answers"
    said = {"answer": "granted", "answered_on": "2026-11-23"}
    refused = lead.post(place, data=said)
    assert (refused.status_code, refused.json["slug"]) == (409, "subject-request.not-done")
    assert network.scene.said(SubjectRequestAnswered) == []
    assert lead.post(place, data=said | {"answer": "legal_bar"}).status_code == 303


def test_she_is_erased_and_her_request_answered_on_one_page(network: Network, lead: FlaskClient):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    seen = network.navigator.see(referral_id)
    enquiry = enquiry_of(network, referral_id)
    receive(lead, right="erasure", reference=seen["reference"])
    assert f'href="{ENQUIRIES}/{enquiry["id"]}/erasure"' in lead.get(PAGE).text

    answer = erase(lead, enquiry)

    assert (answer.status_code, answer.location) == (303, f"{PAGE}?done=erased")
    assert "The person is erased" in lead.get(answer.location).text
    assert [(one.right, one.answer) for one in network.scene.said(SubjectRequestAnswered)] == [("erasure", "granted")]
    network.scene.tick()
    assert network.scene.keys.vault.person_key(UUID(enquiry["person_id"])) is None
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert "Everybody in this enquiry has been erased" in lead.get(f"{ENQUIRIES}/{enquiry['id']}/erasure").text


def test_without_a_yes_or_a_person_nothing_is_erased(network: Network, lead: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    for wrong in ({"confirmed": ""}, {"person_id": ""}, {"person_id": "x"}):
        answer = erase(lead, enquiry, **wrong)
        assert answer.status_code == 422
        assert list(answer.json["fields"]) == list(wrong)
    assert record_of(network, enquiry)["given_name"] == "Samira"


def test_only_the_lead_of_this_site_erases(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire()
    place = f"{ENQUIRIES}/{enquiry['id']}/erasure"
    data = {"person_id": enquiry["person_id"], "confirmed": "yes"}
    elsewhere = browser_of(network, sub="dirk", roles=["lead"], site="neuss")
    for browser, status in ((desk, 403), (elsewhere, 404)):
        assert browser.get(place).status_code == browser.post(place, data=data).status_code == status
    assert record_of(network, enquiry)


def test_of_a_household_one_is_chosen_by_name_and_the_other_stays(network: Network, lead: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira", family_name="Muster")
    child = {"relation": "child", "person": {"given_name": "Kim", "family_name": "Muster", "birth_date": "2015-06-01"}}
    member = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/persons", child)
    page = lead.get(f"{ENQUIRIES}/{enquiry['id']}/erasure").text
    assert "Samira Muster" in page and "Kim Muster" in page and "checked" not in page
    assert erase(lead, enquiry).status_code == 422
    assert erase(lead, enquiry, person_id=member["person_id"]).status_code == 303
    network.scene.tick()
    assert network.scene.keys.vault.person_key(UUID(member["person_id"])) is None
    assert record_of(network, enquiry)["given_name"] == "Samira"


def test_anothers_request_is_not_answered_by_erasing_somebody(network: Network, lead: FlaskClient):
    receive(lead, right="erasure", reference=network.navigator.see(network.requested())["reference"])
    enquiry = network.navigator.enquire(given_name="Samira")
    assert erase(lead, enquiry, request_id=open_id(network)).status_code == 404
    assert record_of(network, enquiry)["given_name"] == "Samira"
