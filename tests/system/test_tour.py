"""Whoever takes the tour of `docs/tour.md` on a running demo finds what it says: a browser walks it, step by step."""

import secrets
import string
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo import tour
from deploy.demo.tour import Act, Stop
from tests.browser.rig import page_of, shoot
from tests.system.conftest import RunningNetwork
from tests.unit.referral.papers import a_pdf
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]
PATIENCE_MS = 30_000


def made_up() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))


def fill(page: Page, act: tour.Fill) -> None:
    text = f"{act.text}{made_up()}" if act.made_up else act.text
    field = page.get_by_label(act.word, exact=True)
    place = field if field.count() else page.get_by_role("group", name=act.word, exact=True).get_by_label("Deutsch")
    place.first.fill(text)


def choose(page: Page, act: Act) -> None:
    """The first of what stands under a name: a box to tick, an entry to open, a case."""
    within = page.get_by_role("group", name=act.word, exact=True)
    if within.count():
        within.get_by_role("checkbox").first.check()
        return
    listed = page.get_by_role("table", name=act.word).or_(page.get_by_role("region", name=act.word, exact=True))
    links = (
        listed.get_by_role("link")
        if listed.count()
        else page.get_by_role("link", name=act.word).and_(page.locator("main a"))
    )
    follow(page, links.first.click)


def attach(page: Page, act: Act) -> None:
    paper = {"name": "formular.pdf", "mimeType": "application/pdf", "buffer": a_pdf()}
    page.get_by_label(act.word).first.set_input_files(paper)  # type: ignore[arg-type]  # a payload is allowed


def see(page: Page, act: Act) -> None:
    expect(page.get_by_text(act.word).locator("visible=true").first).to_be_visible()


def wait_for(page: Page, act: Act) -> None:
    def stands() -> bool:
        page.reload()
        return page.get_by_text(act.word).count() > 0

    eventually(stands, timeout=60, interval=2)


def select(page: Page, act: tour.Select) -> None:
    page.get_by_label(act.word, exact=True).select_option(label=act.option)


def follow(page: Page, click: Callable[[], None]) -> None:
    with page.expect_navigation():
        click()


def press(page: Page, act: Act) -> None:
    follow(page, page.get_by_role("button", name=act.word, exact=True).first.click)


def follow_link(page: Page, act: Act) -> None:
    follow(page, page.get_by_role("link", name=act.word, exact=True).first.click)


def unfold(page: Page, act: Act) -> None:
    page.locator("summary", has_text=act.word).first.click()


def tick(page: Page, act: Act) -> None:
    page.get_by_label(act.word, exact=True).check()


HANDS: dict[type[Act], Callable[..., None]] = {
    tour.Press: press,
    tour.Follow: follow_link,
    tour.Unfold: unfold,
    tour.Tick: tick,
    tour.Choose: choose,
    tour.Attach: attach,
    tour.See: see,
    tour.Await: wait_for,
    tour.Fill: fill,
    tour.Select: select,
}


def walk(page: Page, stop: Stop, name: str) -> None:
    for number, step in enumerate(stop.steps, start=1):
        for act in step.acts:
            try:
                HANDS[type(act)](page, act)
            except Exception as wrong:
                shoot(page, f"tour-{name}-{number}-wrong")
                raise AssertionError(f"{stop.de}, step {number}, {act}: {wrong}") from wrong
        shoot(page, f"tour-{name}-{number}")
        assert page.get_by_role("alert").count() == 0, f"{stop.de}, step {number}"


def test_the_tour_can_be_walked_from_its_first_step_to_its_last(browser: Browser, network: RunningNetwork) -> None:
    for stop in tour.STOPS:
        with page_of(browser, alone=True) as page:
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"{network.state['origin']}{stop.path}")
            page.get_by_role("button", name=stop.person).click()
            expect(page, stop.person).to_have_url(f"{network.state['origin']}{stop.path}")
            walk(page, stop, stop.person.partition(" ")[0].lower())
