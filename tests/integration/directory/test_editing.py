"""An editor makes and changes objects on pages: with the checks of a file, a look before, history and events."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.directory import OrganizationPublished, ServicePublished
from services.chassis.db import Database
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.editing import CLERK, EDITOR, NAVIGATOR, SERVICE, client_of, rows
from tests.integration.directory.full_rows import a_full_directory
from tests.integration.directory.pages import form_of

OBJECTS = "/directory/objects"
EDIT = f"{OBJECTS}/service/a-recognition/edit"


@pytest.fixture
def client(directory: Directory) -> FlaskClient:
    directory.take_in(*rows())
    return client_of(directory)


def sent(client: FlaskClient, path: str, do: str = "preview", lang: str = "de", **changes: Any) -> TestResponse:
    """The form of a page sent with some changes; None leaves an input out."""
    page = client.get(f"{path}{'&' if '?' in path else '?'}lang={lang}", headers=EDITOR)
    assert page.status_code == 200, page.text
    return send(client, path.partition("?")[0], form_of(page.text), do, lang, **changes)


def send(
    client: FlaskClient, path: str, form: dict[str, list[str]], do: str = "preview", lang: str = "de", **changes: Any
) -> TestResponse:
    form = {**form, **{name: value for name, value in changes.items() if value is not None}, "_do": [do]}
    kept = {name: value for name, value in form.items() if name not in changes or changes[name] is not None}
    return client.post(f"{path}?lang={lang}", data=kept, headers=EDITOR)


def test_an_edit_is_looked_at_first_and_then_kept_told_and_shown(client: FlaskClient, directory: Directory) -> None:
    told = len(directory.said())
    looked = sent(client, EDIT, **{"name.de": "Gleichwertigkeit", "name.en": "Equivalence"})
    assert looked.status_code == 200
    assert "Noch ist nichts gespeichert" in looked.text and "Gleichwertigkeit" in looked.text
    assert "Was ist das?" in looked.text, "the public page is shown as it would look"
    assert len(directory.said()) == told
    kept = send(client, EDIT, form_of(looked.text), "save", _why="Neuer Name seit Januar")
    assert (kept.status_code, kept.location) == (303, f"{OBJECTS}/service/{SERVICE}?done=1")
    event = directory.said()[-1]
    assert isinstance(event, ServicePublished)
    assert (event.name["de"], event.name["en"], event.version) == ("Gleichwertigkeit", "Equivalence", 2)
    assert client.get(f"/hsds/services/{SERVICE}").json["name"] == "Gleichwertigkeit"
    assert "Gleichwertigkeit" in client.get("/directory/help/de/services/a-recognition").text
    history = client.get(f"{OBJECTS}/service/a-recognition", headers=EDITOR).text.split('id="history"')[1]
    assert "Neuer Name seit Januar" in history and "Equivalence" in history


def test_the_same_once_more_changes_nothing(client: FlaskClient, directory: Directory) -> None:
    form = form_of(client.get(EDIT, headers=EDITOR).text)
    for _ in range(2):
        assert send(client, EDIT, form, "save", **{"name.de": "Neu"}).status_code == 303
    assert len([one for one in directory.said() if isinstance(one, ServicePublished)]) == 3
    assert "Es würde sich nichts ändern" in sent(client, EDIT).text


@pytest.mark.parametrize(
    ("name", "value", "german", "english"),
    [
        ("name.de", "", "Dieses Feld muss ausgefüllt sein", "Please fill this field in"),
        ("email", "nobody", "eine E-Mail-Adresse wie", "an e-mail address such as"),
        ("url", "example.org", "eine Adresse mit http", "a web address with http"),
        ("minimum_age", "achtzehn", "eine ganze Zahl von 0 bis 120", "a whole number from 0 to 120"),
        ("profession_codes", "26212 ä", "einen Schlüssel aus", "a code of at most"),
        ("leika_keys", "123", "einen LeiKa-Schlüssel", "14 digits"),
        ("areas[0]", "0533", "amtlichen Regionalschlüssel", "official regional key"),
        ("areas[0]", "05999", "den das Verzeichnis kennt: Gebiet", "the directory knows: Area"),
        ("organization_id", "nobody", "den das Verzeichnis kennt: Organisation", "the directory knows: Organization"),
        ("audience", "martians", "eine Angabe aus: person", "one of person"),
        ("own_measure", "perhaps", "ja oder nein", "yes or no"),
        ("assured_date", "gestern", "ein Datum wie", "a date such as"),
        ("phones[0].number", "0241 123", "eine internationale Nummer", "an international number"),
        ("schedules[0].closes_at", "", "Öffnet und Schließt gehören zusammen", "opening and closing time together"),
        ("schedules[0].byday", "MO,XX", "Wochentage wie", "weekdays as in"),
        ("cost_options[0].amount", "viel", "eine Zahl von 0 bis 100000", "a number from 0 to 100000"),
        ("eligibility.age.at_least", "achtzehn", "a whole number from 0 to 150", "a whole number from 0 to 150"),
        ("eligibility.written", "{]", "eine Regel in der vorgesehenen", "a rule as rules are written"),
        ("translations.en", "perfect", "eine Angabe aus: draft", "one of draft"),
        ("description.de", "a\u202eb", "ohne Steuerzeichen", "without control characters"),
        ("topics", "PLANETS", "eine Angabe aus: ", "one of "),
        ("sources[0]", "", "mindestens 1 Eintrag", "at least 1 entry"),
    ],
)
def test_a_mistake_is_named_at_its_field_in_words_and_the_input_is_kept(
    shared: FlaskClient, name: str, value: str, german: str, english: str
) -> None:
    for lang, words in (("de", german), ("en", english)):
        answer = sent(shared, EDIT, lang=lang, **{name: value})
        assert answer.status_code == 422
        assert words in answer.text, answer.text.split('role="alert"')[1].split("</ul>")[0]
        kept = form_of(answer.text)
        said = [one for values in kept.values() for one in values]
        assert not value or name in ("topics", "eligibility.written", "schedules[0].byday") or value in said
        link = answer.text.split('role="alert"')[1].split('href="#')[1].split('"')[0]
        assert f'id="{link}"' in answer.text, "the list of mistakes leads to the field"


@pytest.fixture(scope="module")
def shared(make_database: Callable[[str], Any]) -> Iterator[FlaskClient]:
    """A directory that is looked at and not changed: all that a row may hold, and the region."""
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        directory.take_in(*rows())
        directory.take_in(*a_full_directory())
        yield client_of(directory)


def every_object() -> list[tuple[str, str]]:
    documents = [json.loads(line) for line in REGION.read_text(encoding="utf-8").splitlines()] + a_full_directory()
    kinds = ("organization", "service", "location", "service_at_location", "source")
    return [(one["object"], one["id"]) for one in documents if one["object"] in kinds]


def test_a_form_that_is_sent_as_it_came_changes_nothing(shared: FlaskClient) -> None:
    """Whatever an object holds, its form holds too: no field is lost on the way through a page."""
    for kind, name in every_object():
        answer = sent(shared, f"{OBJECTS}/{kind}/{name}/edit")
        assert answer.status_code == 200, (kind, name, answer.text.split('role="alert"')[1].split("</ul>")[0])
        assert "Es würde sich nichts ändern" in answer.text, (kind, name)


def test_one_more_adds_an_empty_group_and_keeps_what_was_typed(client: FlaskClient) -> None:
    form = form_of(client.get(EDIT, headers=EDITOR).text)
    form |= {"name.de": ["Getippt"], "_more": ["phones"]}
    page = client.post(EDIT, data=form, headers=EDITOR).text
    form = form_of(page)
    assert form["name.de"] == ["Getippt"] and "phones[0].number" in form
    nested = client.post(EDIT, data={**form, "_more": ["contacts[0].phones"]}, headers=EDITOR).text
    assert "contacts[0].phones[0].number" in form_of(nested)
    form |= {"phones[0].number": ["+49 241 1234567"]}
    assert "+49 241 1234567" in send(client, EDIT, form).text
    gone = send(client, EDIT, form, **{"phones[0]._out": "1"}).text
    assert "+49 241 1234567" not in gone.split("<form")[0]


def test_a_rule_is_made_on_a_sheet(client: FlaskClient, directory: Directory) -> None:
    sheet = {
        "eligibility.profession_group.in": ["CRAFT", "HEALTH"],
        "eligibility.residence_status.mode": "not",
        "eligibility.residence_status.in": ["ABROAD"],
        "eligibility.age.at_least": "18",
    }
    answer = sent(client, EDIT, "save", **sheet)
    assert answer.status_code == 303
    assert dict(directory.said()[-1].eligibility) == {
        "all": [
            {"fact": "profession_group", "in": ["CRAFT", "HEALTH"]},
            {"not": {"fact": "residence_status", "in": ["ABROAD"]}},
            {"fact": "age", "at_least": 18},
        ]
    }


def test_a_new_service_is_made_as_a_draft_with_its_sources(client: FlaskClient, directory: Directory) -> None:
    new = f"{OBJECTS}/service/new?organization_id={'a-chamber'}"
    filled = {
        "organization_id": "a-chamber",
        "name.de": "Büro für Ausbildung",
        "description.de": "Hilft bei der Suche.",
        "topics": ["AUSBILDUNG"],
        "areas[0]": "05334",
        "audience": "person",
        "role": "advises",
    }
    without = sent(client, new, **filled)
    assert without.status_code == 422 and "Quellen" in without.text.split('role="alert"')[1].split("</ul>")[0]
    kept = sent(client, new, "save", **filled, **{"sources[0]": "a-paper"})
    assert kept.status_code == 303, kept.text
    page = client.get(f"{OBJECTS}/service/buero-fuer-ausbildung?lang=de", headers=EDITOR).text
    assert "Entwurf oder ruht" in page
    assert client.get("/directory/help/de/services/buero-fuer-ausbildung").status_code == 410
    taken = sent(client, new, **filled, **{"sources[0]": "a-paper", "wait_time": "lang"})
    assert taken.status_code == 422 and "der noch frei ist" in taken.text


def test_organizations_places_links_and_sources_are_made_as_well(client: FlaskClient, directory: Directory) -> None:
    source = sent(client, f"{OBJECTS}/source/new", "save", title="Ein Amtsblatt", publisher="Eine Stadt")
    assert source.location == f"{OBJECTS}/source/ein-amtsblatt?done=1"
    body = {"name.de": "Ein Amt", "description.de": "Ein Amt.", "organization_type": "authority"}
    made = sent(client, f"{OBJECTS}/organization/new", "save", **body, **{"sources[0]": "ein-amtsblatt"})
    assert made.status_code == 303
    assert isinstance(directory.said()[-1], OrganizationPublished)
    place = {"organization_id": "ein-amt", "location_type": "physical", "name": "Rathaus", "sources[0]": "a-paper"}
    assert sent(client, f"{OBJECTS}/location/new", "save", **place).status_code == 303
    link = {"service_id": "a-recognition", "location_id": "rathaus", "sources[0]": "a-paper"}
    assert sent(client, f"{OBJECTS}/service_at_location/new", "save", **link).status_code == 303
    assert "Rathaus" in client.get("/directory/help/de/services/a-recognition").text
    again = sent(client, f"{OBJECTS}/service_at_location/new", **{**link, "location_id": "a-house"})
    assert again.status_code == 422 and "an dem dieses Angebot noch nicht ist" in again.text


def test_who_comes_second_sees_both_changes_and_loses_none(client: FlaskClient, directory: Directory) -> None:
    mine = form_of(client.get(EDIT, headers=EDITOR).text)
    assert sent(client, EDIT, "save", **{"name.de": "Ihr Name", "wait_time": "drei Wochen"}).status_code == 303
    late = send(client, EDIT, mine, "save", **{"name.de": "Mein Name", "alert.de": "Zieht um"})
    assert late.status_code == 412
    assert "Jemand anderes hat diesen Eintrag geändert" in late.text
    assert "Ihr Name" in late.text and "Mein Name" in late.text and "von beiden geändert" in late.text
    form = form_of(late.text)
    assert (form["name.de"], form["wait_time"], form["alert.de"]) == (["Mein Name"], ["drei Wochen"], ["Zieht um"])
    assert send(client, EDIT, form, "save").status_code == 303
    told = client.get(f"/hsds/services/{SERVICE}").json
    assert (told["name"], told["wait_time"]) == ("Mein Name", "drei Wochen")


def test_a_new_service_on_occupied_ground_says_why(client: FlaskClient, directory: Directory) -> None:
    assert sent(client, EDIT, "save", overlap_group="ANERKENNUNG").status_code == 303
    form = {
        "organization_id": "a-chamber",
        "name.de": "Noch eine",
        "description.de": "Dasselbe.",
        "status": "active",
        "topics": ["ANERKENNUNG"],
        "areas[0]": "05334",
        "audience": "person",
        "role": "decides",
        "overlap_group": "ANERKENNUNG",
        "sources[0]": "a-paper",
    }
    answer = sent(client, f"{OBJECTS}/service/new", **form)
    assert answer.status_code == 422 and "neben a-recognition nötig ist" in answer.text


@pytest.mark.parametrize("path", [EDIT, f"{OBJECTS}/service/new"])
@pytest.mark.parametrize(("headers", "status"), [(CLERK, 403), (NAVIGATOR, 403), ({}, 401)])
def test_nobody_else_edits(shared: FlaskClient, path: str, headers: dict[str, str], status: int) -> None:
    for answer in (shared.get(path, headers=headers), shared.post(path, data={"_do": "save"}, headers=headers)):
        assert answer.status_code == status


def test_hostile_names_and_huge_forms_do_no_harm(shared: FlaskClient) -> None:
    form = form_of(shared.get(EDIT, headers=EDITOR).text)
    hostile = {
        "x" * 5000: "1",
        "phones[999].number": "",
        "phones[99999].number": "1",
        "contacts[0].phones[0].languages[0].code.deeper.and.deeper.still[1]": "x",
        "name[0]": "y",
        "id": "another-id",
        "origin.system": "elsewhere",
        "status": "defunct",
        "_seen": "x",
    }
    answer = shared.post(f"{EDIT}?lang=de", data={**form, **hostile, "_do": "preview"}, headers=EDITOR)
    assert answer.status_code == 200 and "Es würde sich nichts ändern" in answer.text
