"""A partner says how its own service is today; nobody says it for a stranger."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from contracts.codes import Capacity
from contracts.identity import id_of
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_directory

CHAMBER, SERVICE = id_of("organization", "a-chamber"), id_of("service", "a-recognition")
REPORT = f"/directory/api/v1/services/{SERVICE}/report"
PAGE = f"/directory/services/{SERVICE}/capacity"


@pytest.fixture
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def client(directory: Directory, issuer: TestIssuer) -> Iterator[FlaskClient]:
    directory.take_in(*a_directory())
    app = create_app(settings(), directory.unit, issuer_keys=issuer.keys())
    with app.test_client() as client:
        yield client


def partner(issuer: TestIssuer, organization: object) -> dict[str, str]:
    return bearer(issuer.token(sub="system", roles=None, organization_id=str(organization)))


def clerk(issuer: TestIssuer, organization: object) -> dict[str, str]:
    return bearer(issuer.token(sub="cleo", roles=["partner_clerk"], employer=str(organization)))


def test_a_partner_s_system_reports_capacity_as_of_today(
    client: FlaskClient, directory: Directory, issuer: TestIssuer
) -> None:
    answer = client.put(REPORT, json={"capacity": "waitlist"}, headers=partner(issuer, CHAMBER))
    assert (answer.json["effect"], answer.json["capacity_reported_on"]) == ("changed", "2026-11-23")
    service = directory.said()[-1]
    assert (service.capacity, service.version) == (Capacity.WAITLIST, 2)
    assert str(service.assured_on) == "2026-11-01"


def test_the_same_word_again_is_no_news(client: FlaskClient, directory: Directory, issuer: TestIssuer) -> None:
    for effect in ("changed", "unchanged"):
        answer = client.put(REPORT, json={"capacity": "capacity"}, headers=partner(issuer, CHAMBER))
        assert answer.json["effect"] == effect
    assert len(directory.said()) == 4


def test_an_editor_s_file_does_not_overwrite_the_partner_s_word(
    client: FlaskClient, directory: Directory, issuer: TestIssuer
) -> None:
    client.put(REPORT, json={"capacity": "no_capacity"}, headers=partner(issuer, CHAMBER))
    directory.take_in(*[row for row in a_directory() if row["object"] != "report"])
    assert client.get(f"/hsds/services/{SERVICE}").json["assured_date"] == "2026-11-01"
    assert directory.said()[-2].capacity is Capacity.NO_CAPACITY


@pytest.mark.parametrize("who", [partner, clerk])
def test_a_stranger_s_service_looks_as_if_it_were_not_there(
    client: FlaskClient, issuer: TestIssuer, who: object
) -> None:
    headers = who(issuer, id_of("organization", "stranger"))  # type: ignore[operator]
    assert client.put(REPORT, json={"capacity": "capacity"}, headers=headers).status_code == 404
    unknown = REPORT.replace(str(SERVICE), str(id_of("service", "none")))
    assert client.put(unknown, json={"capacity": "capacity"}, headers=who(issuer, CHAMBER)).status_code == 404  # type: ignore[operator]


def test_a_report_nobody_understands_is_refused(client: FlaskClient, issuer: TestIssuer) -> None:
    answer = client.put(REPORT, json={"capacity": "plenty"}, headers=partner(issuer, CHAMBER))
    assert (answer.status_code, answer.json["slug"]) == (422, "directory.report-invalid")
    assert list(answer.json["fields"]) == ["capacity"]


def test_navigators_do_not_speak_for_partners(client: FlaskClient, issuer: TestIssuer) -> None:
    assert client.put(REPORT, json={"capacity": "capacity"}, headers=bearer(issuer.token())).status_code == 403


def test_a_clerk_sees_the_page_and_taps(client: FlaskClient, directory: Directory, issuer: TestIssuer) -> None:
    headers = clerk(issuer, CHAMBER)
    assert "unbekannt" in client.get(PAGE, headers=headers).text
    assert client.post(PAGE, data={"capacity": "assessment_first"}, headers=headers).status_code == 303
    assert directory.said()[-1].capacity is Capacity.ASSESSMENT_FIRST
    assert client.post(PAGE, data={"still_true": "1"}, headers=headers).status_code == 303
    assert str(directory.said()[-1].assured_on) == "2026-11-23"
    assert client.get(PAGE, headers=clerk(issuer, id_of("organization", "stranger"))).status_code == 404


def test_an_editor_notes_what_a_partner_told(client: FlaskClient, directory: Directory, issuer: TestIssuer) -> None:
    editor = bearer(issuer.token(sub="edda", roles=["directory_editor"]))
    assert client.put(REPORT, json={"capacity": "capacity"}, headers=editor).status_code == 200
    assert client.get(PAGE, headers=editor).status_code == 200
