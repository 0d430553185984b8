"""The record of processing is drawn from what is configured and what happened: change a fact and the page changes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.codes import DataCategory, Purpose, TransferParty, TransferSafeguard
from contracts.directory import ThirdCountry
from contracts.event import Code, PublicText
from services.referral import handlers, record_of_processing
from services.referral.controllers import Controllers
from services.referral.queries.processing import MEASURES, categories
from tests.architecture.sizes import ROOT
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK, HWK_SERVICE, a_service, an_organization, some_terms
from tests.integration.referral.test_data_protection_pages import browser_of

PAGE = "/referral/data-protection/record"


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def record(browser: FlaskClient, query: str = "") -> Any:
    answer = browser.get(f"{PAGE}.json{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def hwk(found: Any) -> Any:
    return next(one for one in found["recipients"] if one["organization_id"] == str(HWK))


def tell(network: Network, organization: Any = None, service: Any = None) -> None:
    with network.scene.unit.work(actor="system:directory") as work:
        if organization:
            handlers.keep_organization(work, organization)
        if service:
            handlers.keep_service(work, service)


def test_the_directory_changes_it(network: Network, lead: FlaskClient):
    before = record(lead)
    terms = some_terms(categories_accepted=(DataCategory.IDENTITY,))
    tell(network, an_organization(HWK, version=9, agreement=None, name=PublicText({"de": "Neue Kammer"})))
    tell(network, service=a_service(HWK_SERVICE, HWK, version=9, terms=terms))
    after = record(lead)
    assert hwk(before)["agreement"]["kind"] == "independent" and hwk(after)["agreement"] is None
    assert hwk(after)["services"][0]["categories"] == ["IDENTITY"]
    assert before["configuration_sha256"] != after["configuration_sha256"]
    page = lead.get(PAGE).text
    assert "Neue Kammer" in page and "No agreement: nothing is sent there" in page


def test_an_agreement_without_an_end_says_none(network: Network, lead: FlaskClient):
    [agreement] = [one for one in (an_organization(HWK).agreement,) if one]
    tell(network, an_organization(HWK, version=9, agreement=replace(agreement, valid_until=None)))
    assert hwk(record(lead))["agreement"]["valid_until"] is None
    assert "Independent controller" in lead.get(PAGE).text


def test_where_an_agreement_says_nothing_of_third_countries_that_is_told_and_never_none(
    network: Network, lead: FlaskClient
):
    """Silent, stated that there are none, and a transfer with what carries it."""
    [agreement] = [one for one in (an_organization(HWK).agreement,) if one]
    assert str(HWK) in record(lead)["third_countries"]["not_stated"]
    page = lead.get(PAGE).text
    assert "Not stated:" in page and "None, by their agreement" not in page
    assert "Third countries: not stated" in lead.get("/referral/data-protection/agreements").text

    tell(network, an_organization(HWK, version=9, agreement=replace(agreement, third_countries=())))
    assert record(lead)["third_countries"]["none"] == [str(HWK)]
    assert "None, by their agreement" in lead.get(PAGE).text

    hosted = ThirdCountry(country=Code("CH"), party=TransferParty.PROCESSOR, safeguard=TransferSafeguard.ADEQUACY)
    tell(network, an_organization(HWK, version=10, agreement=replace(agreement, third_countries=(hosted,))))
    told = record(lead)
    assert told["third_countries"]["transfers"] == [
        {"organization_id": str(HWK), "country": "CH", "party": "processor", "safeguard": "adequacy"}
    ]
    page = lead.get(PAGE).text
    assert "Switzerland" in page and "adequacy decision (Art. 45)" in page
    assert "Switzerland" in lead.get("/referral/data-protection/agreements").text
    assert "| Eine Stelle | CH | processor | adequacy |" in record_of_processing.as_markdown(told)
    assert "| Eine Stelle | not stated |" in record_of_processing.as_markdown(told)


def test_the_controllers_change_it(network: Network, lead: FlaskClient):
    own = network.app.extensions["referral"]
    before = record(lead)
    one = own.controllers.all[0]
    renamed = Controllers((replace(one, contact=replace(one.contact, name="Amt für Neues")),))
    network.app.extensions["referral"] = replace(own, controllers=renamed)
    assert record(lead)["controllers"][0]["name"] == "Amt für Neues"
    assert record(lead)["configuration_sha256"] != before["configuration_sha256"]
    assert "Amt für Neues" in lead.get(PAGE).text


def test_the_same_configuration_has_the_same_fingerprint(lead: FlaskClient):
    assert record(lead)["configuration_sha256"] == record(lead)["configuration_sha256"]


def test_what_left_is_drawn_and_what_was_refused_is_not(network: Network, lead: FlaskClient):
    assert "Nothing left in these days." in lead.get(PAGE).text
    network.hwk.fetch(network.requested())
    enquiry = network.navigator.enquire()
    refused = network.navigator.draft(enquiry)["id"]
    network.navigator.act(refused, "prepare")
    network.scene.tick()
    found = record(lead)
    assert [(one["point"], one["ground"], one["count"]) for one in found["flows"]] == [("fetch", "consent", 1)]
    assert set(found["flows"][0]["categories"]) <= {"IDENTITY", "CONTACT", "LANGUAGE", "QUALIFICATION"}
    assert found["subjects"] == {"person": 2}
    page = lead.get(PAGE).text
    assert "<svg" in page and "1 disclosures to Eine Stelle." in page


def test_the_days_chosen_count(network: Network, lead: FlaskClient):
    network.hwk.fetch(network.requested())
    assert record(lead, "?first=2026-11-23&last=2026-11-23")["flows"] != []
    assert record(lead, "?first=2026-10-01&last=2026-11-22")["flows"] == []
    assert lead.get(f"{PAGE}?first=2026-11-23&last=2026-11-01").status_code == 422
    assert lead.get(f"{PAGE}?first=soon").status_code == 422


def test_no_person_appears_in_it(network: Network, lead: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira", email="samira@example.org")
    network.navigator.consent(enquiry)
    text = json.dumps(record(lead)) + lead.get(PAGE).text
    assert not any(word in text for word in ("Samira", "samira@example.org", enquiry["id"], enquiry["person_id"]))


def test_a_lead_counts_her_own_site_and_the_officer_all(network: Network, lead: FlaskClient):
    network.hwk.fetch(network.requested())
    neuss = browser_of(network, sub="nora", roles=["lead"], site="neuss")
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    assert record(neuss)["flows"] == [] and record(neuss)["subjects"] == {}
    assert record(dpo)["flows"] == record(lead)["flows"] != []
    assert browser_of(network).get(PAGE).status_code == 403


def test_every_category_has_its_fields_and_every_field_one_category():
    fields = [name for one in categories() for name in one["person"]]
    assert len(fields) == len(set(fields)) > 20
    assert next(one for one in categories() if one["category"] == "HEALTH")["special"]


def test_each_kind_of_processing_has_its_ground_on_page_and_file(lead: FlaskClient):
    found = {one["what"]: one for one in record(lead)["grounds"]}
    assert (found["passing_on"]["article_6"], found["passing_on"]["article_9"]) == ("6(1)(a)", "9(2)(a)")
    page = lead.get(PAGE).text
    assert "Keeping the enquiry" in page and "to be confirmed by a lawyer" in page
    assert "| keeping | – | 6(1)(e) | 9(2)(g) | [law] |" in record_of_processing.as_markdown(record(lead))


def test_everybody_of_a_household_is_counted_and_every_purpose_named(network: Network, lead: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    body = {"relation": "spouse", "person": {"given_name": "Yusuf"}, "needs": [{"topic": "SPRACHE"}]}
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/persons", body)
    found = record(lead)
    assert found["subjects"] == {"person": 2}
    counts = {one["purpose"]: one["count"] for one in found["purposes"]}
    assert set(counts) == set(Purpose) and (counts["SPRACHE"], counts["WOHNEN"]) == (1, 0)


def test_every_measure_points_to_a_test_that_is_there():
    assert [path for path in MEASURES.values() if not (ROOT / path).is_file()] == []


def test_the_same_for_the_file_in_markdown(network: Network, lead: FlaskClient):
    network.hwk.fetch(network.requested())
    text = record_of_processing.as_markdown(record(lead))
    assert "| IDENTITY | given_name, family_name, birth_date |" in text
    assert "| Eine Stelle | independent | GDPR | 2027-12-31 |" in text
    assert "| fetch | consent | 1 |" in text
