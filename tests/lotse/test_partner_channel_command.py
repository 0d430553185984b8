"""A partner's channel by command: which is in force, which waits, confirmed or refused by a second person."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
PATH = "/directory/operator/organizations/test-chamber/channel"
PRINT = "x" * 43
IN_FORCE = {"channel": {"kind": "amqp"}}
WAITS = {
    "channel": {"kind": "light", "unit_mailbox": "unit@chamber.example"},
    "contact": "office@chamber.example",
    "thumbprint": PRINT,
}


@pytest.mark.parametrize(("waits", "code"), [({}, 0), ({"waits": WAITS}, 1)])
def test_showing_ends_badly_as_long_as_one_waits(
    paper: PaperNetwork, run: Lotse, waits: dict[str, Any], code: int
) -> None:
    paper.say("GET", PATH, {"in_force": IN_FORCE, **waits})
    told = run("partner", "channel", "show", "test-chamber")
    assert (told.code, "unit@chamber.example" in told.out, "second person" in told.out) == (code, code == 1, code == 1)


def test_a_second_person_confirms_what_she_looked_at_in_her_own_name(
    paper: PaperNetwork, run: Lotse, state: dict[str, Any]
) -> None:
    paper.say("POST", f"{PATH}/confirmations", {"in_force": IN_FORCE})
    words = ("partner", "channel", "confirm", "test-chamber")
    assert run(*words, "--thumbprint", PRINT, "--lead").code == 2, "no client"
    state["lotse"] |= {"lead_client_id": "lotse-lead", "lead_client_secret": "x"}
    assert run(*words, "--thumbprint", PRINT, "--lead").code == 0
    assert json.loads(paper.asked[-1][2]) == {"thumbprint": PRINT}
    assert run(*words).code == 2


def test_a_refusal_says_why(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("POST", f"{PATH}/refusals", {"in_force": IN_FORCE})
    words = ("partner", "channel", "refuse", "test-chamber", "--thumbprint", PRINT)
    assert run(*words).code == 2
    told = run(*words, "--reason", "not_from_partner", "--json")
    assert (told.code, told.data) == (0, {"in_force": IN_FORCE})
    assert json.loads(paper.asked[-1][2]) == {"thumbprint": PRINT, "reason": "not_from_partner"}
