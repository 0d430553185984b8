"""Fundings that exclude each other: found across a person's enquiries, refused or justified, and counted."""

from datetime import date
from typing import Any

import pytest

from contracts.event import Code
from services.referral import handlers
from tests.integration.referral.rig import Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK, IHK_SERVICE, Scene, a_service
from tests.integration.referral.test_data_protection_pages import browser_of
from tests.integration.referral.test_duplicate_care import AS_HWK_WRITES, OLEKSANDR, TWIN, somebody
from tests.integration.referral.test_duplicate_figures_page import figures_of
from tests.integration.referral.test_duplicate_matters import ELSEWHERE, say

PAGE = "/referral/data-protection/double-funding"


@pytest.fixture
def network(scene: Scene) -> Network:
    found = Network(scene)
    funded(found)
    return found


def funded(network: Network, version: int = 2, **period: Any) -> None:
    """The chamber of crafts by ESF; the other one by the federation, which excludes that."""
    federal = {"funder": Code("BUND"), "excludes_funders": (Code("ESF"),)}
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(HWK_SERVICE, HWK, version=version, funder=Code("ESF"), **period))
        handlers.keep_service(work, a_service(IHK_SERVICE, IHK, version=version, **federal))


def busy(network: Network, person: dict[str, Any], **claims: Any) -> Any:
    """Somebody of whom something runs at the chamber of crafts."""
    enquiry, desk = somebody(network, {**person, "phone": "+49 241 5550100"}, **claims)
    desk.consent(enquiry, recipient(), to_ihk())
    drafted = desk.draft(enquiry, HWK_SERVICE)
    desk.act(drafted["id"], "prepare")
    network.scene.tick()
    return enquiry


def choose(desk: Any, enquiry: Any, **more: Any) -> Any:
    body = {
        "enquiry_id": enquiry["id"],
        "need_id": enquiry["needs"][0]["id"],
        "service_id": str(IHK_SERVICE),
        **more,
    }
    return desk.ask("POST", "/referral/api/v1/referrals", body)


def hints(network: Network) -> list[Any]:
    return network.scene.rows("SELECT * FROM funding_hints ORDER BY hinted_at, id")


def test_a_refused_choice_is_kept_as_a_hint_and_a_justified_one_with_its_code(network: Network):
    enquiry = busy(network, OLEKSANDR)
    refused = choose(network.navigator, enquiry)
    assert (refused.status_code, refused.json["slug"]) == (409, "matching.double-funding")
    assert (refused.json["services"], refused.json["elsewhere"]) == ([str(HWK_SERVICE)], False)
    drafted = choose(network.navigator, enquiry, justification="OTHER_CONTENT")
    assert drafted.status_code == 201
    first, second = hints(network)
    assert (first["referral_id"], first["justification"]) == (None, None)
    assert (str(second["referral_id"]), second["justification"]) == (drafted.json["id"], "OTHER_CONTENT")
    told = "SELECT count(*) AS count FROM outbox WHERE routing_key = 'referral.double_funding_hinted.v1'"
    assert network.scene.rows(told)[0]["count"] == 2


def test_her_other_enquiry_of_the_same_name_counts(network: Network):
    busy(network, OLEKSANDR)
    again, desk = somebody(network, OLEKSANDR)
    assert choose(desk, again).json["services"] == [str(HWK_SERVICE)]


def test_what_another_desk_has_is_said_in_one_word(network: Network):
    busy(network, OLEKSANDR)
    again, desk = somebody(network, OLEKSANDR, **ELSEWHERE)
    refused = choose(desk, again)
    assert (refused.json["services"], refused.json["elsewhere"]) == ([], True)
    assert str(HWK_SERVICE) not in refused.text and "aachen" not in refused.text


def test_another_spelling_counts_until_a_desk_says_that_it_is_somebody_else(network: Network):
    busy(network, OLEKSANDR)
    again, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    assert choose(desk, again).json["elsewhere"] is True
    say(desk, again, person_says="not_me", resolution="other_person")
    assert choose(desk, again).status_code == 201


def test_a_draft_counts_because_it_will_be_sent(network: Network):
    enquiry, desk = somebody(network, OLEKSANDR)
    desk.draft(enquiry, HWK_SERVICE)
    assert choose(desk, enquiry).status_code == 409


def test_a_twin_and_a_later_period_are_no_double_funding(network: Network):
    enquiry = busy(network, OLEKSANDR)
    twin, desk = somebody(network, TWIN)
    assert choose(desk, twin).status_code == 201
    funded(network, version=3, funded_until=date(2026, 11, 1))
    assert choose(network.navigator, enquiry).status_code == 409, "an open period meets every other one"
    with network.scene.unit.work(actor="system:directory") as work:
        later = a_service(
            IHK_SERVICE,
            IHK,
            version=4,
            funder=Code("BUND"),
            excludes_funders=(Code("ESF"),),
            funded_from=date(2026, 11, 2),
        )
        handlers.keep_service(work, later)
    assert choose(network.navigator, enquiry).status_code == 201


def test_by_hand_among_the_suggestions(network: Network):
    enquiry = busy(network, OLEKSANDR)
    need = enquiry["needs"][0]["id"]
    place = f"/referral/enquiries/{enquiry['id']}/needs/{need}"
    desk = browser_of(network)
    assert "justification" in desk.get(place).text
    form = {"service_id": str(IHK_SERVICE), "request_key": "c" * 32}
    refused = desk.post(f"{place}/referrals", data=form)
    assert refused.status_code == 409 and "The fundings exclude each other" in refused.text
    drafted = desk.post(f"{place}/referrals", data={**form, "request_key": "d" * 32, "justification": "FUNDER_AGREES"})
    assert drafted.status_code == 303
    wrong = desk.post(f"{place}/referrals", data={**form, "request_key": "e" * 32, "justification": "BECAUSE"})
    assert wrong.status_code == 422


def test_the_page_counts_hints_justifications_and_what_partners_declined(network: Network):
    assert counted(network) == {}
    enquiry = busy(network, OLEKSANDR)
    choose(network.navigator, enquiry)
    choose(network.navigator, enquiry, justification="OTHER_TIME")
    found = counted(network)
    assert found["Chosen, with a reason"] == (1, 1)
    assert found["Not chosen, because no reason was given"] == (1, 1)
    assert found["other time"] == (1, 1)
    assert "Declined by a partner as double funding" not in found
    running = network.scene.rows("SELECT id FROM referrals WHERE status = 'requested'")[0]["id"]
    network.hwk.act(str(running), "reject", {"reason": "DOUBLE_FUNDING"})
    assert counted(network)["Declined by a partner as double funding"] == (1, 1)


def counted(network: Network) -> dict[str, tuple[int, ...]]:
    """The figures that are not nought."""
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    return {name: count for name, count in figures_of(dpo, PAGE).items() if any(count)}


def test_a_lead_sees_her_own_desk_and_the_officer_all(network: Network):
    enquiry = busy(network, OLEKSANDR)
    choose(network.navigator, enquiry, justification="OTHER_TIME")
    for site, expected in (("aachen", (1, 1)), ("moenchengladbach", (0, 0))):
        lead = browser_of(network, sub="lena", roles=["lead"], site=site)
        assert figures_of(lead, PAGE)["Chosen, with a reason"] == expected
    assert browser_of(network).get(PAGE).status_code == 403
