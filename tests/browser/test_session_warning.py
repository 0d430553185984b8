"""Before a sign-in ends its page says so, without script, and one click puts it off (WCAG 2.2.1)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.chassis.sessions import Session
from tests.browser.rig import axe, page_of, scrolls_sideways, served, shoot
from tests.browser.sample import ANNA, NOW, make_sample


@dataclass
class Sample:
    address: str
    app: Any
    looks: list[str] = field(default_factory=list)

    def ends(self, at: datetime, *, is_last: bool = False) -> None:
        """From now on every page is one of a sign-in that ends then."""

        def find(request: Any) -> Session:
            self.looks.append(request.path)
            return Session(ANNA, "form-token", "cookie", at, is_last)

        sessions = self.app.extensions["lotsennetz"].sessions
        sessions.find, sessions.stay = find, lambda session: at


@pytest.fixture
def sample() -> Iterator[Sample]:
    app = make_sample()
    with served(app) as url:
        made = Sample(url, app)
        made.ends(NOW + timedelta(minutes=30))
        yield made


def warning(page: Page) -> Any:
    return page.locator(".session-warning")


def let_pass(page: Page, seconds: float) -> None:
    """The page's own time goes on; nobody has to wait for it."""
    page.evaluate(
        "seconds => document.querySelector('.session-warning').getAnimations()"
        ".forEach((one) => { one.currentTime = Number(one.currentTime) + seconds * 1000 })",
        seconds,
    )


def test_two_minutes_before_its_end_a_page_says_so_and_not_before(browser: Browser, sample: Sample) -> None:
    with page_of(browser) as page:
        page.goto(f"{sample.address}/sample/controls")
        expect(warning(page)).not_to_be_visible()
        let_pass(page, 27 * 60)
        expect(warning(page)).not_to_be_visible()
        let_pass(page, 61)
        expect(warning(page)).to_be_visible()
        expect(warning(page)).to_contain_text("endet in etwa zwei Minuten")
        shoot(page, "shell-session-warning")
        assert axe(page) == []


def test_it_fits_a_phone_and_leaves_what_has_the_focus_uncovered(browser: Browser, sample: Sample) -> None:
    with page_of(browser, width="phone", theme="dark") as page:
        page.goto(f"{sample.address}/sample/controls")
        let_pass(page, 28 * 60 + 1)
        expect(warning(page)).to_be_visible()
        shoot(page, "shell-session-warning-phone")
        assert not scrolls_sideways(page)
        covered = page.evaluate("""() => {
          const line = document.querySelector(".session-warning")
          const stops = [...document.querySelectorAll("main input, main select, main textarea, main button, main a")]
          return stops.filter((one) => {
            one.focus()
            const [place, cover] = [one.getBoundingClientRect(), line.getBoundingClientRect()]
            return place.top >= cover.top && place.bottom <= cover.bottom
          }).map((one) => one.id || one.textContent)
        }""")
        assert covered == []


def test_with_script_one_click_puts_it_off_and_the_text_stays(browser: Browser, sample: Sample) -> None:
    with page_of(browser) as page:
        page.goto(f"{sample.address}/sample/controls")
        page.fill("#note", "halb geschrieben")
        let_pass(page, 28 * 60 + 1)
        with page.expect_response("**/sample/stay*"):
            page.get_by_role("link", name="Angemeldet bleiben").click()
        expect(warning(page)).not_to_be_visible()
        assert page.input_value("#note") == "halb geschrieben"
        let_pass(page, 28 * 60 + 1)
        expect(warning(page)).to_be_visible()


def test_without_script_a_second_window_does_it(browser: Browser, sample: Sample) -> None:
    with page_of(browser, java_script_enabled=False) as page:
        page.goto(f"{sample.address}/sample/controls")
        page.fill("#note", "halb geschrieben")
        let_pass(page, 28 * 60 + 1)
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Angemeldet bleiben").click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text("Sie bleiben angemeldet")
        assert sample.looks[-1] == "/sample/stay"
        assert page.input_value("#note") == "halb geschrieben"


def test_where_nothing_puts_it_off_it_says_what_to_do(browser: Browser, sample: Sample) -> None:
    sample.ends(NOW + timedelta(minutes=5), is_last=True)
    with page_of(browser) as page:
        page.goto(f"{sample.address}/sample/controls")
        let_pass(page, 3 * 60 + 1)
        expect(warning(page)).to_contain_text("Schicken Sie ab")
        assert warning(page).get_by_role("link").count() == 0
