"""What the data-protection officer sees of duplicate care: counted from the facts, with both sides of a matter."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.referral.asking import ImpactAssessment
from services.referral.domain.duplicate_care import AskingRule
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import Scene
from tests.integration.referral.test_data_protection_pages import browser_of, figures
from tests.integration.referral.test_duplicate_care import AS_HWK_WRITES, OLEKSANDR, TWIN, in_care, somebody
from tests.integration.referral.test_duplicate_matters import ELSEWHERE, ask_again, found_enquiry, matters, ruled, say

PAGE = "/referral/data-protection/duplicates"


@pytest.fixture
def network(scene: Scene) -> Network:
    return Network(scene)


def shown(network: Network) -> dict[str, tuple[int, ...]]:
    return figures_of(browser_of(network, sub="dora", roles=["dpo"], site=None), PAGE)


def figures_of(client: FlaskClient, path: str) -> dict[str, tuple[int, ...]]:
    """The figures of a page by their name."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    rows = re.findall(r'scope="row">(.*?)</tr>', answer.text, re.DOTALL)
    table = {
        " ".join(re.sub(r"<[^>]*>", " ", one.split("</th>")[0]).split()): numbers(one.split("</th>")[1]) for one in rows
    }
    pairs = re.findall(r"__key\">([^<]+)</dt><dd[^>]*>(\d+)</dd>", answer.text)
    return table | {name: (int(count),) for name, count in pairs}


def numbers(cells: str) -> tuple[int, ...]:
    return tuple(int(found) for found in re.findall(r">(\d+)</td>", cells))


def test_the_page_counts_what_happened(network: Network):
    assert shown(network)["Asked and answered"] == (0, 0)
    in_care(network, OLEKSANDR)  # asked twice: taken down, and before it left
    somebody(network, {"given_name": "Olena"})
    before = shown(network)
    assert before["Asked and answered"] == (3, 3)
    assert before["not in care"] == (2, 2)
    assert before["not checked: too little is known"] == (1, 1)
    somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    after = shown(network)
    assert after["Asked and answered"] == (4, 4) and after["possibly in care already"] == (1, 1)
    assert (before["open"], after["open"]) == ((0,), (1,))


def test_refused_attempts_are_counted(network: Network):
    ruled(network, AskingRule(per_day=1))
    enquiry, desk = somebody(network, TWIN)
    limited = "not asked: the day’s limit of questions is reached"
    assert shown(network)[limited] == (0, 0)
    ask_again(desk, enquiry)
    ask_again(desk, enquiry)
    assert shown(network)[limited] == (2, 2)
    assert shown(network)["Questions a day for each member of staff"] == (1,)


def test_what_lies_longer_back_counts_in_all_only(network: Network):
    somebody(network, TWIN)
    network.scene.days_pass(32)
    somebody(network, OLEKSANDR)
    assert shown(network)["Asked and answered"] == (1, 2)


def test_both_sides_are_seen_here_and_what_does_not_fit_comes_first(network: Network):
    running = in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    say(desk, enquiry, person_says="cared_for_there", resolution="here")
    say(network.navigator, found_enquiry(network, running), resolution="here")
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    page = dpo.get(PAGE).text
    assert page.count("Care goes on here") == 2 and "I am already cared for there" in page
    for place in (enquiry["id"], found_enquiry(network, running)["id"]):
        assert f"/audit/cases/enquiry/{place}" in page
    found = shown(network)
    assert (found["do not fit together"], found["settled"]) == ((1,), (0,))
    assert found["I am already cared for there"] == (1,)
    assert figures(dpo.get("/referral/data-protection/").text)["Possible duplicate care"] == 1
    say(desk, enquiry, resolution="there")
    found = shown(network)
    assert (found["do not fit together"], found["settled"]) == ((0,), (1,))
    assert "Possible duplicate care" not in figures(dpo.get("/referral/data-protection/").text)


def test_the_keys_in_use_are_named_with_whom_they_know(network: Network):
    in_care(network, OLEKSANDR)
    assert shown(network)["2026-Q4 current"] == (1,)
    network.scene.clock.instant = datetime(2027, 1, 2, 8, tzinfo=UTC)
    somebody(network, TWIN)
    assert (shown(network)["2027-Q1 current"], shown(network)["2026-Q4"]) == ((1,), (1,))


def test_who_else_may_be_asked_stands_there(network: Network):
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    assert "never: no impact assessment is configured" in dpo.get(PAGE).text
    kept = network.app.extensions
    kept["referral"] = replace(kept["referral"], assessment=ImpactAssessment("DSFA 4/2026", date(2026, 3, 1)))
    assert "DSFA 4/2026" in dpo.get(PAGE).text


def test_only_the_officer_sees_both_sides(network: Network):
    enquiry: Any
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES, **ELSEWHERE)
    assert len(matters(desk, enquiry)) == 1
    for role in ("navigator", "lead"):
        assert browser_of(network, sub="lena", roles=[role]).get(PAGE).status_code == 403
