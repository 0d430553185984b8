"""A person at a browser: through the demo's sign-in to her desk and out again, on the running network."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.rig import axe, page_of, scrolls_sideways, shoot
from tests.system.conftest import RunningNetwork

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.timeout(420)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with page_of(browser, language="en") as page:
        page.set_default_timeout(30_000)
        yield page


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()


def test_the_sign_in_page_says_demo_and_everybody_can_use_it(page: Page, network: RunningNetwork) -> None:
    page.goto(f"{network.state['origin']}/referral/")
    assert page.url.startswith(network.state["issuer"])
    expect(page.get_by_text("DEMO: everybody here is made up")).to_be_visible()
    shoot(page, "demo-sign-in")
    assert axe(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not scrolls_sideways(page)


def test_a_navigator_comes_to_her_desk_and_stays_signed_in(page: Page, network: RunningNetwork) -> None:
    origin = network.state["origin"]
    sign_in(page, f"{origin}/referral/", "Nina Beispiel")
    assert page.url.startswith(f"{origin}/referral/")
    shoot(page, "demo-desk")
    page.goto(f"{origin}/referral/")
    assert page.url.startswith(f"{origin}/referral/")


@pytest.mark.parametrize(
    ("path", "name"),
    [("/directory/", "Edda Beispiel"), ("/notifications/", "Olga Beispiel"), ("/audit/", "Dora Beispiel")],
)
def test_each_service_opens_for_its_people(page: Page, network: RunningNetwork, path: str, name: str) -> None:
    origin = network.state["origin"]
    sign_in(page, f"{origin}{path}", name)
    assert page.url.startswith(f"{origin}{path}")
    shoot(page, f"demo-{path.strip('/')}")
    assert axe(page) == []


def test_the_dpo_finds_no_way_to_the_desk(browser: Browser, network: RunningNetwork) -> None:
    origin = network.state["origin"]
    answers: list[int] = []
    with page_of(browser, language="en", alone=True) as page:
        page.on("response", lambda answer: answers.append(answer.status) if answer.url.startswith(origin) else None)
        sign_in(page, f"{origin}/referral/", "Dora Beispiel")
    assert answers[-1] in {403, 404} or 403 in answers
