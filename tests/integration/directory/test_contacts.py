"""Before a number is changed an editor sees who shows it: by a body, a place, a service, or a service at a place."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.identity import id_of
from services.chassis.db import Database
from services.directory.queries import contacts
from services.directory.queries.contacts import Sought
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_location, a_place_of_service, a_service, a_source, an_area, an_organization

ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
HOUSE, DESK = "+49 241 123456", "desk@chamber.example"
USES = "/directory/contacts/uses"


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(
            a_source(),
            an_area(),
            an_organization(phones=[{"number": HOUSE}], email=DESK),
            a_location(contacts=[{"title": "Empfang", "phones": [{"number": "+49 241 12 34 56"}]}]),
            a_service(contacts=[{"email": DESK.upper()}]),
            a_service(id="an-advice", name={"de": "Beratung"}, status="inactive"),
            a_place_of_service(phones=[{"number": "+49 241 999999"}]),
        )
        yield directory


@pytest.fixture(scope="module")
def client(directory: Directory) -> Iterator[FlaskClient]:
    with create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        yield client


def users(directory: Directory, sort: str, name: str) -> dict[str, list[str]]:
    """The kinds of objects that say it, each with the services it is shown at."""
    with directory.db.read() as connection:
        rows = contacts.users(connection, sort, name)
    return {row["kind"]: [one["name"]["de"] for one in row["services"]] for row in rows}


def test_a_number_is_one_however_it_is_written(directory: Directory) -> None:
    assert users(directory, "phone", "+49241123456") == {
        "organization": ["Anerkennung", "Beratung"],
        "location": ["Anerkennung"],
    }
    assert users(directory, "phone", "+49241999999") == {"service_at_location": ["Anerkennung"]}
    assert users(directory, "phone", "+49") == {}


def test_an_address_of_mail_and_a_place_are_found_with_their_services(directory: Directory) -> None:
    assert users(directory, "email", DESK) == {
        "organization": ["Anerkennung", "Beratung"],
        "service": ["Anerkennung"],
    }
    assert users(directory, "location", str(id_of("location", "a-house"))) == {"location": ["Anerkennung"]}


def test_the_list_has_each_once_and_filters(directory: Directory) -> None:
    with directory.db.read() as connection:
        found = contacts.listed(connection, Sought())
        named = contacts.listed(connection, Sought("markt"))
        strange = contacts.listed(connection, Sought("100%_"))
    assert [(row["sort"], row["objects"], row["services"]) for row in found] == [
        ("phone", 2, 2),
        ("email", 2, 2),
        ("phone", 1, 1),
        ("location", 1, 1),
    ]
    assert [row["text"] for row in named] == ["Haus am Markt"]
    assert strange == []


def test_an_editor_goes_from_the_list_to_the_uses(client: FlaskClient) -> None:
    page = client.get("/directory/contacts", headers=EDITOR).text
    assert f"{USES}?sort=phone&amp;name=%2B49241123456" in page
    uses = client.get(f"{USES}?sort=phone&name=%2B49241123456", headers=EDITOR).text
    for words in ("Kammer", "Haus am Markt", "Anerkennung", "Beratung", "nicht angeboten"):
        assert words in uses


@pytest.mark.parametrize("query", ["sort=phone&name=0", "sort=x&name=0", "", "sort=location&name=x"])
def test_a_contact_nobody_says_is_not_there(client: FlaskClient, query: str) -> None:
    assert client.get(f"{USES}?{query}", headers=EDITOR).status_code == 404
    assert client.get(f"{USES}?{query}", headers=bearer(ISSUER.token())).status_code == 403
