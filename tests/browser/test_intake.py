"""Taking an enquiry down in a browser: step by step, kept while it is typed, and on paper."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.browser.markup import findings
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


def walked(address: str, note: str = "ruft wieder an") -> dict[str, str]:
    """Every page of the way as the server wrote it, the one with what is wrong too; the last is the sheet."""
    client, found = requests.Session(), dict[str, str]()
    client.headers.update({"Accept": "text/html", "Accept-Language": "de"})
    form = {"csrf_token": "form-token", "enquirer": "person"}
    found["one page"] = client.get(f"{address}/referral/enquiries/new", timeout=30).text
    answer = client.get(f"{address}/referral/enquiries/begin", timeout=30)
    draft = answer.url.partition("/needs")[0]
    found["needs"], found["wrong"] = answer.text, client.post(f"{draft}/needs", data=form, timeout=30).text
    client.post(f"{draft}/needs", data={**form, "topics": "SPRACHE"}, timeout=30)
    for step in ("person", "reach", "language", "background", "papers"):
        found[step] = client.get(f"{draft}/{step}", timeout=30).text
        client.post(f"{draft}/{step}", data={**form, "note": note} if step == "papers" else form, timeout=30)
    found["check"] = client.get(f"{draft}/check", timeout=30).text
    found["worklist"] = client.get(f"{address}/referral/", timeout=30).text
    enquiry = client.post(f"{draft}/taken-down", data={"csrf_token": "form-token"}, timeout=30)
    assert enquiry.status_code == 200
    found["sheet"] = client.get(f"{enquiry.url}/sheet", timeout=30).text
    found["address of the sheet"] = f"{enquiry.url}/sheet"
    return found


@pytest.mark.long
def test_the_pages_are_proper_html(address: str, tmp_path: Path) -> None:
    pages = walked(address)
    del pages["address of the sheet"]
    assert findings(pages, tmp_path) == []


@pytest.mark.long
def test_every_page_that_is_printed_is_marked(browser: Browser, address: str) -> None:
    sheet = walked(address, "Sie erzählt ausführlich von ihrem Weg. " * 100)["address of the sheet"]
    with page_of(browser) as page:
        page.goto(sheet)
        printed = PdfReader(BytesIO(page.pdf(format="A5"))).pages
        assert len(printed) > 1
        assert all("Vertraulich" in one.extract_text() for one in printed)
