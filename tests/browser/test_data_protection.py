"""The pages of data protection and the sheet a person is handed: nothing found by axe, nothing sideways, fit for A4."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.markup import findings, linked
from tests.browser.protection_town import ProtectionTown
from tests.browser.rig import WIDTHS, axe, first_in_the_gate, page_of, scrolls_sideways, shoot
from tests.integration.referral.rig import Network
from tests.integration.referral.test_double_funding import choose, funded
from tests.integration.referral.test_duplicate_care import AS_HWK_WRITES, OLEKSANDR, in_care, somebody
from tests.integration.referral.test_duplicate_matters import say

VIEWS = first_in_the_gate(
    {"language": "de"},
    {"language": "en", "theme": "dark"},
    {"language": "de", "width": "phone"},
)


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> ProtectionTown:
    return ProtectionTown(str(make_database("referral").app_dsn))


@pytest.fixture(scope="module")
def enquiry(town: ProtectionTown) -> Any:
    return town.story


@pytest.fixture(scope="module")
def network(town: ProtectionTown) -> Network:
    return town.network


@pytest.fixture(scope="module")
def two_cases(network: Network) -> Any:
    """Somebody in care, found again at her own desk under another spelling; one side has spoken."""
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    say(desk, enquiry, person_says="cared_for_there", resolution="here")
    funded(network, version=3)
    assert choose(desk, enquiry).status_code == 409
    assert choose(desk, enquiry, justification="OTHER_TIME").status_code == 201
    return enquiry


@pytest.fixture(scope="module")
def address(town: ProtectionTown) -> Iterator[str]:
    with town.open_as_lead() as url:
        yield url


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_every_page_of_data_protection(
    browser: Browser, address: str, town: ProtectionTown, view: dict[str, str]
) -> None:
    found: dict[str, Any] = {}
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        for name, place in town.places().items():
            answer = page.goto(f"{address}{place}")
            assert answer is not None
            assert answer.status == 200, name
            page.locator("details[class]").evaluate_all("all => all.forEach(one => { one.open = true })")
            shoot(page, f"protection-{name}-{'-'.join(view.values())}")
            reported = axe(page)
            page.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
            found[name] = (reported, scrolls_sideways(page))
            page.set_viewport_size({"width": WIDTHS[view.get("width", "desk")], "height": 900})
    assert {name: what for name, what in found.items() if what != ([], False)} == {}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_a_couples_data_are_corrected_and_erased(
    browser: Browser, address: str, town: ProtectionTown, view: dict[str, str]
) -> None:
    enquiry = f"{address}/referral/enquiries/{town.couple['id']}"
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        for name, place in (
            ("enquiry", ""),
            ("correct", f"/persons/{town.couple['person_id']}/record"),
            ("erase", "/erasure"),
            ("access", "/subject-access"),
        ):
            page.goto(f"{enquiry}{place}")
            page.locator("details[class]").evaluate_all("all => all.forEach(one => { one.open = true })")
            shoot(page, f"couple-{name}-{'-'.join(view.values())}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name


def test_what_a_desk_has_to_do_and_which_are_closed(browser: Browser, address: str, town: ProtectionTown) -> None:
    with page_of(browser, language="de", theme="dark") as page:
        for name in ("tasks", "absences"):
            page.goto(f"{address}/referral/{name}")
            shoot(page, f"desk-{name}")
            assert axe(page) == [], name
            page.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
            shoot(page, f"desk-{name}-phone")
            assert not scrolls_sideways(page), name
            page.set_viewport_size({"width": WIDTHS["desk"], "height": 900})


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_markup_of_every_page_a_lead_finds_is_valid(address: str, tmp_path: Path) -> None:
    pages = linked(address, "/referral/", "/referral/")
    assert len(pages) > 20
    assert findings(pages, tmp_path) == []


@pytest.mark.parametrize("language", first_in_the_gate("ar", "de", "uk"))
def test_the_sheet_a_person_is_handed(browser: Browser, address: str, enquiry: Any, language: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/referral/enquiries/{enquiry['id']}/subject-access")
        shoot(page, "subject-access-ask")
        assert axe(page) == []
        page.locator("select[name=identity_check]").select_option("id_document")
        page.locator("select[name=language]").select_option(language)
        page.locator("button[value=sheet]").click()
        shoot(page, f"subject-access-{language}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.set_viewport_size({"width": 320, "height": 900})
        shoot(page, f"subject-access-{language}-phone")
        assert not scrolls_sideways(page)
        page.set_viewport_size({"width": 794, "height": 1123})
        page.emulate_media(media="print")
        shoot(page, f"subject-access-{language}-print")
        assert not page.locator(".no-print").is_visible()
        assert page.pdf(format="A4")[:5] == b"%PDF-"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_duplicate_care_at_the_officers_and_at_the_desk(
    browser: Browser, network: Network, address: str, two_cases: Any, view: dict[str, str]
) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        for name, place in (
            ("officer", "data-protection/duplicates"),
            ("funding", "data-protection/double-funding"),
            ("desk", f"enquiries/{two_cases['id']}"),
        ):
            page.goto(f"{address}/referral/{place}")
            opened = page.locator("[aria-labelledby=duplicates] details, [aria-labelledby=became] details")
            opened.evaluate_all("all => all.forEach(one => { one.open = true })")
            shoot(page, f"duplicates-{name}-{'-'.join(view.values())}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name
