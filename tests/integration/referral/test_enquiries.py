"""Enquiries of persons and employers: what is asked, what is suggested, what can be given along without a consent."""

from datetime import timedelta

import pytest

from contracts.codes import Audience, BackLevel, ChannelKind, DataCategory, EnquirerKind, Site, Topic, Urgency
from contracts.directory import Channel
from contracts.event import PublicContact, PublicText
from contracts.referral import (
    ContactCardIssued,
    DossierFetched,
    EnquiryRecorded,
    EnterpriseRequestRecorded,
    PersonalDataViewed,
    ServicesSuggested,
)
from services.referral import handlers
from services.referral.commands import enquiries
from tests.integration.referral.rig import Json, Network, recipient
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    a_service,
    an_organization,
    some_terms,
)

COMPANY = {
    "company": "Musterbau Beispiel GmbH",
    "mailbox": "personal@musterbau.example",
    "contact_name": "Frau Platzhalter",
    "employees": 24,
    "positions": 2,
}


def an_employers_enquiry(network: Network, **company: object) -> Json:
    """An employer asks; the IHK's service takes business contacts."""
    terms = some_terms(
        categories_accepted=(DataCategory.BUSINESS_CONTACT,), minimum_categories=(DataCategory.BUSINESS_CONTACT,)
    )
    listed = a_service(
        IHK_SERVICE, IHK, version=2, topics=(Topic.FACHKRAEFTEVERFAHREN,), audience=Audience.EMPLOYER, terms=terms
    )
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, listed)
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {**COMPANY, **company},
        "needs": [{"topic": "FACHKRAEFTEVERFAHREN", "urgency": "normal"}],
    }
    return dict(network.navigator.post("/referral/api/v1/enquiries", body))


