"""A desk is closed: the other one of its organization works there, on the record, and only while it is closed."""

import re
from datetime import timedelta
from typing import Any

import pytest

from contracts.codes import Site, StaffRole, TaskKind, ViewPurpose
from contracts.referral import (
    DeskAbsenceEnded,
    DeskAbsenceSet,
    PersonalDataViewed,
    SubstitutionBegun,
    SubstitutionEnded,
)
from tests.integration.referral.rig import Navigator, Network, recipient
from tests.integration.referral.scene import HWK, NOW

PAGE = "/referral/absences"
API = "/referral/api/v1/absences"
FIRST, LAST = NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=12)


def form(caller: Navigator, path: str, **fields: str) -> Any:
    return caller.client.post(path, data=fields, headers={"Authorization": f"Bearer {caller.token}"})


def page(caller: Navigator, path: str = "/referral/tasks") -> str:
    answer = caller.ask("GET", path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def close(caller: Navigator, **changes: str) -> Any:
    usual = {"site": "aachen", "substitute": "neuss", "from_on": FIRST.isoformat(), "until_on": LAST.isoformat()}
    return form(caller, PAGE, **{**usual, **changes})


def link_of(text: str, ending: str) -> str:
    [found] = re.findall(rf'action="({PAGE}/[^"]*{ending})"', text)
    return str(found)


@pytest.fixture
def silent(network: Network) -> Network:
    """A referral of Aachen that a partner has not answered for three days; Aachen closes from then on."""
    network.requested(recipient())
    assert close(network.staff(sub="lea", roles=["lead"])).status_code == 303
    network.scene.days_pass(3)
    return network


def referral_of(network: Network) -> str:
    return str(network.scene.rows("SELECT id FROM referrals")[0]["id"])


def test_the_substitute_takes_the_desk_and_gives_it_back(silent: Network) -> None:
    neuss, case = silent.staff(sub="olga", site="neuss"), f"/referral/referrals/{referral_of(silent)}"
    assert neuss.ask("GET", case).status_code == 404
    text = page(neuss)
    assert "Partner hat noch nicht geantwortet" not in text
    assert "Offene Aufgaben dort: 1" in text
    assert form(neuss, link_of(text, "stand-in")).status_code == 303
    assert "Partner hat noch nicht geantwortet" in page(neuss)
    assert "Sie vertreten Aachen" in page(neuss, "/referral/")
    assert neuss.ask("GET", case).status_code == 200
    assert silent.scene.said(PersonalDataViewed)[-1].purpose is ViewPurpose.SUBSTITUTION
    [task] = silent.scene.rows("SELECT id FROM tasks WHERE kind = %s", TaskKind.ANSWER_MISSING)
    assert form(neuss, f"/referral/tasks/{task['id']}/done").status_code == 303
    assert form(neuss, f"{PAGE}/stand-down").status_code == 303
    assert neuss.ask("GET", case).status_code == 404
    [begun] = silent.scene.said(SubstitutionBegun)
    assert begun.site is Site.AACHEN
    assert len(silent.scene.said(SubstitutionEnded)) == 1


def test_it_ends_by_itself_with_the_last_day(silent: Network) -> None:
    neuss, case = silent.staff(sub="olga", site="neuss"), f"/referral/referrals/{referral_of(silent)}"
    form(neuss, link_of(page(neuss), "stand-in"))
    assert neuss.ask("GET", case).status_code == 200
    silent.scene.clock.instant += timedelta(days=10)
    assert neuss.ask("GET", case).status_code == 404
    assert "Sie vertreten" not in page(neuss)


def test_it_ends_at_once_when_they_are_back(silent: Network) -> None:
    lead, neuss = silent.staff(sub="lea", roles=["lead"]), silent.staff(sub="olga", site="neuss")
    case = f"/referral/referrals/{referral_of(silent)}"
    form(neuss, link_of(page(neuss), "stand-in"))
    end = link_of(page(lead, PAGE), "end")
    assert form(lead, end).status_code == 303
    assert neuss.ask("GET", case).status_code == 404
    assert form(lead, end).status_code == 404
    assert len(silent.scene.said(DeskAbsenceEnded)) == 1


def test_nobody_else_gets_in(silent: Network) -> None:
    neuss = silent.staff(sub="olga", site="neuss")
    path = link_of(page(neuss), "stand-in")
    others = (
        silent.staff(sub="mo", site="moenchengladbach"),
        silent.staff(sub="oleg", site="neuss", employer=str(HWK)),
        silent.staff(sub="nina"),
    )
    for other in others:
        assert "stand-in" not in page(other)
        assert form(other, path).status_code == 404
    assert form(silent.staff(sub="dora", site="neuss", roles=["dpo"]), path).status_code == 403
    assert silent.scene.said(SubstitutionBegun) == []


def test_not_before_the_first_day(network: Network) -> None:
    lead, neuss = network.staff(sub="lea", roles=["lead"]), network.staff(sub="olga", site="neuss")
    close(lead)
    path = link_of(page(lead, PAGE), "end").removesuffix("end") + "stand-in"
    assert "stand-in" not in page(neuss)
    assert form(neuss, path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"substitute": "aachen"}, "eine andere Stelle"),
        ({"until_on": NOW.date().isoformat()}, "nicht vor dem ersten Tag"),
        ({"until_on": "2026-11-01"}, "heute"),
        ({"until_on": "2027-11-01"}, "höchstens 92 Tage"),
        ({"from_on": "soon"}, "ein Tag im Kalender"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(network: Network, changes: dict[str, str], says: str) -> None:
    answer = close(network.staff(sub="lea", roles=["lead"]), **changes)
    assert answer.status_code == 422
    assert says in answer.text
    assert network.scene.said(DeskAbsenceSet) == []


def test_two_desks_do_not_stand_in_for_each_other_at_once(network: Network) -> None:
    lead = network.staff(sub="lea", roles=["lead"])
    assert close(lead).status_code == 303
    for clash in ({"substitute": "moenchengladbach"}, {"site": "neuss", "substitute": "moenchengladbach"}):
        assert close(lead, **clash).status_code == 409
    assert close(lead, site="moenchengladbach", substitute="aachen").status_code == 409
    assert close(lead, site="moenchengladbach").status_code == 303
    assert close(network.navigator).status_code == 403


@pytest.fixture
def without_lead(network: Network) -> Network:
    """Aachen's one lead is away; its navigators work on. Her task waits there."""
    network.requested(recipient())
    assert close(network.staff(sub="lea", roles=["lead"]), role="lead").status_code == 303
    network.scene.days_pass(3)
    return network


def test_a_lead_alone_is_stood_in_for_by_a_lead_and_her_tasks_go_along(without_lead: Network) -> None:
    navigator, lead = (
        without_lead.staff(sub="olga", site="neuss"),
        without_lead.staff(sub="lene", site="neuss", roles=["lead"]),
    )
    case = f"/referral/referrals/{referral_of(without_lead)}"
    assert "stand-in" not in page(navigator), "no navigator becomes a lead, nor is Aachen's desk closed"
    link = link_of(page(lead), "stand-in")
    assert form(navigator, link).status_code == 404
    assert navigator.ask("GET", case).status_code == 404
    assert form(lead, link).status_code == 303
    assert lead.ask("GET", case).status_code == 200
    assert "Partner hat noch nicht geantwortet" in page(lead)
    assert without_lead.staff(sub="anna").ask("GET", case).status_code == 200, "the others go on working there"
    [set_] = without_lead.scene.said(DeskAbsenceSet)
    assert set_.role is StaffRole.LEAD
    without_lead.scene.days_pass(12)
    assert lead.ask("GET", case).status_code == 404


def test_two_roles_may_be_away_at_once_and_a_closed_desk_clashes_with_either(network: Network) -> None:
    lea = network.staff(sub="lea", roles=["lead"])
    assert close(lea, role="lead").status_code == 303
    assert close(lea, role="navigator", substitute="moenchengladbach").status_code == 303
    assert close(lea, role="lead", substitute="moenchengladbach").status_code == 409
    assert close(lea).status_code == 409
    assert close(lea, site="neuss", substitute="aachen", role="lead").status_code == 409, "she who stands in is away"
    text = page(lea, PAGE)
    assert "Wer fehlt" in text
    assert close(lea, role="operations").status_code == 422
    assert close(lea, role="nobody").status_code == 422


def test_absences_are_entered_read_and_ended_by_program_too(network: Network) -> None:
    lea, anna = network.staff(sub="lea", roles=["lead"]), network.staff(sub="anna")
    body = {"site": "aachen", "substitute": "neuss", "from_on": FIRST.isoformat(), "until_on": LAST.isoformat()}
    assert anna.ask("POST", API, body).status_code == 403
    made = lea.ask("POST", API, {**body, "role": "lead"})
    assert (made.status_code, made.json["role"]) == (201, "lead")
    assert lea.ask("POST", API, {**body, "role": "lead"}).status_code == 409
    assert lea.ask("POST", API, {**body, "role": "dpo"}).json["fields"].keys() == {"role"}
    assert [one["id"] for one in lea.ask("GET", API).json["absences"]] == [made.json["id"]]
    assert lea.ask("POST", f"{API}/{made.json['id']}/end").status_code == 200
    assert lea.ask("POST", f"{API}/{made.json['id']}/end").status_code == 404
    assert lea.ask("GET", API).json == {"absences": []}
