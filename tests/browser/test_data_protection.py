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
from tests.integration.referral.test_double_funding import choose, funded
from tests.integration.referral.test_duplicate_care import AS_HWK_WRITES, OLEKSANDR, in_care, somebody
from tests.integration.referral.test_duplicate_matters import say
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
def two_cases(network: Network) -> Any:
    """Somebody in care, found again at her own desk under another spelling; one side has spoken."""
    in_care(network, OLEKSANDR)
    enquiry, desk = somebody(network, AS_HWK_WRITES)
    say(desk, enquiry, person_says="cared_for_there", resolution="here")
    funded(network)
    assert choose(desk, enquiry).status_code == 409
    assert choose(desk, enquiry, justification="OTHER_TIME").status_code == 201
    return enquiry


@pytest.fixture(scope="module")
def address(network: Network, enquiry: Any) -> Iterator[str]:
    """Whoever opens a page is the lead, or the officer where only she may; how one signs in is tested elsewhere."""
    room = network.app.extensions["lotsennetz"]

    def session_of(**claims: Any) -> Session:
        token = network.staff(**claims).token
        caller = caller_from_claims(room.tokens.claims(token), room.settings.deployment_key)
        return Session(replace(caller, by_session=True, session_id=uuid4()), "form-token", "cookie")

    lead, officer = session_of(sub="lena", roles=["lead"]), session_of(sub="dora", roles=["dpo"], site=None)
    room.sessions.find = lambda request: officer if request.path.endswith("/duplicates") else lead
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
