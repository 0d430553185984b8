"""An accompaniment plan: goals and steps with owner and day, on the desk when due, in her language on her own page."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.codes import Action
from contracts.partner import actions
from contracts.referral import PersonalDataViewed, PlanHandedOver, PlanStepAdded
from services.chassis.i18n import PERSON_LANGUAGES
from tests.integration.referral.guests import HTML, issued, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK, somebody_else

GOAL, STEP = "Arbeit im gelernten Beruf", "Zeugnisse übersetzen lassen"
DAY = date(2026, 12, 4)


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


class Case:
    """One person's plan at the desk."""

    def __init__(self, network: Network, enquiry_id: UUID, person_id: UUID) -> None:
        self.network, self.id, self.person_id = network, enquiry_id, person_id
        self.base = f"/referral/enquiries/{enquiry_id}/persons/{person_id}/plan"

    def post(self, path: str, role: str = "navigator", **form: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.network.staff(roles=[role]).token}"}
        data = {"request_key": uuid4().hex, **form}
        return self.network.app.test_client().post(f"{self.base}/{path}", data=data, headers=headers)

    def set_goal(self, **changes: Any) -> TestResponse:
        form = {"goal": GOAL, "step": STEP, "owner": "PERSON", "due_on": DAY.isoformat(), **changes}
        return self.post("goals", **form)

    def goals(self) -> list[dict[str, Any]]:
        return self.network.scene.rows("SELECT * FROM plan_goals WHERE enquiry_id = %s ORDER BY added_at, id", self.id)

    def steps(self) -> list[dict[str, Any]]:
        return self.network.scene.rows(
            "SELECT s.* FROM plan_steps s JOIN plan_goals g ON g.id = s.goal_id WHERE enquiry_id = %s ORDER BY due_on",
            self.id,
        )

    def waiting(self) -> list[tuple[str, date]]:
        rows = self.network.scene.rows(
            "SELECT kind, due_on FROM tasks WHERE enquiry_id = %s AND closed_at IS NULL AND kind = ANY(%s)"
            " ORDER BY due_on",
            self.id,
            ["plan_step_due", "goal_without_step"],
        )
        return [(row["kind"], row["due_on"]) for row in rows]

    def page(self, path: str = "") -> str:
        path = path or f"/referral/enquiries/{self.id}?lang=de"
        return self.network.navigator.ask("GET", path, Accept="text/html").text

    def said(self, kind: type) -> list[Any]:
        return [one for one in self.network.scene.said(kind) if one.enquiry_id == self.id]


@pytest.fixture
def case(network: Network) -> Case:
    enquiry = network.scene.an_enquiry(**somebody_else())
    return Case(network, enquiry.id, enquiry.person_id)


@pytest.fixture
def accepted(network: Network) -> tuple[Case, Any]:
    referral = network.scene.requested(**somebody_else())
    network.scene.answers(referral, Action.ACCEPT, actions.Accept())
    return Case(network, referral.enquiry_id, referral.person_id), referral


def test_a_goal_is_set_with_its_first_step_which_comes_to_the_desk_on_its_day(case: Case):
    assert case.set_goal().headers["Location"] == f"/referral/enquiries/{case.id}?done=plan#plan"
    [told] = case.said(PlanStepAdded)
    assert (told.owner, told.due_on) == ("PERSON", DAY)
    assert case.waiting() == [("plan_step_due", DAY)]
    shown = case.page()
    assert GOAL in shown and STEP in shown and "0 von 1 Schritten erledigt" in shown
    assert f"/referral/enquiries/{case.id}#plan" in case.page("/referral/?lang=de")


def test_words_are_sealed_and_no_event_has_them(case: Case):
    case.set_goal()
    for row in (*case.goals(), *case.steps()):
        assert not any(words.encode() in bytes(row["sealed"]) for words in (GOAL, STEP))
    bodies = case.network.scene.rows("SELECT body FROM outbox")
    assert not any(words.encode() in bytes(row["body"]) for row in bodies for words in (GOAL, STEP))
    case.page()
    assert ("FREE_TEXT",) in [one.categories for one in case.said(PersonalDataViewed)]


def test_a_step_that_is_done_leaves_the_desk_and_a_goal_without_one_comes_there(case: Case):
    case.set_goal()
    [step] = case.steps()
    assert case.post(f"steps/{step['id']}/ends", ended_as="DONE").status_code == 303
    assert case.waiting() == [("goal_without_step", date(2026, 11, 25))]
    shown = case.page()
    assert "kein nächster Schritt" in shown and "1 von 1 Schritten erledigt" in shown
    [goal] = case.goals()
    case.post(f"goals/{goal['id']}/steps", step="Bewerbung schreiben", owner="WELCOME_CENTER", due_on="2026-12-11")
    assert case.waiting() == [("plan_step_due", date(2026, 12, 11))]
    assert "1 von 2 Schritten erledigt" in case.page()


def test_a_step_gets_another_day(case: Case):
    case.set_goal()
    [step] = case.steps()
    case.post(f"steps/{step['id']}/days", due_on="2026-12-18")
    assert case.waiting() == [("plan_step_due", date(2026, 12, 18))]


