"""The log's pages: readable by the data-protection officer, on a phone too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser

from contracts.codes import DataCategory, Deletion, Duty, LogFindingKind, RetentionGround
from deploy.demo.clocks import FixedClock
from services.audit import commands, noticing
from services.audit.keys import make_signer, save_signer
from services.audit.web.app import create_app
from services.audit.writer import Writer
from services.chassis.db import Database
from services.chassis.work import Unit
from tests.browser.markup import findings, linked
from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.audit.conftest import START, an_arrival
from tests.integration.audit.test_findings import TODAY, YESTERDAY, fetched, owed
from tests.integration.audit.test_staff_rules import rules_set
from tests.integration.audit.test_withdrawals import arrived, revoked, sent, stated, stopped
from tests.integration.audit.test_withdrawals import owed as owes
from tests.integration.audit.test_withdrawals import withdrawn as taken_back
from tests.unit.audit.events import PERSON, a_consent_given, a_disclosure_decided

ISSUER = TestIssuer()
DPO = bearer(ISSUER.token(sub="dora", roles=["dpo"]))
NO_GROUND: dict[str, Any] = {"allowed": False, "ground": None, "ground_id": None, "ground_version": None}


def withdrawn() -> list[Any]:
    """She takes it back; the partner is told, stops, keeps a part on a ground, and owes a word about another."""
    kept = {"deletion": Deletion.RETAINED, "ground": RetentionGround.STATUTORY_FILE_DUTY}
    overdue = replace(owes(due_on=date(2026, 11, 16), category=DataCategory.HEALTH), duty_id=UUID(int=0xD9))
    return [
        taken_back(),
        revoked(),
        owes(Duty.ACKNOWLEDGE_STOP),
        owes(),
        overdue,
        sent(),
        arrived(),
        stopped(),
        stated(**kept),
    ]


@pytest.fixture(scope="module")
def address(make_database: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("audit")
    signer = make_signer("lotsennetz.example/audit")
    save_signer(signer, folder / "log.key")
    with Database(make_database("audit").app_dsn) as db:
        unit = Unit(db, FixedClock(START), "audit")
        told = [a_consent_given(), a_disclosure_decided(), a_disclosure_decided(**NO_GROUND), *[None] * 57]
        told += [rules_set(), fetched(ground_version=7), owed(YESTERDAY)]
        with unit.work(actor="system:test") as work:
            arrivals = [an_arrival(number, event) for number, event in enumerate([*told, *withdrawn()], start=1)]
            commands.record(work.tx, Writer(signer, folder), arrivals, START)
            noticing.read_on(work.tx, START, TODAY)
        given = settings(CHECKPOINT_KEY_FILE=str(folder / "log.key"), CHECKPOINT_DIR=str(folder))
        with served(create_app(given, unit, issuer_keys=ISSUER.keys())) as url:
            yield url


@pytest.mark.parametrize(
    "path",
    [
        "/audit/",
        f"/audit/cases/person/{PERSON}",
        f"/audit/cases/person/{PERSON}/flow",
        "/audit/entries/1",
        "/audit/findings?state=all",
        f"/audit/findings/{noticing.finding_id(LogFindingKind.CONSENT_NOT_IN_LOG, 61)}",
        pytest.param("/audit/leavers", marks=pytest.mark.long),
        pytest.param("/audit/reviews", marks=pytest.mark.long),
        pytest.param(f"/audit/reviews/new?person_id={PERSON}", marks=pytest.mark.long),
        "/audit/reports/2026",
        pytest.param("/audit/reports/2025", marks=pytest.mark.long),
        "/audit/integrity",
        "/audit/mine",
    ],
)
@pytest.mark.parametrize("view", first_in_the_gate(GERMAN, DARK_AND_SMALL))
def test_a_page_has_no_findings_and_fits(browser: Browser, address: str, path: str, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=DPO) as page:
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={view['language']}")
        shoot(page, f"audit-{path.strip('/').replace('/', '-')[:30]}-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


@pytest.mark.long
def test_a_year_s_report_prints(browser: Browser, address: str) -> None:
    with page_of(browser, language="de", extra_http_headers=DPO) as page:
        page.goto(f"{address}/audit/reports/2026?lang=de")
        page.emulate_media(media="print")
        shoot(page, "audit-report-print")
        assert not page.get_by_role("link", name="Dasselbe als Daten").is_visible()
        assert page.get_by_role("heading", name="Jahresbericht 2026").is_visible()


def test_a_review_is_held_of_what_was_searched_for(browser: Browser, address: str) -> None:
    with page_of(browser, language="en", extra_http_headers=DPO) as page:
        page.goto(f"{address}/audit/?lang=en&person_id={PERSON}")
        page.get_by_role("link", name="Review or keep").click()
        page.get_by_label("Note").fill("Every disclosure stands on its consent.")
        page.get_by_role("button", name="Review done").click()
        assert page.get_by_text("Every disclosure stands on its consent.").count() == 1


def test_a_search_leads_to_a_case_and_from_there_to_an_entry(browser: Browser, address: str) -> None:
    with page_of(browser, language="en", extra_http_headers=DPO) as page:
        page.goto(f"{address}/audit/?lang=en")
        page.get_by_label("What happened").select_option(label="Disclosure decided")
        page.get_by_role("button", name="Show", exact=True).click()
        assert page.locator("tbody tr").count() == 2
        page.locator("tbody tr").last.get_by_role("link", name="Referral").click()
        assert page.get_by_text("carried by").count() == 1
        page.get_by_role("link", name="Disclosure decided").first.click()
        assert page.get_by_role("heading", name="Entry 1").count() == 1
        assert page.get_by_text("is in the tree of 72 entries").count() == 1


def test_an_officer_signs_a_finding_off_with_her_note(browser: Browser, address: str) -> None:
    with page_of(browser, language="en", extra_http_headers=DPO) as page:
        page.goto(f"{address}/audit/findings?lang=en")
        page.get_by_role("link", name="Statement on deletion overdue").last.click()
        page.get_by_label("harmless").check()
        page.get_by_label("Note").fill("The statement came by letter the same day.")
        page.get_by_role("button", name="Assess and sign off").click()
        assert page.get_by_text("Your assessment is kept.").count() == 1
        assert page.get_by_text("came by letter").count() == 1
        page.get_by_role("link", name="Findings").click()
        assert page.get_by_role("link", name="signed off").get_by_text("1").count() == 1


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_markup_of_every_page_an_officer_finds_is_valid(address: str, tmp_path: Path) -> None:
    pages = linked(address, "/audit/", "/audit/", DPO)
    assert len(pages) > 8
    assert findings(pages, tmp_path) == []
