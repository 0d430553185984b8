"""Consent at the desk and on paper, looked at: both directions, dark, on a telephone, printed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.referral_town import Town
from tests.browser.rig import axe, page_of, scrolls_sideways, shoot
from tests.integration.referral.rig import recipient


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Town:
    return Town(str(make_database("referral").app_dsn))


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    with town.open() as url:
        yield url


@pytest.fixture(scope="module")
def drafted(town: Town) -> tuple[str, str]:
    """Somebody who reads Arabic, and what is prepared for her."""
    enquiry = town.enquiries["Silva"]
    body = {"given_by": "self", "language": "ar", "recipients": [recipient()], "secrecy_release": True}
    made = town.network.navigator.post(f"/referral/api/v1/enquiries/{enquiry}/consent-drafts", body)
    return enquiry, made["id"]


@pytest.mark.parametrize("view", [{"language": "de"}, {"language": "en", "theme": "dark"}, {"width": "phone"}])
def test_the_form_of_a_prepared_consent(
    browser: Browser, address: str, drafted: tuple[str, str], view: dict[str, str]
) -> None:
    enquiry, consent = drafted
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/{enquiry}/consent-drafts/{consent}")
        shoot(page, f"consent-form-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        assert page.locator("html").get_attribute("dir") == "rtl"
        page.emulate_media(media="print")
        shoot(page, f"consent-form-print-{'-'.join(view.values())}")


@pytest.mark.parametrize("view", [{"language": "de"}, {"language": "en", "theme": "dark"}, {"width": "phone"}])
def test_a_prepared_consent_on_the_enquiry_page(
    browser: Browser, address: str, drafted: tuple[str, str], view: dict[str, str]
) -> None:
    enquiry, _ = drafted
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/{enquiry}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        shoot(page, f"consent-desk-{'-'.join(view.values())}")
