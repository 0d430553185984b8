"""A check for a data breach: opened with the marking, escalated by the clock, assessed by the lead on its page."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.codes import BreachReason, BreachRisk, FindingKind, NoNoticeGround, TaskKind, ViewPurpose
from contracts.referral import (
    BreachAssessed,
    BreachEscalated,
    FindingRaised,
    PersonalDataViewed,
    TaskClosed,
    TaskOpened,
)
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NOW
from tests.integration.referral.test_data_protection_pages import HUB, browser_of

PAGE = "/referral/data-protection/breaches"
NO_RISK: dict[str, Any] = {"risk": "none", "reasons": ["deleted_unused"]}
HIGH: dict[str, Any] = {
    "risk": "high",
    "reasons": ["seen_by_stranger", "sensitive_data"],
    "notified_authority_at": (NOW + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
    "no_notice_ground": "risk_removed",
    "note": "Invented words of the lead.",
}


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


@pytest.fixture
def dpo(network: Network) -> FlaskClient:
    return browser_of(network, sub="dora", roles=["dpo"], site=None)


def mistaken(network: Network) -> str:
    """A referral that the partner fetched and that was a mistake."""
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.navigator.act(referral_id, "mark_entered_in_error")
    return referral_id


def check(network: Network) -> dict[str, Any]:
    [row] = network.scene.rows("SELECT * FROM breach_checks")
    return row


def assess(client: FlaskClient, network: Network, **said: Any) -> Any:
    return client.post(f"{PAGE}/{check(network)['id']}/assessments", data=said)


def hours_pass(network: Network, hours: int) -> None:
    network.scene.clock.instant += timedelta(hours=hours)
    network.scene.tick()


def escalations(network: Network) -> list[int]:
    return [one.hours for one in network.scene.said(BreachEscalated)]


def open_tasks(network: Network) -> set[str]:
    rows = network.scene.rows("SELECT kind FROM tasks WHERE closed_at IS NULL AND kind LIKE 'breach%%'")
    return {row["kind"] for row in rows}


def test_the_check_is_opened_with_the_marking_and_not_where_nobody_saw_it(network: Network):
    network.navigator.act(network.requested(), "mark_entered_in_error")
    assert network.scene.rows("SELECT FROM breach_checks") == []
    referral_id = mistaken(network)
    assert (str(check(network)["referral_id"]), check(network)["risk"]) == (referral_id, None)


def test_the_lead_is_told_again_after_24_48_66_and_72_hours_once_each(network: Network):
    mistaken(network)
    opened = network.scene.clock.instant
    for hours, told in ((23, []), (24, [24]), (47, [24]), (48, [24, 48]), (65, [24, 48]), (66, [24, 48, 66])):
        hours_pass(network, hours - int((network.scene.clock.instant - opened) / timedelta(hours=1)))
        network.scene.tick()
        assert escalations(network) == told
    assert network.scene.said(FindingRaised) == []
    hours_pass(network, 6)
    hours_pass(network, 30)
    assert escalations(network) == [24, 48, 66, 72]
    tasks = [one for one in network.scene.said(TaskOpened) if one.kind is TaskKind.BREACH_ESCALATED]
    assert [one.role for one in tasks] == ["lead"] * 4
    assert open_tasks(network) == {"breach_check", "breach_escalated"}


def test_what_is_not_assessed_in_72_hours_is_shown_to_the_officer_once(network: Network, lead: FlaskClient):
    referral_id = mistaken(network)
    hours_pass(network, 71)
    assert network.scene.said(FindingRaised) == []
    hours_pass(network, 1)
    hours_pass(network, 1)
    [found] = network.scene.said(FindingRaised)
    assert (found.kind, str(found.referral_id)) == (FindingKind.BREACH_OVERDUE, referral_id)


def test_a_clock_that_stood_still_tells_the_last_stage_alone(network: Network):
    mistaken(network)
    hours_pass(network, 50)
    assert escalations(network) == [48]


def test_what_is_assessed_escalates_no_more_and_leaves_the_desk(network: Network, lead: FlaskClient):
    mistaken(network)
    hours_pass(network, 25)
    assert assess(lead, network, **NO_RISK).status_code == 303
    assert open_tasks(network) == set()
    assert {one.kind for one in network.scene.said(TaskClosed)} >= {TaskKind.BREACH_CHECK, TaskKind.BREACH_ESCALATED}
    hours_pass(network, 50)
    assert escalations(network) == [24]


def test_an_assessment_is_told_in_codes_and_its_words_are_sealed(network: Network, lead: FlaskClient, dpo: FlaskClient):
    referral_id = mistaken(network)
    hours_pass(network, 5)
    assert assess(lead, network, **HIGH).status_code == 303
    [told] = network.scene.said(BreachAssessed)
    assert (str(told.referral_id), told.risk, told.hours) == (referral_id, BreachRisk.HIGH, 5)
    assert told.reasons == (BreachReason.SEEN_BY_STRANGER, BreachReason.SENSITIVE_DATA)
    assert told.no_notice_ground is NoNoticeGround.RISK_REMOVED
    row = check(network)
    assert row["assessed_by"] == network.scene.rows("SELECT actor FROM timeline ORDER BY at DESC LIMIT 1")[0]["actor"]
    assert b"Invented" not in bytes(row["sealed"])
    page = dpo.get(PAGE).text
    assert "high risk" in page and "Invented" not in page
    assert "Invented words of the lead." in dpo.get(f"{PAGE}/{row['id']}/note").text
    looked = network.scene.said(PersonalDataViewed)[-1]
    assert (looked.purpose, str(looked.referral_id)) == (ViewPurpose.OVERSIGHT, referral_id)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"risk": ""}, "risk"),
        ({"risk": "some"}, "risk"),
        ({"reasons": ["invented"]}, "reasons"),
        ({"reasons": ["harmless_data"]}, "reasons"),
        ({"notified_authority_at": ""}, "notified_authority_at"),
        ({"notified_authority_at": "soon"}, "notified_authority_at"),
        ({"notified_authority_at": (NOW + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M")}, "notified_authority_at"),
        ({"delay": "facts_unclear"}, "delay"),
        ({"no_notice_ground": ""}, "notified_person_at"),
        ({"note": "x" * 4001}, "note"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_kept(
    network: Network, lead: FlaskClient, changes: dict[str, Any], named: str
):
    mistaken(network)
    hours_pass(network, 5)
    answer = assess(lead, network, **{**HIGH, **changes})
    assert (answer.status_code, list(answer.json["fields"])) == (422, [named])
    assert check(network)["risk"] is None
    assert network.scene.said(BreachAssessed) == []


def test_a_form_sent_twice_is_one_assessment_and_a_second_one_is_refused(network: Network, lead: FlaskClient):
    mistaken(network)
    for _ in range(2):
        assert assess(lead, network, request_key="a" * 32, **NO_RISK).status_code == 303
    assert len(network.scene.said(BreachAssessed)) == 1
    assert assess(lead, network, **NO_RISK).status_code == 409


def test_the_page_shows_the_hours_and_the_hub_leads_there(network: Network, lead: FlaskClient):
    mistaken(network)
    assert "71 hours left" in lead.get(PAGE).text or "72 hours left" in lead.get(PAGE).text
    assert f'href="{PAGE}">Check for a data breach' in lead.get(HUB).text
    hours_pass(network, 73)
    assert "The 72 hours are over." in lead.get(PAGE).text
    assess(lead, network, **NO_RISK)
    assert "Nothing is to be assessed." in lead.get(PAGE).text
    assert "Check for a data breach" not in lead.get(HUB).text


def test_who_may_not_is_turned_away(network: Network, dpo: FlaskClient):
    mistaken(network)
    navigator = browser_of(network)
    assert navigator.get(PAGE).status_code == 403
    assert assess(navigator, network, **NO_RISK).status_code == 403
    assert navigator.get(f"{PAGE}/{check(network)['id']}/note").status_code == 403
    assert dpo.get(PAGE).status_code == 200
    assert "assessments" not in dpo.get(PAGE).text
    assert assess(dpo, network, **NO_RISK).status_code == 403
    neuss = browser_of(network, sub="nora", roles=["lead"], site="neuss")
    assert "Nothing is to be assessed." in neuss.get(PAGE).text
    assert assess(neuss, network, **NO_RISK).status_code == 404
