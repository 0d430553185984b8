"""What leaves and what does not: every way a consent can end, and the race between a fetch and a withdrawal."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from contracts.referral import (
    DisclosureDecided,
    DossierFetched,
    DossierSealed,
    DutyOpened,
    ReferralCancelled,
    ReferralRequested,
    ReferralRevoked,
)
from services.referral import handlers
from services.referral.domain.duties import ON_STOP
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK_SERVICE, RECORD, an_organization

WITHDRAWALS = "/referral/api/v1/enquiries/{enquiry_id}/consents/{consent_id}/withdrawals"


def withdraw(network: Network, referral_id: str, organization_id: Any = None) -> Json:
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    consents = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry_id}")["consents"]
    current = next(one for one in consents if one["state"] == "given")
    body = {"organization_id": str(organization_id) if organization_id else None, "channel": "in_person"}
    return dict(network.navigator.post(WITHDRAWALS.format(enquiry_id=enquiry_id, consent_id=current["id"]), body))


def test_a_refusal_leaves_nothing_but_its_own_decision(network: Network):
    navigator = network.navigator
    enquiry = navigator.enquire()
    navigator.consent(enquiry, to_ihk())
    referral_id = navigator.draft(enquiry)["id"]
    navigator.act(referral_id, "prepare")
    network.scene.tick()

    seen = navigator.see(referral_id)
    assert seen["status"] == "awaiting_consent"
    assert seen["last_decision"]["refusal"] == "RECIPIENT_NOT_COVERED"
    assert network.scene.rows("SELECT * FROM dossiers") == []
    [decision] = network.scene.said(DisclosureDecided)
    assert (decision.allowed, decision.ground) == (False, None)
    assert network.scene.said(ReferralRequested, DossierSealed) == []
    assert network.hwk.try_fetch(referral_id).status_code == 404
    assert [task["kind"] for task in navigator.get("/referral/api/v1/tasks")["tasks"]] == ["consent_missing"]


def test_the_consent_that_was_missing_sets_the_referral_free(network: Network):
    navigator = network.navigator
    enquiry = navigator.enquire()
    referral_id = navigator.draft(enquiry)["id"]
    navigator.act(referral_id, "prepare")
    network.scene.tick()
    assert navigator.see(referral_id)["status"] == "awaiting_consent"

    network.scene.clock.instant += timedelta(seconds=1)
    navigator.consent(enquiry)
    network.scene.tick()

    assert navigator.see(referral_id)["status"] == "requested"
    assert navigator.get("/referral/api/v1/tasks")["tasks"] == []


def test_the_dossier_holds_exactly_what_was_consented_to(network: Network):
    narrow = recipient(categories=["IDENTITY", "LANGUAGE"])
    referral_id = network.requested(narrow)

    person = network.hwk.fetch(referral_id)["person"]

    assert person.pop("given_name") and person.pop("birth_date")
    assert person == {name: RECORD[name] for name in ("family_name", "languages")}


def test_a_withdrawal_before_the_fetch_destroys_the_dossier_and_opens_no_duty(network: Network):
    referral_id = network.requested()

    withdraw(network, referral_id)

    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert network.scene.rows("SELECT * FROM dossiers") == []
    assert network.scene.said(DutyOpened) == []
    answer = network.hwk.try_fetch(referral_id)
    assert (answer.status_code, answer.json["slug"]) == (409, "referral.closed")


def test_a_withdrawal_after_the_fetch_stops_the_work_and_asks_what_became_of_the_data(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.hwk.act(referral_id, "accept")

    withdraw(network, referral_id)

    seen = network.hwk.see(referral_id)
    assert (seen["status"], seen["reason"]) == ("cancelled", "CONSENT_WITHDRAWN")
    assert seen["allowed_actions"] == ["acknowledge_stop", "state_deletion"]
    assert seen["waiting_for"] == "partner"
    network.hwk.act(referral_id, "acknowledge_stop")
    stated = network.hwk.act(referral_id, "state_deletion", {"deletion": "retained", "ground": "STATUTORY_FILE_DUTY"})
    assert (stated["deletion"], stated["duties"], stated["waiting_for"]) == ("retained", [], None)


def test_a_partial_withdrawal_touches_only_what_it_covers(network: Network):
    navigator = network.navigator
    enquiry = navigator.enquire()
    navigator.consent(enquiry, recipient(), to_ihk())
    ids = []
    for service in (None, IHK_SERVICE):
        drafted = navigator.draft(enquiry, service) if service else navigator.draft(enquiry)
        navigator.act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
        ids.append(drafted["id"])
    network.scene.tick()
    to_the_hwk, to_the_ihk = ids

    following = withdraw(network, to_the_hwk, HWK)

    assert following["version"] == 2
    assert [one["organization_id"] for one in following["recipients"]] == [to_ihk()["organization_id"]]
    assert navigator.see(to_the_hwk)["status"] == "cancelled"
    assert navigator.see(to_the_ihk)["status"] == "requested"
    assert network.ihk.fetch(to_the_ihk)["ground"]["version"] == 2


def test_a_withdrawal_after_the_end_changes_no_status_and_still_asks_for_deletion(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.hwk.act(referral_id, "accept")
    network.hwk.act(referral_id, "end", {"reason": "PERSON_MOVED"})

    withdraw(network, referral_id)

    seen = network.hwk.see(referral_id)
    assert seen["status"] == "ended_early"
    assert {one["duty"] for one in seen["duties"]} == set(ON_STOP)
    assert network.scene.said(ReferralRevoked, ReferralCancelled) == []


def test_another_consent_that_covers_the_same_keeps_the_referral_going(network: Network):
    referral_id = network.requested()
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    network.navigator.consent({"id": enquiry_id}, recipient())

    withdraw(network, referral_id)

    assert network.navigator.see(referral_id)["status"] == "requested"
    assert network.hwk.fetch(referral_id)["person"]


def test_a_consent_that_ran_out_is_refused_at_the_fetch_and_the_refusal_is_kept(network: Network):
    referral_id = network.requested()
    network.scene.clock.instant += timedelta(days=200)  # the clock role did not run meanwhile

    answer = network.hwk.try_fetch(referral_id)

    assert (answer.status_code, answer.json["slug"]) == (409, "consent.expired")
    decisions = network.scene.said(DisclosureDecided)
    assert [(one.point, one.allowed) for one in decisions] == [("request", True), ("fetch", False)]
    assert network.scene.said(DossierFetched) == []
    assert network.navigator.see(referral_id)["status"] == "cancelled"


def test_a_second_fetch_is_decided_and_told_again(network: Network):
    referral_id = network.requested()
    first = network.hwk.fetch(referral_id)
    version = network.hwk.see(referral_id)["version"]

    assert network.hwk.fetch(referral_id) == first

    assert network.hwk.see(referral_id)["version"] == version
    fetched = network.scene.said(DossierFetched)
    assert [one.first for one in fetched] == [True, False]
    assert len({one.decision_id for one in fetched}) == 2


@pytest.mark.parametrize("round_", range(6))
def test_a_fetch_beside_a_withdrawal_ends_in_one_of_two_ways(network: Network, round_: int):
    """Disclosed and then stopped with duties, or stopped and never disclosed; nothing in between."""
    referral_id = network.requested()
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    consent_id = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry_id}")["consents"][0]["id"]
    start, answers = threading.Barrier(2), {}

    def fetch() -> None:
        caller = network.partner(HWK)
        start.wait()
        answers["fetch"] = caller.try_fetch(referral_id).status_code

    def stop() -> None:
        caller = network.staff()
        start.wait()
        path = WITHDRAWALS.format(enquiry_id=enquiry_id, consent_id=consent_id)
        answers["stop"] = caller.ask("POST", path, {"channel": "phone"}).status_code

    threads = [threading.Thread(target=one) for one in (fetch, stop)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers["stop"] == 201
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    fetched, duties = network.scene.said(DossierFetched), network.scene.said(DutyOpened)
    if answers["fetch"] == 200:
        assert (len(fetched), len(duties)) == (1, 2)
    else:
        assert (answers["fetch"], fetched, duties) == (409, [], [])
    allowed = [one for one in network.scene.said(DisclosureDecided) if one.point == "fetch" and one.allowed]
    assert len(allowed) == len(fetched)


def test_an_agreement_that_ends_in_the_undo_window_keeps_the_referral_here(network: Network):
    navigator = network.navigator
    enquiry = navigator.enquire()
    navigator.consent(enquiry)
    referral_id = navigator.draft(enquiry)["id"]
    navigator.act(referral_id, "prepare")
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(HWK, version=2, agreement=None))
    network.scene.tick()

    assert navigator.see(referral_id)["status"] == "awaiting_consent"
    assert network.scene.said(DisclosureDecided, DossierSealed, ReferralRequested) == []
    again = navigator.draft(enquiry)["id"]
    refused = navigator.try_act(again, "prepare")
    assert (refused.status_code, refused.json["slug"]) == (409, "referral.not-ready")
    assert refused.json["lacking"] == ["agreement"]


def test_two_answers_about_one_person_at_once_are_both_kept(network: Network):
    """Both change her record: whoever shared her lock with the other would wait for ever."""
    navigator = network.navigator
    enquiry = navigator.enquire()
    navigator.consent(enquiry, recipient(), to_ihk())
    ids = []
    for partner, service in ((network.hwk, HWK_SERVICE), (network.ihk, IHK_SERVICE)):
        referral_id = navigator.draft(enquiry, service)["id"]
        navigator.act(referral_id, "prepare", {"duplicates_acknowledged": True})
        network.scene.tick()
        partner.act(referral_id, "ask", {"question": "QUALIFICATION_DETAILS"})
        ids.append(referral_id)
    start, answers = threading.Barrier(2), []

    def answer(referral_id: str, data: Json) -> None:
        caller = network.staff()
        start.wait()
        answers.append(caller.try_act(referral_id, "answer", {"person": data}).status_code)

    changes = ({"qualification_year": 2016}, {"qualification_country": "TN"})
    threads = [threading.Thread(target=answer, args=pair) for pair in zip(ids, changes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200, 200]
    person = navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")["person"]
    assert (person["qualification_year"], person["qualification_country"]) == (2016, "TN")


def test_no_word_about_the_person_stands_anywhere_in_the_open(network: Network):
    referral_id = network.requested()
    network.hwk.act(referral_id, "ask", {"question": "OTHER", "sealed_comment": network.hwk.seal("Frage an Ben Salah")})
    network.hwk.fetch(referral_id)
    tables = network.scene.rows(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    words = [str(RECORD[name]) for name in ("family_name", "email", "birth_date", "occupation")] + ["Frage an"]
    for table in tables:
        content = str(network.scene.rows(f"SELECT t::text AS line FROM {table['name']} t"))
        hexed = [word.encode().hex() for word in words]
        assert not [word for word in (*words, *hexed) if word in content], table["name"]