def test_a_step_that_was_dropped_is_no_part_of_the_way(case: Case):
    case.set_goal()
    [goal] = case.goals()
    case.post(f"goals/{goal['id']}/steps", step="Umweg", owner="PARTNER", due_on="2026-12-11")
    case.post(f"steps/{case.steps()[1]['id']}/ends", ended_as="DROPPED")
    assert "0 von 1 Schritten erledigt" in case.page()


def test_a_goal_that_is_reached_takes_its_steps_off_the_desk(case: Case):
    case.set_goal()
    [goal] = case.goals()
    case.post(f"goals/{goal['id']}/ends", ended_as="DONE")
    assert case.waiting() == []
    assert {row["ended_as"] for row in case.steps()} == {"DROPPED"}


def test_a_form_sent_twice_sets_one_goal(case: Case):
    key = uuid4().hex
    assert [case.set_goal(request_key=key).status_code for _ in range(2)] == [303, 303]
    assert len(case.goals()) == len(case.waiting()) == 1


def test_a_body_that_accepted_manages_the_case_and_nothing_waits_here_any_more(accepted: tuple[Case, Any]):
    case, referral = accepted
    case.set_goal()
    assert case.post("handovers", referral_id=str(referral.id)).status_code == 303
    [told] = case.said(PlanHandedOver)
    assert (told.referral_id, told.organization_id) == (referral.id, HWK)
    assert case.waiting() == [] and {row["owner"] for row in case.steps()} == {"CASE_MANAGEMENT"}
    assert "Andere begleiten den Fall" in case.page()
    assert case.set_goal(goal="Noch eines").status_code == 409
    assert case.post("handovers", referral_id=str(referral.id)).status_code == 409


def test_a_plan_that_is_taken_back_asks_for_the_next_step_of_each_goal(accepted: tuple[Case, Any]):
    case, referral = accepted
    case.set_goal()
    case.post("handovers", referral_id=str(referral.id))
    assert case.post("returns").status_code == 303
    assert [kind for kind, _ in case.waiting()] == ["goal_without_step"]
    assert case.post("returns").status_code == 409


def test_nobody_who_has_not_accepted_manages_a_case(network: Network):
    referral = network.scene.requested(**somebody_else())
    case = Case(network, referral.enquiry_id, referral.person_id)
    case.set_goal()
    assert case.post("handovers", referral_id=str(referral.id)).status_code == 409
    assert [kind for kind, _ in case.waiting()] == ["plan_step_due"]


def test_anothers_referral_does_not_manage_this_case(case: Case, accepted: tuple[Case, Any]):
    _, foreign = accepted
    case.set_goal()
    assert case.post("handovers", referral_id=str(foreign.id)).status_code == 404


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_her_copy_stands_on_her_page_and_on_paper_in_her_language(case: Case, language: str):
    case.set_goal()
    visitor = case.network.app.test_client()
    enquiry = case.network.scene.rows("SELECT id, person_id FROM enquiries WHERE id = %s", case.id)[0]
    press(visitor, issued(case.network, Guest(enquiry["id"], enquiry["person_id"])))
    assert "/referral/my/plan" in visitor.get("/referral/my/", headers=HTML).text
    words = {"ar": "خطتك", "uk": "Ваш план", "tr": "Planınız", "fr": "Votre plan", "en": "Your plan"}
    hers = visitor.get(f"/referral/my/plan?lang={language}", headers=HTML)
    paper = case.page(f"{case.base}?lang={language}")
    for text in (hers.text, paper):
        assert GOAL in text and STEP in text and words.get(language, "Ihr Plan") in text


class Guest:
    """As much of an enquiry as a link is made for."""

    def __init__(self, enquiry_id: UUID, person_id: UUID) -> None:
        self.id, self.person_id = enquiry_id, person_id


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"goal": ""}, "goal"),
        ({"goal": "a" * 501}, "goal"),
        ({"step": " "}, "step"),
        ({"owner": "CASE_MANAGEMENT"}, "owner"),
        ({"due_on": "soon"}, "due_on"),
        ({"due_on": "2026-11-22"}, "due_on"),
    ],
    ids=["no-goal", "long-goal", "no-step", "owner", "no-day", "over"],
)
def test_bad_input_is_named_and_leaves_neither_goal_nor_step(case: Case, wrong: dict[str, str], name: str):
    answer = case.set_goal(**wrong)
    assert answer.status_code == 422 and list(answer.json["fields"]) == [name]  # type: ignore[index]
    assert case.goals() == case.steps() == []


def test_a_case_is_not_closed_over_an_open_goal(case: Case):
    case.set_goal()
    path = f"/referral/api/v1/enquiries/{case.id}/closings"
    assert case.network.navigator.ask("POST", path, {}).status_code == 409
    case.post(f"goals/{case.goals()[0]['id']}/ends", ended_as="DROPPED")
    assert case.network.navigator.ask("POST", path, {}).status_code < 300


def test_with_the_person_what_was_planned_for_her_leaves_the_desk(case: Case):
    case.set_goal()
    lead = case.network.staff(sub="lena", roles=["lead"])
    lead.post(f"/referral/api/v1/enquiries/{case.id}/persons/{case.person_id}/erasures", {})
    assert case.waiting() == []
    assert GOAL not in case.page()


def test_only_the_desk_plans(case: Case):
    form = {"goal": GOAL, "step": STEP, "owner": "PERSON", "due_on": DAY.isoformat()}
    assert case.post("goals", "coordinator", **form).status_code == 403
    assert case.goals() == case.waiting() == []
