"""The public site in a browser: on a weak phone, from right to left, in the dark, on paper, without JavaScript."""

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
}
#: German, two more with one from right to left; everything else runs long.
QUICK = [("de", "desk", "light"), ("ar", "phone", "light"), ("uk", "phone", "dark")]
LONG = [
    (tag, width, theme)
    for tag in PERSON_LANGUAGES
    for width in ("desk", "phone")
    for theme in ("light", "dark")
    if (tag, width, theme) not in QUICK
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
    ("language", "width", "theme"), [*QUICK, *(pytest.param(*one, marks=pytest.mark.long) for one in LONG)]
)
def test_every_page_has_no_findings_fits_and_is_light(
    browser: Browser, address: str, language: str, width: str, theme: str
) -> None:
    with page_of(browser, language=language, width=width, theme=theme, alone=True) as page:
        loaded = weighing(page)
        for name, path in PAGES.items():
            loaded.clear()
            page.goto(f"{address}/{language}/{path}", wait_until="networkidle")
            shoot(page, f"public-{name}-{language}-{width}-{theme}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name
            assert 5_000 < sum(loaded) < MOST_BYTES, f"{name}: {loaded} bytes"
        assert page.context.cookies() == []


def weighing(page: Page) -> list[int]:
    """A list that gets the size of everything the browser loads for a page, uncompressed, nothing from its cache."""
    loaded: list[int] = []
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})

    def weigh(response: Response) -> None:
        if response.url.startswith("http"):
            loaded.append(int(response.headers["content-length"]))

    page.on("response", weigh)
    return loaded
