"""From an enquiry to three referrals with the keyboard alone: that it can be done, and how many keys it takes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from contracts.codes import Topic
from contracts.event import PublicText
from services.referral import handlers
from tests.browser.referral_town import ADVICE, VUV, Town
from tests.browser.rig import page_of
from tests.integration.referral.scene import IHK, IHK_SERVICE, a_service, some_terms
from tests.unit.referral.papers import a_pdf

#: What a practiced office worker takes for a key (Card, Moran, Newell: keystroke-level model, average skilled typist).
SECONDS_PER_KEY = 0.28
#: A little more than it takes today; whoever makes the way longer sees it here.
KEYS_AT_MOST = 300
FURTHEST = 150
IS_BEHIND_US = """one => document.activeElement !== document.body
  && !!(document.activeElement.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING)"""
#: Step by step there are six pages more.
KEYS_AT_MOST_IN_STEPS = 320
TOPICS = (Topic.QUALIFIZIERUNG, Topic.ANERKENNUNG, Topic.SPRACHE)
TARA = {
    "given_name": "Tara",
    "family_name": "Tastatur",
    "birth_date": "01011990",
    "phone": "+49 241 5550142",
    "postal_code": "52062",
}
MINA = {**TARA, "given_name": "Mina", "family_name": "Computer", "birth_date": "03041984", "phone": "+49 241 5550198"}
#: To whom she consents, in the order of the form.
SERVICES = ("Weiterbildungsberatung", "Anerkennungsberatung Handwerk", "Sprachkursberatung")


@dataclass
class Hands:
    """Two hands on a keyboard and no mouse; every key is counted."""

    page: Page
    keys: int = 0
    pages: int = 0
    spent: dict[str, int] = field(default_factory=dict)

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)
            self.keys += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def to(self, target: Locator, what: str) -> None:
        """Tab by Tab, as the page leads, or back; what cannot be reached so fails."""
        before = self.keys
        key = "Shift+Tab" if target.evaluate(IS_BEHIND_US) else "Tab"
        for _ in range(FURTHEST):
            if target.evaluate("one => one === document.activeElement"):
                self.spent[what] = self.spent.get(what, 0) + self.keys - before
                return
            self.press(key)
        raise AssertionError(f"{what}: not reached in {FURTHEST} steps")

    def past_the_header(self) -> None:
        """The first thing on a page leads to its content; a page that was opened at a place begins there."""
        self.press("Tab")
        if self.page.evaluate("document.activeElement.className") == "skip-link":
            self.press("Enter")

    def follow(self, target: Locator, what: str) -> None:
        self.past_the_header()
        self.to(target, what)
        with self.page.expect_navigation():
            self.press("Enter")
        self.pages += 1


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Town:
    town = Town(str(make_database("referral").app_dsn))
    with town.scene.unit.work(actor="system:directory") as work:
        for service, organization, name, topic in (
            (IHK_SERVICE, IHK, "Weiterbildungsberatung", Topic.QUALIFIZIERUNG),
            (ADVICE, VUV, "Sprachkursberatung", Topic.SPRACHE),
        ):
            words, terms = PublicText({"de": name}), some_terms()
            told = a_service(service, organization, version=3, name=words, topics=(topic,), terms=terms)
            handlers.keep_service(work, told)
    return town


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    with town.open() as url:
        yield url


def take_down_the_enquiry(hands: Hands) -> str:
    """Gives its id."""
    page = hands.page
    hands.follow(page.get_by_role("link", name="Schnell auf einer Seite"), "new enquiry")
    hands.past_the_header()
    for topic in TOPICS:
        hands.to(page.locator(f"#topic-{topic.value}"), "topics")
        hands.press("Space")
    type_her_data(hands, TARA, "given_name", "family_name", "birth_date", "phone", "postal_code")
    send(hands)
    return page.url.rpartition("/")[2].partition("?")[0]


def take_it_down_step_by_step(hands: Hands) -> str:
    """Gives its id; what is not asked is passed over with Enter on its first field."""
    page = hands.page
    hands.follow(page.get_by_role("link", name="Neues Anliegen"), "new enquiry")
    hands.past_the_header()
    for topic in TOPICS:
        hands.to(page.locator(f"#topic-{topic.value}"), "topics")
        hands.press("Space")
    send(hands)
    hands.past_the_header()
    type_her_data(hands, MINA, "given_name", "family_name", "birth_date", "postal_code")
    send(hands)
    hands.past_the_header()
    type_her_data(hands, MINA, "phone")
    send(hands)
    for first in ("#lang-de", "#occupation", "#paper-VOLLMACHT"):
        hands.past_the_header()
        hands.to(page.locator(first), "passed over")
        send(hands)
    hands.past_the_header()
    hands.to(page.get_by_role("button", name="Anliegen aufnehmen"), "check")
    send(hands)
    return page.url.rpartition("/")[2].partition("?")[0]


def type_her_data(hands: Hands, hers: dict[str, str], *names: str) -> None:
    for name in names:
        hands.to(hands.page.locator(f"#{name}"), "her data")
        hands.type(hers[name])


def send(hands: Hands) -> None:
    with hands.page.expect_navigation():
        hands.press("Enter")
    hands.pages += 1


def take_down_her_consent(hands: Hands) -> None:
    page = hands.page
    hands.past_the_header()
    hands.to(page.locator("#take-down > summary"), "consent")
    hands.press("Enter")
    boxes = page.locator("input[name=recipients]")
    for service in SERVICES:
        hands.to(boxes.and_(page.get_by_role("checkbox", name=service)), "bodies")
        hands.press("Space")
    hands.to(page.locator("#scan"), "signed form")
    with page.expect_file_chooser() as chooser:
        hands.press("Space")
    hands.keys += len("scan.pdf") + 1  # typed in the system's own window, which no test sees
    chooser.value.set_files(
        {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": a_pdf(hands.page.url.encode())}
    )
    hands.to(page.get_by_role("button", name="Aufnehmen", exact=True), "take down")
    with page.expect_navigation():
        hands.press("Enter")
    hands.pages += 1


def a_form(page: Page) -> bytes:
    """Each consent has a form of its own."""
    return a_pdf(b"(%s)" % page.url.encode())


def refer(hands: Hands, number: int) -> None:
    page = hands.page
    hands.follow(page.get_by_role("link", name="Angebot suchen", exact=True).nth(number), "find a service")
    offered = page.locator("main .box").filter(has_text=SERVICES[number])
    hands.follow(offered.get_by_role("button", name="Verweis entwerfen"), "draft")
    hands.follow(page.get_by_role("button", name="Senden vorbereiten"), "prepare")
    assert page.get_by_role("alert").count() == 0
    if number < 2:
        hands.follow(page.get_by_role("link", name="Anliegen", exact=True), "back to the enquiry")


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("take_down", "keys_at_most"),
    [(take_down_the_enquiry, KEYS_AT_MOST), (take_it_down_step_by_step, KEYS_AT_MOST_IN_STEPS)],
    ids=["on one page", "step by step"],
)
def test_an_enquiry_becomes_three_referrals_without_a_mouse(
    browser: Browser, town: Town, address: str, take_down: Callable[[Hands], str], keys_at_most: int
) -> None:
    with page_of(browser) as page:
        page.set_default_timeout(90_000)
        hands, began = Hands(page), time.monotonic()
        page.goto(f"{address}/referral/")
        enquiry_id = take_down(hands)
        take_down_her_consent(hands)
        for number in range(3):
            refer(hands, number)
        seconds = time.monotonic() - began
    town.scene.clock.instant += timedelta(seconds=31)
    town.scene.tick()
    sent = town.scene.rows("SELECT status, topic FROM referrals WHERE enquiry_id = %s", enquiry_id)
    assert sorted(row["topic"] for row in sent) == ["ANERKENNUNG", "QUALIFIZIERUNG", "SPRACHE"]
    assert {row["status"] for row in sent} == {"requested"}
    print(
        f"\nenquiry to three referrals: {hands.keys} keys on {hands.pages} pages; {seconds:.0f} s on this machine,"
        f" about {hands.keys * SECONDS_PER_KEY:.0f} s of a practiced hand ({hands.spent})"
    )
    assert hands.keys <= keys_at_most
