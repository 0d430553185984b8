"""The borders of the interface: who sees what, once per key, on the version seen, and nothing that is not asked for."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from contracts.codes import Action
from contracts.partner.actions import BODIES
from contracts.referral import CommandRefused, ReferralAccepted, ReferralRejected, TaskOpened
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import HWK_SERVICE, IHK, IHK_SERVICE, NOW, an_appointment

TODAY = NOW.date().isoformat()
MISSING = "-"


# --- who sees what --------------------------------------------------------------------------------------------------


def test_a_foreign_partner_meets_404_wherever_it_knocks(network: Network):
    referral_id = network.requested()
    version = {"If-Match": '"1"'}

    answers = [
        network.ihk.ask("GET", f"/partner/v1/referrals/{referral_id}"),
        network.ihk.try_fetch(referral_id),
        *(
            network.ihk.ask("POST", f"/partner/v1/referrals/{referral_id}/actions/{action}", example(action), **version)
            for action in BODIES
        ),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json["slug"] for answer in answers} == {"referral.unknown"}
    assert network.navigator.see(referral_id)["status"] == "requested"


def test_the_addressed_partner_does_not_see_what_has_not_left(network: Network):
    enquiry = network.navigator.enquire()
    drafted = network.navigator.draft(enquiry)["id"]
    network.navigator.act(drafted, "cancel", {"reason": "MISTAKE"})

    assert network.hwk.ask("GET", f"/partner/v1/referrals/{drafted}").status_code == 404


@pytest.mark.parametrize("other", [{"site": "neuss"}, {"employer": str(IHK)}])
def test_another_site_or_organization_meets_404(network: Network, other: dict[str, str]):
    referral_id = network.requested()
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    stranger = network.staff(sub="otto", **other)

    for path in (f"/referral/api/v1/referrals/{referral_id}", f"/referral/api/v1/enquiries/{enquiry_id}"):
        assert stranger.ask("GET", path).status_code == 404
    assert stranger.ask("GET", f"/referral/api/v1/enquiries/{enquiry_id}/person").status_code == 404
    assert stranger.get("/referral/api/v1/referrals")["referrals"] == []


def test_one_person_in_two_roles_acts_in_one_of_them_and_only_at_her_site_and_employer(network: Network):
    """Roles add up for nobody, and a second role opens no other site's and no other employer's cases."""
    referral_id = network.requested()
    path, leads_only = f"/referral/api/v1/referrals/{referral_id}", "/referral/api/v1/absences"
    for scope, seen in (({}, 200), ({"site": "neuss"}, 404), ({"employer": str(IHK)}, 404)):
        both = network.staff(sub="beate", roles=["navigator", "lead"], **scope)
        for role in ("navigator", "lead"):
            assert both.ask("GET", path, **{"Lotsennetz-Role": role}).status_code == seen, (scope, role)
    both = network.staff(sub="beate", roles=["navigator", "lead"])
    assert both.ask("GET", path).json["slug"] == "auth.choose-role"
    answers = [both.ask("GET", leads_only, **{"Lotsennetz-Role": role}) for role in ("lead", "navigator", "dpo")]
    assert [answer.status_code for answer in answers] == [200, 403, 403]


@pytest.mark.parametrize("role", ["dpo", "coordinator", "operations", "directory_editor", "partner_clerk"])
def test_other_roles_have_no_business_here(network: Network, role: str):
    caller = network.staff(sub="rolf", roles=[role])

    for path in ("/referral/api/v1/referrals", "/referral/api/v1/tasks"):
        assert caller.ask("GET", path).status_code == 403


def test_nobody_unknown_gets_as_far_as_a_validation_message(network: Network):
    client = network.app.test_client()

    for method, path in (("POST", "/referral/api/v1/enquiries"), ("GET", f"/partner/v1/referrals/{uuid4()}/dossier")):
        answer = client.open(path, method=method, data="{garbage", content_type="application/json")
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"


def test_a_partner_and_a_navigator_cannot_swap_doors(network: Network):
    referral_id = network.requested()

    assert network.hwk.ask("GET", f"/referral/api/v1/referrals/{referral_id}").status_code == 403
    assert network.navigator.ask("GET", f"/partner/v1/referrals/{referral_id}").status_code == 403


def test_who_looks_at_the_person_is_known_before_anything_is_shown(network: Network):
    enquiry = network.navigator.enquire()

    seen = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")

    assert seen["person"]["family_name"] == "Ben Salah"
    [view] = network.scene.rows("SELECT purpose, categories FROM views")
    assert view["purpose"] == "case_work"
    assert "IDENTITY" in view["categories"]


def test_a_search_finds_exactly_this_person_and_is_a_view(network: Network):
    enquiry = network.navigator.enquire(given_name="Amira")
    query = {"given_name": "AMIRA", "family_name": "ben-salah", "birth_date": "1992-04-17"}

    assert network.navigator.post("/referral/api/v1/persons/searches", query)["enquiries"] == [enquiry["id"]]
    assert (
        network.navigator.post("/referral/api/v1/persons/searches", {**query, "birth_date": "1992-04-18"})["enquiries"]
        == []
    )
    assert [row["purpose"] for row in network.scene.rows("SELECT purpose FROM views")] == ["search"]


# --- the version seen -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "status", "slug"),
    [
        (MISSING, 428, "request.if-match-missing"),
        ('"0"', 412, "referral.changed-meanwhile"),
        ('"999999"', 412, "referral.changed-meanwhile"),
        ("x", 422, "request.if-match-malformed"),
        ("-1", 422, "request.if-match-malformed"),
        ("*", 422, "request.if-match-malformed"),
    ],
)
def test_an_action_names_the_version_that_was_seen(network: Network, header: str, status: int, slug: str):
    referral_id = network.requested()

    for caller in (network.hwk, network.navigator):
        action, body = ("receive", {}) if caller is network.hwk else ("cancel", {"reason": "MISTAKE"})
        answer = caller.try_act(referral_id, action, body, **{"If-Match": header})
        assert (answer.status_code, answer.json["slug"]) == (status, slug)
    assert network.navigator.see(referral_id)["status"] == "requested"


def test_a_stale_answer_says_which_version_stands(network: Network):
    referral_id = network.requested()
    seen = network.hwk.see(referral_id)["version"]
    network.hwk.act(referral_id, "receive")

    answer = network.hwk.try_act(referral_id, "accept", **{"If-Match": f'"{seen}"'})

    assert (answer.status_code, answer.json["version"]) == (412, seen + 1)


# --- once per key ---------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_done(network: Network):
    referral_id = network.requested()

    answer = network.hwk.try_act(referral_id, "receive", **{"Idempotency-Key": MISSING})

    assert (answer.status_code, answer.json["fields"]) == (422, {"Idempotency-Key": "a-key-of-1-to-128-characters"})
    assert network.hwk.see(referral_id)["status"] == "requested"


def test_a_repetition_gets_the_same_answer_whatever_version_it_names(network: Network):
    referral_id = network.requested()
    key = str(uuid4())

    first = network.hwk.try_act(referral_id, "accept", **{"Idempotency-Key": key})
    again = network.hwk.try_act(referral_id, "accept", **{"Idempotency-Key": key})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert len(network.scene.said(ReferralAccepted)) == 1


def test_the_same_key_for_something_else_is_refused(network: Network):
    referral_id = network.requested()
    key = str(uuid4())
    network.hwk.try_act(referral_id, "accept", **{"Idempotency-Key": key})

    answer = network.hwk.try_act(referral_id, "accept", {"contact_by": TODAY}, **{"Idempotency-Key": key})

    assert (answer.status_code, answer.json["slug"]) == (422, "idempotency.key-reused")


def test_two_callers_may_use_the_same_key(network: Network):
    key = str(uuid4())
    one, other = network.requested(), network.requested(recipient(IHK, IHK_SERVICE), service_id=IHK_SERVICE)

    assert network.hwk.try_act(one, "receive", **{"Idempotency-Key": key}).status_code == 200
    assert network.ihk.try_act(other, "receive", **{"Idempotency-Key": key}).status_code == 200


def test_fifty_at_once_under_one_key_have_one_effect(network: Network):
    referral_id = network.requested()
    version = network.hwk.see(referral_id)["version"]
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'}

    def accept(_: int) -> tuple[int, Any]:
        answer = network.partner(network.hwk.organization_id).try_act(referral_id, "accept", **headers)
        return answer.status_code, answer.json

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(accept, range(50)))

    assert {status for status, _ in answers} == {200}, answers
    assert len({json.dumps(body, sort_keys=True) for _, body in answers}) == 1
    assert len(network.scene.said(ReferralAccepted)) == 1


def test_of_many_that_saw_the_same_version_one_wins(network: Network):
    referral_id = network.requested()
    version = network.hwk.see(referral_id)["version"]

    def answer(number: int) -> int:
        action, body = ("accept", {}) if number % 2 else ("reject", {"reason": "NO_CAPACITY"})
        caller = network.partner(network.hwk.organization_id)
        return caller.try_act(referral_id, action, body, **{"If-Match": f'"{version}"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(answer, range(16)))

    assert answers == [200] + [412] * 15
    ended = [type(fact) for fact in network.scene.said(ReferralAccepted, ReferralRejected)]
    assert len(ended) == 1


def test_an_enquiry_recorded_twice_under_one_key_is_one_enquiry(network: Network):
    body = {
        "enquirer": "person",
        "site": "aachen",
        "person": {"given_name": "A"},
        "needs": [{"topic": "SPRACHE", "urgency": "low"}],
    }
    headers = {"Idempotency-Key": str(uuid4())}

    ids = {network.navigator.post("/referral/api/v1/enquiries", body, **headers)["id"] for _ in range(3)}

    assert len(ids) == 1
    assert len(network.scene.rows("SELECT id FROM persons")) == 1


# --- garbage --------------------------------------------------------------------------------------------------------

GARBAGE = [b"", b"{", b"[]", b"null", b'"words"', b"\xff\xfe", b'{"a":' * 2000, b'{"enquirer": NaN}']
ENQUIRY = {"enquirer": "person", "site": "aachen", "person": {}, "needs": [{"topic": "SPRACHE", "urgency": "low"}]}


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("path", ["/referral/api/v1/enquiries", "/referral/api/v1/referrals", "actions"])
def test_garbage_is_a_problem_of_the_callers_and_says_so(network: Network, path: str, body: bytes):
    if path == "actions":
        path, token = f"/partner/v1/referrals/{uuid4()}/actions/reject", network.hwk.token
    else:
        token = network.navigator.token
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "If-Match": '"1"'}

    answer = network.app.test_client().post(path, data=body, content_type="application/json", headers=headers)

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"enquirer": "company"}, "enquirer"),
        ({"site": "koeln"}, "site"),
        ({"needs": []}, "needs"),
        ({"needs": [{"topic": "ALLES", "urgency": "low"}]}, "needs"),
        ({"person": {"family_name": "x" * 101}}, "person"),
        ({"person": {"iban": "DE00"}}, "person"),
        ({"person": None}, "person"),
        ({"unknown": 1}, "?"),
    ],
)
def test_a_wrong_field_is_named(network: Network, change: dict[str, Any], field: str):
    answer = network.navigator.ask("POST", "/referral/api/v1/enquiries", {**ENQUIRY, **change})

    assert answer.status_code == 422
    assert field in answer.json["fields"]["json"]
    assert network.scene.rows("SELECT id FROM persons") == []


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("reject", {}, "reason"),
        ("reject", {"reason": "BECAUSE"}, "reason"),
        ("reject", {"reason": "OTHER"}, "sealed_comment"),
        ("reject", {"reason": "OTHER", "comment": "in the clear"}, "?"),
        ("reject", {"reason": "OTHER", "sealed_comment": "in the clear"}, "sealed_comment"),
        ("accept", {"contact_by": "tomorrow"}, "contact_by"),
        ("accept", {"contact_by": "2020-01-01"}, "contact_by"),
        ("waitlist", {"estimated_on": "2020-01-01"}, "estimated_on"),
        ("ask", {"question": 7}, "question"),
    ],
)
def test_a_wrong_answer_names_its_field_and_changes_nothing(network: Network, action: str, body: Any, field: str):
    referral_id = network.requested()

    answer = network.hwk.try_act(referral_id, action, body)

    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert network.hwk.see(referral_id)["status"] == "requested"
    assert network.scene.rows("SELECT id FROM comments") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": "2029-01-01"}, "valid_until"),
        ({"document_id": None}, "document_id"),
        ({"language": "xx"}, "language"),
        ({"given_by": "guardian"}, "given_by"),
        ({"channel": "verbal_witnessed"}, "witnessed_by"),
        ({"recipients": []}, "recipients"),
        ({"recipients": [recipient(IHK, HWK_SERVICE)]}, "recipients"),
        ({"recipients": [recipient(categories=["HEALTH"])]}, "categories"),
        ({"recipients": [recipient(purposes=[])]}, "purposes"),
    ],
)
def test_a_consent_that_does_not_hold_together_is_not_kept(network: Network, change: dict[str, Any], field: str):
    enquiry = network.navigator.enquire()
    body = {
        "given_by": "self",
        "channel": "signed_paper",
        "language": "de",
        "recipients": [recipient()],
        "document_id": network.navigator.scan(enquiry),
        **change,
    }

    answer = network.navigator.ask("POST", f"/referral/api/v1/enquiries/{enquiry['id']}/consents", body)

    assert answer.status_code == 422, answer.text
    assert field in answer.json["fields"]
    assert network.scene.rows("SELECT id FROM consents") == []


# --- what is offered is what can be done ----------------------------------------------------------------------------


def example(action: Action | str) -> dict[str, Any]:
    """A valid body for each action of either side."""
    bodies: dict[str, dict[str, Any]] = {
        "ask": {"question": "OTHER"},
        "reject": {"reason": "NO_CAPACITY"},
        "start": {"first_contact_on": TODAY},
        "set_appointment": {"sealed_appointment": an_appointment()},
        "pause": {"reason": "VISA"},
        "complete": {"outcome": "ADVICE_GIVEN"},
        "end": {"reason": "PERSON_MOVED"},
        "state_deletion": {"deletion": "deleted"},
        "conclude": {"contact_on": TODAY},
        "cancel": {"reason": "PERSON_DECLINED"},
        "answer": {"person": {"qualification_year": 2016}},
    }
    return bodies.get(str(action), {})


PATHS: dict[str, list[tuple[str, str]]] = {
    "requested": [],
    "received": [("hwk", "receive")],
    "clarification": [("hwk", "ask")],
    "waitlisted": [("hwk", "waitlist")],
    "accepted": [("hwk", "accept")],
    "in_progress": [("hwk", "accept"), ("hwk", "start")],
    "paused": [("hwk", "accept"), ("hwk", "set_appointment"), ("hwk", "start"), ("hwk", "pause")],
    "completed": [("hwk", "accept"), ("hwk", "start"), ("hwk", "complete")],
    "ended_early": [("hwk", "accept"), ("hwk", "end")],
    "rejected": [("hwk", "reject")],
    "cancelled": [("navigator", "cancel")],
    "entered_in_error": [("navigator", "mark_entered_in_error")],
}


OFTEN_MET = {"requested", "in_progress"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "status", [pytest.param(one, marks=() if one in OFTEN_MET else pytest.mark.long) for one in PATHS]
)
def test_exactly_the_offered_actions_can_be_done(network: Network, status: str):
    """Each action of each side is tried on a referral in this status; what was refused has left it there."""
    referral_id = brought_to(network, status)
    for side, actions in (("hwk", list(BODIES)), ("navigator", list(Action))):
        caller = getattr(network, side)
        for action in actions:
            seen = caller.see(referral_id)
            assert seen["status"] == status
            answer = caller.try_act(referral_id, action, example(action))
            offered = action in seen["allowed_actions"]
            assert (answer.status_code == 200) == offered, (side, action, answer.status_code, answer.text)
            if offered:
                referral_id = brought_to(network, status)
            else:
                assert answer.status_code == 409, (side, action, answer.text)


def brought_to(network: Network, status: str) -> str:
    referral_id = network.requested()
    for side, action in PATHS[status]:
        getattr(network, side).act(referral_id, action, example(action))
    return referral_id


def test_an_action_nobody_knows_is_not_there(network: Network):
    referral_id = network.requested()

    assert network.hwk.try_act(referral_id, "forward").status_code == 404
    assert network.navigator.try_act(referral_id, "forward").status_code == 404


# --- the way back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["accept", "reject", "waitlist", "ask", "start", "complete", "end"])
def test_above_the_back_level_nothing_is_offered_done_or_kept(network: Network, action: str):
    referral_id = network.requested(recipient(back_level="receipt"))
    assert network.hwk.see(referral_id)["allowed_actions"] == ["receive"]

    body = {**example(action)}
    if action == "ask":
        body["sealed_comment"] = network.hwk.seal("soziale Daten")
    answer = network.hwk.try_act(referral_id, action, body)

    assert (answer.status_code, answer.json["slug"]) == (409, "consent.back-level")
    [refused] = network.scene.said(CommandRefused)
    assert (refused.slug, refused.action) == ("consent.back-level", None)
    assert action not in answer.text
    assert network.navigator.see(referral_id)["status"] == "requested"
    for table in ("comments", "questions"):
        assert network.scene.rows(f"SELECT * FROM {table}") == []


def test_an_answer_that_comes_too_late_lands_on_the_desk_once(network: Network):
    referral_id = network.requested()
    network.navigator.act(referral_id, "cancel", {"reason": "SOLVED_ELSEWHERE"})

    for _ in range(2):
        answer = network.hwk.try_act(referral_id, "accept")
        assert (answer.status_code, answer.json["slug"]) == (409, "referral.closed")

    assert [task["kind"] for task in network.navigator.get("/referral/api/v1/tasks")["tasks"]] == ["answered_late"]
    assert [fact.kind for fact in network.scene.said(TaskOpened)] == ["answered_late"]


def test_a_task_is_taken_off_the_own_desk_once(network: Network):
    referral_id = network.requested()
    network.hwk.act(referral_id, "reject", {"reason": "NO_CAPACITY"})
    [task] = network.navigator.get("/referral/api/v1/tasks")["tasks"]
    path = f"/referral/api/v1/tasks/{task['id']}/closings"

    assert network.staff(sub="otto", site="neuss").ask("POST", path).status_code == 404
    network.navigator.post(path, None)
    assert network.navigator.get("/referral/api/v1/tasks")["tasks"] == []
    assert network.navigator.ask("POST", path).status_code == 404


def test_the_list_comes_page_by_page_and_ends(network: Network):
    ids = [network.navigator.draft(network.navigator.enquire())["id"] for _ in range(5)]
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = network.navigator.get(f"/referral/api/v1/referrals?limit=2&status=draft&cursor={quote(cursor)}")
        seen += [row["id"] for row in page["referrals"]]
        cursor, pages = page["cursor"], pages + 1

    assert (sorted(seen), pages) == (sorted(ids), 3)
    assert network.navigator.get("/referral/api/v1/referrals?status=completed")["referrals"] == []


@pytest.mark.parametrize("query", ["cursor=yesterday", "cursor=2026-01-01_x", "limit=0", "limit=999", "status=lost"])
def test_a_list_asked_for_in_another_way_names_the_field(network: Network, query: str):
    answer = network.navigator.ask("GET", f"/referral/api/v1/referrals?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in str(answer.json["fields"])
