"""The directory's pages: readable by everybody on the staff, on a phone too."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Browser

from contracts.identity import id_of
from services.chassis.db import Database
from services.directory import config
from services.directory.web.app import create_app
from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import REGION, Directory
from tests.unit.directory.rows import a_participation

ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
CAPACITY = f"/directory/services/{id_of('service', 'hwk-aachen-anerkennung')}/capacity"


@pytest.fixture(scope="module")
def address(make_database: Callable[[str], Any]) -> Iterator[str]:
    with Database(make_database("directory").app_dsn) as db, pytest.MonkeyPatch.context() as environment:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        environment.setenv("KEY_CONFIRMATION", "second-person")
        config.asks_second_person.cache_clear()
        new = ECKey.generate_key("P-256", {"use": "enc", "kid": "ihk-2027"})
        key = {**new.as_dict(private=False), "kid": "ihk-2027"}
        directory.take_in(a_participation(organization_id="ihk-aachen", terms=[], keys=[{"key": key}]))
        environment.undo()
        config.asks_second_person.cache_clear()
        with served(create_app(settings(), directory.unit, issuer_keys=ISSUER.keys())) as url:
            yield url


@pytest.mark.parametrize("path", ["/directory/", "/directory/coverage", "/directory/keys", CAPACITY])
@pytest.mark.parametrize("view", first_in_the_gate(GERMAN, DARK_AND_SMALL))
def test_a_page_has_no_findings_and_fits(browser: Browser, address: str, path: str, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=EDITOR) as page:
        page.goto(f"{address}{path}?lang={view['language']}")
        shoot(page, f"directory-{path.strip('/').rpartition('/')[2]}-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)
