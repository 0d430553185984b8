"""Several persons in one enquiry: every datum belongs to one, and nobody's data ride on another's consent."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.referral import (
    ConsentGiven,
    HouseholdMemberAdded,
    HouseholdMemberRemoved,
    NeedRecorded,
    PersonalDataViewed,
    PersonKeyDestroyed,
)
from tests.integration.referral.rig import Json, Network, recipient, somebody_new, to_ihk
from tests.integration.referral.scene import HWK_SERVICE, IHK_SERVICE

API = "/referral/api/v1/enquiries"
YUSUF: Json = {
    "given_name": "Yusuf",
    "family_name": "Ben Salah",
    "birth_date": "1990-02-11",
    "email": "yusuf@example.org",
}
NEED = {"topic": "ANERKENNUNG", "urgency": "normal"}


def add(network: Network, enquiry: Json, person: Json = YUSUF, **changes: Any) -> Json:
    body = {"relation": "spouse", "person": person, "needs": [NEED], **changes}
    return dict(network.navigator.post(f"{API}/{enquiry['id']}/persons", body))


def test_a_child_without_a_birth_date_does_not_count_as_of_age(network: Network):
    enquiry = network.navigator.enquire()
    undated = {name: value for name, value in YUSUF.items() if name != "birth_date"}
    body = {"relation": "child", "person": undated, "needs": [NEED]}
    answer = network.navigator.ask("POST", f"{API}/{enquiry['id']}/persons", body)
    assert (answer.status_code, answer.json["fields"]) == (422, {"birth_date": "of-a-child"})  # type: ignore[index]
    assert network.scene.said(HouseholdMemberAdded) == []
    add(network, enquiry, undated)  # of a spouse nobody has to know it


def test_nobody_consents_alone_for_a_child_whose_age_was_never_written_down(network: Network):
    """Taken in before the birth date was asked for."""
    enquiry = network.navigator.enquire()
    undated = {name: value for name, value in YUSUF.items() if name != "birth_date"}
    child = add(network, enquiry, undated)["person_id"]
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute("UPDATE enquiry_persons SET relation = 'child' WHERE person_id = %s", (UUID(child),))
    body = {"given_by": "self", "language": "de", "person_id": child, "recipients": [recipient()]}
    answer = network.navigator.ask("POST", f"{API}/{enquiry['id']}/consent-drafts", body)
    assert (answer.status_code, answer.json["fields"]) == (422, {"birth_date": "of-a-child"})  # type: ignore[index]
    assert network.scene.rows("SELECT FROM drafted_consents") == []


def seen(network: Network, enquiry: Json) -> Json:
    return dict(network.navigator.get(f"{API}/{enquiry['id']}"))


def refer(network: Network, enquiry: Json, person_id: str, service: Any = HWK_SERVICE) -> str:
    [need] = [one for one in seen(network, enquiry)["needs"] if one["person_id"] == person_id]
    drafted = network.navigator.draft(enquiry, service, need_id=need["id"])
    network.navigator.act(drafted["id"], "prepare")
    network.scene.tick()
    return str(drafted["id"])


def test_another_person_has_a_record_a_key_and_needs_of_her_own(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)

    shown = seen(network, enquiry)
    record = network.navigator.get(f"{API}/{enquiry['id']}/persons/{member['person_id']}")

    assert [one["relation"] for one in shown["persons"]] == ["self", "spouse"]
    assert [one["person_id"] for one in shown["needs"]] == [enquiry["person_id"], member["person_id"]]
    assert record["person"]["given_name"] == "Yusuf"
    keys = {network.scene.keys.vault.person_key(UUID(one["person_id"])).secret for one in shown["persons"]}  # type: ignore[union-attr]
    assert len(keys) == 2
    assert [str(one.person_id) for one in network.scene.said(PersonalDataViewed)] == [member["person_id"]]
    assert [str(one.person_id) for one in network.scene.said(NeedRecorded)] == [
        enquiry["person_id"],
        member["person_id"],
    ]
    assert "Yusuf" not in str(network.scene.said(HouseholdMemberAdded))


def test_her_husbands_data_do_not_ride_on_her_consent(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)
    network.navigator.consent(enquiry)
    referral_id = refer(network, enquiry, member["person_id"])
    assert network.navigator.see(referral_id)["status"] == "awaiting_consent"

    network.scene.clock.instant += timedelta(minutes=1)
    network.navigator.consent(enquiry, person_id=member["person_id"])
    network.scene.tick()

    assert network.navigator.see(referral_id)["status"] == "requested"
    assert network.hwk.fetch(referral_id)["person"]["given_name"] == "Yusuf"
    assert [str(one.person_id) for one in network.scene.said(ConsentGiven)] == [
        enquiry["person_id"],
        member["person_id"],
    ]


def test_his_withdrawal_leaves_hers_as_it_is(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)
    network.navigator.consent(enquiry)
    his = network.navigator.consent(enquiry, person_id=member["person_id"])
    hers_goes, his_goes = (refer(network, enquiry, one) for one in (enquiry["person_id"], member["person_id"]))

    network.navigator.post(f"{API}/{enquiry['id']}/consents/{his['id']}/withdrawals", {"channel": "phone"})

    assert network.navigator.see(hers_goes)["status"] == "requested"
    assert network.navigator.see(his_goes)["status"] == "cancelled"


def test_nobody_consents_for_somebody_of_another_enquiry(network: Network):
    member = add(network, network.navigator.enquire())
    other = network.navigator.enquire()
    body = {
        "person_id": member["person_id"],
        "given_by": "self",
        "channel": "signed_paper",
        "language": "de",
        "recipients": [recipient()],
    }

    answer = network.navigator.ask("POST", f"{API}/{other['id']}/consents", body)

    assert (answer.status_code, answer.json["slug"]) == (404, "person.not-of-this-enquiry")  # type: ignore[index]


def test_erasing_one_leaves_the_others_readable(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)
    lead = network.staff(sub="lea", roles=["lead"])

    lead.post(f"{API}/{enquiry['id']}/persons/{member['person_id']}/erasures", {})

    network.scene.tick()
    assert network.navigator.ask("GET", f"{API}/{enquiry['id']}/persons/{member['person_id']}").status_code == 404
    assert network.navigator.get(f"{API}/{enquiry['id']}/person")["person"]["family_name"] == "Ben Salah"
    assert [str(one.person_id) for one in network.scene.said(PersonKeyDestroyed)] == [member["person_id"]]


def test_somebody_added_by_mistake_is_gone_at_once(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)

    network.navigator.post(f"{API}/{enquiry['id']}/persons/{member['person_id']}/removals", {})

    assert [one["relation"] for one in seen(network, enquiry)["persons"]] == ["self"]
    assert len(seen(network, enquiry)["needs"]) == 1
    network.scene.tick()
    assert network.scene.keys.vault.person_key(UUID(member["person_id"])) is None
    assert len(network.scene.said(HouseholdMemberRemoved)) == 1


def test_nobody_is_removed_while_something_of_hers_runs(network: Network):
    enquiry = network.navigator.enquire()
    member = add(network, enquiry)
    path = f"{API}/{enquiry['id']}/persons/{member['person_id']}/removals"
    network.navigator.consent(enquiry, person_id=member["person_id"])
    first = network.navigator.ask("POST", path, {}).json
    refer(network, enquiry, member["person_id"])
    second = network.navigator.ask("POST", path, {}).json
    own = network.navigator.ask("POST", f"{API}/{enquiry['id']}/persons/{enquiry['person_id']}/removals", {}).json

    assert first is not None and first["slug"] == "enquiry.member-has-consents"
    assert second is not None and second["slug"] == "enquiry.member-has-open-referrals"
    assert own is not None and own["slug"] == "enquiry.member-asked-herself"


def test_a_company_has_no_household(network: Network):
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {"company": "Muster GmbH"},
        "needs": [{"topic": "ANWERBUNG", "urgency": "normal"}],
    }
    enquiry = network.navigator.post(API, body)

    answer = network.navigator.ask("POST", f"{API}/{enquiry['id']}/persons", {"relation": "other", "person": YUSUF})

    assert (answer.status_code, answer.json["slug"]) == (409, "enquiry.employer-has-no-household")  # type: ignore[index]


def test_a_household_member_is_found_by_name_and_birth_date(network: Network):
    enquiry = network.navigator.enquire()
    add(network, enquiry)
    wanted = {name: YUSUF[name] for name in ("given_name", "family_name", "birth_date")}

    found = network.navigator.ask("POST", "/referral/api/v1/persons/searches", wanted)

    assert found.json == {"enquiries": [enquiry["id"]], "removed_from": []}


PARTNERS = ("hwk", "ihk")
TERMS = {"hwk": recipient(), "ihk": to_ihk()}
SERVICES = {"hwk": HWK_SERVICE, "ihk": IHK_SERVICE}
MEMBERS = st.lists(st.tuples(st.sets(st.sampled_from(PARTNERS)), st.sampled_from(PARTNERS)), min_size=2, max_size=4)


@pytest.mark.timeout(300)
def test_an_adults_data_never_ride_on_another_members_consent(network: Network):
    """Families of any size, consents of any of them to any body: each dossier holds one person, who consented to it."""

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(MEMBERS)
    def hold(family: list[tuple[set[str], str]]) -> None:
        enquiry = network.navigator.enquire()
        ids = [enquiry["person_id"]] + [
            add(network, enquiry, {**somebody_new(), "family_name": "Ben Salah"})["person_id"] for _ in family[1:]
        ]
        for person_id, (consented, _) in zip(ids, family, strict=True):
            if consented:
                network.navigator.consent(enquiry, *(TERMS[one] for one in consented), person_id=person_id)
        for person_id, (consented, to) in zip(ids, family, strict=True):
            referral_id = refer(network, enquiry, person_id, SERVICES[to])
            if to not in consented:
                assert network.navigator.see(referral_id)["status"] == "awaiting_consent"
                continue
            opened = getattr(network, to).fetch(referral_id)["person"]
            record = network.navigator.get(f"{API}/{enquiry['id']}/persons/{person_id}")
            assert opened["given_name"] == record["person"]["given_name"]

    hold()
