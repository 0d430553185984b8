"""The directory's pages: readable by everybody on the staff, on a phone too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
from joserfc.jwk import ECKey
from playwright.sync_api import Browser

from contracts import assurance_link
from contracts.directory import AssuranceAsked
from contracts.identity import id_of
from services.chassis.db import Database
from services.directory import config
from services.directory.commands import assurance
from services.directory.queries.assurance import asked_entries
from services.directory.web.app import create_app
from tests.browser.markup import findings, linked
from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import REGION, Directory
from tests.unit.directory.rows import a_participation

ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
CLERK = bearer(ISSUER.token(sub="cleo", roles=["partner_clerk"], employer=str(id_of("organization", "hwk-aachen"))))
#: Stands for the address a mail led to.
BY_MAIL = "/directory/confirm/by-mail"
CELL = "/directory/coverage/ANERKENNUNG/05334"
OBJECT = "/directory/objects/service/hwk-aachen-anerkennung"
CAPACITY = f"/directory/services/{id_of('service', 'hwk-aachen-anerkennung')}/capacity"


@pytest.fixture(scope="module")
def site(make_database: Callable[[str], Any]) -> Iterator["Site"]:
    with Database(make_database("directory").app_dsn) as db, pytest.MonkeyPatch.context() as environment:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        environment.setenv("KEY_CONFIRMATION", "second-person")
        config.asks_second_person.cache_clear()
        new = ECKey.generate_key("P-256", {"use": "enc", "kid": "ihk-2027"})
        key = {**new.as_dict(private=False), "kid": "ihk-2027"}
        directory.take_in(a_participation(organization_id="ihk-aachen", terms=[], keys=[{"key": key}]))
        asked = an_organization_asked(directory, "kia-staedteregion-aachen")
        environment.undo()
        config.asks_second_person.cache_clear()
        with served(create_app(settings(), directory.unit, issuer_keys=ISSUER.keys())) as url:
            yield Site(url, asked)


@dataclass(frozen=True)
class Site:
    """Where it is, and where the mail to an organization leads."""

    url: str
    by_mail: str

    def at(self, path: str) -> str:
        return f"{self.url}{self.by_mail if path == BY_MAIL else path}"


def an_organization_asked(directory: Directory, name: str) -> str:
    """It takes part, something in an entry of its own was said to be wrong, and it was asked about all."""
    agreement = {"kind": "independent", "law": "GDPR", "signed_on": "2026-01-15", "contact": "kontakt@kammer.example"}
    directory.take_in(a_participation(organization_id=name, terms=[], agreement=agreement))
    organization_id = id_of("organization", name)
    with directory.unit.work(actor="system:clock") as work:
        assurance.ask_everybody(work)
    (asked,) = [one for one in directory.said() if isinstance(one, AssuranceAsked)]
    with directory.db.read() as connection:
        service = asked_entries(connection, organization_id)[-1]["document"]["id"]
    with directory.unit.work(actor=f"partner:{organization_id}") as work:
        assurance.doubt(work, organization_id, asked.ask_id, UUID(service), "Die Sprechzeiten sind andere.")
    until = directory.unit.clock.now() + timedelta(days=45)
    return f"/directory/confirm/{assurance_link.sign(settings().deployment_key, asked.ask_id, until)}"


#: The editors' pages; one of them is enough for a change of it.
EDITED = first_in_the_gate(
    f"{OBJECT}/edit",
    OBJECT,
    f"{OBJECT}/state",
    "/directory/objects",
    "/directory/objects/organization/new",
    "/directory/proposals",
)


@pytest.mark.parametrize(
    "path", ["/directory/", "/directory/coverage", CELL, "/directory/keys", CAPACITY, BY_MAIL, *EDITED]
)
@pytest.mark.parametrize("view", first_in_the_gate(GERMAN, DARK_AND_SMALL))
def test_a_page_has_no_findings_and_fits(browser: Browser, site: Site, path: str, view: dict[str, str]) -> None:
    look(browser, site, path, view)


@pytest.mark.long
@pytest.mark.parametrize(
    "path",
    [
        OBJECT,
        "/directory/glossary",
        "/directory/assurance",
        "/directory/translations",
        "/directory/contacts",
        "/directory/bulk",
        "/directory/confirm/x",
    ],
)
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL])
def test_an_editor_s_list_has_no_findings_and_fits(
    browser: Browser, site: Site, path: str, view: dict[str, str]
) -> None:
    look(browser, site, path, view)


def look(browser: Browser, site: Site, path: str, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=EDITOR) as page:
        page.goto(f"{site.at(path)}?lang={view['language']}")
        shoot(page, f"directory-{path.strip('/').replace('/', '-')[-40:]}-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL])
def test_an_editor_changes_an_entry_with_the_keyboard_and_without_scripts(
    browser: Browser, site: Site, view: dict[str, str]
) -> None:
    with page_of(browser, **view, extra_http_headers=EDITOR, java_script_enabled=False) as page:
        page.goto(f"{site.url}{OBJECT}/edit?lang={view['language']}")
        page.locator("#f-phones button[name=_more]").press("Enter")
        page.wait_for_selector("#f-phones-0-number")
        page.fill("#f-phones-0-number", "zwei vier eins")
        page.locator("button[value=preview]").first.press("Enter")
        page.wait_for_selector("#f-phones-0-number-error")
        shoot(page, f"directory-mistake-{'-'.join(view.values())}")
        page.fill("#f-phones-0-number", "+49 241 1234567")
        page.locator("button[value=preview]").first.press("Enter")
        page.get_by_text("+49 241 1234567").first.wait_for()
        shoot(page, f"directory-preview-{'-'.join(view.values())}")
        page.locator("button[value=edit]").press("Enter")
        page.wait_for_selector("#f-phones-0-number")
        assert page.input_value("#f-phones-0-number") == "+49 241 1234567"


@pytest.mark.long
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL])
def test_a_clerk_proposes_and_an_editor_looks_at_it(browser: Browser, site: Site, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=CLERK) as page:
        page.goto(f"{site.url}{OBJECT}/edit?lang={view['language']}")
        page.fill("#f-alert-de", "Geschlossen bis Montag")
        page.locator("button[value=preview]").first.press("Enter")
        page.locator("button[value=save]").press("Enter")
        page.wait_for_url("**/directory/proposals?done=waiting")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.set_extra_http_headers(EDITOR)
        page.goto(f"{site.url}/directory/proposals?lang={view['language']}")
        page.locator("article h3 a").first.press("Enter")
        page.wait_for_selector("form[action$=release]")
        shoot(page, f"directory-proposal-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL])
def test_a_mistake_and_a_look_have_no_findings_and_fit(browser: Browser, site: Site, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=EDITOR) as page:
        page.goto(f"{site.url}{OBJECT}/edit?lang={view['language']}")
        page.fill("#f-email", "nobody")
        page.locator("button[value=preview]").first.press("Enter")
        page.wait_for_selector("#f-email-error")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.fill("#f-email", "info@hwk.example")
        page.locator("button[value=preview]").first.press("Enter")
        page.wait_for_selector("button[value=save]")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
@pytest.mark.parametrize("view", [GERMAN, DARK_AND_SMALL])
def test_an_editor_ticks_looks_at_every_change_and_changes_all(
    browser: Browser, site: Site, view: dict[str, str]
) -> None:
    with page_of(browser, **view, extra_http_headers=EDITOR) as page:
        page.goto(f"{site.url}/directory/bulk?q=Beratung&lang={view['language']}")
        page.locator("input[name=pick]").first.check()
        page.locator("input[name=pick]").last.check()
        page.locator("input[value=source]").check()
        page.locator("select[name=source]").select_option(index=1)
        page.locator("form[action^='/directory/bulk/preview'] button").click()
        page.wait_for_selector("form[action^='/directory/bulk/changes']")
        shoot(page, f"directory-bulk-preview-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
def test_from_a_contact_an_editor_sees_where_it_is_used(browser: Browser, site: Site) -> None:
    with page_of(browser, **DARK_AND_SMALL, extra_http_headers=EDITOR) as page:
        page.goto(f"{site.url}/directory/contacts?lang=en")
        page.locator("tbody a").first.click()
        page.wait_for_selector("#main table")
        shoot(page, "directory-contact-en-phone-dark")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_markup_of_every_page_an_editor_finds_and_of_the_public_ones_is_valid(site: Site, tmp_path: Path) -> None:
    pages = linked(site.url, "/directory/objects", "/directory/", EDITOR)
    for path in ("/directory/glossary", f"{OBJECT}/edit", f"{OBJECT}/state", CAPACITY):
        pages[path] = requests.get(
            f"{site.url}{path}?lang=de", headers=EDITOR | {"Accept": "text/html"}, timeout=30
        ).text
    pages[BY_MAIL] = requests.get(site.at(BY_MAIL), headers={"Accept": "text/html"}, timeout=30).text
    assert len(pages) > 12
    assert findings(pages, tmp_path) == []
