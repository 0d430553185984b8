"""A partner proposes changes of its own entries; an editor releases, changes or declines them, and says why."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import ProposalOutcome
from contracts.directory import ProposalMade, ProposalSettled, ServicePublished
from contracts.identity import id_of
from services.chassis.db import Database
from services.directory.domain.objects import Kind
from services.directory.queries import objects as queries
from tests.integration.directory.conftest import Directory
from tests.integration.directory.editing import (
    CHAMBER,
    CLERK,
    EDITOR,
    NAVIGATOR,
    STRANGER,
    STRANGERS_CLERK,
    client_of,
    rows,
)
from tests.integration.directory.pages import form_of
from tests.unit.directory.rows import a_service

OBJECTS, PROPOSALS = "/directory/objects", "/directory/proposals"


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(*rows())
        yield directory


@pytest.fixture(scope="module")
def client(directory: Directory) -> FlaskClient:
    return client_of(directory)


def held(directory: Directory, name: str) -> dict[str, Any]:
    with directory.db.read() as connection:
        return queries.one(connection, Kind.SERVICE, str(id_of("service", name)))


def proposed(
    client: FlaskClient, directory: Directory, name: str, headers: dict[str, str] = CLERK, **changes: Any
) -> TestResponse:
    """A service of the chamber's, and its clerk's wish about it."""
    directory.take_in(a_service(id=name, name={"de": f"Angebot {name}"}))
    page = f"{OBJECTS}/service/{name}/edit"
    form = form_of(client.get(page, headers=headers).text)
    return client.post(f"{page}?lang=de", data={**form, **changes, "_do": "save"}, headers=headers)


def about_proposals(directory: Directory) -> list[Any]:
    """What was told about proposals, in the order in which it was."""
    return [one for one in directory.said() if isinstance(one, ProposalMade | ProposalSettled)]


def waiting(client: FlaskClient, name: str, headers: dict[str, str] = EDITOR) -> str:
    """The address of the proposal about a service that waits."""
    page = client.get(f"{PROPOSALS}?lang=de", headers=headers).text.split('id="decided"')[0]
    return page.split(f">Angebot {name}")[0].rpartition('href="')[2].partition('"')[0]


def decide(client: FlaskClient, address: str, how: str, headers: dict[str, str] = EDITOR, **words: str) -> TestResponse:
    form = {**form_of(client.get(address, headers=headers).text, how), **words}
    return client.post(f"{address}/{how}?lang=de", data=form, headers=headers)


def test_what_a_clerk_saves_waits_and_is_public_once_an_editor_released_it(
    client: FlaskClient, directory: Directory
) -> None:
    answer = proposed(client, directory, "released", _why="Wartezeit ist bekannt", **{"wait_time.de": "zwei Wochen"})
    assert answer.location == f"{PROPOSALS}?done=waiting"
    [made] = about_proposals(directory)[-1:]
    assert (made.organization_id, made.kind, made.object_id) == (CHAMBER, "service", id_of("service", "released"))
    told = len(directory.said())
    assert "wait_time" not in held(directory, "released")
    listed = client.get(f"{PROPOSALS}?lang=de", headers=EDITOR).text
    assert "zwei Wochen" in listed and "Wartezeit ist bekannt" in listed and "wartet auf die Redaktion" in listed
    address = waiting(client, "released")
    for headers in (EDITOR, CLERK):
        assert address in client.get(f"{OBJECTS}/service/released", headers=headers).text, "its entry leads there"
    assert "Was ist das?" in client.get(f"{address}?lang=de", headers=EDITOR).text, "it is shown as it would read"
    assert decide(client, address, "release").location == f"{PROPOSALS}?done=released"
    assert held(directory, "released")["wait_time"] == {"de": "zwei Wochen"}
    assert [type(one) for one in directory.said()[told:]] == [ServicePublished, ProposalSettled]
    settled = directory.said()[-1]
    assert (settled.proposal_id, settled.outcome) == (made.proposal_id, ProposalOutcome.RELEASED)
    mine = client.get(f"{address}?lang=de", headers=CLERK).text
    assert "freigegeben" in mine
    history = client.get(f"{OBJECTS}/service/released?lang=de", headers=CLERK).text.split('id="history"')[1]
    assert "Wartezeit ist bekannt" in history
    assert "Auf Vorschlag der Organisation selbst" in history and address in history, "it was the partner's wish"
    again = decide(client, address, "release", _seen="0")
    assert (again.status_code, len(directory.said())) == (412, told + 2)


def test_a_declined_one_says_why_and_changes_nothing(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "declined", **{"wait_time.de": "nie"})
    address = waiting(client, "declined")
    without = decide(client, address, "decline", reason=" ")
    assert without.status_code == 422 and "Warum nicht" in without.text
    assert decide(client, address, "decline", reason="Bitte mit Quelle").status_code == 303
    assert about_proposals(directory)[-1].outcome is ProposalOutcome.DECLINED
    assert "wait_time" not in held(directory, "declined")
    mine = client.get(f"{PROPOSALS}?lang=de", headers=CLERK).text
    assert "abgelehnt" in mine and "Bitte mit Quelle" in mine


def test_what_others_changed_meanwhile_stays_when_it_is_released(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "meanwhile", **{"wait_time.de": "lang"})
    directory.take_in(a_service(id="meanwhile", name={"de": "Angebot meanwhile"}, alert={"de": "Zieht um"}))
    address = waiting(client, "meanwhile")
    assert "Seit dem Vorschlag hat jemand anderes geändert" in client.get(f"{address}?lang=de", headers=EDITOR).text
    assert decide(client, address, "release", _seen="1").status_code == 412, "the editor looked at something else"
    assert decide(client, address, "release").status_code == 303
    now = held(directory, "meanwhile")
    assert (now["wait_time"], now["alert"]) == ({"de": "lang"}, {"de": "Zieht um"})


def test_an_editor_changes_a_proposal_before_it_is_released(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "changed", **{"wait_time.de": "lnag"})
    address = waiting(client, "changed")
    form_page = client.get(address, headers=EDITOR).text.split("/edit?proposal=")
    page = f"{OBJECTS}/service/changed/edit"
    form = form_of(client.get(f"{page}?proposal={form_page[1].partition(chr(34))[0]}", headers=EDITOR).text)
    assert form["wait_time.de"] == ["lnag"]
    assert client.post(page, data={**form, "wait_time.de": "lang", "_do": "save"}, headers=EDITOR).status_code == 303
    assert held(directory, "changed")["wait_time"] == {"de": "lang"}
    assert about_proposals(directory)[-1].outcome is ProposalOutcome.CHANGED
    assert address in client.get(f"{OBJECTS}/service/changed", headers=EDITOR).text.split('id="history"')[1]
    assert "freigegeben" in client.get(f"{address}?lang=de", headers=CLERK).text


def test_a_clerk_goes_on_from_what_waits_and_takes_it_back(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "again", **{"wait_time.de": "lang"})
    first = waiting(client, "again", CLERK)
    page = f"{OBJECTS}/service/again/edit"
    form = form_of(client.get(page, headers=CLERK).text)
    assert form["wait_time.de"] == ["lang"]
    client.post(page, data={**form, "alert.de": "Zieht um", "_do": "save"}, headers=CLERK)
    assert "zurückgenommen" in client.get(f"{first}?lang=de", headers=CLERK).text, "the later one stands for both"
    second = waiting(client, "again", CLERK)
    assert second != first
    assert decide(client, second, "withdraw", CLERK).status_code == 303
    told = [getattr(one, "outcome", None) for one in about_proposals(directory)[-4:]]
    assert told == [None, ProposalOutcome.REPLACED, None, ProposalOutcome.WITHDRAWN]
    assert decide(client, second, "release").status_code == 412


def test_a_partner_proposes_a_new_service_of_its_own(client: FlaskClient, directory: Directory) -> None:
    new = f"{OBJECTS}/service/new"
    form = form_of(client.get(new, headers=CLERK).text)
    form |= {
        "organization_id": [str(CHAMBER)],
        "name.de": ["Angebot neu"],
        "description.de": ["Neu."],
        "areas[0]": ["05334"],
        "topics": ["ARBEIT"],
        "audience": ["person"],
        "role": ["advises"],
        "sources[0]": ["a-paper"],
        "status": ["active"],
        "_do": ["save"],
    }
    assert client.post(new, data=form, headers=CLERK).status_code == 303
    assert client.post(new, data=form, headers=CLERK).status_code == 303, "the same again is the same"
    assert client.get(f"{PROPOSALS}?lang=de", headers=EDITOR).text.count(">Angebot neu<") == 1
    assert decide(client, waiting(client, "neu"), "release").status_code == 303
    assert client.get("/directory/help/de/services/angebot-neu").status_code == 200


def test_a_partner_speaks_of_nothing_but_its_own(client: FlaskClient, directory: Directory) -> None:
    theirs = proposed(client, directory, "given", organization_id=str(STRANGER))
    assert theirs.status_code == 422 and "etwas aus Ihrer eigenen Organisation" in theirs.text
    page = f"{OBJECTS}/service/given/edit"
    assert client.get(page, headers=STRANGERS_CLERK).status_code == 404
    assert client.post(page, data={"_do": "save"}, headers=STRANGERS_CLERK).status_code == 404
    for kind in ("organization", "source"):
        assert client.get(f"{OBJECTS}/{kind}/new", headers=CLERK).status_code == 404
    link = {"service_id": str(id_of("service", "given")), "location_id": str(id_of("location", "a-house"))}
    form = {**link, "sources[0]": "a-paper", "_do": "save"}
    answer = client.post(f"{OBJECTS}/service_at_location/new?lang=de", data=form, headers=STRANGERS_CLERK)
    assert answer.status_code == 422 and "etwas aus Ihrer eigenen Organisation" in answer.text


def test_every_door_is_shut_to_whom_it_does_not_concern(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "doors", **{"wait_time.de": "lang"})
    address = waiting(client, "doors")
    assert client.get(PROPOSALS, headers=NAVIGATOR).status_code == 403
    assert client.get(PROPOSALS).status_code == 401
    assert client.get(address, headers=STRANGERS_CLERK).status_code == 404
    assert "doors" not in client.get(PROPOSALS, headers=STRANGERS_CLERK).text
    assert client.post(f"{address}/withdraw", headers=STRANGERS_CLERK).status_code == 404
    for how in ("release", "decline"):
        assert client.post(f"{address}/{how}", data={"reason": "x"}, headers=CLERK).status_code == 403
        assert client.post(f"{address}/{how}", data={"reason": "x"}, headers=NAVIGATOR).status_code == 403
    assert client.post(f"{address}/withdraw", headers=EDITOR).status_code == 404, "it is not hers"
    assert waiting(client, "doors") == address


def test_an_editor_keeps_a_draft_that_is_not_ready_and_goes_on_with_it(
    client: FlaskClient, directory: Directory
) -> None:
    new = f"{OBJECTS}/service/new"
    form = form_of(client.get(new, headers=EDITOR).text)
    form |= {"name.de": ["Angebot halb"], "areas[0]": ["05334"], "_do": ["draft"]}
    assert client.post(new, data=form, headers=EDITOR).location == f"{PROPOSALS}?done=draft"
    listed = client.get(f"{PROPOSALS}?lang=de", headers=EDITOR).text
    assert "Angebot halb" in listed and "Entwurf" in listed
    assert "Angebot halb" not in client.get(f"{PROPOSALS}?lang=de", headers=CLERK).text
    told = len(about_proposals(directory))
    address = listed.split(">Angebot halb")[0].rpartition('href="')[2].partition('"')[0]
    shown = client.get(f"{PROPOSALS}/{address.partition('proposal=')[2]}?lang=de", headers=EDITOR)
    assert shown.status_code == 200 and "Weiterschreiben" in shown.text
    again = form_of(client.get(address, headers=EDITOR).text)
    assert (again["name.de"], again["_slug"]) == (["Angebot halb"], ["angebot-halb"])
    again |= {
        "organization_id": [str(CHAMBER)],
        "description.de": ["Jetzt ganz."],
        "topics": ["ARBEIT"],
        "audience": ["person"],
        "role": ["advises"],
        "status": ["active"],
        "sources[0]": ["a-paper"],
        "_do": ["save"],
    }
    saved = client.post(new, data=again, headers=EDITOR)
    assert saved.status_code == 303, saved.text
    assert len(about_proposals(directory)) == told, "a draft is nobody's business"
    history = client.get(f"{OBJECTS}/service/angebot-halb?lang=de", headers=EDITOR).text.split('id="history"')[1]
    assert "Auf Vorschlag" not in history
    assert "Entwurf verwerfen" not in client.get(f"{PROPOSALS}?lang=de", headers=EDITOR).text


def test_a_form_sent_again_put_right_replaces_what_waits_and_once_decided_says_so(
    client: FlaskClient, directory: Directory
) -> None:
    directory.take_in(a_service(id="again", name={"de": "Angebot again"}))
    page = f"{OBJECTS}/service/again/edit"
    form = form_of(client.get(page, headers=CLERK).text) | {"_do": ["save"]}
    seen = []
    for time in ("zwei Wochn", "zwei Wochen", "zwei Wochen"):
        assert client.post(page, data=form | {"wait_time.de": [time]}, headers=CLERK).location.endswith("done=waiting")
        seen.append(waiting(client, "again"))
    address = seen[-1]
    assert decide(client, seen[0], "release", _seen="1").status_code == 412, "nobody releases what she has not seen"
    assert "zwei Wochen" in client.get(address, headers=EDITOR).text
    decide(client, address, "decline", reason="Nein")
    decided = {"_key": [address.rpartition("/")[2]], "wait_time.de": ["drei Wochen"]}
    late = client.post(page, data=form | decided, headers=CLERK)
    assert late.location == f"{PROPOSALS}?done=decided"
    assert "schon entschieden" in client.get(f"{late.location}&lang=de", headers=CLERK).text
    assert "drei Wochen" not in client.get(address, headers=EDITOR).text


def test_an_editor_who_saves_what_she_goes_on_with_twice_is_told_that_it_was_kept(
    client: FlaskClient, directory: Directory
) -> None:
    proposed(client, directory, "double", **{"wait_time.de": "kurz"})
    address = waiting(client, "double")
    page = f"{OBJECTS}/service/double/edit"
    key = address.rpartition("/")[2]
    form = form_of(client.get(f"{page}?proposal={key}", headers=EDITOR).text) | {"_do": ["save"]}
    first, second = (client.post(page, data=form, headers=EDITOR).location for _ in "ab")
    assert first == second and first.endswith("?done=1")
    other = client.post(page, data=form | {"wait_time.de": ["lang"], "_seen": ["99"]}, headers=EDITOR)
    assert other.status_code in (303, 412) and "wait_time" in held(directory, "double")
    assert held(directory, "double")["wait_time"] == {"de": "kurz"}, (
        "what is new under a decided proposal is not kept unseen"
    )


def test_a_wish_onto_occupied_ground_says_why_before_it_waits(client: FlaskClient, directory: Directory) -> None:
    directory.take_in(a_service(id="settled", name={"de": "Da"}, overlap_group="PROPOSED"))
    answer = proposed(client, directory, "onto", overlap_group="PROPOSED")
    assert answer.status_code == 422 and "neben settled nötig ist" in answer.text


def test_an_editor_cannot_make_a_draft_of_what_a_partner_waits_for(client: FlaskClient, directory: Directory) -> None:
    proposed(client, directory, "theirs", **{"wait_time.de": "kurz"})
    address = waiting(client, "theirs")
    key = address.rpartition("/")[2]
    page = f"{OBJECTS}/service/theirs/edit?proposal={key}"
    form = form_of(client.get(page, headers=EDITOR).text) | {"_do": ["draft"], "wait_time.de": ["anders"]}
    assert client.post(page, data=form, headers=EDITOR).location == f"{PROPOSALS}?done=decided"
    assert "kurz" in client.get(address, headers=EDITOR).text
