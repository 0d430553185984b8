"""Appointments and whoever comes along, in a browser: the day of a case, her own page, and the helper's only one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from services.chassis.db import Database
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.rig import Network, recipient, to_ihk
from tests.integration.referral.scene import IHK_SERVICE, NOW, Scene, an_appointment
from tests.integration.referral.test_appointments import guest_link
from tests.integration.referral.test_helping import code_for

NUMBER = re.compile(r"R-26-\w{6}")
VIEWS = first_in_the_gate(
    {"language": "de"},
    {"language": "de", "width": "phone"},
    {"language": "en", "theme": "dark", "width": "phone"},
)
HERS = first_in_the_gate({"language": "ar", "width": "phone"}, {"language": "uk", "theme": "dark"})


@dataclass
class House:
    """Somebody whom two bodies expect at the same hour, and who is interpreted for at one of them."""

    network: Network
    address: str
    first: str
    code: str

    def as_role(self, *roles: str, **claims: Any) -> dict[str, str]:
        token = self.network.staff(roles=list(roles), **claims).token
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def house(make_database: Callable[[str], Any]) -> Iterator[House]:
    with Database(str(make_database("referral").app_dsn)) as db:
        scene = Scene(db)
        network = Network(scene)
        enquiry = network.navigator.enquire(given_name="Samira")
        network.navigator.consent(enquiry, recipient(), to_ihk())
        ids = []
        for service, body, minutes in ((None, network.hwk, 0), (IHK_SERVICE, network.ihk, 30)):
            drafted = network.navigator.draft(enquiry, **({"service_id": service} if service else {}))
            network.navigator.act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
            scene.tick()
            at = NOW + timedelta(minutes=minutes)
            bring = "Reisepass, Zeugnisse mit Übersetzung, Arbeitsvertrag"
            body.act(drafted["id"], "accept", {"sealed_appointment": an_appointment(at=at, bring=bring)})
            ids.append(str(drafted["id"]))
        with served(network.app) as address:
            yield House(network, address, ids[0], code_for(network, ids[0]))
        scene.close()


def name_of(view: dict[str, str]) -> str:
    return "-".join(view.values())


def looks_well(page: Page, name: str) -> None:
    shoot(page, name)
    assert axe(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
def test_the_day_on_the_case_page(browser: Browser, house: House, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=house.as_role("navigator")) as page:  # type: ignore[arg-type]
        page.goto(f"{house.address}/referral/referrals/{house.first}")
        assert page.locator(".day-strip__bar--clashes").count() == 2
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        looks_well(page, f"appointments-case-{name_of(view)}")


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
def test_the_overlap_on_the_desk(browser: Browser, house: House, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=house.as_role("navigator")) as page:  # type: ignore[arg-type]
        page.goto(f"{house.address}/referral/")
        [row] = page.locator("tr", has=page.locator("a[data-item][href*='#appointments']")).all()
        assert len(set(NUMBER.findall(row.inner_text()))) == 2
        looks_well(page, f"appointments-desk-{name_of(view)}")


@pytest.mark.parametrize("view", HERS, ids=name_of)
def test_her_own_page(browser: Browser, house: House, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(house.address + guest_link(house.network, house.first, view["language"]))
        page.locator("main form button").first.click()
        assert page.locator("#appointments").is_visible()
        looks_well(page, f"appointments-my-{name_of(view)}")


def test_whoever_comes_along_signs_and_sees_one_appointment(browser: Browser, house: House) -> None:
    hers = house.as_role("helper", sub="hanna", site=None, employer=None)
    with page_of(browser, width="phone", extra_http_headers=hers) as page:
        page.goto(f"{house.address}/referral/help")
        looks_well(page, "helper-door")
        page.locator("#code").fill("234-234-234")
        page.locator("#signed").check()
        page.locator("form[action$=declarations] button").click()
        looks_well(page, "helper-door-wrong-code")
        page.locator("#code").fill(house.code)
        page.locator("#signed").check()
        page.locator("form[action$=declarations] button").click()
        assert page.get_by_text("Samira").is_visible()
        looks_well(page, "helper-appointment")
