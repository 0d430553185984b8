"""The public site over HTTP: every page in every language, without a cookie, and helpful where something is wrong."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import REGION, Directory

HWK = "hwk-aachen-anerkennung"
ISSUER = TestIssuer()


@pytest.fixture(scope="module")
def site(make_database: Callable[[str], Any]) -> Iterator[FlaskClient]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        yield create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client()


def page(site: FlaskClient, path: str, status: int = 200) -> str:
    answer = site.get(f"/directory/help/{path}", headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert "Set-Cookie" not in answer.headers
    return answer.text


def names(site: FlaskClient, query: str) -> list[str]:
    return re.findall(r"/services/([a-z0-9-]+)\"", page(site, f"de/find?{query}"))


@pytest.mark.parametrize("tag", PERSON_LANGUAGES)
def test_every_page_is_there_in_every_language_and_sets_no_cookie(site: FlaskClient, tag: str) -> None:
    paths = [
        "",
        "find?situation=diploma&area=Aachen&spoken=ar",
        f"services/{HWK}",
        f"services/{HWK}/card",
        "find?q=zzzz",
    ]
    for path in paths:
        text = page(site, f"{tag}/{path}")
        assert f'<html lang="{tag}" dir="{"rtl" if tag == "ar" else "ltr"}">' in text
        assert "<script" not in text.replace('<script type="application/ld+json">', "")
        assert text.count('rel="alternate" hreflang') == len(PERSON_LANGUAGES) + 1


def test_choosing_a_language_by_the_other_pages_way_sets_no_cookie_here(site: FlaskClient) -> None:
    page(site, "de/?lang=de")
    page(site, "nowhere?lang=ar", 404)


def test_search_words_finds(site: FlaskClient) -> None:
    for q in ("anerkenung", "denklik", "recognition", "الاعتراف", "визнання", "Handwerkskamer"):
        assert HWK in names(site, f"q={q}"), q
