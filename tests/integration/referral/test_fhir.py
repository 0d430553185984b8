"""The FHIR view: a referral as a Task that a foreign library accepts, for its readers only, without a person."""

from datetime import timedelta
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.task import Task
from werkzeug.test import TestResponse

from contracts.codes import FHIR_TASK_STATUS, Status
from services.referral.domain.fhir import BSER, BSER_STATUS, CODES
from tests.integration.referral.rig import Caller, Network
from tests.integration.referral.scene import NOW

MEDIA_TYPE = "application/fhir+json"


def read(caller: Caller, referral_id: str) -> Any:
    answer = caller.ask("GET", f"/fhir/Task/{referral_id}")
    assert (answer.status_code, answer.mimetype) == (200, MEDIA_TYPE), answer.text
    Task.model_validate(answer.json)
    return answer.json


def refused(answer: TestResponse) -> str:
    assert answer.mimetype == MEDIA_TYPE
    OperationOutcome.model_validate(answer.json)
    return str(answer.json["issue"][0]["code"])


def codes(concept: Any) -> dict[str, str]:
    return {one["system"]: one["code"] for one in concept["coding"]}


def test_a_referral_through_its_life_is_a_valid_task_at_every_step(network: Network):
    referral_id = network.requested()
    hwk, on = network.hwk, NOW.date().isoformat()
    assert read(hwk, referral_id)["status"] == "requested"
    steps: tuple[tuple[str, Any, str], ...] = (
        ("receive", {}, "received"),
        ("ask", {"question": "LANGUAGE_LEVEL"}, "on-hold"),
        ("waitlist", {}, "on-hold"),
        ("accept", {}, "accepted"),
        ("start", {"first_contact_on": on}, "in-progress"),
        ("pause", {"reason": "RECOGNITION_NOTICE"}, "on-hold"),
        ("resume", {}, "in-progress"),
        ("complete", {"outcome": "ADVICE_GIVEN", "obstacles": ["LANGUAGE_BARRIER"]}, "completed"),
    )
    for action, body, status in steps:
        hwk.act(referral_id, action, body)
        assert read(hwk, referral_id)["status"] == status, action
    task = read(network.navigator, referral_id)
    assert codes(task["businessStatus"]) == {BSER: "7.0", CODES + "Status": "completed"}
    told = [codes(one["valueCodeableConcept"]) for one in task["output"]]
    assert told == [{CODES + "Outcome": "ADVICE_GIVEN"}, {CODES + "Obstacle": "LANGUAGE_BARRIER"}]
    assert task["executionPeriod"]["start"] == on


def test_a_decline_says_why(network: Network):
    referral_id = network.requested()
    network.hwk.act(referral_id, "reject", {"reason": "NO_CAPACITY"})
    task = read(network.hwk, referral_id)
    assert (task["status"], codes(task["businessStatus"])[BSER]) == ("rejected", "4.0")
    assert codes(task["statusReason"]) == {CODES + "RejectionReason": "NO_CAPACITY"}


def test_for_whom_it_is_stays_masked_and_no_word_of_hers_is_in_it(network: Network):
    enquiry = network.navigator.enquire(given_name="Amira", family_name="Maskenfrau")
    network.navigator.consent(enquiry)
    referral_id = network.navigator.draft(enquiry)["id"]
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    task = read(network.hwk, referral_id)
    assert task["for"]["extension"][0]["valueCode"] == "masked"
    assert not {"Amira", "Maskenfrau", enquiry["id"], enquiry["person_id"]} & set(str(task).split("'"))


def test_another_partner_and_another_site_find_nothing_there(network: Network):
    referral_id = network.requested()
    elsewhere = network.staff(sub="nora", site="neuss")
    for caller in (network.ihk, elsewhere):
        answer = caller.ask("GET", f"/fhir/Task/{referral_id}")
        assert (answer.status_code, refused(answer)) == (404, "not-found")


def test_a_draft_is_the_desks_alone(network: Network):
    drafted = network.navigator.draft(network.navigator.enquire())
    assert read(network.navigator, drafted["id"])["status"] == "draft"
    assert network.hwk.ask("GET", f"/fhir/Task/{drafted['id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "token", "status", "code"),
    [
        ("GET", "/fhir/Task/018f", True, 404, "not-found"),
        ("GET", "/fhir/Patient/018f", True, 404, "not-found"),
        ("GET", "/fhir/Task/00000000-0000-0000-0000-000000000000", False, 401, "login"),
        ("DELETE", "/fhir/Task/00000000-0000-0000-0000-000000000000", True, 405, "not-supported"),
    ],
)
def test_whatever_is_refused_is_an_operation_outcome(
    network: Network, method: str, path: str, token: bool, status: int, code: str
):
    headers = {"Authorization": f"Bearer {network.hwk.token}"} if token else {}
    answer = network.app.test_client().open(path, method=method, headers=headers)
    assert (answer.status_code, refused(answer)) == (status, code)


def test_our_own_interface_still_speaks_of_problems(network: Network):
    answer = network.hwk.ask("GET", "/partner/v1/referrals/00000000-0000-0000-0000-000000000000")
    assert answer.mimetype == "application/problem+json"


def test_what_has_not_changed_is_not_sent_again(network: Network):
    referral_id = network.requested()
    first = network.hwk.ask("GET", f"/fhir/Task/{referral_id}")
    tag = first.headers["ETag"]
    assert tag == f'W/"{first.json["meta"]["versionId"]}"'
    again = network.hwk.ask("GET", f"/fhir/Task/{referral_id}", **{"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    network.scene.clock.instant += timedelta(minutes=1)
    network.hwk.act(referral_id, "accept")
    assert network.hwk.ask("GET", f"/fhir/Task/{referral_id}", **{"If-None-Match": tag}).status_code == 200


def test_the_capability_statement_is_open_to_everybody_and_promises_one_thing(network: Network):
    answer = network.app.test_client().get("/fhir/metadata")
    assert answer.mimetype == MEDIA_TYPE
    CapabilityStatement.model_validate(answer.json)
    [resource] = answer.json["rest"][0]["resource"]
    assert (resource["type"], resource["interaction"]) == ("Task", [{"code": "read"}])


def test_every_status_is_mapped_and_declined_is_never_completed():
    assert set(BSER_STATUS) == set(Status) == set(FHIR_TASK_STATUS)
    assert {str(BSER_STATUS[one]) for one in Status if FHIR_TASK_STATUS[one] == "rejected"} == {"4.0"}
