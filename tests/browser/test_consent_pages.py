"""Consent at the desk and on paper, looked at: both directions, dark, on a telephone, printed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from contracts.codes import Topic
from services.referral import handlers
from tests.browser.referral_town import Town
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, shoot
from tests.integration.referral.rig import recipient
from tests.integration.referral.scene import HWK_SERVICE, a_service

VIEWS = first_in_the_gate({"language": "de"}, {"language": "en", "theme": "dark"}, {"width": "phone"})


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


@pytest.mark.parametrize("view", VIEWS)
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


@pytest.mark.parametrize("view", VIEWS)
def test_a_prepared_consent_on_the_enquiry_page(
    browser: Browser, address: str, drafted: tuple[str, str], view: dict[str, str]
) -> None:
    enquiry, _ = drafted
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/{enquiry}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        shoot(page, f"consent-desk-{'-'.join(view.values())}")


def test_an_employers_request_and_its_confirmation(browser: Browser, address: str, town: Town) -> None:
    navigator = town.network.navigator
    enquiry = navigator.post(
        "/referral/api/v1/enquiries",
        {
            "enquirer": "employer",
            "site": "aachen",
            "employer": {"company": "Schweißtechnik Rur GmbH", "mailbox": "personal@rur.example", "positions": 2},
            "needs": [{"topic": "ANWERBUNG"}],
        },
    )
    hiring = a_service(HWK_SERVICE, version=9, topics=(Topic.ANERKENNUNG, Topic.ANWERBUNG))
    with town.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, hiring)
    place = f"{address}/referral/enquiries/{enquiry['id']}"
    with page_of(browser, language="de") as page:
        page.goto(f"{place}?open=consent#take-down")
        page.locator("input[name=recipients]").first.check()
        page.locator("#take-down").get_by_label("Auf welcher Grundlage?").select_option("ART_6_1_E")
        page.get_by_label("Der Betrieb wurde informiert").check()
        shoot(page, "company-request")
        assert axe(page) == []
        page.locator("#take-down button[type=submit]").click()
        page.get_by_role("link", name="Bestätigung für den Betrieb").click()
        assert "personal@rur.example" in page.locator("main").inner_text()
        shoot(page, "company-confirmation")
        assert axe(page) == []
        page.emulate_media(media="print")
        shoot(page, "company-confirmation-print")
        sheet = page.url
    with page_of(browser, language="en", width="phone", theme="dark") as page:
        page.goto(sheet)
        shoot(page, "company-confirmation-phone")
        assert axe(page) == []
        assert not scrolls_sideways(page)
