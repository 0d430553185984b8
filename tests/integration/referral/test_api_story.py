"""The main job through the REST interface: from the enquiry to the outcome, on a real database."""

from datetime import timedelta
from uuid import UUID

from services.referral import handlers
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK_SERVICE, IHK_SERVICE, NOW, TO_PARTNER, a_service, some_terms

TODAY = NOW.date().isoformat()


def with_words(entry: Json) -> Json:
    return {**entry, "categories": [*entry["categories"], "FREE_TEXT"]}


def referred(network: Network, enquiry: Json, service_id: UUID = HWK_SERVICE) -> str:
    referral_id = str(network.navigator.draft(enquiry, service_id)["id"])
    network.navigator.act(referral_id, "prepare", {"duplicates_acknowledged": True})
    network.scene.tick()
    return referral_id


def test_one_consented_referral_goes_from_enquiry_to_outcome(network: Network):
    navigator, hwk = network.navigator, network.hwk
    enquiry = navigator.enquire()
    navigator.consent(enquiry)
    referral_id = navigator.draft(enquiry)["id"]
    assert navigator.act(referral_id, "prepare")["status"] == "awaiting_consent"
    network.scene.tick()
    assert navigator.see(referral_id)["status"] == "requested"

    assert hwk.act(referral_id, "receive")["status"] == "received"
    dossier = hwk.fetch(referral_id)
    assert dossier["person"]["family_name"] == "Ben Salah"
    assert dossier["referral"]["id"] == referral_id
    accepted = hwk.act(referral_id, "accept", {"contact_by": (NOW.date() + timedelta(days=4)).isoformat()})
    assert accepted["allowed_actions"] == ["ask", "start", "set_appointment", "end"]
    hwk.act(referral_id, "start", {"first_contact_on": TODAY})
    done = hwk.act(referral_id, "complete", {"outcome": "PROCEDURE_STARTED", "obstacles": ["COST"]})
    assert done["status"] == "completed"

    seen = navigator.see(referral_id)
    assert (seen["outcome"], seen["obstacles"]) == ("PROCEDURE_STARTED", ["COST"])
    words = [row["type"].split(".")[1] for row in seen["timeline"]]
    assert words == [
        "drafted",
        "prepared",
        "disclosure_decided",
        "requested",
        "dossier_sealed",
        "received",
        "disclosure_decided",
        "dossier_fetched",
        "accepted",
        "started",
        "completed",
        "dossier_destroyed",
    ]


def test_a_rejection_names_the_better_body_and_the_navigator_refers_again(network: Network):
    navigator, hwk, ihk = network.navigator, network.hwk, network.ihk
    enquiry = navigator.enquire()
    navigator.consent(enquiry, recipient(), to_ihk())
    first = navigator.draft(enquiry)["id"]
    navigator.act(first, "prepare")
    network.scene.tick()

    hwk.act(first, "reject", {"reason": "NOT_COMPETENT", "better_service_id": str(IHK_SERVICE)})
    seen = navigator.see(first)
    assert (seen["status"], seen["reason"], seen["better_service_id"]) == (
        "rejected",
        "NOT_COMPETENT",
        str(IHK_SERVICE),
    )
    assert [task["kind"] for task in navigator.get("/referral/api/v1/tasks")["tasks"]] == ["referral_rejected"]

    second = navigator.draft(enquiry, IHK_SERVICE, based_on=first)["id"]
    navigator.act(second, "prepare")
    network.scene.tick()
    ihk.act(second, "receive")
    assert ihk.fetch(second)["ground"]["kind"] == "consent"
    asked = ihk.act(
        second, "ask", {"question": "QUALIFICATION_DETAILS", "sealed_comment": ihk.seal("In welchem Jahr?")}
    )
    assert asked["status"] == "clarification"
    answered = navigator.act(second, "answer", {"person": {"qualification_year": 2016}})
    assert answered["status"] == "received"
    assert ihk.fetch(second)["person"]["qualification_year"] == 2016
    assert ihk.act(second, "accept")["contact_by"]


def test_words_need_a_consent_that_names_free_text(network: Network):
    referral_id = network.requested()
    network.hwk.act(referral_id, "ask", {"question": "OTHER"})

    refused = network.navigator.try_act(referral_id, "answer", {"answer": "Sie arbeitet nachts."})

    assert (refused.status_code, refused.json["slug"]) == (409, "consent.category-not-covered")
    seen = network.navigator.see(referral_id)
    assert seen["status"] == "clarification"
    assert seen["last_decision"]["allowed"] is False
    assert network.scene.rows("SELECT sealed_answer FROM questions") == [{"sealed_answer": None}]


