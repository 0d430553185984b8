"""A consent on the telephone, from page to page: what leaves at once, what waits for the letter, and what lapses."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from services.chassis.db import Database
from tests.browser.rig import axe, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK_SERVICE, IHK_SERVICE, Scene
from tests.unit.referral.papers import a_pdf

NARROW = {"IDENTITY", "CONTACT", "LANGUAGE"}
FORMS = count()


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Network:
    return Network(Scene(Database(str(make_database("referral").app_dsn))))


@pytest.fixture(scope="module")
def address(network: Network) -> Iterator[str]:
    with served(network.app) as url:
        yield url


@dataclass
class Desk:
    """The navigator with the telephone, and the colleague who listens."""

    network: Network
    nina: Page
    carla: Page
    address: str

    def take_the_call(self, name: str, family: str, born: str, phone: str) -> str:
        """Somebody rings; gives the address of her enquiry."""
        self.nina.goto(f"{self.address}/referral/enquiries/new")
        self.nina.get_by_label("Anerkennung ausländischer Abschlüsse").check()
        for label, value in (("Vorname", name), ("Familienname", family), ("Telefon", phone)):
            self.nina.get_by_label(label, exact=True).fill(value)
        self.nina.get_by_label("Geburtsdatum").fill(born)
        self.nina.get_by_label("Türkisch", exact=True).check()
        self.nina.get_by_role("button", name="Anliegen aufnehmen").click()
        self.nina.wait_for_url("**/referral/enquiries/*-*")
        return self.nina.url

    def consent(self, enquiry: str, service: Any, categories: set[str], *, spoken: bool) -> None:
        """Fill in the form; it is the same for what is said and for what only goes out as a letter."""
        self.nina.goto(f"{enquiry}?open=consent#consents")
        key = f"ANERKENNUNG/{service}"
        self.nina.locator(f'[id="r-{key}"]').check()
        for box in self.nina.locator(f'input[name="categories/{key}"]').all():
            box.set_checked(box.get_attribute("value") in categories)
        if spoken:
            self.nina.locator("select[name=channel]").first.select_option("verbal_witnessed")
            self.nina.locator("#take-down select[name=witness]").select_option("staff")
            self.nina.get_by_role("button", name="Aufnehmen", exact=True).click()
        else:
            self.nina.get_by_role("button", name="Nur vorbereiten: drucken, zeigen, verlinken").click()

    def say_yes_before_a_witness(self, enquiry: str) -> None:
        self.consent(enquiry, HWK_SERVICE, NARROW, spoken=True)
        assert "Zeugin oder Zeuge bestätigt das Gesagte" in self.next_step()
        self.carla.goto(enquiry)
        self.carla.get_by_role("button", name="Ich habe es selbst gehört").click()
        self.nina.goto(enquiry)

    def next_step(self) -> str:
        return self.nina.locator(".task-cards").inner_text()

    def refer(self, enquiry: str, service: Any) -> str:
        """Draft a referral from the offers and let it go; gives its id."""
        self.nina.goto(enquiry)
        self.nina.get_by_role("link", name="Angebot suchen").first.click()
        form = self.nina.locator(f'form[action$="/referrals"]:has(input[value="{service}"])')
        form.get_by_role("button", name="Verweis entwerfen").click()
        self.nina.wait_for_url("**/referral/referrals/*-*")
        referral_id = self.nina.url.rpartition("/")[2]
        for told in self.nina.locator('form[action$="/actions/prepare"] input[type=checkbox]').all():
            told.check()  # a second body is asked about the same need, on purpose
        self.nina.get_by_role("button", name="Senden vorbereiten").click()
        self.network.scene.tick()
        return referral_id

    def sign(self, draft: Any) -> None:
        """The letter has come back."""
        draft.get_by_text("Es wurde unterschrieben oder gesagt").click()
        form = a_pdf(b"(letter %d)" % next(FORMS))  # each consent has a form of its own
        draft.locator("input[name=scan]").set_input_files(
            {"name": "brief.pdf", "mimeType": "application/pdf", "buffer": form}
        )
        draft.get_by_role("button", name="Aufnehmen").click()

    def status(self, referral_id: str) -> str:
        return str(self.network.navigator.see(referral_id)["status"])


@pytest.fixture
def desk(browser: Browser, network: Network, address: str) -> Iterator[Desk]:
    with ExitStack() as stack:
        pages = [
            stack.enter_context(page_of(browser, extra_http_headers={"Authorization": f"Bearer {caller.token}"}))
            for caller in (network.navigator, network.staff(sub="carla"))
        ]
        yield Desk(network, *pages, address)


@pytest.mark.long
def test_what_was_said_leaves_at_once_and_the_rest_waits_for_the_letter(desk: Desk, network: Network):
    enquiry = desk.take_the_call("Dilan", "Telefonova", "1988-03-09", "+49 241 5550177")
    desk.consent(enquiry, HWK_SERVICE, {*NARROW, "QUALIFICATION"}, spoken=True)
    assert "Mündlich" in desk.nina.get_by_role("alert").inner_text()
    assert desk.nina.locator(f'[id="c-ANERKENNUNG/{HWK_SERVICE}-QUALIFICATION"]').is_checked()

    desk.say_yes_before_a_witness(enquiry)
    assert "Gesprochene Einwilligung bestätigen lassen" in desk.next_step()
    assert "verfällt am" in desk.nina.locator("main").inner_text()
    shoot(desk.nina, "phone-consent-said")
    assert axe(desk.nina) == []

    desk.consent(enquiry, IHK_SERVICE, {*NARROW, "QUALIFICATION"}, spoken=False)
    said, letter = desk.refer(enquiry, HWK_SERVICE), desk.refer(enquiry, IHK_SERVICE)
    assert (desk.status(said), desk.status(letter)) == ("requested", "awaiting_consent")
    assert {"given_name", "phone", "languages"} <= set(network.hwk.fetch(said)["person"])
    assert network.ihk.try_fetch(letter).status_code == 404

    desk.nina.goto(enquiry)
    drafts = desk.nina.locator('[id^="draft-"]')
    assert drafts.count() == 2
    drafts.first.get_by_role("link", name="Formular drucken und unterschreiben").click()
    assert "Telefonova" in desk.nina.locator("body").inner_text()
    desk.nina.set_viewport_size({"width": 320, "height": 900})
    shoot(desk.nina, "phone-consent-letter")
    assert not scrolls_sideways(desk.nina)
    desk.nina.set_viewport_size({"width": 1280, "height": 900})

    network.scene.clock.instant += timedelta(days=2)  # the post takes its time
    for left in (1, 0):
        desk.nina.goto(enquiry)
        desk.sign(desk.nina.locator('[id^="draft-"]').first)
        assert desk.nina.get_by_role("status").is_visible()
        assert desk.nina.locator('[id^="draft-"]').count() == left
    network.scene.tick()
    desk.nina.goto(enquiry)
    assert (desk.status(letter), desk.nina.locator(".task-cards").count()) == ("requested", 0)
    assert "verfällt am" not in desk.nina.locator("main").inner_text()
    network.scene.clock.instant += timedelta(days=8)
    assert network.hwk.try_fetch(said).status_code == 200
    shoot(desk.nina, "phone-consent-confirmed")


@pytest.mark.long
def test_without_the_letter_nothing_leaves_after_the_fifth_working_day(desk: Desk, network: Network):
    enquiry = desk.take_the_call("Selin", "Anrufini", "1979-11-30", "+49 241 5550188")
    desk.say_yes_before_a_witness(enquiry)
    referral_id = desk.refer(enquiry, HWK_SERVICE)
    assert desk.status(referral_id) == "requested"

    network.scene.clock.instant += timedelta(days=8)
    refused = network.hwk.try_fetch(referral_id)
    assert (refused.status_code, refused.json["slug"]) == (409, "consent.expired")  # type: ignore[index]
    network.scene.tick()
    assert desk.status(referral_id) == "cancelled"

    desk.nina.goto(enquiry)
    assert "Zurzeit gilt keine." in desk.nina.locator("main").inner_text()
    assert desk.nina.locator('[id^="draft-"]').count() == 0
    assert "Neu verweisen" in desk.next_step()
    desk.nina.get_by_text("Gilt nicht mehr").click()
    assert desk.nina.get_by_text("abgelaufen").is_visible()
    shoot(desk.nina, "phone-consent-lapsed")
    assert axe(desk.nina) == []
    assert network.scene.rows("SELECT FROM dossiers WHERE referral_id = %s AND sealed IS NOT NULL", referral_id) == []
