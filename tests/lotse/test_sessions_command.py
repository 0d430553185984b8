"""`lotse sessions end`: the four services are asked, each for the same account."""

import json
from collections.abc import Callable

from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
ACCOUNT = "staff:" + "ab" * 16


def test_what_is_open_is_ended_at_all_four_services(paper: PaperNetwork, run: Lotse) -> None:
    for number, service in enumerate(("directory", "referral", "notifications", "audit")):
        paper.say("POST", f"/{service}/sessions/accounts/ends", {"ended": number})
    done = run("sessions", "end", ACCOUNT, "--json")
    assert {row["service"]: row["ended"] for row in done.data} == {
        "directory": 0,
        "referral": 1,
        "notifications": 2,
        "audit": 3,
    }
    asked = [json.loads(sent) for _, path, sent in paper.asked if path.endswith("/ends")]
    assert asked == [{"account": ACCOUNT}] * 4


def test_a_service_that_refuses_is_not_passed_over(paper: PaperNetwork, run: Lotse) -> None:
    assert run("sessions", "end", ACCOUNT).code != 0
