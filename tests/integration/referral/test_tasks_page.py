"""The desk's own page: every task under its unit's name, done where it is done, and taken off by whom it lies with."""

import re

import pytest

from contracts.codes import TaskKind
from tests.integration.referral.rig import Navigator, Network, recipient


def page(caller: Navigator) -> str:
    answer = caller.ask("GET", "/referral/tasks")
    assert answer.status_code == 200
    return answer.text


def open_tasks(network: Network) -> dict[str, str]:
    rows = network.scene.rows("SELECT id, kind FROM tasks WHERE closed_at IS NULL")
    return {row["kind"]: str(row["id"]) for row in rows}


@pytest.fixture
def silent(network: Network) -> Network:
    """A partner that has said nothing for nine days."""
    network.requested(recipient())
    network.scene.days_pass(9)
    return network


def test_each_task_stands_under_the_unit_it_lies_with(silent: Network) -> None:
    lead = silent.staff(sub="lea", roles=["lead"])
    headings = re.findall(r'id="unit-\d">([^<]+)<', page(lead))
    assert [heading.split(": ")[1] for heading in headings] == ["Lotsin / Lotse", "Leitung"]
    assert "Aachen" in headings[0]
    assert "Partner schweigt weiter" in page(lead)
    assert "Partner schweigt weiter" not in page(silent.navigator)


def test_a_call_is_marked_as_made_and_what_only_a_deed_settles_is_not(silent: Network) -> None:
    call = open_tasks(silent)[TaskKind.ANSWER_MISSING]
    assert silent.navigator.ask("POST", f"/referral/tasks/{call}/done").status_code == 303
    assert TaskKind.ANSWER_MISSING not in open_tasks(silent)
    enquiry = silent.navigator.enquire()
    drafted = silent.navigator.draft(enquiry)
    silent.navigator.act(drafted["id"], "prepare")
    silent.scene.tick()
    missing = open_tasks(silent)[TaskKind.CONSENT_MISSING]
    assert f"/referral/tasks/{missing}/done" not in page(silent.navigator)
    assert silent.navigator.ask("POST", f"/referral/tasks/{missing}/done").status_code == 404
    assert TaskKind.CONSENT_MISSING in open_tasks(silent)


def test_nobody_elsewhere_sees_it_or_takes_it_off(silent: Network) -> None:
    call = open_tasks(silent)[TaskKind.ANSWER_MISSING]
    for other in (
        silent.staff(sub="olga", site="neuss"),
        silent.staff(sub="oleg", employer=str(silent.hwk.organization_id)),
    ):
        assert "Partner hat noch nicht geantwortet" not in page(other)
        assert other.ask("POST", f"/referral/tasks/{call}/done").status_code == 404
    assert TaskKind.ANSWER_MISSING in open_tasks(silent)
