"""A partner's channel by command: tried, sent again, given a new secret, switched on."""

import json
from collections.abc import Callable

from contracts.identity import id_of
from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
PARTNER = id_of("organization", "test-chamber")
OF = f"/notifications/operator/organizations/{PARTNER}"
DELIVERY = "/notifications/operator/deliveries/7"


def a_ping(paper: PaperNetwork, channel: str, state: str) -> None:
    paper.say("POST", f"{OF}/test", {"delivery_id": "7"})
    attempt = {"number": 1, "status_code": 500, "cause": "http-500"}
    paper.say("GET", DELIVERY, {"channel": channel, "state": state, "attempts": [attempt]})


def test_a_ping_that_arrives_ends_well_and_one_that_does_not_is_a_problem(paper: PaperNetwork, run: Lotse) -> None:
    a_ping(paper, "webhook", "confirmed")
    assert run("channel", "ping", "test-chamber").code == 0
    a_ping(paper, "webhook", "parked")
    told = run("channel", "ping", "test-chamber", "--json")
    assert (told.code, told.data["attempts"][0]["cause"]) == (1, "http-500")


def test_what_is_still_under_way_is_waited_for_only_so_long(paper: PaperNetwork, run: Lotse) -> None:
    a_ping(paper, "webhook", "pending")
    assert run("channel", "ping", "test-chamber", "--wait", "0").code == 1


def test_in_queue_and_feed_a_ping_has_left_when_it_lies_there(paper: PaperNetwork, run: Lotse) -> None:
    for channel in ("amqp", "pull"):
        a_ping(paper, channel, "sent")
        assert run("channel", "ping", "test-chamber").code == 0


def test_everything_since_a_moment_is_asked_for_part_by_part(paper: PaperNetwork, run: Lotse) -> None:
    parts = iter([(500, 812), (3, None)])

    def answer() -> dict[str, object]:
        sent, go_on = next(parts)
        return {"leaving": sent, "next": go_on}

    paper.say("POST", f"{OF}/replay", answer)
    told = run("channel", "replay", "test-chamber", "--since", "2026-11-20T08:00:00", "--json")
    assert (told.code, told.data["leaving"]) == (0, 503)
    asked = [json.loads(body) for _, path, body in paper.asked if path == f"{OF}/replay"]
    assert [one["after"] for one in asked] == [0, 812]
    assert {one["since"] for one in asked} == {told.data["since"]}
    assert told.data["since"][19:] != ""


def test_a_new_secret_is_shown_once_with_the_end_of_the_old_one(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("PUT", f"{OF}/webhook-secret", {"secret": "whsec_x", "old_until": "2026-11-25T09:00:00+00:00"})
    told = run("channel", "secret", "test-chamber", "--overlap-hours", "48")
    assert "whsec_x" in told.out
    assert "2026-11-25" in told.out
    assert json.loads(paper.asked[-1][2]) == {"overlap_hours": 48}


def test_a_webhook_is_listed_and_switched_on(paper: PaperNetwork, run: Lotse) -> None:
    row = {
        "organization_id": str(PARTNER),
        "cause": "http-500",
        "failing_since": None,
        "disabled_at": None,
        "waiting": 4,
    }
    paper.say("GET", "/notifications/operator/webhooks", {"webhooks": [row]})
    paper.say("POST", f"{OF}/webhook/enable", {"leaving": 4})
    assert "http-500" in run("channel", "list").out
    assert run("channel", "list", "--json").data == [row]
    assert "4 notices leave" in run("channel", "enable", "test-chamber").out
