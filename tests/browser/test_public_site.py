"""The public site in a browser: on a weak phone, from right to left, in the dark, on paper, without JavaScript."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response

from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.web.app import create_app
from tests.browser.rig import axe, page_of, scrolls_sideways, served, shoot
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import REGION, Directory

HWK = "services/hwk-aachen-anerkennung"
PAGES = {
    "start": "",
    "find": "find?situation=diploma&area=053340002002&spoken=ar",
    "nobody": "find?q=zzzzzz",
    "wrong": "find?topic=TELEPATHY&area=Atlantis",
    "service": HWK,
    "card": f"{HWK}/card",
    "legal": "legal/accessibility",
}
#: What differs most, in German and two more languages, one from right to left; everything else runs long.
QUICK = [
    ("de", "desk", "light", ("start", "find", "service")),
    ("ar", "phone", "light", ("find", "service", "legal")),
    ("uk", "phone", "dark", ("start", "card")),
]
LONG = [
    (tag, width, theme, tuple(PAGES))
    for tag in PERSON_LANGUAGES
    for width in ("desk", "phone")
    for theme in ("light", "dark")
]
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def address(make_database: Callable[[str], Any]) -> Iterator[str]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        app = create_app(settings(), directory.unit, issuer_keys=TestIssuer().keys())
        with served(app) as url:
            yield f"{url}/directory/help"


@pytest.mark.parametrize(
    ("language", "width", "theme", "names"),
    [*QUICK, *(pytest.param(*one, marks=pytest.mark.long) for one in LONG)],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_every_page_has_no_findings_fits_and_is_light(
    browser: Browser, address: str, language: str, width: str, theme: str, names: tuple[str, ...]
) -> None:
    with page_of(browser, language=language, width=width, theme=theme) as page:
        loaded, complaints = weighing(page), complaining(page)
        for name in names:
            loaded.clear()
            page.goto(f"{address}/{language}/{PAGES[name]}")
            shoot(page, f"public-{name}-{language}-{width}-{theme}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name
            assert 5_000 < sum(loaded) < MOST_BYTES, f"{name}: {loaded} bytes"
        assert page.context.cookies() == []
        assert complaints == [], "the content security policy has nothing to refuse"


def complaining(page: Page) -> list[str]:
    """A list that gets what the browser complains of, except that a page asked for wrongly is answered with 404."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "404" not in message.text else None)
    return complaints


def weighing(page: Page) -> list[int]:
    """A list that gets the size of everything the browser loads for a page, uncompressed, nothing from its cache."""
    loaded: list[int] = []
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})

    def weigh(response: Response) -> None:
        if response.url.startswith("http"):
            loaded.append(int(response.headers["content-length"]))

    page.on("response", weigh)
    return loaded


def test_from_the_start_to_the_card_by_keyboard_and_without_javascript(browser: Browser, address: str) -> None:
    with page_of(browser, language="tr", width="phone", java_script_enabled=False) as page:
        page.goto(f"{address}/tr/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("denklk")
        page.keyboard.press("Enter")
        page.wait_for_url("**/tr/find?q=denklk")
        page.locator("#area").select_option("053340004004")
        page.get_by_role("button", name="Göster").click()
        page.wait_for_url("**area=053340004004**")
        page.get_by_role("link", name="Zanaat mesleklerinde").press("Enter")
        page.wait_for_url(f"**/tr/{HWK}")
        page.get_by_role("link", name="Yazdırılacak").press("Enter")
        page.wait_for_url(f"**/tr/{HWK}/card")
        assert "Guten Tag. Ich komme wegen:" in page.locator("main").inner_text()


@pytest.mark.parametrize("language", ["ar", pytest.param("de", marks=pytest.mark.long)])
def test_the_card_fits_on_one_sheet_of_paper(browser: Browser, address: str, language: str) -> None:
    with page_of(browser, language=language) as page:
        page.goto(f"{address}/{language}/{HWK}/card")
        page.emulate_media(media="print")
        shoot(page, f"public-card-{language}-print")
        assert not page.get_by_role("navigation").first.is_visible()
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
