"""The person's own pages in a browser: on a telephone, from right to left, in the dark, and without JavaScript."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from contracts.codes import EnquirerKind, GivenBy, PersonLinkPurpose, PlanEnd, PlanOwner, Site, Topic, Urgency
from contracts.event import PublicJwk, PublicText
from services.chassis.db import Database
from services.referral import handlers
from services.referral.commands import enquiries, invitations, plan, preparing
from services.referral.domain.plan import Said
from services.referral.domain.referral import Referral
from services.referral.store.enquiries import Enquiry
from tests.browser.markup import findings
from tests.browser.rig import axe, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.guests import issued, path_of
from tests.integration.referral.rig import PARTNER_KEYS, Network
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    IHK,
    NAVIGATOR,
    Scene,
    an_organization,
    to_hwk,
    to_ihk,
)

NAMES = {HWK: "Handwerkskammer Aachen", IHK: "Industrie- und Handelskammer Aachen"}
VIEWS = [
    {"language": "de"},
    {"language": "ar", "width": "phone"},
    pytest.param({"language": "en", "theme": "dark"}, marks=pytest.mark.long),
    pytest.param({"language": "uk", "width": "phone", "theme": "dark"}, marks=pytest.mark.long),
]


@dataclass
class House:
    """One person with one referral at a body that has fetched, and one body that has not."""

    network: Network
    enquiry: Enquiry
    referral: Referral
    address: str

    def link(self, language: str, purpose: PersonLinkPurpose = PersonLinkPurpose.SELF_SERVICE, **more: Any) -> str:
        made = issued(self.network, self.enquiry, language=language, purpose=purpose, **more)
        return f"{self.address}{path_of(made)}"

    def draft(self, language: str) -> str:
        form = preparing.DraftForm(given_by=GivenBy.SELF, language=language, recipients=(to_hwk(), to_ihk()))
        scene = self.network.scene
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            drafted = preparing.prepare_consent(work, scene.house, NAVIGATOR, self.enquiry.id, form)
        return self.link(language, PersonLinkPurpose.CONSENT, consent_id=drafted.id)

    def invitation(self, language: str) -> str:
        scene = self.network.scene
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            employer = enquiries.record_enquiry(
                work,
                scene.keys.vault,
                NAVIGATOR,
                enquirer=EnquirerKind.EMPLOYER,
                site=Site.AACHEN,
                record={"company": "Muster GmbH"},
                needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
            )
            made = invitations.invite(work, scene.house, NAVIGATOR, employer.id, language=language)
        return f"{self.address}{path_of(made)}"


@pytest.fixture
def house(make_database: Callable[[str], Any]) -> Iterator[House]:
    with Database(str(make_database("referral").app_dsn)) as db:
        network = Network(Scene(db))
        scene = network.scene
        with scene.unit.work(actor="system:directory") as work:
            for organization, name in NAMES.items():
                key = PublicJwk({**PARTNER_KEYS[organization].as_dict(private=False)})
                named = an_organization(organization, version=2, name=PublicText({"de": name}), public_key=key)
                handlers.keep_organization(work, named)
        enquiry = scene.an_enquiry()
        scene.consent(enquiry, to_hwk(), to_ihk())
        prepared = scene.prepared(enquiry, HWK_SERVICE)
        make_plan(scene, enquiry)
        scene.clock.instant += timedelta(seconds=31)
        scene.tick()
        scene.fetched(scene.now(prepared.id))
        with served(network.app) as address:
            yield House(network, enquiry, scene.now(prepared.id), address)


def make_plan(scene: Scene, enquiry: Enquiry) -> None:
    """A goal with a step of each: hers and done, ours and to come."""
    vault, today = scene.keys.vault, scene.clock.today()
    translated = Said("Zeugnisse übersetzen lassen", PlanOwner.PERSON, today + timedelta(days=3))
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        person_id = enquiry.person_id
        goal = plan.add_goal(work, vault, NAVIGATOR, enquiry.id, person_id, "Arbeit im gelernten Beruf", translated)
        first = plan.of_person(work, vault, NAVIGATOR, enquiry.id, person_id).goals[0].steps[0]
        called = Said("Die Kammer anrufen", PlanOwner.WELCOME_CENTER, today + timedelta(days=9))
        plan.add_step(work, vault, NAVIGATOR, enquiry.id, person_id, goal, called)
        plan.end_step(work, vault, NAVIGATOR, enquiry.id, person_id, first.id, PlanEnd.DONE)


def look(page: Page, name: str) -> None:
    shoot(page, f"person-{name}")
    assert axe(page) == [], name
    assert not scrolls_sideways(page), name


def press(page: Page, nth: int = 0) -> None:
    page.locator("main form button[type=submit]").nth(nth).click()


def open_with(page: Page, link: str) -> None:
    page.goto(link)
    press(page)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_every_page_in_her_language_on_her_device(browser: Browser, house: House, view: dict[str, str]) -> None:
    language, name = view["language"], "-".join(view.values())
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(house.link(language))
        look(page, f"door-{name}")
        press(page)
        look(page, f"overview-{name}")
        assert len(page.content()) < 30_000
        page.goto(f"{house.address}/referral/my/plan")
        look(page, f"plan-{name}")
        page.go_back()
        page.locator("main a.kern-btn--secondary").first.click()
        look(page, f"withdraw-{name}")
        open_with(page, house.draft(language))
        look(page, f"consent-{name}")
        open_with(page, house.invitation(language))
        look(page, f"invitation-{name}")
        page.locator("header form button").click()
        look(page, f"left-{name}")
        page.goto(f"{house.address}/referral/my/code")
        press(page)
        look(page, f"code-{name}")


def test_the_whole_way_without_javascript(browser: Browser, house: House) -> None:
    scene = house.network.scene
    with page_of(browser, language="de", width="phone", java_script_enabled=False) as page:
        page.goto(house.link("de"))
        page.get_by_role("button", name="Meine Seite öffnen").click()
        assert page.locator("h1").inner_text() == "Was über Sie weitergegeben wurde"
        hwk = page.locator("section.box", has_text=NAMES[HWK])
        assert "Weitergegeben" in hwk.inner_text()
        hwk.get_by_role("link", name="Für diese Stelle widerrufen").click()
        assert "muss aufhören und sagen, ob sie gelöscht sind" in page.locator("main").inner_text()
        page.get_by_role("button", name="Ja, jetzt widerrufen").click()
        shoot(page, "person-withdrawn")
        assert page.get_by_role("status").is_visible()
        assert "Diese Stelle muss bis" in page.locator("section.box", has_text=NAMES[HWK]).inner_text()
        ihk = page.locator("section.box", has_text=NAMES[IHK])
        assert ihk.get_by_role("link", name="Für diese Stelle widerrufen").is_visible(), "the other goes on"
    assert scene.rows("SELECT FROM dossiers") == []
    assert house.network.hwk.try_fetch(str(house.referral.id)).status_code == 409


def test_her_page_on_paper_has_no_buttons(browser: Browser, house: House) -> None:
    with page_of(browser) as page:
        open_with(page, house.link("de"))
        page.emulate_media(media="print")
        shoot(page, "person-print")
        assert not page.get_by_role("link", name="Alles widerrufen").is_visible()


def test_the_sheet_to_take_along_and_the_desk_that_makes_it(browser: Browser, house: House) -> None:
    headers = {"Authorization": f"Bearer {house.network.navigator.token}"}
    with page_of(browser, extra_http_headers=headers) as page:
        page.goto(f"{house.address}/referral/enquiries/{house.enquiry.id}?open=link#links")
        page.get_by_text("Link geben").click()
        shoot(page, "person-desk")
        assert axe(page) == []
        page.locator("details.action[open] select[name=language]").select_option("ar")
        page.get_by_label("Nein", exact=True).check()
        page.get_by_role("button", name="Zum Mitnehmen zeigen").click()
        shoot(page, "person-sheet")
        assert axe(page) == []
        assert page.locator("img.qr").is_visible()
        page.emulate_media(media="print")
        shoot(page, "person-sheet-print")
        assert page.locator(".link-code").is_visible()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_markup_of_her_pages_is_valid(browser: Browser, house: House, tmp_path: Path) -> None:
    pages: dict[str, str] = {}
    with page_of(browser, alone=True) as page:
        for language in ("de", "ar"):
            links = (house.link(language), house.draft(language), house.invitation(language))
            for name, link in zip(("overview", "consent", "invitation"), links, strict=True):
                door = page.goto(link)
                assert door is not None
                pages[f"door-{name}-{language}"] = door.text()
                press(page)
                pages[f"{name}-{language}"] = page.request.get(page.url).text()
    assert all("<main" in text for text in pages.values())
    assert findings(pages, tmp_path) == []
