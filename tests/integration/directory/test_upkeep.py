"""Beside an entry stands whether it was confirmed, how far its translations are, and who else uses its contacts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.identity import id_of
from services.chassis.db import Database
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_location, a_place_of_service, a_report, a_service, a_source, an_area
from tests.unit.directory.rows import an_organization as a_body

ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
PHONE = {"number": "+49 241 123456"}


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(
            a_source(),
            an_area(),
            a_body(phones=[PHONE]),
            a_location(phones=[PHONE]),
            a_service(description={"de": "Alt.", "en": "Old."}),
            a_place_of_service(),
            a_report(assured_date="2026-01-01", capacity="waitlist", capacity_reported_on="2026-10-01"),
        )
        directory.take_in(a_service(description={"de": "Neu.", "en": "Old."}))
        yield directory


@pytest.fixture(scope="module")
def client(directory: Directory) -> Iterator[FlaskClient]:
    with create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        yield client


def page(client: FlaskClient, kind: str, name: str, headers: dict[str, str] = EDITOR) -> str:
    answer = client.get(f"/directory/objects/{kind}/{name}", headers=headers)
    assert answer.status_code == 200
    return str(answer.text)


def test_a_service_says_how_old_its_organization_s_words_are(client: FlaskClient) -> None:
    shown = page(client, "service", "a-recognition")
    assert "zuletzt bestätigt am 01.01.2026" in shown
    assert "Bestätigung fällig" in shown
    assert "vor 53 Tagen: gilt als unbekannt" in shown
    assert f"/directory/services/{id_of('service', 'a-recognition')}/capacity" in shown


def test_a_service_says_which_texts_are_missing_or_outdated(client: FlaskClient) -> None:
    shown = page(client, "service", "a-recognition")
    texts = shown[shown.index('id="texts"') : shown.index("</table>", shown.index('id="texts"'))]
    assert texts.count("veraltet") == 1
    assert texts.count("fehlt") == 11, "two texts in six languages, one of them written"


def test_a_body_and_a_place_say_who_else_uses_their_contacts(client: FlaskClient) -> None:
    uses = "/directory/contacts/uses?sort=phone&amp;name=%2B49241123456"
    for kind, name in (("organization", "a-chamber"), ("location", "a-house")):
        shown = page(client, kind, name)
        assert uses in shown
        assert "steht in 2 Einträgen, gezeigt bei 1 Angebot" in shown
    assert "Angebote an diesem Ort" in page(client, "location", "a-house")


def test_a_clerk_sees_it_without_the_editors_lists(client: FlaskClient) -> None:
    clerk = bearer(ISSUER.token(sub="cleo", roles=["partner_clerk"], employer=str(id_of("organization", "a-chamber"))))
    shown = page(client, "organization", "a-chamber", clerk)
    assert "steht in 2 Einträgen" in shown
    assert "/directory/contacts/uses" not in shown


def test_a_source_has_nothing_to_keep_up(client: FlaskClient) -> None:
    assert 'id="texts"' not in page(client, "source", "a-paper")
