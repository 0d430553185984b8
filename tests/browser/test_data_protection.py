"""The pages of data protection and the sheet a person is handed: nothing found by axe, nothing sideways, fit for A4."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from services.chassis.auth import caller_from_claims
from services.chassis.db import Database
from services.chassis.sessions import Session
from tests.browser.rig import axe, page_of, scrolls_sideways, served, shoot
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import Scene
from tests.integration.referral.test_subject_access import a_whole_story

VIEWS = [
    {"language": "de"},
    {"language": "en", "theme": "dark"},
    {"language": "de", "width": "phone"},
]


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Network:
    return Network(Scene(Database(str(make_database("referral").app_dsn))))


@pytest.fixture(scope="module")
def enquiry(network: Network) -> Any:
    found = a_whole_story(network)
    lead = network.staff(sub="lena", roles=["lead"])
    for _ in range(2):
        other = network.requested()
        network.hwk.fetch(other)
        network.navigator.act(other, "mark_entered_in_error")
    [check] = network.scene.rows("SELECT id FROM breach_checks ORDER BY opened_at LIMIT 1")
    said = {"risk": "none", "reasons": ["deleted_unused", "recipient_bound"], "note": "Nach einer Stunde gelöscht."}
    place = f"/referral/data-protection/breaches/{check['id']}/assessments"
    answer = lead.client.post(place, data=said, headers={"Authorization": f"Bearer {lead.token}"})
    assert answer.status_code == 303
    told = {"ground": "acute_danger", "categories": ["IDENTITY"], "told_at": "2026-11-22T09:30", "recipient": "Polizei"}
    outside = f"/referral/enquiries/{found['id']}/external-disclosures"
    own = {"Authorization": f"Bearer {network.navigator.token}"}
    assert network.navigator.client.post(outside, data=told, headers=own).status_code == 303
    for right, channel in (("access", "letter"), ("erasure", "in_person")):
        data = {"right": right, "channel": channel, "received_on": "2026-11-02"}
        headers = {"Authorization": f"Bearer {lead.token}"}
        place = f"/referral/enquiries/{found['id']}/subject-requests"
        assert lead.client.post(place, data=data, headers=headers).status_code == 303
    return found


@pytest.fixture(scope="module")
def address(network: Network, enquiry: Any) -> Iterator[str]:
    """Everybody who opens a page is the lead; how one signs in is tested elsewhere."""
    room = network.app.extensions["lotsennetz"]
    claims = room.tokens.claims(network.staff(sub="lena", roles=["lead"]).token)
    caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
    room.sessions.find = lambda request: Session(caller, "form-token", "cookie")
    with served(network.app) as url:
        yield url


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(view.values()))
def test_hub_register_and_record(browser: Browser, address: str, view: dict[str, str]) -> None:
    with page_of(browser, **view) as page:  # type: ignore[arg-type]
        for name in ("", "requests", "record", "disclosures", "breaches"):
            page.goto(f"{address}/referral/data-protection/{name}")
            page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
            shoot(page, f"protection-{name or 'hub'}-{'-'.join(view.values())}")
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name


@pytest.mark.parametrize("language", ["de", "ar", "uk"])
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
