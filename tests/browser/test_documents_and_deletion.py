"""Papers, the end of a case, holds and the deletion job, looked at: nothing found by axe, nothing sideways."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from contracts.codes import DataCategory
from services.chassis.auth import caller_from_claims
from services.chassis.db import Database
from services.chassis.sessions import Session
from services.referral import handlers
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.ageing import Ageing, before
from tests.integration.referral.rig import FULL, Network, recipient
from tests.integration.referral.scene import Scene, a_service, some_terms
from tests.integration.referral.test_enclosures import enclose, taken_in
from tests.unit.referral.papers import a_jpeg, a_pdf

VIEWS = first_in_the_gate(
    {"language": "de"},
    {"language": "en", "theme": "dark"},
    {"language": "de", "width": "phone"},
)
RETENTION = "/referral/data-protection/retention/"


@dataclass
class House:
    """One desk: a case with papers, one that was closed, and a year of nights behind them."""

    network: Network
    enquiry: str
    referral: str
    closed: str


def of(view: dict[str, str]) -> str:
    return "-".join(view.values())


@pytest.fixture(scope="module")
def house(make_database: Callable[[str], Any]) -> House:
    network = Network(Scene(Database(str(make_database("referral").app_dsn))))
    terms = some_terms(categories_accepted=(*(DataCategory(one) for one in FULL), DataCategory.DOCUMENTS))
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, terms=terms))
    ageing = Ageing(network.scene)
    grow_old(ageing)
    enquiry = network.navigator.enquire(family_name="Haddad")
    papers = [taken_in(network, enquiry, a_pdf(b"<< /Number %d >>" % one), kind) for one, kind in enumerate(KINDS)]
    network.navigator.consent(enquiry, recipient(categories=[*FULL, "DOCUMENTS"]))
    referral = str(network.navigator.draft(enquiry)["id"])
    enclose(network, referral, papers[0])
    network.navigator.act(referral, "prepare")
    network.scene.tick()
    network.hwk.fetch(referral)
    network.hwk.ask("GET", f"/partner/v1/referrals/{referral}/documents/{papers[0]}")
    enclose(network, referral, papers[1])
    closed = ageing.case(contact=ageing.today)
    network.scene.consent(closed)
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute("UPDATE enquiries SET closed_at = %s WHERE id = %s", (work.now, closed.id))
    ageing.referral(closed, day=ageing.today)
    ageing.document(closed)
    return House(network, str(enquiry["id"]), referral, str(closed.id))


KINDS = ("CERTIFICATE", "NOTICE", "OTHER")


def grow_old(ageing: Ageing) -> None:
    """Three nights that had something to do, somebody who is held, and some who are due within the month."""
    for night in range(3):
        for _ in range(night + 1):
            ageing.case(contact=before(ageing.today, months=7))
        gone = ageing.case(contact=before(ageing.today, months=13), closed=ageing.today)
        ageing.referral(gone, day=before(ageing.today, months=13))
        if night == 1:
            ageing.hold(ageing.case(contact=before(ageing.today, months=8)), ageing.today + timedelta(days=120))
        ageing.night()
        ageing.scene.clock.instant += timedelta(days=1)
    for days in (0, 12, 25):
        ageing.case(contact=before(ageing.today, months=6) + timedelta(days=days))


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    """Everybody who opens a page is the lead; how one signs in is tested elsewhere."""
    room = house.network.app.extensions["lotsennetz"]
    claims = room.tokens.claims(house.network.staff(sub="lena", roles=["lead"]).token)
    caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
    room.sessions.find = lambda request: Session(caller, "form-token", "cookie")
    with served(house.network.app) as url:
        yield url


@pytest.mark.parametrize("view", VIEWS, ids=of)
def test_deletion_and_holds(browser: Browser, address: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}{RETENTION}")
        shoot(page, f"retention-{of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.locator("form[action$=dry-runs] button").click()
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"retention-tried-{of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS, ids=of)
def test_an_enquiry_with_its_papers_and_its_end(
    browser: Browser, address: str, house: House, view: dict[str, str]
) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/{house.enquiry}")
        for part in ("documents", "holds", "closing"):
            opened = page.locator(f"[aria-labelledby={part}] details")
            opened.evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"enquiry-documents-{of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.goto(f"{address}/referral/referrals/{house.referral}")
        page.locator("#documents details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"case-documents-{of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.parametrize("view", VIEWS, ids=of)
def test_a_closed_case(browser: Browser, address: str, house: House, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        page.goto(f"{address}/referral/enquiries/{house.closed}")
        page.locator("#consents ~ .box summary").click()
        shoot(page, f"closed-{of(view)}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
        page.locator("#look ~ form button").click()
        page.get_by_text("Ben Salah").first.wait_for()
        shoot(page, f"closed-seen-{of(view)}")
        assert axe(page) == []


def test_a_paper_is_added_by_hand_and_a_bad_one_is_refused_beside_its_field(
    browser: Browser, address: str, house: House, tmp_path: Path
) -> None:
    with page_of(browser, accept_downloads=True) as page:
        page.goto(f"{address}/referral/enquiries/{house.enquiry}?open=documents#documents")
        form = page.locator("form[enctype='multipart/form-data'][action$='/documents']")
        page.get_by_text("Dokument hinzufügen").click()
        bad = {"name": "brief.pdf", "mimeType": "application/pdf", "buffer": a_pdf(b"<< /S /JavaScript >>")}
        form.locator("input[type=file]").set_input_files(bad)
        form.get_by_role("button", name="Hinzufügen").click()
        assert "Skripte" in page.locator("#file-error").inner_text()
        shoot(page, "document-refused")
        assert axe(page) == []
        good = {"name": "Zeugnis Haddad.jpg", "mimeType": "image/jpeg", "buffer": a_jpeg()}
        form.locator("input[type=file]").set_input_files(good)
        form.get_by_role("button", name="Hinzufügen").click()
        assert page.get_by_role("status").is_visible()
        with page.expect_download() as waiting:
            page.get_by_role("link", name=re.compile(r"Zeugnis oder Bescheinigung \d")).last.click()
        assert re.fullmatch(r"certificate-\d\.jpg", waiting.value.suggested_filename)
        kept = tmp_path / "kept.jpg"
        shutil.copy(waiting.value.path(), kept)
        assert kept.read_bytes() == a_jpeg()
