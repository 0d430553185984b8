"""Referral's pages, looked at as navigators and units do: nothing found by axe, nothing sideways, nothing missing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.referral_town import Town
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, shoot
from tests.unit.referral.papers import a_pdf


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Town:
    return Town(str(make_database("referral").app_dsn))


@pytest.fixture(scope="module")
def address(town: Town) -> Iterator[str]:
    with town.open() as url:
        yield url


VIEWS = first_in_the_gate(
    {"language": "de"},
    {"language": "en"},
    {"language": "de", "theme": "dark"},
    {"language": "de", "width": "phone"},
)


def name_of(view: dict[str, str]) -> str:
    return "-".join(view.values())


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
def test_the_tracking_list(browser: Browser, address: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/tracking")
        shoot(page, f"board-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        assert page.locator("tbody tr").count() == 7


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
def test_what_waits(browser: Browser, address: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/")
        shoot(page, f"worklist-{name_of(view)}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"worklist-open-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.emulate_media(media="print")
        shoot(page, f"worklist-print-{name_of(view)}")
        assert not page.locator("button").first.is_visible()


def test_the_keyboard_leads_from_item_to_item_and_news_leave_the_focus_where_it_is(
    browser: Browser, address: str
) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/")
        items = page.locator("[data-item]")
        items.first.focus()
        page.keyboard.press("ArrowDown")
        assert items.nth(1).evaluate("one => one === document.activeElement")
        page.keyboard.press("End")
        assert items.last.evaluate("one => one === document.activeElement")
        page.keyboard.press("Home")
        page.route(
            "**/referral/news?*", lambda route: route.fulfill(json={"many": 2, "says": "2 neue Einträge warten."})
        )
        page.evaluate("dispatchEvent(new Event('focus'))")
        said = page.locator("[data-news]")
        said.get_by_text("2 neue Einträge warten.").wait_for()
        assert said.get_attribute("aria-live") == "polite"
        assert items.first.evaluate("one => one === document.activeElement")
        assert axe(page) == []


def test_partners_are_asked_how_it_stands_and_who_was_left_out_is_said(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/tracking")
        boxes = page.locator("input[name=referral]")
        for number in range(boxes.count()):
            boxes.nth(number).check()
        page.get_by_role("button", name="Partner nach dem Stand fragen").click()
        shoot(page, "followed-up")
        assert "nach dem Stand gefragt" in page.get_by_role("status").inner_text()
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
@pytest.mark.parametrize("name", ["asked", "rejected"])
def test_a_case(browser: Browser, address: str, town: Town, name: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/referrals/{town.referrals[name]}")
        shoot(page, f"case-{name}-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("name", ["accepted", "done", "draft", "old", "requested"])
def test_a_case_in_every_other_state(browser: Browser, address: str, town: Town, name: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/referrals/{town.referrals[name]}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"case-{name}-open")
        assert axe(page) == []


def test_the_desk_of_a_unit(browser: Browser, address: str, town: Town) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}{town.link('requested')}")
        shoot(page, "desk-link")
        assert axe(page) == []
        page.get_by_role("button", name="Verweis öffnen").click()
        shoot(page, "desk-door")
        assert axe(page) == []
        assert "Rahimi" not in page.content()
        page.get_by_label("Code Ihrer Stelle").fill("0000 0000")
        page.get_by_role("button", name="Dieses Gerät bekannt machen").click()
        shoot(page, "desk-door-wrong")
        assert axe(page) == []
        page.set_viewport_size({"width": 320, "height": 900})
        assert not scrolls_sideways(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_label("Code Ihrer Stelle").fill(town.code())
        page.get_by_role("button", name="Dieses Gerät bekannt machen").click()
        shoot(page, "desk")
        assert "Rahimi" in page.content()
        assert not page.locator(".session-warning").is_visible(), "whatever a page calls its own values"
        assert axe(page) == []
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        assert axe(page) == []
        page.set_viewport_size({"width": 320, "height": 900})
        shoot(page, "desk-phone")
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", [VIEWS[0], VIEWS[-1]], ids=name_of)
def test_the_units_and_their_codes(browser: Browser, address: str, town: Town, view: dict[str, str]) -> None:
    town.code()
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/desk-units")
        shoot(page, f"desk-units-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.get_by_role("button", name="Neuer Code: per Brief").first.click()
        shoot(page, f"desk-code-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("kind", ["person", "employer"])
@pytest.mark.parametrize("view", [VIEWS[0], VIEWS[-1]], ids=name_of)
def test_the_form_of_a_new_enquiry(browser: Browser, address: str, kind: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/new?enquirer={kind}")
        shoot(page, f"enquiry-new-{kind}-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


def test_from_an_enquiry_to_a_draft_by_hand(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/enquiries/new")
        page.get_by_role("button", name="Anliegen aufnehmen").click()
        assert page.get_by_role("alert").is_visible()
        page.get_by_label("Anerkennung ausländischer Abschlüsse").check()
        page.get_by_label("Vorname").fill("Leyla")
        page.get_by_label("Familienname").fill("Demir")
        page.get_by_label("Geburtsdatum").fill("1990-05-01")
        page.get_by_label("Postleitzahl").fill("52062")
        page.get_by_label("Türkisch", exact=True).check()
        page.get_by_role("button", name="Anliegen aufnehmen").click()
        page.wait_for_url("**/referral/enquiries/*-*")
        assert "Demir" in page.content()
        shoot(page, "enquiry-fresh")
        assert axe(page) == []
        page.locator("#take-down > summary").click()
        page.locator("input[name=recipients]").first.check()
        page.locator("input[name=scan]").set_input_files(
            {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": a_pdf()}
        )
        page.get_by_role("button", name="Aufnehmen", exact=True).click()
        assert page.get_by_role("status").is_visible()
        shoot(page, "enquiry-consented")
        page.get_by_role("link", name="Angebot suchen", exact=True).click()
        shoot(page, "offers")
        assert axe(page) == []
        page.get_by_role("button", name="Verweis entwerfen").first.click()
        page.wait_for_url("**/referral/referrals/*-*")
        page.get_by_role("button", name="Senden vorbereiten").click()
        assert "Einwilligung ausstehend" in page.content()


OTHER_VIEWS = first_in_the_gate({"language": "en", "theme": "dark"}, {"language": "en", "width": "phone"})


@pytest.mark.parametrize("view", OTHER_VIEWS, ids=name_of)
def test_the_other_pages_in_english_dark_and_on_a_phone(
    browser: Browser, address: str, town: Town, view: dict[str, str]
) -> None:
    enquiry = f"/referral/enquiries/{town.enquiries['Öztürk']}"
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}{enquiry}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"enquiry-{name_of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.get_by_role("link", name="Find a service").first.click()
        assert axe(page) == []
        page.get_by_role("button", name="Contact card").first.click()
        shoot(page, f"card-{name_of(view)}")
        assert axe(page) == []
        page.goto(f"{address}{town.link('requested')}")
        assert axe(page) == []


def test_a_person_is_found_by_name_and_birth_date_and_by_nothing_less(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        for family_name, heading in (("Kovalenko", "Anliegen"), ("Nobody", "Person suchen")):
            page.goto(f"{address}/referral/")
            page.get_by_text("Person suchen").click()
            page.get_by_label("Vorname").fill("maria")
            page.get_by_label("Familienname").fill(family_name)
            page.get_by_label("Geburtsdatum").fill("1992-04-17")
            page.get_by_role("button", name="Suchen").click()
            assert page.locator("h1").inner_text() == heading
            assert family_name not in page.url
            assert axe(page) == []


def test_the_handover_sheet_is_fit_for_paper(browser: Browser, address: str, town: Town) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/referrals/{town.referrals['paper']}")
        page.get_by_role("button", name="Übergabebogen drucken").click()
        assert axe(page) == []
        page.emulate_media(media="print")
        shoot(page, "handover-sheet")
        assert not page.get_by_role("link", name="Zurück zum Fall").is_visible()


def test_a_call_is_noted_a_plan_made_and_a_case_given_away(browser: Browser, address: str, town: Town) -> None:
    with page_of(browser, width="phone") as page:
        page.goto(f"{address}/referral/enquiries/{town.enquiries['Rahimi']}")
        page.locator("#note > summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("Ruft nach der Frühschicht zurück")
        shoot(page, "note-form")
        page.get_by_role("button", name="Festhalten", exact=True).first.click()
        assert "Ruft nach der Frühschicht zurück" in page.content()
        page.get_by_text("Ein Ziel setzen", exact=True).click()
        page.get_by_label("Was soll erreicht werden?").fill("Arbeit im gelernten Beruf")
        page.get_by_label("Erster Schritt").fill("Zeugnisse übersetzen lassen")
        page.get_by_role("button", name="Ziel setzen", exact=True).click()
        shoot(page, "enquiry-with-plan")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, "enquiry-with-plan-open")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.get_by_role("link", name="Drucken, in der Sprache der Person").click()
        page.goto(f"{page.url}?lang=ar")
        shoot(page, "plan-sheet-ar")
        assert axe(page) == []
    with town.as_lead(), page_of(browser, width="phone") as page:
        page.goto(f"{address}/referral/handover")
        hers = page.locator("select[name=from] option", has_text="Nina Muster").get_attribute("value")
        page.locator("select[name=from]").select_option(hers)
        page.get_by_role("button", name="Anzeigen").click()
        page.get_by_role("link", name="Alle auswählen").click()
        page.locator("select[name=to]").select_option(index=1)
        shoot(page, "handover-choice")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.get_by_role("button", name="Weiter: ansehen, was daraus folgt").click()
        shoot(page, "handover-confirm")
        assert axe(page) == []
        page.get_by_role("button", name="Übergeben", exact=True).click()
        assert page.get_by_role("status").is_visible()
        shoot(page, "handover-done")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.goto(f"{address}/referral/")
        shoot(page, "worklist-after-handover")
        assert "wurden Ihnen am" in page.content()


@pytest.mark.long
@pytest.mark.parametrize(
    "view", [{"language": "de"}, {"language": "en", "theme": "dark"}, {"language": "de", "width": "phone"}], ids=name_of
)
def test_the_form_of_an_obstacle_when_it_is_open(
    browser: Browser, address: str, town: Town, view: dict[str, str]
) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        for name, place in (
            ("enquiry", f"enquiries/{town.enquiries['Öztürk']}"),
            ("case", f"referrals/{town.referrals['rejected']}"),
        ):
            page.goto(f"{address}/referral/{place}")
            form = page.locator("form[action$='/obstacles']").first
            form.evaluate("one => { one.closest('details').open = true }")
            assert form.is_visible(), name
            shoot(page, f"obstacle-{name}-{name_of(view)}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name
