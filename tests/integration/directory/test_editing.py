"""An editor makes and changes objects on pages: with the checks of a file, a look before, history and events."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import Capacity, StaffRole
from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired
from contracts.identity import id_of
from services.chassis.access import Caller
from services.chassis.access import Kind as CallerKind
from services.chassis.db import Database
from services.chassis.sessions import cookie_name
from services.directory.domain.objects import Kind
from services.directory.queries import objects as queries
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.editing import CLERK, EDITOR, NAVIGATOR, PLACE, client_of, rows
from tests.integration.directory.full_rows import a_full_directory
from tests.integration.directory.pages import form_of
from tests.unit.directory.rows import a_service

OBJECTS = "/directory/objects"
EDIT = f"{OBJECTS}/service/a-recognition/edit"


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    """One directory for all: each test works on a service of its own."""
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(*rows())
        directory.take_in(*a_full_directory())
        yield directory


@pytest.fixture(scope="module")
def client(directory: Directory) -> FlaskClient:
    return client_of(directory)


def a_page_of(directory: Directory, name: str, **changes: Any) -> str:
    """The form of a service nobody else works on."""
    directory.take_in(a_service(id=name, name={"de": "Anerkennung"}, **changes))
    return f"{OBJECTS}/service/{name}/edit"


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
    page = a_page_of(directory, "first")
    service = id_of("service", "first")
    told = len(directory.said())
    looked = sent(client, page, **{"name.de": "Gleichwertigkeit", "name.en": "Equivalence"})
    assert looked.status_code == 200
    assert "Noch ist nichts gespeichert" in looked.text and "Gleichwertigkeit" in looked.text
    assert "Was ist das?" in looked.text, "the public page is shown as it would look"
    assert len(directory.said()) == told
    kept = send(client, page, form_of(looked.text), "save", _why="Neuer Name seit Januar")
    assert (kept.status_code, kept.location) == (303, f"{OBJECTS}/service/{service}?done=1")
    event = directory.said()[-1]
    assert isinstance(event, ServicePublished)
    assert (event.name["de"], event.name["en"], event.version) == ("Gleichwertigkeit", "Equivalence", 2)
    assert client.get(f"/hsds/services/{service}").json["name"] == "Gleichwertigkeit"
    assert "Gleichwertigkeit" in client.get("/directory/help/de/services/first").text
    history = client.get(f"{OBJECTS}/service/first", headers=EDITOR).text.split('id="history"')[1]
    assert "Neuer Name seit Januar" in history and "Equivalence" in history


def test_the_same_once_more_changes_nothing(client: FlaskClient, directory: Directory) -> None:
    page = a_page_of(directory, "twice")
    form = form_of(client.get(page, headers=EDITOR).text)
    told = len(directory.said())
    for _ in range(2):
        assert send(client, page, form, "save", **{"name.de": "Neu"}).status_code == 303
    assert len(directory.said()) == told + 1
    assert "Es würde sich nichts ändern" in sent(client, page).text


#: Everything that can be typed wrongly, with what is said of it in German and English.
MISTAKES = {
    "name.de": ("x" * 301, "einen Text von 1 bis 300 Zeichen", "a text of 1 to 300 characters"),
    "description.de": ("a\u202eb", "ohne Steuerzeichen", "without control characters"),
    "delimitation.en": ("only English", "einen Text mindestens auf Deutsch", "a text, at least in German"),
    "email": ("nobody", "eine E-Mail-Adresse wie", "an e-mail address such as"),
    "url": ("example.org", "eine Adresse mit http", "a web address with http"),
    "minimum_age": ("achtzehn", "eine ganze Zahl von 0 bis 120", "a whole number from 0 to 120"),
    "profession_codes": ("26212 ä", "einen Schlüssel aus", "a code of at most"),
    "leika_keys": ("123", "einen LeiKa-Schlüssel", "14 digits"),
    "areas[0]": ("0533", "amtlichen Regionalschlüssel", "official regional key"),
    "organization_id": ("No Body", "Kennung oder Kurzname: Organisation", "an id or short name: Organization"),
    "audience": ("martians", "eine Angabe aus: person", "one of person"),
    "own_measure": ("perhaps", "ja oder nein", "yes or no"),
    "assured_date": ("gestern", "ein Datum wie", "a date such as"),
    "phones[0].number": ("0241/123", "eine Nummer wie +49", "a number such as +49"),
    "schedules[0].opens_at": ("9 Uhr", "eine Uhrzeit wie", "a time such as"),
    "schedules[0].byday": ("XX", "Wochentage wie", "weekdays as in"),
    "cost_options[0].amount": ("viel", "eine Zahl von 0 bis 100000", "a number from 0 to 100000"),
    "eligibility.age.at_least": ("achtzehn", "a whole number from 0 to 150", "a whole number from 0 to 150"),
    "translations.en": ("perfect", "eine Angabe aus: draft", "one of draft"),
    "topics": ("PLANETS", "eine Angabe aus: ", "one of "),
    "sources[0]": ("", "Dieses Feld muss ausgefüllt sein", "Please fill this field in"),
}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_mistake_is_named_at_its_field_in_words_and_what_was_typed_is_kept(
    client: FlaskClient, directory: Directory, lang: str
) -> None:
    page = a_page_of(directory, "wrong", phones=[{"number": "+49 241 12345"}])
    typed = {name: value for name, (value, *_) in MISTAKES.items()}
    answer = sent(client, page, lang=lang, **typed)
    assert answer.status_code == 422
    summary = answer.text.split('role="alert"')[1].split("</ul>")[0]
    for name, (_, german, english) in MISTAKES.items():
        words = german if lang == "de" else english
        assert words in summary and answer.text.count(words) >= 2, name
    kept = form_of(answer.text)
    ticked = ("topics",)  # what is no code of a list has no box
    assert [name for name, value in typed.items() if value and value not in kept.get(name, [])] == [*ticked]
    places = summary.split('href="#')[1:]
    assert all(f'id="{place.partition(chr(34))[0]}"' in answer.text for place in places), "each leads to its field"


@pytest.mark.parametrize(
    ("typed", "german"),
    [
        ({"schedules[0].opens_at": "09:00"}, "Öffnet und Schließt gehören zusammen"),
        ({"schedules[0].opens_at": "09:00", "schedules[0].closes_at": "08:00"}, "eine Uhrzeit nach dem Öffnen"),
        ({"minimum_age": "30", "maximum_age": "20"}, "nicht unter"),
        ({"areas[0]": "05999"}, "den das Verzeichnis kennt: Gebiet"),
        ({"organization_id": "nobody"}, "den das Verzeichnis kennt: Organisation"),
        ({"name.de": "", "name.en": ""}, "Dieses Feld muss ausgefüllt sein"),
        ({"eligibility.written": "{]"}, "eine Regel in der vorgesehenen"),
    ],
)
def test_what_does_not_fit_together_is_named_as_well(
    client: FlaskClient, directory: Directory, typed: dict[str, str], german: str
) -> None:
    answer = sent(client, a_page_of(directory, "misfit"), **typed)
    assert answer.status_code == 422 and german in answer.text


def unchanged(client: FlaskClient, documents: list[dict[str, Any]]) -> None:
    kinds = ("organization", "service", "location", "service_at_location", "source")
    for one in documents:
        if one["object"] in kinds:
            answer = sent(client, f"{OBJECTS}/{one['object']}/{one['id']}/edit")
            assert answer.status_code == 200, (one["id"], answer.text.split('role="alert"')[1].split("</ul>")[0])
            assert "Es würde sich nichts ändern" in answer.text, one["id"]


def test_a_form_that_is_sent_as_it_came_changes_nothing(make_database: Callable[[str], Any]) -> None:
    """Whatever an object holds, its form holds too: no field is lost on the way through a page."""
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(*a_full_directory())
        unchanged(client_of(directory), a_full_directory())


@pytest.mark.long
@pytest.mark.timeout(900)
def test_no_entry_of_the_region_is_changed_by_its_form(make_database: Callable[[str], Any]) -> None:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        unchanged(client_of(directory), [json.loads(line) for line in REGION.read_text(encoding="utf-8").splitlines()])


def test_one_more_adds_an_empty_group_and_keeps_what_was_typed(client: FlaskClient, directory: Directory) -> None:
    edit = a_page_of(directory, "more")
    form = form_of(client.get(edit, headers=EDITOR).text)
    form |= {"name.de": ["Getippt"], "_more": ["phones"]}
    page = client.post(edit, data=form, headers=EDITOR).text
    form = form_of(page)
    assert form["name.de"] == ["Getippt"] and "phones[0].number" in form
    nested = client.post(edit, data={**form, "_more": ["contacts[0].phones"]}, headers=EDITOR).text
    assert "contacts[0].phones[0].number" in form_of(nested)
    form |= {"phones[0].number": ["+49 241 1234567"]}
    assert "+49 241 1234567" in send(client, edit, form).text
    gone = send(client, edit, form, **{"phones[0]._out": "1"}).text
    assert "+49 241 1234567" not in gone.split("<form")[0]


def test_a_rule_is_made_on_a_sheet(client: FlaskClient, directory: Directory) -> None:
    sheet = {
        "eligibility.profession_group.in": ["CRAFT", "HEALTH"],
        "eligibility.residence_status.mode": "not",
        "eligibility.residence_status.in": ["ABROAD"],
        "eligibility.age.at_least": "18",
    }
    answer = sent(client, a_page_of(directory, "ruled"), "save", **sheet)
    assert answer.status_code == 303
    with directory.db.read() as connection:
        held = queries.one(connection, Kind.SERVICE, str(id_of("service", "ruled")))
    assert held["eligibility"] == {
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
        "status": "inactive",
    }
    without = sent(client, new, **filled)
    assert without.status_code == 422 and "Quellen" in without.text.split('role="alert"')[1].split("</ul>")[0]
    kept = sent(client, new, "save", **filled, **{"sources[0]": "a-paper"})
    assert kept.status_code == 303, kept.text
    page = client.get(f"{OBJECTS}/service/buero-fuer-ausbildung?lang=de", headers=EDITOR).text
    assert "Entwurf oder ruht" in page
    assert client.get("/directory/help/de/services/buero-fuer-ausbildung").status_code == 410
    taken = sent(client, new, **filled, **{"sources[0]": "a-paper", "wait_time.de": "lang"})
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
    again = sent(client, f"{OBJECTS}/service_at_location/new", **{**link, "location_id": str(PLACE)})
    assert again.status_code == 422 and "an dem dieses Angebot noch nicht ist" in again.text


def test_who_comes_second_sees_both_changes_and_loses_none(client: FlaskClient, directory: Directory) -> None:
    edit = a_page_of(directory, "contested")
    mine = form_of(client.get(edit, headers=EDITOR).text)
    assert sent(client, edit, "save", **{"name.de": "Ihr Name", "wait_time.de": "drei Wochen"}).status_code == 303
    late = send(client, edit, mine, "save", **{"name.de": "Mein Name", "alert.de": "Zieht um"})
    assert late.status_code == 412
    assert "Jemand anderes hat diesen Eintrag geändert" in late.text
    assert "Ihr Name" in late.text and "Mein Name" in late.text and "von beiden geändert" in late.text
    form = form_of(late.text)
    assert (form["name.de"], form["wait_time.de"], form["alert.de"]) == (["Mein Name"], ["drei Wochen"], ["Zieht um"])
    assert send(client, edit, form, "save").status_code == 303
    told = client.get(f"/hsds/services/{id_of('service', 'contested')}").json
    assert (told["name"], told["wait_time"]) == ("Mein Name", "drei Wochen")


def test_a_new_service_on_occupied_ground_says_why(client: FlaskClient, directory: Directory) -> None:
    a_page_of(directory, "ground", overlap_group="GROUND")
    form = {
        "organization_id": "a-chamber",
        "name.de": "Noch eine",
        "description.de": "Dasselbe.",
        "status": "active",
        "topics": ["ANERKENNUNG"],
        "areas[0]": "05334",
        "audience": "person",
        "role": "decides",
        "overlap_group": "GROUND",
        "sources[0]": "a-paper",
    }
    answer = sent(client, f"{OBJECTS}/service/new", **form)
    assert answer.status_code == 422 and "neben ground nötig ist" in answer.text
    assert sent(client, f"{OBJECTS}/service/new", "save", **form | {"status": "inactive"}).status_code == 303, (
        "a draft may rest"
    )
    name = str(directory.said()[-1].service_id)
    refused = to_state(client, name, status="active")
    assert refused.status_code == 422 and "neben ground nötig ist" in refused.text, "it comes to its ground now"


def test_a_service_that_moves_onto_occupied_ground_says_why_and_a_day_to_come_is_no_word(
    client: FlaskClient, directory: Directory
) -> None:
    a_page_of(directory, "occupied", overlap_group="OCCUPIED")
    a_page_of(directory, "mover")
    edit = f"{OBJECTS}/service/mover/edit"
    form = form_of(client.get(edit, headers=EDITOR).text)
    refused = send(client, edit, form, "save", overlap_group="OCCUPIED")
    assert refused.status_code == 422 and "neben occupied nötig ist" in refused.text
    why = {"overlap_group": "OCCUPIED", "overlap_justification.de": "Andere Sprachen."}
    assert send(client, edit, form, "save", **why).status_code == 303
    form = form_of(client.get(edit, headers=EDITOR).text)
    taken_back = send(client, edit, form, "save", **{"overlap_justification.de": ""})
    assert taken_back.status_code == 422 and "neben occupied nötig ist" in taken_back.text
    ahead = send(client, edit, form, "save", assured_date="2026-11-24")
    assert ahead.status_code == 422 and "ein Tag nicht nach heute" in ahead.text


@pytest.mark.parametrize("path", [EDIT, f"{OBJECTS}/service/new"])
@pytest.mark.parametrize(("headers", "status"), [(NAVIGATOR, 403), ({}, 401)])
def test_nobody_else_edits(client: FlaskClient, path: str, headers: dict[str, str], status: int) -> None:
    for answer in (client.get(path, headers=headers), client.post(path, data={"_do": "save"}, headers=headers)):
        assert answer.status_code == status


def test_hostile_names_and_huge_forms_do_no_harm(client: FlaskClient) -> None:
    form = form_of(client.get(EDIT, headers=EDITOR).text)
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
    answer = client.post(f"{EDIT}?lang=de", data={**form, **hostile, "_do": "preview"}, headers=EDITOR)
    assert answer.status_code == 200 and "Es würde sich nichts ändern" in answer.text


def to_state(client: FlaskClient, name: str, **changes: str) -> TestResponse:
    page = f"{OBJECTS}/service/{name}/state"
    form = form_of(client.get(page, headers=EDITOR).text)
    return client.post(f"{page}?lang=de", data={**form, **changes}, headers=EDITOR)


def test_a_draft_is_published_closed_for_a_while_and_ended_with_its_reason(
    client: FlaskClient, directory: Directory
) -> None:
    a_page_of(directory, "living", status="inactive")
    public = "/directory/help/de/services/living"
    assert client.get(public).status_code == 410
    assert to_state(client, "living", status="active").status_code == 303
    assert isinstance(directory.said()[-1], ServicePublished) and client.get(public).status_code == 200
    assert to_state(client, "living", status="temporarily closed").status_code == 303
    assert directory.said()[-1].capacity is Capacity.NO_CAPACITY
    told = len(directory.said())
    without = to_state(client, "living", status="defunct")
    assert without.status_code == 422 and "Bitte sagen Sie, warum" in without.text
    assert "bekommt jemand eine Aufgabe" in without.text, "what follows is said before"
    assert len(directory.said()) == told
    assert to_state(client, "living", status="defunct", why="Die Förderung ist ausgelaufen").status_code == 303
    assert isinstance(directory.said()[-1], ServiceRetired) and client.get(public).status_code == 410
    page = client.get(f"{OBJECTS}/service/living?lang=de", headers=EDITOR).text
    assert "beendet" in page and "Die Förderung ist ausgelaufen" in page, "the entry stays, with its history"


def test_a_state_is_changed_by_who_sees_the_present_one(client: FlaskClient, directory: Directory) -> None:
    a_page_of(directory, "moved")
    assert to_state(client, "moved", status="gone").status_code == 422
    assert to_state(client, "moved", status="inactive", why="Umzug", _seen="1").status_code == 412
    assert to_state(client, "moved", status="inactive", why="Umzug", _seen="x").status_code == 412
    page = f"{OBJECTS}/service/moved/state"
    for headers, status in ((CLERK, 403), (NAVIGATOR, 403), ({}, 401)):
        assert client.get(page, headers=headers).status_code == status
        assert client.post(page, data={"status": "active"}, headers=headers).status_code == status


def test_a_form_of_another_session_changes_nothing(directory: Directory) -> None:
    page = a_page_of(directory, "forged")
    client = client_of(directory)
    sessions = client.application.extensions["lotsennetz"].sessions
    editor = Caller(CallerKind.STAFF, "staff:edda", frozenset({StaffRole.DIRECTORY_EDITOR}), StaffRole.DIRECTORY_EDITOR)
    with directory.db.transaction() as tx:
        session = sessions.begin(tx, editor, uuid4())
    client.set_cookie(cookie_name("directory"), session.token, path="/directory")
    form = {**form_of(client.get(page).text), "name.de": ["Gefälscht"], "_do": ["save"]}
    assert client.post(page, data={**form, "csrf_token": ["another"]}).status_code == 419
    assert client.post(f"{OBJECTS}/service/forged/state", data={"status": "defunct", "why": "x"}).status_code == 419
    assert client.post(page, data=form).status_code == 303