def request_contact(network: Network, enquiry: Json) -> Json:
    body = {
        "recipients": [{"organization_id": str(IHK), "service_id": str(IHK_SERVICE)}],
        "purposes": ["FACHKRAEFTEVERFAHREN"],
        "notice_given": True,
    }
    return dict(network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/enterprise-requests", body))


def test_an_enquiry_is_announced_in_codes_alone(network: Network):
    enquiry = network.navigator.enquire()

    [recorded] = network.scene.said(EnquiryRecorded)
    assert (str(recorded.enquiry_id), recorded.topics) == (enquiry["id"], (Topic.ANERKENNUNG,))
    assert str(recorded.person_id) == enquiry["person_id"]


def test_suggestions_say_why_and_are_a_fact(network: Network):
    enquiry = network.navigator.enquire()
    need_id = enquiry["needs"][0]["id"]

    found = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/needs/{need_id}/suggestions")

    assert {row["service_id"] for row in found["suggestions"]} == {str(HWK_SERVICE), str(IHK_SERVICE)}
    assert all(row["fits"] for row in found["suggestions"])
    [told] = network.scene.said(ServicesSuggested)
    assert len(told.service_ids) == 2


def test_what_was_still_to_be_asked_is_answered_in_the_body_and_never_in_an_address(network: Network):
    enquiry = network.navigator.enquire()
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/needs/{enquiry['needs'][0]['id']}/suggestions"

    def fits(rows: list[Json]) -> set[str]:
        return {row["service_id"] for row in rows}

    everybody = network.navigator.get(path)["suggestions"]
    unheard = network.navigator.get(f"{path}?area=09162")["suggestions"]
    elsewhere = network.navigator.post(path, {"answers": {"area": "09162"}})["suggestions"]

    assert fits(everybody) == fits(unheard) != set()
    assert fits(elsewhere) == set(), "nobody of the region serves Munich"
    refused = network.navigator.ask("POST", path, {"answers": {"area": 7}})
    assert refused.status_code == 422 and "answers" in str(refused.json["fields"])


def test_a_contact_card_takes_the_public_contact_along_and_discloses_nothing(network: Network):
    with network.scene.unit.work(actor="system:directory") as work:
        public = {"phone": PublicContact("+49 241 0000"), "name": PublicText({"de": "Handwerkskammer"})}
        handlers.keep_organization(work, an_organization(HWK, version=2, **public))
    enquiry = network.navigator.enquire()
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/contact-cards"

    card = network.navigator.post(path, {"service_id": str(HWK_SERVICE), "need_id": enquiry["needs"][0]["id"]})

    assert (card["phone"], card["organization"]) == ("+49 241 0000", {"de": "Handwerkskammer"})
    assert len(network.scene.said(ContactCardIssued)) == 1
    assert network.scene.rows("SELECT * FROM decisions") == []


def test_an_employers_request_carries_its_contact_from_enquiry_to_outcome(network: Network):
    enquiry = an_employers_enquiry(network)
    request_contact(network, enquiry)
    referral_id = network.navigator.draft(enquiry, IHK_SERVICE)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()

    dossier = network.ihk.fetch(referral_id)

    assert dossier["employer"] == COMPANY
    assert "person" not in dossier
    assert dossier["ground"]["kind"] == "enterprise_request"
    [fetched] = network.scene.said(DossierFetched)
    assert (fetched.person_id, fetched.categories) == (None, (DataCategory.BUSINESS_CONTACT,))
    for action, body in (("accept", {}), ("start", {"first_contact_on": "2026-11-23"})):
        network.ihk.act(referral_id, action, body)
    assert network.ihk.act(referral_id, "complete", {"outcome": "ADVICE_GIVEN"})["status"] == "completed"
    [recorded] = network.scene.said(EnquiryRecorded)
    assert recorded.person_id is None
    assert len(network.scene.said(EnterpriseRequestRecorded)) == 1


def test_a_workers_datum_cannot_ride_on_an_employers_request(network: Network):
    """Free text is the only field that could hold one; no employer's ground carries it."""
    enquiry = an_employers_enquiry(network, note="Herr Worker, geboren 1990")
    request_contact(network, enquiry)
    referral_id = network.navigator.draft(enquiry, IHK_SERVICE)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()

    assert network.ihk.fetch(referral_id)["employer"] == COMPANY


def test_an_employer_cannot_consent_for_anybody(network: Network):
    enquiry = an_employers_enquiry(network)
    body = {
        "given_by": "representative",
        "channel": "signed_paper",
        "language": "de",
        "recipients": [recipient(IHK, IHK_SERVICE, categories=["IDENTITY"])],
    }

    answer = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/consents", body)

    assert (answer.status_code, answer.json["slug"]) == (409, "consent.employer-cannot-consent")


def test_a_person_cannot_use_an_employers_ground(network: Network):
    enquiry = network.navigator.enquire()
    body = {
        "recipients": [{"organization_id": str(HWK), "service_id": str(HWK_SERVICE)}],
        "purposes": ["ANERKENNUNG"],
        "notice_given": True,
    }

    answer = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/enterprise-requests", body)

    assert (answer.status_code, answer.json["slug"]) == (422, "enterprise-request.not-an-employer")


def test_an_employer_asks_for_employers_matters_only(network: Network):
    body = {"enquirer": "employer", "site": "aachen", "employer": COMPANY, "needs": [{"topic": "SPRACHE"}]}

    answer = network.navigator.ask("POST", "/referral/api/v1/enquiries", body)

    assert (answer.status_code, answer.json["slug"]) == (422, "enquiry.topic-of-other-enquirer")


def test_a_partner_without_a_channel_is_reached_on_paper_and_printing_is_a_disclosure(network: Network):
    with network.scene.unit.work(actor="system:directory") as work:
        plain = {"channel": Channel(kind=ChannelKind.NONE), "public_key": None}
        handlers.keep_organization(work, an_organization(HWK, version=2, **plain))
    referral_id = network.requested()

    sheet = network.navigator.post(f"/referral/api/v1/referrals/{referral_id}/prints", {})

    assert sheet["person"]["family_name"] == "Ben Salah"
    [fetched] = network.scene.said(DossierFetched)
    assert fetched.printed
    assert "Ben Salah" not in str(network.scene.rows("SELECT body FROM command_results"))
    assert network.navigator.see(referral_id)["fetched"]


#: Fields of the one and, of the same name, of the other.
REACH = ({"phone": "+49 241 1"}, {"address": "Musterweg 1"}, {"postal_code": "52062"}, {"note": "Anruf"})


@pytest.mark.parametrize(
    ("whose", "foreign", "more"),
    [("employer", "person", {"city": "Aachen"}), ("person", "employer", {"contact_name": "Frau Platz"})],
)
def test_nobody_is_given_the_fields_of_the_other_kind_of_enquirer(
    network: Network, whose: str, foreign: str, more: Json
):
    """Neither by a correction nor by an answer, even where both have a field of that name."""
    asked = network.requested() if whose == "person" else a_companys(network)
    network.hwk.act(asked, "ask", {"question": "OTHER"})
    path = f"/referral/api/v1/enquiries/{network.navigator.see(asked)['enquiry_id']}/rectifications"
    before = network.scene.rows("SELECT sealed FROM persons")
    for data in (*REACH, more):
        corrected = network.navigator.ask("POST", path, {foreign: data})
        answered = network.navigator.try_act(asked, "answer", {foreign: data})
        for refused in (corrected, answered):
            assert (refused.status_code, refused.json["fields"]) == (422, {whose: "exactly-the-enquirer"})  # type: ignore[index]
    assert network.scene.rows("SELECT sealed FROM persons") == before


def a_companys(network: Network) -> str:
    """A referral that tells nothing about anybody, so that no ground is needed."""
    with network.scene.unit.work(actor="system:directory") as work:
        service = a_service(
            topics=(Topic.ANWERBUNG,), version=2, terms=some_terms(minimum_categories=(), back_level=BackLevel.STATUS)
        )
        handlers.keep_service(work, service)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiry = enquiries.record_enquiry(
            work,
            network.scene.keys.vault,
            NAVIGATOR,
            enquirer=EnquirerKind.EMPLOYER,
            site=Site.AACHEN,
            record={"positions": 2},
            needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
        )
    referral_id = network.scene.prepared(enquiry).id
    network.scene.clock.instant += timedelta(minutes=1)
    network.scene.tick()
    return str(referral_id)


def test_a_rectified_record_reaches_the_partner_with_its_next_fetch(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]

    changes = {"person": {"family_name": "Ben Saleh"}, "remove": ["email"]}
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry_id}/rectifications", changes)

    person = network.hwk.fetch(referral_id)["person"]
    assert (person["family_name"], "email" in person) == ("Ben Saleh", False)


def test_an_erased_person_is_gone_and_the_codes_stay(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    lead = network.staff(sub="lea", roles=["lead"])

    assert network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry_id}/erasures", {}).status_code == 403
    lead.post(f"/referral/api/v1/enquiries/{enquiry_id}/erasures", {})

    seen = network.hwk.see(referral_id)
    assert (seen["status"], {one["duty"] for one in seen["duties"]}) == (
        "cancelled",
        {"acknowledge_stop", "state_deletion"},
    )
    assert lead.ask("GET", f"/referral/api/v1/enquiries/{enquiry_id}/person").status_code == 404
    network.scene.tick()
    assert network.scene.rows("SELECT * FROM keystore.person_keys") == []
    [person] = network.scene.rows("SELECT sealed, blind_index FROM persons")
    assert person == {"sealed": None, "blind_index": None}
    assert len(network.scene.rows("SELECT * FROM deletions")) == 1
    assert network.scene.said(PersonalDataViewed) == []
    network.hwk.act(referral_id, "acknowledge_stop")
    network.hwk.act(referral_id, "state_deletion", {"deletion": "deleted"})
