"""Two cases that may be the same care: each side keeps what was said there and sees no more, and asking is limited."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from contracts.identity import id_of
from services.referral import handlers
from services.referral.controllers import Controllers
from services.referral.domain.duplicate_care import AskingRule
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import CENTER, HWK_SERVICE, Scene, a_service, an_organization, some_controllers
from tests.integration.referral.test_duplicate_care import (
    AS_HWK_WRITES,
    OLEKSANDR,
    TWIN,
    answers,
    facts,
    in_care,
    somebody,
)
from tests.unit.referral.papers import a_pdf

OTHER = id_of("organization", "another-center")
OTHER_SERVICE = id_of("service", "another-center-advice")
ELSEWHERE = {"sub": "noah", "site": "moenchengladbach"}
AT_OTHER = {"sub": "otto", "employer": str(OTHER)}


@pytest.fixture
def network(scene: Scene) -> Network:
    return Network(scene)


def ruled(network: Network, rule: AskingRule) -> None:
    kept = network.app.extensions
    kept["referral"] = replace(kept["referral"], asking=rule)


def matters(desk: Any, enquiry: Any) -> list[dict[str, Any]]:
    return list(desk.get(f"/referral/api/v1/enquiries/{enquiry['id']}/duplicate-matters")["matters"])


def say(desk: Any, enquiry: Any, **words: Any) -> Any:
    (matter,) = matters(desk, enquiry)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/duplicate-matters/{matter['id']}/statements"
    return desk.ask("POST", path, words)


def ask_again(desk: Any, enquiry: Any) -> Any:
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/duplicate-questions"
    return desk.ask("POST", path, {"need_id": enquiry["needs"][0]["id"]})


def found_enquiry(network: Network, referral: str) -> dict[str, Any]:
    return {"id": network.navigator.see(referral)["enquiry_id"]}


def tasks(network: Network) -> list[Any]:
    sql = "SELECT referral_id, closed_at FROM tasks WHERE kind = 'duplicate_to_clarify'"
    return network.scene.rows(sql)


def test_each_side_keeps_its_own_words_and_sees_no_other(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    first = found_enquiry(network, running)
    assert say(desk, enquiry, person_says="cared_for_there", resolution="there").status_code == 201
    (ours,), (theirs,) = matters(desk, enquiry), matters(network.navigator, first)
    assert (ours["side"], ours["person_says"], ours["resolution"]) == ("asking", "cared_for_there", "there")
    assert (theirs["side"], theirs["person_says"], theirs["resolution"]) == ("found", None, None)
    assert ours["referral_id"] is None and theirs["referral_id"] == running
    assert first["id"] not in str(ours) and enquiry["id"] not in str(theirs)
    assert theirs["state"] == "open"
    say(network.navigator, first, resolution="here")
    assert {matters(desk, enquiry)[0]["state"], matters(network.navigator, first)[0]["state"]} == {"settled"}


def test_the_desk_that_was_found_has_a_task_until_it_has_spoken(network: Network):
    running = in_care(network, OLEKSANDR)
    somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    assert [(str(one["referral_id"]), one["closed_at"]) for one in tasks(network)] == [(running, None)]
    say(network.navigator, found_enquiry(network, running), person_says="does_not_say")
    assert tasks(network)[0]["closed_at"] is None, "what the person says is not yet what becomes of it"
    say(network.navigator, found_enquiry(network, running), resolution="here")
    assert tasks(network)[0]["closed_at"] is not None


def test_two_desks_that_both_keep_her_are_at_odds_until_one_says_otherwise(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    say(desk, enquiry, resolution="here")
    say(network.navigator, found_enquiry(network, running), resolution="here")
    assert matters(desk, enquiry)[0]["state"] == "at_odds"
    say(desk, enquiry, person_says="cared_for_there", resolution="there")
    assert matters(desk, enquiry)[0]["state"] == "settled"
    said = network.scene.rows("SELECT side, resolution, said_by, said_at FROM duplicate_statements ORDER BY said_at")
    assert [(one["side"], one["resolution"]) for one in said] == [
        ("asking", "here"),
        ("found", "here"),
        ("asking", "there"),
    ], "what was said before stays"
    assert len({one["said_by"] for one in said}) == 2


def test_a_foreign_desk_has_no_side(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    (matter,) = matters(desk, enquiry)
    stranger, _ = somebody(network, TWIN)
    for place in (enquiry["id"], stranger["id"]):
        path = f"/referral/api/v1/enquiries/{place}/duplicate-matters/{matter['id']}/statements"
        assert network.navigator.ask("POST", path, {"resolution": "here"}).status_code == 404
    assert matters(network.navigator, found_enquiry(network, running))[0]["state"] == "open"


def test_a_statement_without_words_or_against_itself_leaves_nothing(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    for words in ({}, {"person_says": "not_me", "resolution": "here"}):
        refused = say(desk, enquiry, **words)
        assert refused.status_code == 422 and "resolution" in refused.json["fields"]
    assert network.scene.rows("SELECT FROM duplicate_statements") == []


def test_who_is_somebody_else_is_not_asked_about_again_before_sending(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, {**AS_HWK_WRITES, "phone": "+49 241 5550199"}, **ELSEWHERE)
    say(desk, enquiry, person_says="not_me", resolution="other_person")
    drafted = desk.draft(enquiry, HWK_SERVICE)
    desk.act(drafted["id"], "prepare")
    assert answers(network, enquiry) == ["yes", "yes"], "the machine still thinks so, the desk has answered"


def test_sending_all_the_same_is_a_word_of_this_side(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, {**AS_HWK_WRITES, "phone": "+49 241 5550199"}, **ELSEWHERE)
    drafted = desk.draft(enquiry, HWK_SERVICE)
    assert desk.try_act(drafted["id"], "prepare").json["slug"] == "referral.duplicate-care"
    desk.act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
    assert matters(desk, enquiry)[0]["resolution"] == "other_care"


def test_of_two_cases_there_is_one_matter_whoever_asks(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, {**AS_HWK_WRITES, "phone": "+49 241 5550199"}, **ELSEWHERE)
    say(desk, enquiry, resolution="other_care")
    drafted = desk.draft(enquiry, HWK_SERVICE)
    desk.consent(enquiry)
    desk.act(drafted["id"], "prepare")
    network.scene.tick()
    whole = network.navigator.get(f"/referral/api/v1/enquiries/{found_enquiry(network, running)['id']}")
    assert ask_again(network.navigator, whole).status_code == 201
    assert len(network.scene.rows("SELECT FROM duplicate_matters")) == 1


def test_looking_at_a_case_asks_nothing(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    drafted = desk.draft(enquiry, HWK_SERVICE)
    before = len(answers(network, enquiry))
    for place in (f"/referral/referrals/{drafted['id']}", f"/referral/enquiries/{enquiry['id']}"):
        page = desk.ask("GET", place)
        assert page.status_code == 200 and "duplicates" in page.text
    assert len(answers(network, enquiry)) == before


def test_household_members_are_checked_each_for_herself(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, TWIN)
    member = {"relation": "partner", "person": AS_HWK_WRITES, "needs": [{"topic": "ANERKENNUNG"}]}
    added = desk.post(f"/referral/api/v1/enquiries/{enquiry['id']}/persons", member)
    rows = network.scene.rows("SELECT person_id, answer FROM duplicate_questions WHERE enquiry_id = %s", enquiry["id"])
    assert {(str(one["person_id"]), one["answer"]) for one in rows} == {
        (enquiry["person_id"], "no"),
        (added["person_id"], "yes"),
    }


def test_a_later_need_is_asked_about_too(network: Network):
    in_care(network, OLEKSANDR)
    body = {"enquirer": "person", "site": "aachen", "person": AS_HWK_WRITES, "needs": [{"topic": "SPRACHE"}]}
    enquiry = network.navigator.post("/referral/api/v1/enquiries", body)
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/needs", {"topic": "ANERKENNUNG"})
    assert answers(network, enquiry) == ["no", "yes"]


def test_beyond_so_many_a_day_nobody_is_looked_up(network: Network):
    in_care(network, OLEKSANDR)
    ruled(network, AskingRule(per_day=4))
    enquiry, desk = somebody(network, AS_HWK_WRITES)  # the third question of the day
    assert ask_again(desk, enquiry).status_code == 201
    refused = ask_again(desk, enquiry)
    assert (refused.status_code, refused.json["slug"], refused.json["limit"]) == (
        409,
        "duplicate-care.limit-reached",
        4,
    )
    assert answers(network, enquiry) == ["yes", "yes", "refused"]
    assert '"limit_reached"' in facts(network)[-1]
    colleague = network.staff(sub="nora")
    assert ask_again(colleague, enquiry).status_code == 201, "each has a limit of her own"
    network.scene.clock.instant += timedelta(days=1)
    assert ask_again(desk, enquiry).status_code == 201


def test_over_the_limit_an_enquiry_is_taken_down_unasked_and_nothing_is_sent(network: Network):
    in_care(network, OLEKSANDR)
    ruled(network, AskingRule(per_day=1))
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    assert answers(network, enquiry) == ["refused"]
    assert matters(desk, enquiry) == []
    drafted = desk.draft(enquiry, HWK_SERVICE)
    refused = desk.try_act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
    assert refused.json["slug"] == "duplicate-care.limit-reached"
    assert desk.see(drafted["id"])["status"] == "draft"
    own = {"Authorization": f"Bearer {desk.token}", "Accept-Language": "en"}
    page = desk.client.get(f"/referral/enquiries/{enquiry['id']}", headers=own)
    assert "the day’s limit of questions is reached" in page.text


def test_what_was_counted_does_not_depend_on_a_lost_answer(network: Network):
    ruled(network, AskingRule(per_day=2))
    enquiry, desk = somebody(network, TWIN)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/duplicate-questions"
    body = {"need_id": enquiry["needs"][0]["id"]}
    for _ in range(3):
        assert desk.ask("POST", path, body, **{"Idempotency-Key": "once"}).status_code == 201
    assert answers(network, enquiry) == ["no", "no"]


def test_by_hand_on_the_enquiry_page(network: Network):
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    own = {"Authorization": f"Bearer {desk.token}"}
    (matter,) = matters(desk, enquiry)
    place = f"/referral/enquiries/{enquiry['id']}"
    said = {"person_says": "does_not_say", "resolution": "", "request_key": "a" * 32}
    sent = desk.client.post(f"{place}/duplicate-matters/{matter['id']}/statements", data=said, headers=own)
    assert sent.status_code == 303 and sent.location.endswith("done=care-stated#duplicates")
    asked = {"need_id": enquiry["needs"][0]["id"], "request_key": "b" * 32}
    assert desk.client.post(f"{place}/duplicate-questions", data=asked, headers=own).status_code == 303
    assert matters(desk, enquiry)[0]["person_says"] == "does_not_say"


# --- other controllers ------------------------------------------------------------------------------------------------


@pytest.fixture
def two(network: Network) -> Network:
    """A second controller with a service of its own, in the directory; somebody is in its care."""
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(OTHER))
        handlers.keep_service(work, a_service(OTHER_SERVICE, OTHER))
    (center,) = some_controllers().all
    kept = network.app.extensions
    both = Controllers((center, replace(center, organization_id=OTHER)))
    kept["referral"] = replace(kept["referral"], controllers=both)
    in_care(network, OLEKSANDR, **AT_OTHER)
    return network


def switched_on(network: Network) -> None:
    ruled(network, AskingRule(per_day=1_000_000, others=(CENTER, OTHER)))


def consented(desk: Any, enquiry: Any, **changes: Any) -> None:
    named = {"purposes": ["DOPPELPRUEFUNG"], "back_level": "none", **changes}
    desk.consent(enquiry, recipient(OTHER, OTHER_SERVICE, **named))


def asked(network: Network, enquiry: Any) -> list[tuple[str, str, str | None, str | None]]:
    rows = network.scene.rows(
        "SELECT asked_id, answer, refusal, consent_refusal FROM duplicate_questions WHERE enquiry_id = %s"
        " ORDER BY asked_at, id",
        enquiry["id"],
    )
    names = {CENTER: "own", OTHER: "other"}
    return [(names[one["asked_id"]], one["answer"], one["refusal"], one["consent_refusal"]) for one in rows]


def test_switched_off_nobody_looks_outside_whatever_she_consented_to(two: Network):
    enquiry, desk = somebody(two, AS_HWK_WRITES)
    consented(desk, enquiry)
    ask_again(desk, enquiry)
    assert asked(two, enquiry) == [("own", "no", None, None), ("own", "no", None, None)]
    assert matters(desk, enquiry) == []


def test_switched_on_another_controller_is_asked_only_on_her_consent(two: Network):
    switched_on(two)
    enquiry, desk = somebody(two, AS_HWK_WRITES)
    assert asked(two, enquiry)[-1] == ("other", "refused", "not_consented", "NO_CONSENT")
    consented(desk, enquiry, purposes=["VERWEIS"])
    ask_again(desk, enquiry)
    assert asked(two, enquiry)[-1] == ("other", "refused", "not_consented", "PURPOSE_NOT_COVERED")
    assert matters(desk, enquiry) == []
    consented(desk, enquiry)
    ask_again(desk, enquiry)
    assert asked(two, enquiry)[-2:] == [("own", "no", None, None), ("other", "yes", None, None)]
    (matter,) = matters(desk, enquiry)
    assert (matter["side"], matter["referral_id"]) == ("asking", None)
    last = facts(two)[-1]
    assert '"ground":"CONSENT"' in last.replace(" ", "") or '"ground":"consent"' in last.replace(" ", "")
    assert '"IDENTITY"' in last


def test_after_a_withdrawal_the_other_controller_is_asked_no_more(two: Network):
    switched_on(two)
    enquiry, desk = somebody(two, AS_HWK_WRITES)
    consented(desk, enquiry)
    given = two.scene.rows("SELECT id FROM consents WHERE enquiry_id = %s", enquiry["id"])[0]["id"]
    desk.post(f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{given}/withdrawals", {"channel": "phone"})
    ask_again(desk, enquiry)
    assert asked(two, enquiry)[-1] == ("other", "refused", "not_consented", "WITHDRAWN")


def test_a_social_data_body_does_not_answer_even_so(two: Network):
    switched_on(two)
    with two.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(OTHER, version=2, social_data_body=True))
    enquiry, desk = somebody(two, AS_HWK_WRITES)
    consented(desk, enquiry)
    ask_again(desk, enquiry)
    assert asked(two, enquiry)[-1] == ("other", "refused", "social_data_body", None)


def test_the_form_of_a_consent_offers_the_question_only_where_it_may_be_asked(two: Network):
    enquiry, desk = somebody(two, AS_HWK_WRITES)
    place, own = f"/referral/enquiries/{enquiry['id']}", {"Authorization": f"Bearer {desk.token}"}
    box = f"DOPPELPRUEFUNG/{OTHER_SERVICE}"
    assert box not in desk.client.get(place, headers=own).text
    switched_on(two)
    assert box in desk.client.get(place, headers=own).text
    form = {
        "channel": "signed_paper",
        "given_by": "self",
        "language": "de",
        "recipients": box,
        f"categories/{box}": ["IDENTITY", "CONTACT"],
        "scan": (BytesIO(a_pdf()), "consent.pdf", "application/pdf"),
        "request_key": "f" * 32,
    }
    given = desk.client.post(f"{place}/consents", data=form, headers=own, content_type="multipart/form-data")
    assert given.status_code == 303, given.text
    ask_again(desk, enquiry)
    assert asked(two, enquiry)[-1] == ("other", "yes", None, None)
