"""Whether somebody is in care already: asked at intake and before sending, answered with one word, told as a fact."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.identity import id_of
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK_SERVICE, Scene

OLEKSANDR = {"given_name": "Олександр", "family_name": "Шевченкове", "birth_date": "1985-11-30", "email": None}
AS_HWK_WRITES = {"given_name": "Aleksandr", "family_name": "Schewtschenkowe", "birth_date": "1985-11-30"}
TWIN = {"given_name": "Dmytro", "family_name": "Шевченкове", "birth_date": "1985-11-30"}


@pytest.fixture
def network(scene: Scene) -> Network:
    return Network(scene)


def somebody(network: Network, person: dict[str, Any], **claims: Any) -> tuple[Any, Any]:
    """An enquiry of this person at some desk, and the desk."""
    desk = network.staff(**claims) if claims else network.navigator
    body = {
        "enquirer": "person",
        "site": claims.get("site", "aachen"),
        "person": {"postal_code": "52062", **{name: value for name, value in person.items() if value}},
        "needs": [{"topic": "ANERKENNUNG", "urgency": "normal"}],
    }
    return desk.post("/referral/api/v1/enquiries", body), desk


def in_care(network: Network, person: dict[str, Any], **claims: Any) -> str:
    """A running referral of this person."""
    enquiry, desk = somebody(network, {**person, "phone": "+49 241 5550100"}, **claims)
    desk.consent(enquiry)
    drafted = desk.draft(enquiry, HWK_SERVICE)
    desk.act(drafted["id"], "prepare")
    network.scene.tick()
    assert desk.see(drafted["id"])["status"] == "requested"
    return str(drafted["id"])


def answers(network: Network, enquiry: Any) -> list[str]:
    sql = "SELECT answer FROM duplicate_questions WHERE enquiry_id = %s ORDER BY asked_at, id"
    return [row["answer"] for row in network.scene.rows(sql, enquiry["id"])]


def facts(network: Network) -> list[Any]:
    sql = "SELECT body FROM outbox WHERE routing_key = 'referral.duplicate_care_asked.v1' ORDER BY number"
    return [bytes(row["body"]).decode() for row in network.scene.rows(sql)]


def test_who_is_written_otherwise_is_found_at_intake_and_before_sending(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    assert answers(network, enquiry) == ["yes"]
    drafted = desk.draft(enquiry, HWK_SERVICE)
    refused = desk.try_act(drafted["id"], "prepare")
    assert (refused.status_code, refused.json["slug"]) == (409, "referral.duplicate-care")
    assert refused.json["duplicates"] == [running]
    desk.act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
    assert answers(network, enquiry) == ["yes", "yes", "yes"]


def test_a_refusal_does_not_swallow_the_fact_that_it_was_asked(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    before = len(facts(network))
    desk.try_act(desk.draft(enquiry, HWK_SERVICE)["id"], "prepare")
    assert len(facts(network)) == before + 1
    assert enquiry["id"] in facts(network)[-1]


def test_another_site_learns_that_there_is_somebody_and_not_who_or_where(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, sub="noah", site="moenchengladbach")
    refused = desk.try_act(desk.draft(enquiry, HWK_SERVICE)["id"], "prepare")
    assert refused.json["slug"] == "referral.duplicate-care"
    assert refused.json["duplicates"] == []
    assert running not in refused.text and "aachen" not in refused.text


def test_another_controller_is_not_asked(network: Network):
    in_care(network, OLEKSANDR)
    other = str(id_of("organization", "another-center"))
    enquiry, _ = somebody(network, AS_HWK_WRITES, sub="otto", employer=other)
    assert answers(network, enquiry) == ["no"]


def test_a_twin_is_somebody_else(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, _ = somebody(network, TWIN)
    assert answers(network, enquiry) == ["no"]


def test_too_little_known_is_said_and_is_no_no(network: Network):
    enquiry, _ = somebody(network, {"given_name": "Olena"})
    assert answers(network, enquiry) == ["unknown"]


def test_another_topic_is_another_matter(network: Network):
    in_care(network, OLEKSANDR)
    body = {
        "enquirer": "person",
        "site": "aachen",
        "person": AS_HWK_WRITES,
        "needs": [{"topic": "SPRACHE", "urgency": "normal"}],
    }
    enquiry = network.navigator.post("/referral/api/v1/enquiries", body)
    assert answers(network, enquiry) == ["no"]


def test_what_is_kept_and_told_names_nobody(network: Network):
    in_care(network, OLEKSANDR)
    somebody(network, AS_HWK_WRITES)
    kept = network.scene.rows("SELECT * FROM pseudonyms") + network.scene.rows("SELECT * FROM duplicate_questions")
    for word in ("leksandr", "chewtschenk", "Шевченк", "1985"):
        assert word not in str(kept) + "".join(facts(network))
    assert all(len(one) == 16 for row in kept if "kept" in row for one in row["kept"])


def test_who_is_erased_is_found_no_more(network: Network):
    enquiry, _ = somebody(network, OLEKSANDR)
    lead = network.staff(sub="lena", roles=["lead"])
    lead.post(f"/referral/api/v1/enquiries/{enquiry['id']}/erasures", {})
    assert network.scene.rows("SELECT FROM pseudonyms WHERE person_id = %s", enquiry["person_id"]) == []


def test_a_corrected_name_is_found_by_the_new_one(network: Network):
    enquiry, desk = somebody(network, TWIN)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/rectifications"
    before = network.scene.rows("SELECT kept FROM pseudonyms WHERE person_id = %s", enquiry["person_id"])
    desk.post(path, {"person": {"given_name": "Oleksandr"}}, **{"Idempotency-Key": str(uuid4())})
    after = network.scene.rows("SELECT kept FROM pseudonyms WHERE person_id = %s", enquiry["person_id"])
    assert len(after) == 1 and before != after


def test_a_new_quarter_has_a_new_key_and_the_last_one_still_counts(network: Network):
    in_care(network, OLEKSANDR)
    made = network.scene.rows("SELECT period, kept FROM pseudonyms")[0]
    network.scene.clock.instant = datetime(2027, 1, 2, 8, tzinfo=UTC)
    enquiry, _ = somebody(network, AS_HWK_WRITES)
    assert "yes" in answers(network, enquiry) or made["period"] != "2026-Q4"
    network.scene.tick()
    renewed = network.scene.rows("SELECT period, kept FROM pseudonyms ORDER BY period")
    assert {row["period"] for row in renewed} == {"2027-Q1"}
    assert made["kept"] not in [row["kept"] for row in renewed]


def test_what_is_older_than_the_last_quarter_is_deleted(network: Network):
    somebody(network, OLEKSANDR)
    network.scene.clock.instant = datetime(2027, 8, 1, 8, tzinfo=UTC)
    network.scene.tick()
    assert network.scene.rows("SELECT FROM pseudonyms") == []
