"""What is missing and what is outdated shows in the history alone; that a translation still fits is somebody's word."""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.identity import id_of
from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.domain.translations import LANGUAGES
from services.directory.queries import translations as queries
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_service, a_source, an_area, an_organization

ISSUER = TestIssuer()
EDITOR = bearer(ISSUER.token(sub="edda", roles=["directory_editor"]))
PAGE = "/directory/translations"


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(a_source(), an_area(), an_organization())
        yield directory


@pytest.fixture(scope="module")
def client(directory: Directory) -> Iterator[FlaskClient]:
    with create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        yield client


def say(directory: Directory, slug: str, **changes: Any) -> None:
    """An entry that says just this."""
    directory.take_in(a_service(**{"name": {"de": slug}, **changes, "id": slug}))


def outdated(directory: Directory, name: str) -> set[tuple[str, str]]:
    with directory.db.read() as connection:
        return set(queries.outdated(connection, "service", id_of("service", name)))


def test_languages_are_those_of_the_site() -> None:
    assert set(LANGUAGES) == set(PERSON_LANGUAGES) - {"de"}


def test_a_translation_is_outdated_when_the_german_was_changed_after_it(directory: Directory) -> None:
    say(directory, "aging", description={"de": "Eins.", "en": "One.", "fr": "Un."})
    assert outdated(directory, "aging") == set(), "written together"
    say(directory, "aging", description={"de": "Zwei.", "en": "One.", "fr": "Un."})
    assert outdated(directory, "aging") == {("description", "en"), ("description", "fr")}
    say(directory, "aging", description={"de": "Zwei.", "en": "Two.", "fr": "Un."}, topics=["SPRACHE"])
    assert outdated(directory, "aging") == {("description", "fr")}
    say(directory, "aging", description={"de": "Zwei.", "en": "Two."})
    assert outdated(directory, "aging") == set(), "what is gone is missing, not outdated"


def test_another_change_of_an_entry_makes_nothing_outdated(directory: Directory) -> None:
    say(directory, "steady", description={"de": "Eins.", "tr": "Bir."})
    say(directory, "steady", description={"de": "Eins.", "tr": "Bir."}, status="temporarily closed")
    assert outdated(directory, "steady") == set()


def test_a_retired_entry_needs_no_translation(directory: Directory) -> None:
    say(directory, "retired", description={"de": "Eins.", "tr": "Bir."})
    say(directory, "retired", description={"de": "Zwei.", "tr": "Bir."}, status="defunct")
    with directory.db.read() as connection:
        found = queries.entries(connection, id_of("organization", "a-chamber"))
    assert str(id_of("service", "retired")) not in {one.id for one in found or []}


def test_the_list_counts_and_filters(directory: Directory, client: FlaskClient) -> None:
    own = id_of("organization", "list-house")
    directory.take_in(an_organization(id="list-house", name=dict.fromkeys(("de", *LANGUAGES), "Haus")))
    every = dict.fromkeys(LANGUAGES, "Gut.")
    texts = {"name": {"de": "Liste", **every}, "description": {"de": "Neu.", **every, "ar": "قديم"}}
    directory.take_in(a_service(id="listed", organization_id="list-house", **texts))
    texts = {"name": {"de": "Liste", **every}, "description": {"de": "Neuer.", **every, "ar": "قديم"}}
    del texts["description"]["uk"]
    directory.take_in(a_service(id="listed", organization_id="list-house", **texts))

    def shown(query: str) -> str:
        return client.get(f"{PAGE}?organization={own}&{query}", headers=EDITOR).text

    page = shown("")
    assert "Texte nach Sprache: 4 auf Deutsch" in page
    assert counted(page, "uk") == ["2", "2", "0"], "translated, missing, outdated"
    assert counted(page, "ar") == ["3", "1", "1"]
    assert page.index("Liste") < page.index("Beschreibung"), "what is outdated first"
    old = shown("language=ar&state=outdated")
    assert "Einträge mit Lücken (1)" in old
    assert "Passt noch" in old
    assert "Keine Lücken" in shown("language=uk&state=outdated")


def counted(page: str, tag: str) -> list[str]:
    """What the table of languages says of one."""
    row = next(one for one in page.split("<tr") if f'lang="{tag}"' in one)
    return re.findall(r"<td[^>]*>\s*(\d+)\s*</td>", row)


def test_too_much_at_once_asks_for_an_organization(
    directory: Directory, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST", 1)
    assert "zu viele Einträge" in client.get(PAGE, headers=EDITOR).text


def test_an_editor_says_that_a_translation_still_fits_just_this_german(
    directory: Directory, client: FlaskClient
) -> None:
    say(directory, "typo", description={"de": "Prueft.", "en": "Checks.", "fr": "Examine."})
    say(directory, "typo", description={"de": "Prüft.", "en": "Checks.", "fr": "Examine."})
    address = f"{PAGE}/service/{id_of('service', 'typo')}/en"
    seen = f"description:{hashlib.sha256('Prüft.'.encode()).hexdigest()}"
    assert seen in client.get(f"{PAGE}?language=en&state=outdated", headers=EDITOR).text
    for _ in range(2):
        assert client.post(address, data={"seen": seen}, headers=EDITOR).status_code == 303
    assert outdated(directory, "typo") == {("description", "fr")}
    say(directory, "typo", description={"de": "Prüft genau.", "en": "Checks.", "fr": "Examine."})
    assert outdated(directory, "typo") == {("description", "en"), ("description", "fr")}
    again = client.post(address, data={"seen": seen}, headers={**EDITOR, "Accept": "text/html"})
    assert again.status_code == 409, "another German text than the one she read"
    assert ("description", "en") in outdated(directory, "typo")


def test_the_public_page_says_that_a_text_is_missing_or_may_be_outdated(
    directory: Directory, client: FlaskClient
) -> None:
    texts = {"name": {"de": "Amt", "fr": "Bureau", "tr": "Daire"}, "description": {"de": "Eins.", "fr": "Un."}}
    say(directory, "public", **texts)
    page = "/directory/help/{}/services/public".format
    newer = "Le texte allemand est plus récent que sa traduction"
    assert newer not in client.get(page("fr")).text
    say(directory, "public", **{**texts, "description": {"de": "Zwei.", "fr": "Un."}})
    assert newer in client.get(page("fr")).text
    turkish = client.get(page("tr")).text
    assert 'lang="de" dir="ltr">Zwei.' in turkish
    assert "henüz dilinizde yok" in turkish
    assert newer not in turkish


def test_only_editors_see_the_list_and_what_is_no_language_is_refused(client: FlaskClient) -> None:
    assert client.get(PAGE, headers=bearer(ISSUER.token())).status_code == 403
    address = f"{PAGE}/service/{id_of('service', 'aging')}/xx"
    assert client.post(address, data={"seen": "name:x"}, headers=EDITOR).status_code == 422
    assert client.get(f"{PAGE}?language=xx&state=x&organization=x&page=0", headers=EDITOR).status_code == 200
