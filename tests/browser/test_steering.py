"""The steering group's pages with figures in them, on a desk and a telephone, in the dark, on paper."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.rig import Network
from tests.integration.referral.test_steering import PAGE, network  # noqa: F401 - a fixture

ADDRESSES = {"steering": f"{PAGE}?from=2026-Q1&to=2026-Q4", "funder-report": f"{PAGE}/report?"}


@pytest.mark.parametrize("view", first_in_the_gate(GERMAN, DARK_AND_SMALL), ids=lambda view: "-".join(view.values()))
def test_the_figures(browser: Browser, network: Network, view: dict[str, str]) -> None:  # noqa: F811 - the fixture
    headers = {"Authorization": f"Bearer {network.staff(roles=['coordinator']).token}"}
    with served(network.app) as address, page_of(browser, **view, extra_http_headers=headers) as page:  # type: ignore[arg-type]
        for name, path in ADDRESSES.items():
            page.goto(f"{address}{path}&lang={view['language']}")
            shoot(page, f"{name}-{'-'.join(view.values())}")
            assert axe(page) == []
            assert not scrolls_sideways(page)
        if view is GERMAN:
            page.goto(f"{address}{ADDRESSES['steering']}&lang=de")
            expect_printable(page)


def expect_printable(page: Page) -> None:
    """On paper the question stands in words, without its form; drawings do not run over the edge."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})
    shoot(page, "steering-print")
    assert not page.locator(".filter-form").is_visible()
    assert page.get_by_text("2026-Q1 bis 2026-Q4, alle Standorte").is_visible()
    assert page.evaluate(
        "[...document.querySelectorAll('.chart')].every(one => one.getBoundingClientRect().right <= 700)"
    )
