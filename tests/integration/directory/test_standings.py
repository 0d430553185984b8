"""An organization rests, leaves, is back: the directory says it with the entry, and whoever rests is not heard here."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.capacity_link import sign
from contracts.codes import Capacity, Participation
from contracts.directory import OrganizationPublished
from contracts.identity import id_of
from services.directory.commands.applying import announce_everything
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_directory

CHAMBER, SERVICE = id_of("organization", "a-chamber"), id_of("service", "a-recognition")
STANDING = "/directory/operator/organizations/a-chamber/standing"
REPORT = f"/directory/api/v1/services/{SERVICE}/report"


@pytest.fixture
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def client(directory: Directory, issuer: TestIssuer) -> Iterator[FlaskClient]:
    directory.take_in(*a_directory())
    app = create_app(settings(), directory.unit, issuer_keys=issuer.keys())
    with app.test_client() as client:
        yield client


def stands(client: FlaskClient, issuer: TestIssuer, participation: Any) -> TestResponse:
    headers = bearer(issuer.token(sub="otto", roles=["operations"]))
    return client.put(STANDING, json={"participation": participation}, headers=headers)


def told(directory: Directory) -> list[Participation]:
    """How the chamber was said to stand, one entry for each time it was said."""
    return [
        one.participation
        for one in directory.said()
        if isinstance(one, OrganizationPublished) and one.organization_id == CHAMBER
    ]


def test_each_change_is_told_once_and_with_the_whole_entry(
    client: FlaskClient, directory: Directory, issuer: TestIssuer
) -> None:
    for wanted in ("suspended", "suspended", "taking_part", "ended"):
        assert stands(client, issuer, wanted).json == {"participation": wanted}
    assert [one.value for one in told(directory)] == ["taking_part", "suspended", "taking_part", "ended"]
    operator = bearer(issuer.token(sub="otto", roles=["operations"]))
    assert client.get(STANDING, headers=operator).json == {"participation": "ended"}


def test_a_file_that_is_taken_in_again_lets_nobody_back_in(
    client: FlaskClient, directory: Directory, issuer: TestIssuer
) -> None:
    stands(client, issuer, "suspended")
    rows = a_directory()
    for row in rows:
        if row["object"] == "participation":
            row["agreement"] = {"kind": "independent", "law": "GDPR", "signed_on": "2026-02-02"}
    directory.take_in(*rows)
    announce_everything(directory.unit)
    assert set(told(directory)[1:]) == {Participation.SUSPENDED} and len(told(directory)) > 2


@pytest.mark.parametrize("wanted", ["gone", "", None, 1, ["suspended"]])
def test_what_is_no_standing_is_refused_by_field(
    client: FlaskClient, directory: Directory, issuer: TestIssuer, wanted: Any
) -> None:
    answer = stands(client, issuer, wanted)
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["participation"])  # type: ignore[index]
    assert told(directory) == [Participation.TAKING_PART]


def test_who_takes_no_part_at_all_cannot_rest_and_nobody_else_may_say_so(
    client: FlaskClient, issuer: TestIssuer
) -> None:
    path = STANDING.replace("a-chamber", "nobody")
    operator = bearer(issuer.token(sub="otto", roles=["operations"]))
    assert client.put(path, json={"participation": "suspended"}, headers=operator).status_code == 404
    navigator = bearer(issuer.token(sub="nina", roles=["navigator"]))
    assert client.put(STANDING, json={"participation": "suspended"}, headers=navigator).status_code == 403


@pytest.mark.parametrize(
    ("standing", "slug"),
    [("suspended", "partner.suspended"), pytest.param("ended", "partner.left", marks=pytest.mark.long)],
)
def test_whoever_rests_is_heard_by_no_door(
    client: FlaskClient, directory: Directory, issuer: TestIssuer, standing: str, slug: str
) -> None:
    system = bearer(issuer.token(sub="system", roles=None, organization_id=str(CHAMBER)))
    clerk = bearer(issuer.token(sub="cleo", roles=["partner_clerk"], employer=str(CHAMBER)))
    until = directory.unit.clock.now() + timedelta(days=1)
    link = f"/directory/units/{sign(settings().deployment_key, CHAMBER, SERVICE, until)}"
    stands(client, issuer, standing)
    for headers in (system, clerk):
        answer = client.put(REPORT, json={"capacity": "waitlist"}, headers=headers)
        assert (answer.status_code, answer.content_type, answer.json["slug"]) == (403, "application/problem+json", slug)
    assert client.post(link, data={"capacity": "waitlist"}, headers={"Accept": "text/html"}).status_code == 403
    assert not [one for one in directory.said() if getattr(one, "capacity", None) is Capacity.WAITLIST]
    assert client.get(f"/hsds/services/{SERVICE}").status_code == 200, "its public entry stays"
    stands(client, issuer, "taking_part")
    assert client.put(REPORT, json={"capacity": "waitlist"}, headers=system).status_code == 200
