"""Open Referral's own compiled schemas and its OpenAPI accept every answer under /hsds."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask.testing import FlaskClient

from contracts.identity import id_of
from services.directory.web.app import create_app
from tests.chassis.web_rig import settings
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.full_rows import a_full_directory
from tests.unit.directory.rows import a_service

COMPILED = Path(__file__).resolve().parents[2] / "data" / "hsds-3.0" / "compiled"
PUBLISHED = "https://raw.githubusercontent.com/openreferral/specification/3.0/schema/"
IDS = {
    "services": id_of("service", "a-recognition"),
    "organizations": id_of("organization", "a-chamber"),
    "service_at_locations": id_of("service_at_location", "a-recognition-at-a-house"),
    "taxonomies": id_of("taxonomy", "topics"),
    "taxonomy_terms": id_of("taxonomy_term", "topics/SPRACHE"),
}
Judge = Callable[[str, Any], list[str]]


def compiled(name: str) -> Any:
    return json.loads(gzip.decompress((COMPILED / f"{name}.json.gz").read_bytes()))


def published(address: str) -> Any:
    """A schema by the address the OpenAPI names it by."""
    name = address.removeprefix(PUBLISHED)
    if name.startswith("compiled/"):
        return compiled(name.removeprefix("compiled/").removesuffix(".json"))
    return json.loads((COMPILED.parent / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def openapi() -> Judge:
    """Says what the published OpenAPI has against an answer at a path."""
    described = compiled("openapi")
    judges: dict[str, Any] = {}

    def problems(path: str, answer: Any) -> list[str]:
        if path not in judges:
            answers = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            document = {**answers, "components": described["components"]}
            judges[path] = jsonschema_rs.validator_for(document, retriever=published, validate_formats=True)
        return [f"{error.instance_path}: {error.message[:200]}" for error in judges[path].iter_errors(answer)]

    return problems


@pytest.fixture
def reader(directory: Directory) -> FlaskClient:
    return create_app(settings(), directory.unit).test_client()


def test_the_published_openapi_accepts_every_answer(reader: FlaskClient, directory: Directory, openapi: Judge) -> None:
    directory.take_in(*a_full_directory())
    changed = next(row for row in a_full_directory() if row["object"] == "service")
    directory.take_in({**changed, "wait_time": "zwei Wochen"})
    answers = {
        "/": "/hsds/",
        **{f"/{name}": f"/hsds/{name}" for name in IDS},
        **{f"/{name}/{{id}}": f"/hsds/{name}/{wanted}" for name, wanted in IDS.items()},
    }
    assert set(answers) == set(compiled("openapi")["paths"])
    for path, address in answers.items():
        answer = reader.get(address)
        assert answer.status_code == 200, address
        assert openapi(path, answer.json) == [], address


def test_the_compiled_schemas_find_what_is_planted(openapi: Judge) -> None:
    assert openapi("/services/{id}", {"id": "1", "name": "x", "status": "gone"}) != []
    assert openapi("/services", {"contents": [{"id": "1", "name": "x"}]}) != []


def test_a_service_at_a_place_is_one_by_its_own_schema_too(reader: FlaskClient, directory: Directory) -> None:
    directory.take_in(*a_full_directory())
    [row] = reader.get("/hsds/service_at_locations").json["contents"]
    full = reader.get(f"/hsds/service_at_locations/{row['id']}").json
    assert jsonschema_rs.is_valid(compiled("service_at_location_list"), row)
    assert jsonschema_rs.is_valid(compiled("service_at_location"), full)
    assert full["location"]["addresses"][0]["city"] == "Aachen" and full["service"]["name"] == "Anerkennung"


def test_all_services_come_as_a_stream_of_lines(reader: FlaskClient, directory: Directory, openapi: Judge) -> None:
    directory.take_in_bytes(REGION.read_bytes())
    answer = reader.get("/hsds/services?format=ndjson")
    assert answer.mimetype == "application/x-ndjson"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert len(rows) == reader.get("/hsds/services").json["total_items"] == directory.count("services")
    assert [problem for row in rows for problem in openapi("/services/{id}", row)] == []


@pytest.mark.parametrize(("query", "keys"), [("full=true", "attributes"), ("minimal=true", "last_modified")])
def test_a_page_may_be_asked_for_in_full_or_as_ids(
    reader: FlaskClient, directory: Directory, query: str, keys: str
) -> None:
    directory.take_in(*a_full_directory())
    [row] = reader.get(f"/hsds/services?{query}").json["contents"]
    assert keys in row


def test_an_organization_names_what_it_offers(reader: FlaskClient, directory: Directory) -> None:
    directory.take_in(*a_full_directory())
    address = f"/hsds/organizations/{IDS['organizations']}"
    assert [one["name"] for one in reader.get(address).json["services"]] == ["Anerkennung"]
    assert "attributes" in reader.get(f"{address}?full_service=true").json["services"][0]


def test_when_a_field_was_changed_is_told_and_not_what_it_said(reader: FlaskClient, directory: Directory) -> None:
    directory.take_in(*a_full_directory())
    service = next(row for row in a_full_directory() if row["object"] == "service")
    directory.take_in({**service, "phones": [{"number": "+49 241 7654321"}]})
    told = reader.get(f"/hsds/services/{IDS['services']}").json["metadata"]
    assert [(one["last_action_type"], one["field_name"]) for one in told] == [("update", "phones"), ("create", "")]
    assert "1234567" not in json.dumps(told)


def test_a_term_of_somebody_else_and_the_origin_are_told(reader: FlaskClient, directory: Directory) -> None:
    directory.take_in(*a_full_directory())
    told = reader.get(f"/hsds/services/{IDS['services']}").json["attributes"]
    assert [one["taxonomy_term"]["name"] for one in told if one.get("taxonomy_term", {}).get("code") == "1102"] == [
        "Education"
    ]
    [origin] = [json.loads(one["value"]) for one in told if one.get("link_type") == "origin"]
    assert (origin["id"], origin["retrieved_at"]) == ("17/4", "2026-11-20T08:00:00Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a-competence", "of-the-state"}),
        ("leika_key=99010021017000", {"a-competence", "of-the-state"}),
        ("leika_key=99010021017001", set()),
        ("leika_key=99010021017000&ars=053340002002", {"a-competence", "of-the-state"}),
        ("ars=05515", {"of-the-state"}),
        ("ars=09", set()),
    ],
)
def test_who_answers_for_an_administrative_service_in_an_area_is_found(
    reader: FlaskClient, directory: Directory, query: str, found: set[str]
) -> None:
    competence = next(row for row in a_full_directory() if row["object"] == "competence")
    area = {"object": "area", "id": "05", "name": {"de": "NRW"}, "sources": ["a-paper"]}
    directory.take_in(*a_full_directory(), area, {**competence, "id": "of-the-state", "areas": ["05"]})
    rows = reader.get(f"/hsds/competences?{query}").json["contents"]
    assert {row["slug"] for row in rows} == found
    assert not found or query == "ars=05515" or rows[0]["slug"] == "a-competence"


@pytest.mark.parametrize("query", ["leika_key=1", "ars=x", "ars=05334%00"])
def test_a_competence_nobody_can_look_for_is_refused(reader: FlaskClient, query: str) -> None:
    assert reader.get(f"/hsds/competences?{query}").status_code == 422


def test_services_with_a_term_of_a_list_are_found(reader: FlaskClient, directory: Directory) -> None:
    directory.take_in(*a_full_directory(), a_service(id="another", name={"de": "Anderes"}))
    spheres = id_of("taxonomy", "legal_spheres")
    rows = reader.get(f"/hsds/services?taxonomy_id={spheres}").json["contents"]
    assert [row["name"] for row in rows] == ["Anerkennung"]
    terms = reader.get(f"/hsds/taxonomy_terms?taxonomy_id={spheres}&search=bqfg").json["contents"]
    assert [term["code"] for term in terms] == ["BQFG"]
