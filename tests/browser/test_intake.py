"""Taking an enquiry down in a browser: step by step, kept while it is typed, and on paper."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.referral_town import Town
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, shoot

VIEWS = first_in_the_gate(
    {"language": "de"},
    {"language": "en", "theme": "dark"},
    {"language": "de", "width": "phone"},
)


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Town:
    return Town(str(make_database("referral").app_dsn))


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    with town.open() as url:
        yield url


def next_step(page: Page, says: str) -> None:
    page.locator("button[name=go][value=next]").click()
    page.locator("[aria-current=step]").get_by_text(says).wait_for()


def looked_at(page: Page, name: str) -> None:
    shoot(page, name)
    assert axe(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_step_by_step_to_the_enquiry_and_onto_paper(browser: Browser, address: str, view: dict[str, str]) -> None:
    name = "-".join(view.values())
    says = {
        "de": ("Wer fragt?", "Wie und wann", "Sprache", "Beruf", "Unterlagen", "Prüfen"),
        "en": ("Who asks?", "Reached how", "Language", "Occupation", "Papers", "Check"),
    }[view["language"]]
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/begin")
        looked_at(page, f"intake-needs-{name}")
        page.locator("button[name=go][value=next]").click()
        page.get_by_role("alert").wait_for()
        looked_at(page, f"intake-needs-wrong-{name}")
        page.locator("#topic-ANERKENNUNG").check()
        page.locator("#urgency-urgent").check()
        next_step(page, says[0])
        for field, value in (("given_name", "Leyla"), ("family_name", f"Demir-{name}"), ("birth_date", "1990-05-01")):
            page.locator(f"#{field}").fill(value)
        looked_at(page, f"intake-person-{name}")
        for say in says[1:]:
            next_step(page, say)
            looked_at(page, f"intake-{say.partition(' ')[0]}-{name}")
        page.locator("form[action$='/taken-down'] button").click()
        page.wait_for_url("**/referral/enquiries/*-*")
        page.locator("a[href$='/sheet']").click()
        looked_at(page, f"sheet-{name}")
        page.emulate_media(media="print")
        shoot(page, f"sheet-print-{name}")
        assert page.locator(".sheet__mark").is_visible()
        assert not page.locator("a[href$='/sign-out'], .shell-caller").first.is_visible()


def test_what_is_typed_is_kept_by_itself_and_found_again(browser: Browser, address: str) -> None:
    """No button is pressed: she is called away in the middle of a name."""
    with page_of(browser) as page:
        page.goto(f"{address}/referral/enquiries/new")
        page.locator("#family_name").press_sequentially("Unterbrochen")
        page.get_by_text("Entwurf gespeichert.").wait_for()
        hers = page.locator(f"li:has(a[href*='{page.locator('[name=draft]').input_value()}'])")
        page.goto(f"{address}/referral/")
        looked_at(page, "worklist-begun")
        hers.get_by_role("link", name="Weitermachen").click()
        assert page.locator("#family_name").input_value() == "Unterbrochen"
        page.goto(f"{address}/referral/")
        hers.get_by_text("Wegwerfen", exact=True).click()
        hers.get_by_role("button", name="Endgültig wegwerfen").click()
        assert "nichts davon bleibt" in page.get_by_role("status").first.inner_text()
        assert hers.count() == 0


def test_without_the_script_every_button_keeps_it_and_back_loses_nothing(browser: Browser, address: str) -> None:
    with page_of(browser, java_script_enabled=False) as page:
        page.goto(f"{address}/referral/enquiries/begin")
        draft = page.url.split("/drafts/")[1].partition("/")[0]
        page.locator("#topic-SPRACHE").check()
        page.get_by_role("button", name="Weiter", exact=True).click()
        page.locator("#given_name").fill("Leyla")
        page.get_by_role("button", name="Zurück").click()
        assert page.locator("#topic-SPRACHE").is_checked()
        page.get_by_role("button", name="Weiter", exact=True).click()
        assert page.locator("#given_name").input_value() == "Leyla"
        page.get_by_role("button", name="Später weiter").click()
        assert "wartet hier auf Sie" in page.get_by_role("status").first.inner_text()
        page.locator(f"a[href*='{draft}']").click()
        assert page.locator("#given_name").input_value() == "Leyla"


def test_a_keeping_that_does_not_arrive_is_said(browser: Browser, address: str) -> None:
    with page_of(browser, alone=True) as page:
        page.goto(f"{address}/referral/enquiries/new")
        page.route("**/drafts/*/page", lambda route: route.abort())
        page.locator("#family_name").press_sequentially("Ohne Netz")
        page.get_by_text("Gerade nicht gespeichert").wait_for()
