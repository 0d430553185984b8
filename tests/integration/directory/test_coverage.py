"""Gaps and overlaps as a drawing with its lists, and an overlap nobody justified: noted, told, justified, over."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.directory import OverlapFound, OverlapSettled
from contracts.identity import id_of
from services.chassis.db import Database
from services.directory.commands.applying import apply_changes, plan_rows
from services.directory.domain.objects import Kind
from services.directory.domain.reading import Row, read_object
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import REGION, Directory
from tests.unit.directory.rows import a_directory, a_participation, a_service, an_area

ISSUER = TestIssuer()
COORDINATOR = bearer(ISSUER.token(sub="carl", roles=["coordinator"]))
PAGE = "/directory/coverage"
LATER = a_service(id="later", name={"de": "Später gekommen"}, areas=["05515"], overlap_group="RECOGNITION")


@pytest.fixture(scope="module")
def region(make_database: Callable[[str], Any]) -> Iterator[FlaskClient]:
    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        with create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client() as client:
            yield client


@pytest.fixture
def client(directory: Directory) -> Iterator[FlaskClient]:
    """One body for recognition in Aachen, and another that came later, to Münster."""
    directory.take_in(*a_directory(), an_area(id="05515", name={"de": "Münster"}))
    directory.take_in(a_service(overlap_group="RECOGNITION"), LATER)
    with create_app(settings(), directory.unit, issuer_keys=ISSUER.keys()).test_client() as client:
        yield client


def slip_in(directory: Directory, row: dict[str, Any]) -> None:
    """As it may stand all the same: from before anybody asked, or when two come in the same instant."""
    found = read_object(Kind.SERVICE, {name: value for name, value in row.items() if name != "object"})
    assert isinstance(found, Row)
    with directory.unit.work(actor="staff:edda") as work:
        changes, _ = plan_rows(work, [found])
        apply_changes(work, changes)


def seen(client: FlaskClient, path: str = PAGE) -> str:
    answer = client.get(f"{path}?lang=de", headers=COORDINATOR)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


def justify(client: FlaskClient, words: str, service: str = "later", **headers: str) -> Any:
    data = {"service_id": str(id_of("service", service)), "de": words}
    return client.post(f"{PAGE}/justifications", data=data, headers={**COORDINATOR, **headers})


def told(directory: Directory) -> list[Any]:
    return [one for one in directory.said() if isinstance(one, OverlapFound | OverlapSettled)]


def test_each_cell_of_the_drawing_leads_to_the_services_it_counts(region: FlaskClient) -> None:
    page = seen(region)
    cells = re.findall(r'<a href="(/directory/coverage/(\w+)/(\d+))" aria-label="[^"]*: (\d+)', page)
    assert len(cells) > 50
    assert "style=" not in page
    assert "niemand hat gesagt" not in page, "of those that came together one may go without a reason"
    wanted = {kind: next(one for one in cells if (one[3] == "0") is (kind == "gap")) for kind in ("gap", "some")}
    assert "kennt zu diesem Thema hier niemanden" in seen(region, wanted["gap"][0])
    rows = seen(region, wanted["some"][0]).partition("Für das ganze Gebiet")[2].partition("</table>")[0]
    assert rows.count('scope="row"') == int(wanted["some"][3])


def test_a_body_without_papers_closes_the_gap_and_is_counted_apart(client: FlaskClient, directory: Directory) -> None:
    """Its channel wants a key, and there is none."""
    assert "ohne Verweisung über das Netz" in seen(client).partition("Als Tabelle")[2]
    found = seen(client, f"{PAGE}/ANERKENNUNG/05334")
    assert "kennt zu diesem Thema hier niemanden" not in found and "nicht möglich" in found
    directory.take_in(a_participation(channel={"kind": "light", "unit_mailbox": "post@a-chamber.example"}))
    assert "nicht möglich" not in seen(client, f"{PAGE}/ANERKENNUNG/05334")


def test_a_gap_says_where_the_topic_is_covered(client: FlaskClient) -> None:
    page = seen(client, f"{PAGE}/ANERKENNUNG/05515")
    assert (
        "Später gekommen" in page and "StädteRegion Aachen" in page.partition("Dasselbe Thema in anderen Gebieten")[2]
    )


@pytest.mark.parametrize("path", [f"{PAGE}/TELEPATHY/05334", f"{PAGE}/ANERKENNUNG/99999"])
def test_a_cell_that_is_none_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=COORDINATOR).status_code == 404


def test_a_new_overlap_is_noted_told_and_marked_once(client: FlaskClient, directory: Directory) -> None:
    assert "Begründung fehlt" not in seen(client).partition("Als Tabelle")[2]
    moved = {**LATER, "areas": ["05334", "05515"]}
    slip_in(directory, moved)
    directory.take_in({**moved, "name": {"de": "Später gekommen, umbenannt"}})
    [found] = told(directory)
    assert found == OverlapFound(
        service_id=id_of("service", "later"),
        other_service_id=id_of("service", "a-recognition"),
        overlap_group="RECOGNITION",
    )
    page = seen(client)
    assert "niemand hat gesagt, warum beide gebraucht werden" in page
    assert re.search(r'aria-label="[^"]*StädteRegion Aachen: 2 !, [^"]*Begründung fehlt"', page)


def test_a_reason_is_kept_with_its_history_told_and_ends_the_notice(client: FlaskClient, directory: Directory) -> None:
    slip_in(directory, {**LATER, "areas": ["05334", "05515"]})
    assert justify(client, "Berät auf Ukrainisch.").status_code == 303
    assert [type(one) for one in told(directory)] == [OverlapFound, OverlapSettled]
    assert told(directory)[-1].justified
    page = seen(client)
    assert "Berät auf Ukrainisch." in page and "seit 23.11.2026" in page
    assert "niemand hat gesagt" not in page
    with directory.db.read() as connection:
        [row] = connection.execute(
            "SELECT changed_by, document #>> '{overlap_justification,de}' AS why FROM object_history"
            " WHERE kind = 'service' AND id = %s ORDER BY number DESC LIMIT 1",
            (str(id_of("service", "later")),),
        ).fetchall()
    assert row["why"] == "Berät auf Ukrainisch." and row["changed_by"].startswith("staff:")


def test_an_overlap_that_ends_by_itself_is_over_without_a_reason(client: FlaskClient, directory: Directory) -> None:
    slip_in(directory, {**LATER, "areas": ["05334"]})
    directory.take_in({**LATER, "status": "defunct"})
    assert [(type(one), getattr(one, "justified", None)) for one in told(directory)] == [
        (OverlapFound, None),
        (OverlapSettled, False),
    ]


def test_an_empty_or_endless_reason_changes_nothing_and_says_what_is_expected(
    client: FlaskClient, directory: Directory
) -> None:
    slip_in(directory, {**LATER, "areas": ["05334"]})
    for words in ("", "x" * 4001):
        answer = justify(client, words, Accept="text/html")
        assert answer.status_code == 422 and "höchstens 4.000 Zeichen" in answer.text
        assert justify(client, words).json["slug"] == "directory.justification-invalid"
    assert [type(one) for one in told(directory)] == [OverlapFound]


def test_where_nothing_is_to_be_justified_nothing_is_taken_down(client: FlaskClient, directory: Directory) -> None:
    directory.take_in(a_service(id="alone"))
    assert justify(client, "Darum", "alone").status_code == 409
    assert justify(client, "Darum", "nobody").status_code == 404


@pytest.mark.parametrize("role", ["navigator", "lead", "dpo", "operations"])
def test_others_look_and_say_nothing(client: FlaskClient, directory: Directory, role: str) -> None:
    slip_in(directory, {**LATER, "areas": ["05334"]})
    headers = bearer(ISSUER.token(roles=[role]))
    page = client.get(f"{PAGE}?lang=de", headers=headers).text
    assert "Begründung fehlt" in page and "<form class" not in page.partition("<main")[2]
    data = {"service_id": str(id_of("service", "later")), "de": "Darum"}
    assert client.post(f"{PAGE}/justifications", data=data, headers=headers).status_code == 403
