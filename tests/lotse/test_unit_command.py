"""A partner's unit by command: when it is left alone, and who takes its mail meanwhile."""

import json
from collections.abc import Callable

from contracts.identity import id_of
from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
OF = f"/notifications/operator/organizations/{id_of('organization', 'test-office')}"


def test_hours_are_set_for_one_or_for_everybody(paper: PaperNetwork, run: Lotse) -> None:
    everybody = "/notifications/operator/units/everybody/quiet-hours"
    for path in (f"{OF}/quiet-hours", everybody):
        paper.say("PUT", path, {"begins": "19:00", "ends": "07:00"})
    assert "19:00" in run("unit", "quiet", "test-office", "19:00", "07:00").out
    assert "any time" in run("unit", "quiet", "everybody").out
    assert [(path, json.loads(body)) for _, path, body in paper.asked if "quiet" in path] == [
        (f"{OF}/quiet-hours", {"begins": "19:00", "ends": "07:00"}),
        (everybody, {"begins": "", "ends": ""}),
    ]


def test_a_unit_goes_away_and_comes_back(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("POST", f"{OF}/absences", {"absence_id": "a1"})
    paper.say("POST", "/notifications/operator/absences/a1/end", {"absence_id": "a1"})
    days = ("2026-12-24", "2027-01-03")
    told = run("unit", "absent", "test-office", *days, "--substitute", "b@amt.example", "--json")
    assert told.data == {"absence_id": "a1"}
    [body] = [json.loads(body) for _, path, body in paper.asked if path == f"{OF}/absences"]
    assert body == {"from_on": days[0], "until_on": days[1], "substitute_mailbox": "b@amt.example"}
    assert run("unit", "back", "a1").code == 0
    assert run("unit", "absent", "test-office", "soon", "later", "--substitute", "b@amt.example").code == 2


def test_units_are_listed(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("GET", "/notifications/operator/units", {"units": [{"name": "Amt", "quiet_from": "19:00", "waiting": 2}]})
    assert "19:00" in run("unit", "list").out
