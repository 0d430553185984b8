"""Editors find every object and read who made what of it; a clerk sees her own organization's and no other."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.chassis.db import Database
from tests.integration.directory.conftest import Directory
from tests.integration.directory.editing import (
    CHAMBER,
    CLERK,
    EDITOR,
    LINK,
    NAVIGATOR,
    PLACE,
    SERVICE,
    STRANGERS_CLERK,
    client_of,
    rows,
)
from tests.unit.directory.rows import a_report, a_service

LIST = "/directory/objects"


@pytest.fixture(scope="module")
def client(make_database: Callable[[str], Any]) -> Iterator[FlaskClient]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(*rows())
        directory.take_in(
            a_service(
                name={"de": "Anerkennung", "en": "Recognition"},
                phones=[{"number": "+49 241 1234567"}],
                eligibility={"not": {"fact": "residence_status", "in": ["ABROAD"]}},
            )
        )
        directory.take_in(a_service(id="old", name={"de": "Altes Angebot"}, status="defunct"))
        directory.take_in(a_report(service_id="old", assured_date="2025-01-01"))
        yield client_of(directory)


def main_of(client: FlaskClient, path: str, headers: dict[str, str] = EDITOR) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text.split("</form>", 1)[-1] if path.startswith(f"{LIST}?") else answer.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Anerkennung", "Sprachkurs", "Altes Angebot"}),
        ("q=anerk", {"Anerkennung"}),
        ("q=recogn", {"Anerkennung"}),
        ("q=a-course", {"Sprachkurs"}),
        ("q=%25", set()),
        ("topic=SPRACHE", {"Sprachkurs"}),
        ("topic=PLANETS", {"Anerkennung", "Sprachkurs", "Altes Angebot"}),
        ("organization=a-stranger", {"Sprachkurs"}),
        ("status=defunct", {"Altes Angebot"}),
        ("freshness=never", {"Sprachkurs"}),
        ("freshness=fresh", {"Anerkennung"}),
        ("freshness=stale", {"Altes Angebot"}),
        ("freshness=due", set()),
        ("kind=organization", {"Kammer", "Fremder Verein"}),
        ("kind=location", {"Haus am Markt"}),
        ("kind=source", {"A paper"}),
        ("page=9", set()),
    ],
)
def test_entries_are_found_by_every_filter(client: FlaskClient, query: str, found: set[str]) -> None:
    page = main_of(client, f"{LIST}?lang=de&{query}")
    names = {"Anerkennung", "Sprachkurs", "Altes Angebot", "Kammer", "Fremder Verein", "Haus am Markt", "A paper"}
    assert {name for name in names if f">{name}</a>" in page} == found


def test_an_entry_is_shown_in_words(client: FlaskClient) -> None:
    page = main_of(client, f"{LIST}/service/a-recognition?lang=de")
    for words in ("wird angeboten", "Anerkennung", "StädteRegion Aachen", "entscheidet", "+49 241 1234567"):
        assert words in page
    assert "nicht: Aufenthaltsstatus: noch im Ausland" in page
    assert "A city: A paper" in page
    assert f"{LIST}/organization/{CHAMBER}" in page


def test_the_history_says_who_changed_which_value_from_what_to_what(client: FlaskClient) -> None:
    page = main_of(client, f"{LIST}/service/a-recognition?lang=en").split('id="history"')[1]
    assert "edda" in page and "Editors" in page
    assert "Name · English" in page and "Recognition" in page
    assert "Entered" in page


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("organization", "a-chamber", "Haus am Markt"),
        ("location", PLACE, "vor Ort"),
        ("service_at_location", LINK, "Anerkennung – Haus am Markt"),
        ("source", "a-paper", "A city"),
    ],
)
def test_every_kind_has_a_page(client: FlaskClient, kind: str, name: object, words: str) -> None:
    assert words in main_of(client, f"{LIST}/{kind}/{name}?lang=de")


def test_nobody_else_comes_in(client: FlaskClient) -> None:
    for path in (LIST, f"{LIST}/service/{SERVICE}"):
        assert client.get(path, headers=NAVIGATOR).status_code == 403
        assert client.get(path).status_code == 401


def test_a_clerk_sees_her_own_organization_s_entries_only(client: FlaskClient) -> None:
    page = main_of(client, f"{LIST}?lang=de&organization=a-stranger", CLERK)
    assert ">Anerkennung</a>" in page and ">Sprachkurs</a>" not in page
    mine = main_of(client, f"{LIST}/service/a-recognition?lang=de", CLERK)
    assert "Redaktion" in mine and "edda" not in mine
    for path in (f"service/{SERVICE}", f"organization/{CHAMBER}", f"location/{PLACE}", f"service_at_location/{LINK}"):
        assert client.get(f"{LIST}/{path}", headers=STRANGERS_CLERK).status_code == 404
    assert client.get(f"{LIST}/source/a-paper", headers=CLERK).status_code == 404


@pytest.mark.parametrize("path", ["service/nobody", "service/No Body", "planet/x", "source/none"])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"{LIST}/{path}", headers=EDITOR).status_code == 404
