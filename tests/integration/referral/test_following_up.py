"""Partners asked how it stands, many with one click: once each; who was left out is said with the reason."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contracts.codes import ChannelKind, Party, ReminderKind
from contracts.directory import Channel
from contracts.event import to_dict
from contracts.referral import ReminderDue
from services.referral import handlers
from tests.integration.referral.rig import Navigator, Network, recipient, to_ihk
from tests.integration.referral.scene import IHK, IHK_SERVICE, an_organization

PAGE = "/referral/tracking/follow-ups"


def ask(caller: Navigator, *referrals: str, key: str = "") -> Any:
    data = {"referral": list(referrals), "request_key": key or secrets.token_hex(16)}
    return caller.client.post(PAGE, data=data, headers={"Authorization": f"Bearer {caller.token}"})


def asked(network: Network) -> list[ReminderDue]:
    return [one for one in network.scene.said(ReminderDue) if one.reminder is ReminderKind.FOLLOW_UP]


@pytest.fixture
def waiting(network: Network) -> list[str]:
    return [network.requested(recipient()) for _ in range(3)]


def test_each_partner_is_reminded_by_a_fact_without_a_word_about_anybody(network: Network, waiting: list[str]) -> None:
    answer = ask(network.navigator, *waiting)
    assert "Zu 3 Verweisen werden die Partner nach dem Stand gefragt." in answer.text
    assert {str(one.referral_id) for one in asked(network)} == set(waiting)
    assert all(one.waiting_for is Party.PARTNER for one in asked(network))
    assert set(to_dict(asked(network)[0])) == {"referral_id", "organization_id", "reminder", "waiting_for"}
    assert "nach dem Stand gefragt" in network.navigator.ask("GET", f"/referral/referrals/{waiting[0]}").text


def test_the_page_sent_again_asks_nobody_twice_and_says_the_same(network: Network, waiting: list[str]) -> None:
    key = secrets.token_hex(16)
    first, second = ask(network.navigator, *waiting, key=key), ask(network.navigator, *waiting, key=key)
    assert first.status_code == second.status_code == 200
    assert "Zu 3 Verweisen" in second.text
    assert len(asked(network)) == 3


def test_who_was_asked_lately_is_left_in_peace_for_three_working_days(network: Network, waiting: list[str]) -> None:
    ask(network.navigator, waiting[0])
    answer = ask(network.navigator, *waiting)
    assert "Zu 2 Verweisen" in answer.text
    assert "in den letzten drei Arbeitstagen schon gefragt oder erinnert" in answer.text
    assert network.navigator.see(waiting[0])["reference"] in answer.text
    assert "Niemand wurde gefragt" in ask(network.navigator, *waiting).text
    assert len(asked(network)) == 3


def test_two_who_ask_at_once_ask_once(network: Network, waiting: list[str]) -> None:
    callers = [network.staff(sub=f"nora-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda caller: ask(caller, *waiting), callers))
    assert {answer.status_code for answer in answers} == {200}
    assert len(asked(network)) == 3


def test_everybody_else_is_left_out_and_the_page_says_why(network: Network) -> None:
    by_phone = network.requested(to_ihk(), service_id=IHK_SERVICE)
    with network.scene.unit.work(actor="system:directory") as work:
        silent = an_organization(IHK, version=2, channel=Channel(kind=ChannelKind.NONE))
        handlers.keep_organization(work, silent)
    draft = network.navigator.draft(network.navigator.enquire())["id"]
    elsewhere = "00000000-0000-4000-8000-000000000000"
    answer = ask(network.navigator, by_phone, draft, elsewhere)
    for why in ("bitte anrufen", "wartet nicht auf den Partner", "nicht (mehr) zu sehen"):
        assert why in answer.text
    assert asked(network) == []


def test_nobody_asks_for_another_desk(network: Network, waiting: list[str]) -> None:
    answer = ask(network.staff(sub="olga", site="neuss"), *waiting)
    assert "nicht (mehr) zu sehen" in answer.text
    assert asked(network) == []


def test_nothing_ticked_is_refused_by_its_field(network: Network) -> None:
    answer = ask(network.navigator)
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["referral"])