def test_an_answer_is_disclosed_by_the_fetch_that_takes_it_along(network: Network):
    """Written is not passed on: withdrawn in between, it never left, and nobody tells her that it did."""
    network.navigator.consent(enquiry := network.navigator.enquire(), with_words(recipient()))
    referral_id = referred(network, enquiry)
    network.hwk.fetch(referral_id)
    network.hwk.act(referral_id, "ask", {"question": "OTHER"})

    network.navigator.act(referral_id, "answer", {"answer": "Sie arbeitet nachts.", "person": {"city": "Stolberg"}})

    def left() -> list[tuple[str, bool]]:
        rows = network.scene.rows("SELECT point, categories FROM decisions WHERE disclosed ORDER BY decided_at")
        return [(row["point"], "FREE_TEXT" in row["categories"]) for row in rows]

    assert left() == [("fetch", False)]
    assert network.hwk.fetch(referral_id)["person"]["note"] == "Sie arbeitet nachts."
    assert left() == [("fetch", False), ("fetch", True)]


def test_words_for_one_body_do_not_ride_along_to_another(network: Network):
    enquiry = network.navigator.enquire(note="Bitte nachmittags anrufen.")
    network.navigator.consent(enquiry, with_words(recipient()), with_words(to_ihk()))
    asked = referred(network, enquiry)
    network.hwk.act(asked, "ask", {"question": "OTHER"})
    network.navigator.act(asked, "answer", {"answer": "Sie arbeitet nachts."})
    other = referred(network, enquiry, IHK_SERVICE)

    assert network.hwk.fetch(asked)["person"]["note"] == "Bitte nachmittags anrufen.\nSie arbeitet nachts."
    assert network.ihk.fetch(other)["person"]["note"] == "Bitte nachmittags anrufen."


def test_an_answer_rides_on_the_ground_of_its_dossier_alone(network: Network):
    """Identity on one consent and words on another: the dossier would leave the words out, so they are refused."""
    network.navigator.consent(enquiry := network.navigator.enquire())
    referral_id = referred(network, enquiry)
    network.navigator.consent(enquiry, recipient(categories=["FREE_TEXT"]))
    network.hwk.act(referral_id, "ask", {"question": "OTHER"})

    refused = network.navigator.try_act(referral_id, "answer", {"answer": "Sie arbeitet nachts."})

    assert (refused.status_code, refused.json["slug"]) == (409, "consent.category-not-covered")


def test_what_a_body_does_not_take_is_no_answer_to_it(network: Network):
    network.navigator.consent(enquiry := network.navigator.enquire(), with_words(recipient()))
    referral_id = referred(network, enquiry)
    network.hwk.act(referral_id, "ask", {"question": "OTHER"})
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, terms=some_terms(categories_accepted=TO_PARTNER)))

    refused = network.navigator.try_act(referral_id, "answer", {"answer": "Sie arbeitet nachts."})

    assert (refused.status_code, refused.json["slug"]) == (409, "answer.not-accepted")
    assert network.navigator.see(referral_id)["status"] == "clarification"


def test_a_partner_told_by_telephone_is_recorded_by_hand_and_may_say_that_is_not_so(network: Network):
    referral_id = network.requested()
    path = f"/referral/api/v1/referrals/{referral_id}/records"

    network.navigator.post(path, {"action": "accept", "way": "phone", "told_on": TODAY})

    seen = network.hwk.see(referral_id)
    assert (seen["status"], seen["by_hand"]["way"]) == ("accepted", "phone")
    assert "dispute" in seen["allowed_actions"]
    rows = [row for row in network.navigator.see(referral_id)["timeline"] if row["by_hand"]]
    assert [row["type"] for row in rows] == ["referral.received.v1", "referral.accepted.v1"]
    assert network.scene.rows("SELECT disputed_at FROM hand_records") == [{"disputed_at": None}]
    network.hwk.act(referral_id, "dispute")
    assert network.scene.rows("SELECT disputed_at FROM hand_records") == [{"disputed_at": network.scene.clock.now()}]
    kinds = [task["kind"] for task in network.navigator.get("/referral/api/v1/tasks")["tasks"]]
    assert kinds == ["recorded_by_hand_disputed"]
