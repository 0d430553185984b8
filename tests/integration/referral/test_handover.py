"""A lead gives a colleague's cases to another one: all of them or none, each a fact, and both are told."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.codes import Site
from contracts.referral import CaseHandedOver, ColleaguesViewed
from services.chassis.auth import caller_from_claims
from services.referral.commands.staff_names import Known, keep
from tests.integration.referral.rig import Navigator, Network
from tests.integration.referral.scene import CENTER

PAGE = "/referral/handover"
NEVER_USED = UUID(int=7)


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


class Desk:
    """Two colleagues with names, their lead, and one of another site."""

    def __init__(self, network: Network) -> None:
        self.network, self.turn = network, uuid4().hex[:6]
        self.nina, self.omar = self.colleague("Nina Muster"), self.colleague("Omar Beispiel")
        self.away = self.colleague("Paula Anders", site="neuss")
        self.lead = network.staff(sub=f"lead-{self.turn}", roles=["lead"])

    def colleague(self, name: str, site: str = "aachen") -> Navigator:
        caller = self.network.staff(sub=f"{name}-{self.turn}", site=site)
        known = Known(self.actor(caller), f"{name} {self.turn}", name, CENTER, Site(site))
        with self.network.scene.unit.work(actor=known.staff) as work:
            keep(work, self.network.scene.keys.vault, known)
        return caller

    def actor(self, caller: Navigator) -> str:
        room = self.network.app.extensions["lotsennetz"]
        return caller_from_claims(room.tokens.claims(caller.token), room.settings.deployment_key).actor

    def number(self, caller: Navigator) -> str:
        rows = self.network.scene.rows("SELECT key_id FROM staff_names WHERE staff = %s", self.actor(caller))
        return str(rows[0]["key_id"])

    def cases(self, caller: Navigator, many: int = 2) -> list[str]:
        return [caller.enquire()["id"] for _ in range(many)]

    def post(self, caller: Navigator, path: str = PAGE, **form: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {caller.token}", "Accept-Language": "de"}
        return caller.client.post(path, data={"request_key": uuid4().hex, **form}, headers=headers)

    def hand_over(self, cases: list[str], **changes: Any) -> TestResponse:
        form = {"from": self.number(self.nina), "to": self.number(self.omar), "enquiry": cases, **changes}
        return self.post(self.lead, **form)

    def owners(self, cases: list[str]) -> set[str]:
        rows = self.network.scene.rows("SELECT owner FROM enquiries WHERE id = ANY(%s)", [UUID(one) for one in cases])
        return {row["owner"] for row in rows}

    def facts(self, cases: list[str]) -> list[Any]:
        return [one for one in self.network.scene.said(CaseHandedOver) if str(one.enquiry_id) in cases]


@pytest.fixture
def desk(network: Network) -> Desk:
    return Desk(network)


def shown(caller: Navigator, path: str) -> str:
    return caller.ask("GET", path, Accept="text/html", **{"Accept-Language": "de"}).text


def test_the_cases_are_the_others_from_now_on_each_by_a_fact_of_ids_alone(desk: Desk):
    cases = desk.cases(desk.nina)
    answer = desk.hand_over(cases)
    assert answer.status_code == 200 and "2 Fälle sind übergeben" in answer.text
    assert desk.owners(cases) == {desk.actor(desk.omar)}
    facts = desk.facts(cases)
    assert {str(one.enquiry_id) for one in facts} == set(cases)
    assert {(one.from_staff, one.to_staff) for one in facts} == {(desk.actor(desk.nina), desk.actor(desk.omar))}


def test_what_waits_goes_along_and_both_are_told(desk: Desk):
    [case] = desk.cases(desk.nina, 1)
    note = {"words": "Zeugnisse kommen", "next_step": "GET_PAPERS", "due_on": "2026-11-27"}
    desk.post(desk.nina, f"/referral/enquiries/{case}/notes", **note)
    mine = "/referral/?whose=mine"
    assert case in shown(desk.nina, mine) and case not in shown(desk.omar, mine)
    desk.hand_over([case])
    assert case in shown(desk.omar, mine) and case not in shown(desk.nina, mine)
    assert "1 Fall wurde Ihnen am 23.11.2026 übergeben" in shown(desk.omar, "/referral/")
    assert "1 Ihrer Fälle ging am 23.11.2026 an jemand anderen" in shown(desk.nina, "/referral/")


def test_her_referrals_go_along_and_a_thirds_stay(desk: Desk):
    enquiry = desk.nina.enquire()
    hers, thirds = desk.nina.draft(enquiry)["id"], desk.omar.draft(enquiry)["id"]
    tara = desk.colleague("Tara Neu")
    desk.hand_over([enquiry["id"]], to=desk.number(tara))
    rows = desk.network.scene.rows("SELECT id, owner FROM referrals WHERE enquiry_id = %s", UUID(enquiry["id"]))
    owners = {str(row["id"]): row["owner"] for row in rows}
    assert (owners[hers], owners[thirds]) == (desk.actor(tara), desk.actor(desk.omar))
    assert hers in shown(tara, "/referral/tracking?whose=mine")


def test_the_same_form_sent_twice_hands_over_once_and_says_the_same(desk: Desk):
    cases, key = desk.cases(desk.nina), uuid4().hex
    first, second = (desk.hand_over(cases, request_key=key) for _ in range(2))
    assert [one.status_code for one in (first, second)] == [200, 200]
    assert "2 Fälle sind übergeben" in second.text
    assert len(desk.facts(cases)) == 2


def test_which_did_not_pass_and_why_is_said_and_the_others_do(desk: Desk):
    going, closed = desk.cases(desk.nina)
    [omars] = desk.cases(desk.omar, 1)
    desk.nina.post(f"/referral/api/v1/enquiries/{closed}/closings", {})
    gone = str(uuid4())
    answer = desk.hand_over([going, closed, omars, gone])
    assert "1 Fall ist übergeben" in answer.text
    for why in ("inzwischen abgeschlossen", "gehört dieser Person nicht", "liegt nicht an diesem Schreibtisch"):
        assert why in answer.text
    assert {str(one.enquiry_id) for one in desk.facts([going, closed, omars, gone])} == {going}


def test_a_failure_in_the_middle_leaves_everything_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    cases = desk.cases(desk.nina)

    def fails(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("services.referral.store.handover.keep", fails)
    assert desk.hand_over(cases).status_code == 500
    assert desk.owners(cases) == {desk.actor(desk.nina)}
    assert desk.facts(cases) == []


def test_the_page_shows_names_but_no_pseudonym_and_that_is_noted_first(desk: Desk):
    cases = desk.cases(desk.nina)
    before = len(desk.network.scene.said(ColleaguesViewed))
    text = shown(desk.lead, f"{PAGE}?from={desk.number(desk.nina)}")
    assert f"Omar Beispiel {desk.turn}" in text and all(case in text for case in cases)
    assert re.search(r"staff:[0-9a-f]{32}", text) is None
    assert len(desk.network.scene.said(ColleaguesViewed)) == before + 1


def test_one_page_says_what_follows_and_changes_nothing(desk: Desk):
    cases = desk.cases(desk.nina)
    form = {"from": desk.number(desk.nina), "to": desk.number(desk.omar), "enquiry": cases}
    answer = desk.post(desk.lead, f"{PAGE}/confirmation", **form)
    assert answer.status_code == 200 and "2 Fälle übergeben?" in answer.text
    assert desk.owners(cases) == {desk.actor(desk.nina)}


def test_cases_of_nobody_who_is_known_here_can_be_given_to_somebody(desk: Desk):
    stranger = desk.network.staff(sub=f"gone-{desk.turn}")
    [case] = desk.cases(stranger, 1)
    assert case in shown(desk.lead, f"{PAGE}?from=nobody")
    desk.hand_over([case], **{"from": "nobody"})
    assert desk.owners([case]) == {desk.actor(desk.omar)}


def test_the_list_can_be_filtered_by_topic(desk: Desk):
    [case] = desk.cases(desk.nina, 1)
    path = f"{PAGE}?from={desk.number(desk.nina)}"
    assert case in shown(desk.lead, f"{path}&topic=ANERKENNUNG")
    assert case not in shown(desk.lead, f"{path}&topic=SPRACHE")


@pytest.mark.parametrize("to", ["other site", "nobody", "herself", "no number"])
def test_only_another_one_of_the_same_desk_can_be_given_them(desk: Desk, to: str):
    cases = desk.cases(desk.nina)
    numbers = {"other site": desk.number(desk.away), "nobody": str(NEVER_USED), "herself": desk.number(desk.nina)}
    expected = {"other site": 404, "nobody": 404}.get(to, 422)
    assert desk.hand_over(cases, to=numbers.get(to, "x")).status_code == expected
    assert desk.owners(cases) == {desk.actor(desk.nina)}


@pytest.mark.parametrize(
    "cases", [[], ["x"], [str(UUID(int=one)) for one in range(501)]], ids=["none", "no-id", "many"]
)
def test_a_choice_that_is_none_is_refused(desk: Desk, cases: list[str]):
    assert desk.hand_over(cases).status_code == 422


def test_another_sites_cases_cannot_be_reached(desk: Desk):
    enquiry = desk.away.post(
        "/referral/api/v1/enquiries",
        {"enquirer": "person", "site": "neuss", "person": {"given_name": "Mona"}, "needs": [{"topic": "SPRACHE"}]},
    )
    answer = desk.hand_over([enquiry["id"]])
    assert "liegt nicht an diesem Schreibtisch" in answer.text
    assert desk.owners([enquiry["id"]]) == {desk.actor(desk.away)}


def test_only_a_lead_hands_over(desk: Desk):
    cases = desk.cases(desk.nina)
    assert desk.nina.ask("GET", PAGE).status_code == 403
    form = {"from": desk.number(desk.nina), "to": desk.number(desk.omar), "enquiry": cases}
    assert desk.post(desk.omar, **form).status_code == 403
    assert desk.owners(cases) == {desk.actor(desk.nina)}
