"""Imprint, data protection, accessibility: the operator's own words, within reach of every page of every service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.chassis.config import ConfigError
from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory import config
from services.directory.domain.notices import NoticeKind
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import Directory

OWN = {kind.value: {"de": f"# Über {kind.value}\n\nTräger: kontakt@netz.example", "ar": "نص"} for kind in NoticeKind}


@pytest.fixture(scope="module")
def site(make_database) -> Iterator[FlaskClient]:
    with Database(make_database("directory").app_dsn) as db:
        yield create_app(settings(), Directory(db).unit, issuer_keys=TestIssuer().keys()).test_client()


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    config.legal_notices.cache_clear()
    yield
    config.legal_notices.cache_clear()


def told(monkeypatch: pytest.MonkeyPatch, folder: Path, document: Any, mode: str = "demo") -> None:
    file = folder / "legal.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setenv("LEGAL_NOTICES_FILE", str(file))
    monkeypatch.setenv("MODE", mode)


@pytest.mark.parametrize("name", [kind.value for kind in NoticeKind])
def test_the_operators_words_are_on_the_page(site, monkeypatch, tmp_path, name: str) -> None:
    told(monkeypatch, tmp_path, OWN)
    page = site.get(f"/directory/help/de/legal/{name}").text
    assert f"<h2>Über {name}</h2>" in page and 'href="mailto:kontakt@netz.example"' in page
    assert "<p>نص</p>" in site.get(f"/directory/help/ar/legal/{name}").text


def test_what_is_not_translated_says_so_and_is_marked_as_german(site, monkeypatch, tmp_path) -> None:
    told(monkeypatch, tmp_path, OWN)
    page = site.get("/directory/help/fr/legal/imprint").text
    assert (
        "Ce texte n’existe pour l’instant qu’en allemand." in page
        and '<div class="notice" lang="de" dir="ltr">' in page
    )


def test_every_page_leads_there_in_the_readers_language(site) -> None:
    here = site.get("/directory/help/uk/").text
    assert 'href="/directory/help/uk/legal/privacy"' in here
    there = site.get("/legal/privacy?lang=uk")
    assert (there.status_code, there.location) == (302, "/directory/help/uk/legal/privacy")
    assert site.get("/legal/telepathy").status_code == 404


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_the_samples_say_in_every_language_that_they_are_none(site, language: str) -> None:
    for kind in NoticeKind:
        answer = site.get(f"/directory/help/{language}/legal/{kind.value}")
        assert answer.status_code == 200 and "<h2>" in answer.text
    assert config.legal_notices().is_sample


@pytest.mark.parametrize(
    "document",
    [None, {}, OWN | {"imprint": {"de": ""}}, OWN | {"sample": True}],
    ids=["no file", "empty", "no imprint", "samples"],
)
def test_production_does_not_start_without_texts_of_its_own(monkeypatch, tmp_path, document: Any) -> None:
    if document is None:
        monkeypatch.delenv("LEGAL_NOTICES_FILE", raising=False)
        monkeypatch.setenv("MODE", "production")
    else:
        told(monkeypatch, tmp_path, document, mode="production")
    with pytest.raises(ConfigError, match="setting LEGAL_NOTICES_FILE"):
        config.legal_notices()


def test_production_starts_with_them(monkeypatch, tmp_path) -> None:
    told(monkeypatch, tmp_path, OWN, mode="production")
    assert config.legal_notices().text(NoticeKind.IMPRINT, "de")[0].startswith("# Über imprint")
