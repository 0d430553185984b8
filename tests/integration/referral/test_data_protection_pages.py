"""The door to data protection: what waits with its figures, and the register of persons' requests."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.codes import EndReason, SubjectRight, TaskKind
from contracts.referral import (
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestReceived,
    TaskClosed,
    TaskOpened,
)
from services.referral import handlers
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK, an_organization

HUB = "/referral/data-protection/"
PAGE = "/referral/data-protection/requests"


def browser_of(network: Network, **claims: Any) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.staff(**claims).token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


@pytest.fixture
def dpo(network: Network) -> FlaskClient:
    return browser_of(network, sub="dora", roles=["dpo"], site=None)


def figures(page: str) -> dict[str, int]:
    """The counts of the hub by their title."""
    found = re.findall(r'attention__count">(\d+)</p>.*?<h3[^>]*>(?:<a[^>]*>)?([^<]+)<', page, re.DOTALL)
    return {title: int(count) for count, title in found}


def receive(lead: FlaskClient, **changes: Any) -> Any:
    given = {"right": "access", "channel": "letter", "received_on": "2026-11-20"} | changes
    return lead.post(PAGE, data=given)


def open_id(network: Network) -> str:
    return str(network.scene.rows("SELECT id FROM subject_requests WHERE answer IS NULL")[0]["id"])


def test_where_nothing_waits_the_hub_says_so(network: Network, lead: FlaskClient):
    page = lead.get(HUB).text
    assert "Nothing waits" in page
    assert figures(page) == {}
    assert f'href="{PAGE}"' in page


def test_the_hub_counts_what_waits_and_puts_what_is_over_first(network: Network, lead: FlaskClient, dpo: FlaskClient):
    first, second = network.requested(), network.requested()
    for referral_id in (first, second):
        network.hwk.fetch(referral_id)
    network.navigator.act(first, "cancel", {"reason": EndReason.MISTAKE})
    network.navigator.act(second, "mark_entered_in_error")
    receive(lead)
    found = figures(lead.get(HUB).text)
    assert found["Partners’ statements on stop and deletion"] == 4
    assert found["Check for a data breach"] == 1
    assert found["Requests of persons"] == 1
    assert "Consents run out" not in found
    assert "72 hours left" in lead.get(HUB).text

    network.scene.days_pass(60)
    page = dpo.get(HUB).text
    assert "The 72 hours are over." in page
    assert "4 overdue" in page
    assert "1 overdue" in page


def listed(page: str) -> list[tuple[str, str]]:
    """What waits one by one: what it is and what this reader does about it."""
    rows = re.findall(r'data-item>([^<]+)</a>.*?data-label="Next step">([^<]+)<', page, re.DOTALL)
    return [(what, step.strip()) for what, step in rows]


def test_an_officer_sees_one_by_one_what_waits_soonest_due_first_and_where_it_goes_on(
    network: Network, lead: FlaskClient, dpo: FlaskClient
):
    assert listed(dpo.get(HUB).text) == []
    receive(lead)
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.navigator.act(referral_id, "mark_entered_in_error")
    page = dpo.get(HUB).text
    assert listed(page) == [
        ("Check for a data breach", "Keep an eye on the 72 hours; ask the lead"),
        ("Requests of persons", "See whether it is answered in time"),
    ]
    assert "72 hours left of 72" in page and "Dec 20, 2026" in page and "access" in page.lower()
    assert network.navigator.see(referral_id)["reference"] in page
    assert [step for _, step in listed(lead.get(HUB).text)] == ["Assess whether the authority is told", "Answer it"]
    network.scene.days_pass(60)
    late = dpo.get(HUB).text
    assert listed(late)[0][0] == "Check for a data breach" and "The 72 hours are over." in late
    assert ("Partners’ statements on stop and deletion", "Ask the lead what the body says") in listed(late)
    assert 'href="/audit/findings"' in late and 'href="/audit/findings"' not in lead.get(HUB).text
    lead.post(f"{PAGE}/{open_id(network)}/answers", data={"answer": "granted", "answered_on": "2027-01-22"})
    assert "Requests of persons" not in dict(listed(dpo.get(HUB).text))


def test_what_is_over_its_limit_stands_before_what_is_not(network: Network, lead: FlaskClient):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.navigator.act(referral_id, "cancel", {"reason": EndReason.MISTAKE})
    assert list(figures(lead.get(HUB).text)) == ["Partners’ statements on stop and deletion"]
    receive(lead, received_on="2026-10-01")
    assert list(figures(lead.get(HUB).text)) == ["Requests of persons", "Partners’ statements on stop and deletion"]


def test_a_partner_whose_agreement_ends_in_a_month_is_named_in_time(network: Network, lead: FlaskClient):
    with network.scene.unit.work(actor="system:directory") as work:
        soon = work.today + timedelta(days=30)
        agreement = an_organization().agreement
        assert agreement is not None
        changed = replace(agreement, valid_until=soon)
        handlers.keep_organization(work, an_organization(HWK, version=7, agreement=changed))
    assert figures(lead.get(HUB).text) == {"Partners’ agreements end": 1}


def test_another_site_sees_nothing_of_ours_and_the_officer_sees_all(
    network: Network, lead: FlaskClient, dpo: FlaskClient
):
    receive(lead)
    neuss = browser_of(network, sub="nora", roles=["lead"], site="neuss")
    assert "No request is open" in neuss.get(PAGE).text
    assert figures(neuss.get(HUB).text) == {}
    assert figures(dpo.get(HUB).text) == {"Requests of persons": 1}
    assert neuss.post(f"{PAGE}/{open_id(network)}/answers", data={"answer": "granted"}).status_code == 404


def test_a_request_is_taken_down_put_on_the_desk_and_answered(network: Network, lead: FlaskClient):
    assert receive(lead).status_code == 303
    told = network.scene.said(SubjectRequestReceived)[0]
    assert (told.right, told.received_on, told.due_on) == (SubjectRight.ACCESS, date(2026, 11, 20), date(2026, 12, 20))
    task = network.scene.said(TaskOpened)[-1]
    assert (task.kind, task.due_on) == (TaskKind.SUBJECT_REQUEST_DUE, date(2026, 12, 13))
    assert "Answer a person’s request" in lead.get("/referral/").text
    answered = {"answer": "nothing_held", "answered_on": "2026-11-23"}
    assert lead.post(f"{PAGE}/{open_id(network)}/answers", data=answered).status_code == 303
    assert network.scene.said(SubjectRequestAnswered)[0].answer == "nothing_held"
    assert network.scene.said(TaskClosed)[-1].task_id == task.task_id
    page = lead.get(PAGE).text
    assert "no data held" in page and "No request is open" in page


def test_it_is_extended_once_and_its_task_moves(network: Network, lead: FlaskClient):
    receive(lead)
    request_id = open_id(network)
    assert lead.post(f"{PAGE}/{request_id}/extensions", data={"reason": "complexity"}).status_code == 303
    assert network.scene.said(SubjectRequestExtended)[0].due_on == date(2027, 2, 20)
    assert network.scene.said(TaskOpened)[-1].due_on == date(2027, 2, 13)
    assert len(network.scene.rows("SELECT FROM tasks WHERE closed_at IS NULL")) == 1
    again = lead.post(f"{PAGE}/{request_id}/extensions", data={"reason": "many_requests"})
    assert again.status_code == 409


def test_a_navigator_takes_one_down_in_the_case_and_the_facts_name_the_pseudonym(network: Network):
    enquiry = network.navigator.enquire()
    desk = browser_of(network)
    place = f"/referral/enquiries/{enquiry['id']}"
    sent = desk.post(f"{place}/subject-requests", data={"right": "erasure", "channel": "in_person"})
    assert sent.status_code == 303
    told = network.scene.said(SubjectRequestReceived)[0]
    assert str(told.person_id) == enquiry["person_id"]
    assert "due Dec 23, 2026" in desk.get(place).text


def test_the_number_of_a_referral_finds_the_case(network: Network, lead: FlaskClient):
    referral_id = network.requested()
    seen = network.navigator.see(referral_id)
    assert receive(lead, reference=seen["reference"].lower()).status_code == 303
    assert str(network.scene.said(SubjectRequestReceived)[0].enquiry_id) == seen["enquiry_id"]


def test_an_employers_contact_is_named_by_no_fact(network: Network):
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {"company": "Beispiel GmbH", "contact_name": "Herr Muster"},
        "needs": [{"topic": "ANWERBUNG", "urgency": "normal"}],
    }
    enquiry = network.navigator.post("/referral/api/v1/enquiries", body)
    desk = browser_of(network)
    data = {"right": "access", "channel": "mail"}
    assert desk.post(f"/referral/enquiries/{enquiry['id']}/subject-requests", data=data).status_code == 303
    assert network.scene.said(SubjectRequestReceived)[0].person_id is None
    assert network.scene.rows("SELECT person_id FROM subject_requests")[0]["person_id"] is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": "everything"},
        {"channel": ""},
        {"received_on": "yesterday"},
        {"received_on": "2026-11-24"},
        {"reference": "R-26-XXXXXX"},
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(network: Network, lead: FlaskClient, wrong: dict[str, str]):
    assert receive(lead, **wrong).status_code == 422
    assert network.scene.rows("SELECT FROM subject_requests") == []


def test_a_form_sent_twice_is_one_request(network: Network, lead: FlaskClient):
    for _ in range(2):
        assert receive(lead, request_key="a" * 32).status_code == 303
    assert len(network.scene.rows("SELECT FROM subject_requests")) == 1


def test_who_may_not_is_turned_away(network: Network, lead: FlaskClient, dpo: FlaskClient):
    receive(lead)
    answered = {"answer": "granted"}
    navigator = browser_of(network)
    assert navigator.get(HUB).status_code == navigator.get(PAGE).status_code == 403
    assert navigator.post(f"{PAGE}/{open_id(network)}/answers", data=answered).status_code == 403
    assert dpo.get(PAGE).status_code == 200
    assert "Write down the answer" not in dpo.get(PAGE).text
    assert dpo.post(f"{PAGE}/{open_id(network)}/answers", data=answered).status_code == 403
    assert dpo.post(PAGE, data={"right": "access", "channel": "mail"}).status_code == 403


def test_a_lead_of_nowhere_answers_for_nobody(network: Network):
    nowhere = browser_of(network, sub="lars", roles=["lead"], site=None)
    assert nowhere.get(PAGE).status_code == 403
    assert receive(nowhere).status_code == 403


@pytest.mark.parametrize(("role", "site"), [("lead", "aachen"), ("dpo", None)])
def test_every_consent_text_is_listed_with_its_hash_for_lead_and_officer(
    network: Network, role: str, site: str | None
) -> None:
    page = browser_of(network, sub="tina", roles=[role], site=site).get("/referral/data-protection/texts")

    assert page.status_code == 200
    assert all(one.text.sha256 in page.text for one in network.scene.texts.all())
    assert network.navigator.ask("GET", "/referral/data-protection/texts").status_code == 403
