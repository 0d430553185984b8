"""Many at once: every change is shown first; then all of it happens as if a file said so, or nothing."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired
from contracts.identity import id_of
from services.chassis.db import Database
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_location, a_place_of_service, a_service, a_source, an_area, an_organization

ISSUER = TestIssuer()
EDITOR = {**bearer(ISSUER.token(sub="edda", roles=["directory_editor"])), "Accept": "text/html"}
PREVIEW, CHANGES = "/directory/bulk/preview", "/directory/bulk/changes"


@pytest.fixture(scope="module")
def directory(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(a_source(), a_source(id="a-letter", title="A letter"), an_area())
        yield directory


@pytest.fixture(scope="module")
def app(directory: Directory) -> Flask:
    return create_app(settings(), directory.unit, issuer_keys=ISSUER.keys())


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def two_services(directory: Directory, name: str, **changes: Any) -> list[str]:
    """A body of one test with two services; their ids."""
    names = [f"{name}-1", f"{name}-2"]
    directory.take_in(
        an_organization(id=name, name={"de": name}),
        *(a_service(id=one, organization_id=name, name={"de": one}, **changes) for one in names),
    )
    return [str(id_of("service", one)) for one in names]


def plan_in(page: str) -> str:
    (found,) = re.findall(r'name="plan" value="([0-9a-f]{64})"', page)
    return str(found)


def documents(directory: Directory, ids: list[str], table: str = "services") -> list[dict[str, Any]]:
    column = "service_id" if table == "reports" else "id"
    with directory.db.read() as connection:
        rows = connection.execute(
            f"SELECT document FROM {table} WHERE {column} = ANY(%s::uuid[]) ORDER BY 1",
            (ids,),
        ).fetchall()
    return [row["document"] for row in rows]


def test_ticked_services_are_shown_with_every_change_and_then_all_are_changed_and_told(
    directory: Directory, client: FlaskClient
) -> None:
    ids = two_services(directory, "closing")
    form = {"pick": ids, "change": "status", "status": "inactive", "why": "Das Programm ist beendet."}
    before = len(directory.said())
    shown = client.post(PREVIEW, data=form, headers=EDITOR)
    assert shown.status_code == 200
    assert shown.text.count(">wird angeboten<") == 2
    assert shown.text.count(">Entwurf oder ruht<") == 2
    assert "Aufgabe für jeden offenen Verweis" in shown.text
    assert len(directory.said()) == before, "a look changes nothing"
    done = client.post(CHANGES, data={**form, "plan": plan_in(shown.text)}, headers=EDITOR)
    assert (done.status_code, done.location) == (303, "/directory/bulk?done=2")
    told = directory.said()[before:]
    assert {str(one.service_id) for one in told if isinstance(one, ServiceRetired)} == set(ids)
    with directory.db.read() as connection:
        rows = connection.execute(
            "SELECT changed_by, why, document ->> 'status' AS status FROM object_history WHERE id = ANY(%s)"
            " ORDER BY number DESC LIMIT 2",
            (ids,),
        ).fetchall()
    assert [row["status"] for row in rows] == ["inactive", "inactive"]
    assert {row["why"] for row in rows} == {"Das Programm ist beendet."}
    assert all(row["changed_by"].startswith("staff:") for row in rows)


def test_what_became_another_change_meanwhile_is_shown_anew_and_nothing_is_done(
    directory: Directory, client: FlaskClient
) -> None:
    ids = two_services(directory, "meanwhile")
    form = {"pick": ids, "change": "source", "source": "a-letter"}
    plan = plan_in(client.post(PREVIEW, data=form, headers=EDITOR).text)
    directory.take_in(a_service(id="meanwhile-1", organization_id="meanwhile", description={"de": "Neu."}))
    refused = client.post(CHANGES, data={**form, "plan": plan}, headers=EDITOR)
    assert refused.status_code == 409
    assert "Inzwischen wurde etwas geändert" in refused.text
    assert [one["sources"] for one in documents(directory, ids)] == [["a-paper"], ["a-paper"]]
    again = client.post(CHANGES, data={**form, "plan": plan_in(refused.text)}, headers=EDITOR)
    assert again.status_code == 303
    assert [one["sources"] for one in documents(directory, ids)] == [["a-paper", "a-letter"]] * 2
    repeated = client.post(PREVIEW, data=form, headers=EDITOR).text
    assert "Es würde sich nichts ändern" in repeated


def test_funding_is_set_and_taken_away(directory: Directory, client: FlaskClient) -> None:
    ids = two_services(directory, "funded")
    form = {"pick": ids, "change": "funding", "funding_source": "Land NRW", "funding_code": "KIM"}
    form |= {"funding_to": "2027-12-31"}
    plan = plan_in(client.post(PREVIEW, data=form, headers=EDITOR).text)
    assert client.post(CHANGES, data={**form, "plan": plan}, headers=EDITOR).status_code == 303
    expected = {"source": "Land NRW", "code": "KIM", "valid_to": "2027-12-31"}
    assert [one["funding"] for one in documents(directory, ids)] == [[expected]] * 2
    none = {"pick": ids[:1], "change": "funding"}
    plan = plan_in(client.post(PREVIEW, data=none, headers=EDITOR).text)
    assert client.post(CHANGES, data={**none, "plan": plan}, headers=EDITOR).status_code == 303
    assert sorted("funding" in one for one in documents(directory, ids)) == [False, True]


def test_that_entries_are_true_is_kept_as_the_organization_s_word(directory: Directory, client: FlaskClient) -> None:
    ids = two_services(directory, "heard")
    form = {"pick": ids, "change": "assured_date", "assured_date": "2026-11-20"}
    shown = client.post(PREVIEW, data=form, headers=EDITOR).text
    assert shown.count(">20.11.2026<") == 2
    assert client.post(CHANGES, data={**form, "plan": plan_in(shown)}, headers=EDITOR).status_code == 303
    assert [one["assured_date"] for one in documents(directory, ids, "reports")] == ["2026-11-20"] * 2
    told = [one for one in directory.said() if isinstance(one, ServicePublished) and str(one.service_id) in ids]
    assert {str(one.assured_on) for one in told[-2:]} == {"2026-11-20"}


def test_a_number_is_changed_wherever_it_is_said(directory: Directory, client: FlaskClient) -> None:
    directory.take_in(
        an_organization(id="phoned", phones=[{"number": "+49 241 5550"}, {"number": "+49 241 1"}]),
        a_location(id="phoned-house", organization_id="phoned", contacts=[{"phones": [{"number": "+49 2415550"}]}]),
        a_service(id="phoned-1", organization_id="phoned", description={"de": "Telefon +49 241 5550"}),
        a_place_of_service(id="phoned-at", service_id="phoned-1", location_id="phoned-house"),
    )
    form = {"change": "phone", "former": "+492415550", "phone": "+49 241 7770"}
    before = len(directory.said())
    shown = client.post(PREVIEW, data=form, headers=EDITOR).text
    assert shown.count("+49 241 7770") >= 2
    assert client.post(CHANGES, data={**form, "plan": plan_in(shown)}, headers=EDITOR).location.endswith("done=2")
    (body,) = documents(directory, [str(id_of("organization", "phoned"))], "organizations")
    (house,) = documents(directory, [str(id_of("location", "phoned-house"))], "locations")
    (service,) = documents(directory, [str(id_of("service", "phoned-1"))])
    assert [one["number"] for one in body["phones"]] == ["+49 241 7770", "+49 241 1"]
    assert house["contacts"][0]["phones"][0]["number"] == "+49 241 7770"
    assert "5550" in service["description"]["de"], "texts are not searched for numbers"
    assert any(isinstance(one, OrganizationPublished) for one in directory.said()[before:])


def test_a_number_that_hundreds_say_is_changed_at_all_of_them_and_one_that_more_say_at_none(
    directory: Directory, client: FlaskClient
) -> None:
    """What somebody looked at as all of it is all of it."""
    body, said = an_organization(id="many"), [{"number": "+49 241 8880"}]
    directory.take_in(body, *(a_service(id=f"many-{n}", organization_id="many", phones=said) for n in range(201)))
    form = {"change": "phone", "former": "+492418880", "phone": "+49 241 8881"}
    uses = client.get("/directory/contacts/uses?sort=phone&name=%2B492418880&lang=de", headers=EDITOR).text
    assert "Gezeigt werden die ersten 200 von 201." in uses and "Überall ändern" in uses
    assert "(201)" in client.post(f"{PREVIEW}?lang=de", data=form, headers=EDITOR).text
    directory.take_in(*(a_service(id=f"many-{n}", organization_id="many", phones=said) for n in range(201, 501)))
    refused = client.post(f"{PREVIEW}?lang=de", data=form, headers=EDITOR)
    assert refused.status_code == 422 and "500" in refused.text
    assert 'name="former" value="+492418880"' in refused.text and 'value="+49 241 8881"' in refused.text
    uses = client.get("/directory/contacts/uses?sort=phone&name=%2B492418880&lang=de", headers=EDITOR).text
    assert "Mehr als 500 Einträge nennen es" in uses and "Überall ändern" not in uses


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"change": "status", "status": "sleeping"}, "Zustand: "),
        ({"change": "status", "status": "defunct"}, "Bitte sagen Sie, warum."),
        ({"change": "assured_date", "assured_date": "yesterday"}, "bestätigt am: "),
        ({"change": "assured_date", "assured_date": "2026-11-24"}, "ein Tag nicht nach heute"),
        ({"change": "source", "source": "nobody"}, "Quellen: "),
        ({"change": "funding", "funding_to": "2027-12-31"}, "Förderung: "),
        ({"change": "everything"}, "was gelten soll"),
        ({"change": "status", "status": "active", "pick": []}, "Auswahl"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_list_and_nothing_is_changed(
    directory: Directory, client: FlaskClient, changes: dict[str, Any], field: str
) -> None:
    ids = two_services(directory, "wrong")
    before = len(directory.said())
    for address in (PREVIEW, CHANGES):
        answer = client.post(address, data={"pick": ids, **changes}, headers=EDITOR)
        assert answer.status_code == 422
        assert field in answer.text
    assert len(directory.said()) == before


def test_many_revived_on_the_same_ground_say_why_as_one_does(directory: Directory, client: FlaskClient) -> None:
    ids = two_services(directory, "reviving", status="inactive", overlap_group="REVIVED")
    answer = client.post(PREVIEW, data={"pick": ids, "change": "status", "status": "active"}, headers=EDITOR)
    assert answer.status_code == 422 and "nötig ist" in answer.text


def test_a_service_nobody_knows_and_anybody_but_an_editor_change_nothing(
    directory: Directory, client: FlaskClient
) -> None:
    unknown = str(id_of("service", "nowhere"))
    form = {"pick": [unknown], "change": "status", "status": "active"}
    assert client.post(PREVIEW, data=form, headers=EDITOR).status_code == 404
    for address in (PREVIEW, CHANGES):
        assert client.post(address, data=form, headers=bearer(ISSUER.token())).status_code == 403
    assert client.get("/directory/bulk", headers=bearer(ISSUER.token())).status_code == 403


def test_the_list_is_filtered_and_remembers_what_was_ticked(directory: Directory, client: FlaskClient) -> None:
    ids = two_services(directory, "filtered", topics=["WOHNEN"])
    page = client.get("/directory/bulk?q=filtered-2&topic=WOHNEN&of_status=active&due=1", headers=EDITOR).text
    assert (ids[0] in page, ids[1] in page) == (False, True)
    body = id_of("organization", "filtered")
    answer = client.post(
        f"{PREVIEW}?organization={body}", data={"pick": [ids[1]], "change": "status", "status": "x"}, headers=EDITOR
    ).text
    assert f'value="{ids[1]}" checked' in answer
    assert f'value="{ids[0]}" checked' not in answer


def test_filter_and_ticks_go_along_through_every_step(directory: Directory, client: FlaskClient) -> None:
    ids = two_services(directory, "kept", topics=["WOHNEN"])
    asked = "?q=kept-2&topic=WOHNEN"
    form = {"pick": ids, "change": "status", "status": "inactive", "why": "Ende."}
    shown = client.post(f"{PREVIEW}{asked}", data=form, headers=EDITOR).text
    (action,) = re.findall(r'action="(/directory/bulk/changes[^"]*)"', shown)
    action = action.replace("&amp;", "&")
    assert action == f"{CHANGES}{asked}" and f'href="/directory/bulk{asked.replace("&", "&amp;")}"' in shown
    wrong = client.post(action, data={**form, "why": ""}, headers=EDITOR)
    assert wrong.status_code == 422
    for one in ids:
        assert f'value="{one}" checked' in wrong.text, "the first is not of the filter, but it is ticked"
    assert 'value="kept-2"' in wrong.text and f'action="{PREVIEW}{asked.replace("&", "&amp;")}"' in wrong.text
    done = client.post(action, data={**form, "plan": plan_in(shown)}, headers=EDITOR)
    assert done.location == f"/directory/bulk{asked}&done=2"
