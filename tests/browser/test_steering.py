"""The steering group's page with figures in it: told and withheld ones, on a desk and a telephone, in the dark."""

import pytest
from playwright.sync_api import Browser

from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.rig import Network
from tests.integration.referral.test_steering import PAGE, network  # noqa: F401 - a fixture


@pytest.mark.long
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL], ids=lambda view: "-".join(view.values()))
def test_the_figures(browser: Browser, network: Network, view: dict[str, str]) -> None:  # noqa: F811 - the fixture
    headers = {"Authorization": f"Bearer {network.staff(roles=['coordinator']).token}"}
    with served(network.app) as address, page_of(browser, **view, extra_http_headers=headers) as page:  # type: ignore[arg-type]
        page.goto(f"{address}{PAGE}?lang={view['language']}")
        shoot(page, f"steering-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
