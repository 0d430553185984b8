"""The directory's doors: who may import, what is answered, and that any HSDS 3 reader understands it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from contracts.codes import BackLevel
from contracts.identity import id_of
from services.directory.domain import hsds
from services.directory.domain.objects import Kind
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import REGION, Directory
from tests.unit.directory.rows import a_directory, a_participation, a_service, terms

SCHEMAS = Path(__file__).resolve().parents[2] / "data" / "hsds-3.0"
IMPORTS = "/directory/operator/imports"
PARTICIPATION = "/directory/operator/organizations/a-chamber/participation"
PUBLIC_KEY = "/directory/operator/organizations/a-chamber/public-key"
KEY = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}


@pytest.fixture
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def client(directory: Directory, issuer: TestIssuer) -> Iterator[FlaskClient]:
    app = create_app(settings(), directory.unit, issuer_keys=issuer.keys())
    with app.test_client() as client:
        yield client


@pytest.fixture
def editor(issuer: TestIssuer) -> dict[str, str]:
    return bearer(issuer.token(sub="edda", roles=["directory_editor"]))


@pytest.fixture
def is_hsds() -> Callable[[str, Any], list[str]]:
    """Says what the HSDS 3 schema of a kind has against an object."""
    documents = [(file.name, json.loads(file.read_text())) for file in SCHEMAS.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(document, DRAFT202012)) for name, document in documents
    )

    def problems(kind: str, value: Any) -> list[str]:
        validator = Draft202012Validator(
            {"$ref": f"{kind}.json"}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    return problems


def ndjson(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_an_editor_imports_a_file(client: FlaskClient, directory: Directory, editor: dict[str, str]) -> None:
    answer = client.post(IMPORTS, data=ndjson(*a_directory()), headers=editor)
    assert answer.status_code == 200, answer.json
    assert answer.json["counts"]["service"]["new"] == 1
    assert len(directory.said()) == 3


def test_a_dry_run_changes_nothing(client: FlaskClient, directory: Directory, editor: dict[str, str]) -> None:
    answer = client.post(f"{IMPORTS}?dry_run=1", data=ndjson(*a_directory()), headers=editor)
    assert answer.json["dry_run"] is True
    assert directory.count("services") == 0


def test_every_mistake_is_named_with_line_field_and_expectation(client: FlaskClient, editor: dict[str, str]) -> None:
    rows = [*a_directory(), a_service(id="x", audience="martians"), {"object": "planet"}]
    answer = client.post(IMPORTS, data=ndjson(*rows) + b"{]\n", headers=editor)
    assert answer.status_code == 422
    assert answer.json["slug"] == "directory.import-invalid"
    assert answer.json["problems"] == [
        {"line": 9, "field": "audience", "expected": "one of person, employer, both"},
        {
            "line": 10,
            "field": "object",
            "expected": f"one of {', '.join(Kind)}",
        },
        {
            "line": 11,
            "field": "",
            "expected": "a JSON object; column 2: Expecting property name enclosed in double quotes",
        },
    ]


@pytest.mark.parametrize("role", ["navigator", "dpo", "coordinator", "lead"])
def test_nobody_else_imports(client: FlaskClient, issuer: TestIssuer, directory: Directory, role: str) -> None:
    headers = bearer(issuer.token(roles=[role]))
    assert client.post(IMPORTS, data=ndjson(*a_directory()), headers=headers).status_code == 403
    assert client.post(IMPORTS, data=ndjson(*a_directory())).status_code == 401
    assert directory.count("services") == 0


def test_participation_is_set_and_read_by_slug(
    client: FlaskClient, directory: Directory, editor: dict[str, str]
) -> None:
    directory.take_in(*a_directory())
    body = a_participation(terms=[terms(back_level="receipt")])
    del body["object"], body["organization_id"]
    answer = client.put(PARTICIPATION, json=body, headers=editor)
    assert answer.json == {"effect": "changed", "fields": ["terms"]}
    assert client.get(PARTICIPATION, headers=editor).json["terms"][0]["back_level"] == BackLevel.RECEIPT
    assert directory.said()[-1].terms.back_level is BackLevel.RECEIPT


def test_a_wrong_participation_is_refused_by_field(
    client: FlaskClient, directory: Directory, editor: dict[str, str]
) -> None:
    directory.take_in(*a_directory())
    answer = client.put(PARTICIPATION, json={"channel": {"kind": "webhook"}}, headers=editor)
    assert answer.status_code == 422
    assert answer.json["fields"] == {"channel.webhook_url": "a value for a channel of kind webhook, and only there"}
    assert client.put(PARTICIPATION, data=b"[]", headers=editor).json["fields"] == {"": "a JSON object"}
    unknown = PARTICIPATION.replace("a-chamber", "no-chamber")
    assert client.put(unknown, json={"channel": {"kind": "none"}}, headers=editor).status_code == 422
    assert client.get(unknown, headers=editor).status_code == 404
    assert client.get(PARTICIPATION.replace("a-chamber", "No Chamber"), headers=editor).status_code == 404


def test_a_public_key_is_kept_when_its_fingerprint_is_right(
    client: FlaskClient, directory: Directory, editor: dict[str, str]
) -> None:
    directory.take_in(*a_directory())
    wrong = client.put(PUBLIC_KEY, json={"public_key": KEY, "thumbprint": "x" * 43}, headers=editor)
    assert wrong.json["fields"] == {"thumbprint": "the RFC 7638 thumbprint of this key"}
    right = client.put(PUBLIC_KEY, json={"public_key": KEY}, headers=editor)
    print_ = right.json["thumbprint"]
    again = client.put(PUBLIC_KEY, json={"public_key": KEY, "thumbprint": print_}, headers=editor)
    assert (right.json["effect"], again.json["effect"]) == ("changed", "unchanged")
    organization = directory.said()[-1]
    assert dict(organization.public_key) == KEY
    directory.take_in(a_participation(channel={"kind": "pull"}))
    assert dict(directory.said()[-2].public_key) == KEY


def test_a_private_key_never_comes_in(client: FlaskClient, directory: Directory, editor: dict[str, str]) -> None:
    directory.take_in(*a_directory())
    answer = client.put(PUBLIC_KEY, json={"public_key": {**KEY, "d": "AAAA"}}, headers=editor)
    assert answer.json["fields"] == {
        "public_key": "a public key only: the private members must never leave their owner"
    }
    assert client.put(PUBLIC_KEY, json={}, headers=editor).status_code == 422
    unknown = PUBLIC_KEY.replace("a-chamber", "no-chamber")
    assert client.put(unknown, json={"public_key": KEY}, headers=editor).status_code == 404


def test_the_history_of_an_object_can_be_read(
    client: FlaskClient, directory: Directory, editor: dict[str, str]
) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(wait_time="lang"))
    states = client.get("/directory/operator/history/service/a-recognition", headers=editor).json["states"]
    assert [state["document"].get("wait_time") for state in states] == [{"de": "lang"}, None]
    assert client.get("/directory/operator/history/service/none", headers=editor).status_code == 404


def test_every_answer_of_the_region_s_directory_is_hsds_3(
    client: FlaskClient, directory: Directory, is_hsds: Callable[[str, Any], list[str]]
) -> None:
    directory.take_in_bytes(REGION.read_bytes())
    for kind in ("service", "organization"):
        page = client.get(f"/hsds/{kind}s?per_page=200").json
        assert page["total_items"] == len(page["contents"]) >= 40
        for summary in page["contents"]:
            full = client.get(f"/hsds/{kind}s/{summary['id']}").json
            assert is_hsds(kind, summary) == is_hsds(kind, full) == []


def test_everything_a_row_may_hold_is_hsds_3(
    client: FlaskClient, directory: Directory, is_hsds: Callable[[str, Any], list[str]]
) -> None:
    phone = {"number": "+49 241 1234567", "extension": 12, "type": "voice", "languages": [{"code": "tr"}]}
    hours = {"freq": "WEEKLY", "byday": "MO,TU", "opens_at": "08:30", "closes_at": "12:00", "dtstart": "2026-01-05"}
    rows = a_directory()
    rows[2] |= {"phones": [phone], "contacts": [{"department": "Beratung", "phones": [phone]}]}
    rows[3]["addresses"] = [
        {
            "address_1": "Markt 1",
            "city": "Aachen",
            "state_province": "Nordrhein-Westfalen",
            "postal_code": "52062",
            "country": "DE",
            "address_type": "physical",
        }
    ]
    rows[3] |= {"latitude": 50.77, "longitude": 6.08, "schedules": [hours]}
    rows[4] |= {
        "phones": [phone],
        "schedules": [hours],
        "interpreters": True,
        "languages": [{"code": "ar", "note": "freitags"}],
        "legal_spheres": ["BQFG"],
        "capacity": "waitlist",
        "capacity_reported_on": "2026-11-01",
        "residence_independent": True,
        "funding": [{"source": "Land", "code": "LAND"}],
        "cost_options": [{"option": "Gebühr", "currency": "EUR", "amount": 10.5}],
        "required_documents": [{"document": "Zeugnis"}],
        "delimitation": {"de": "Nicht für Gesundheitsberufe."},
        "description": {"de": "Prüft.", "en": "Assesses."},
        "minimum_age": 16,
        "assured_date": "2026-11-01",
    }
    rows[5] |= {"description": "dienstags", "schedules": [hours], "phones": [phone]}
    directory.take_in(*rows)
    service = client.get(f"/hsds/services/{id_of('service', 'a-recognition')}").json
    organization = client.get(f"/hsds/organizations/{id_of('organization', 'a-chamber')}").json
    assert is_hsds("service", service) == is_hsds("organization", organization) == []
    assert service["service_areas"][0]["extent"] == "05334"
    assert service["service_at_locations"][0]["location"]["addresses"][0]["postal_code"] == "52062"
    assert {"service.description@en", "service.delimitation@de"} <= {
        attribute.get("link_entity") for attribute in service["attributes"]
    }


def test_the_schema_does_object_to_what_is_no_hsds(is_hsds: Callable[[str, Any], list[str]]) -> None:
    assert is_hsds("service", {"id": "x", "name": "y", "status": "gone"}) != []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=anerkennung", {"Anerkennung", "Sprachkurs"}),
        ("search=sprach", {"Sprachkurs"}),
        ("search=%25", set()),
        (f"taxonomy_term_id={hsds.term('topics', 'SPRACHE')['id']}", {"Sprachkurs"}),
        (f"organization_id={id_of('organization', 'a-chamber')}", {"Anerkennung", "Sprachkurs"}),
        (f"organization_id={id_of('organization', 'another')}", set()),
        ("modified_after=2026-11-23T08:59:00Z", {"Anerkennung", "Sprachkurs"}),
        ("modified_after=2026-11-23T09:00:00Z", set()),
        ("page=2&per_page=1", {"Sprachkurs"}),
        ("page=9", set()),
    ],
)
def test_services_are_found_by_every_filter(
    client: FlaskClient, directory: Directory, query: str, found: set[str]
) -> None:
    directory.take_in(*a_directory())
    course = a_service(
        id="a-course", name={"de": "Sprachkurs"}, topics=["SPRACHE"], description={"de": "Nach der Anerkennung."}
    )
    directory.take_in(course)
    answer = client.get(f"/hsds/services?{query}").json
    assert {row["name"] for row in answer["contents"]} == found


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "per_page=201",
        "organization_id=1",
        "modified_after=2026-11-23",
        "modified_after=2026-11-23T09:00:00",
        "search=" + "x" * 101,
        "search=a%00b",
        f"taxonomy_term_id={id_of('service', 'nobody')}",
    ],
)
def test_a_query_nobody_can_answer_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/hsds/services?{query}").status_code == 422


def test_what_is_not_there_is_not_found(client: FlaskClient) -> None:
    nobody = id_of("service", "nobody")
    assert client.get(f"/hsds/services/{nobody}").status_code == 404
    assert client.get(f"/hsds/organizations/{nobody}").status_code == 404


def test_the_base_names_version_profile_and_terms(client: FlaskClient) -> None:
    assert client.get("/hsds/").json["version"] == "3.0"
    assert client.get("/hsds/profile").json["service"]["topics"] is True
    assert client.get("/hsds/taxonomy_terms?per_page=5").json["size"] == 5


def test_gaps_and_overlaps_of_the_region_are_shown(
    client: FlaskClient, directory: Directory, issuer: TestIssuer
) -> None:
    directory.take_in_bytes(REGION.read_bytes())
    page = client.get("/directory/coverage?lang=de", headers=bearer(issuer.token(roles=["coordinator"]))).text
    assert "StädteRegion Aachen" in page and "Lücke" in page
    assert "KIM-CASE-MANAGEMENT" in page and "strategischen Partnerschaft" in page


def test_staff_see_the_list_in_their_language(client: FlaskClient, directory: Directory, issuer: TestIssuer) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(id="gone", status="defunct", name={"de": "Früheres Angebot"}))
    navigator = bearer(issuer.token())
    german = client.get("/directory/?lang=de", headers=navigator).text
    assert "Verzeichnis" in german and "Anerkennung" in german and "wird nicht angeboten" in german
    english = client.get("/directory/?lang=en", headers=navigator).text
    assert (
        "Anerkennung"
        not in client.get("/directory/?topic=SPRACHE&lang=de", headers=navigator)
        .text.split("<h1")[1]
        .split("</form>")[1]
    )
    assert "Anerkennung" in client.get("/directory/?topic=ANERKENNUNG&lang=de", headers=navigator).text
    assert "Chamber" in english and "recognition of qualifications" in english
    assert client.get("/directory/", headers={"Accept": "application/json"}).status_code == 401
