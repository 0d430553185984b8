"""One tap of a unit without an account: its own services, four codes, and everybody hears of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from contracts import envelope
from contracts.capacity_link import sign
from contracts.codes import Capacity
from contracts.identity import id_of
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_directory

CHAMBER, SERVICE = id_of("organization", "a-chamber"), id_of("service", "a-recognition")
KEY = settings().deployment_key
HTML = {"Accept": "text/html"}


@pytest.fixture
def client(directory: Directory) -> Iterator[FlaskClient]:
    directory.take_in(*a_directory())
    app = create_app(settings(), directory.unit, issuer_keys=TestIssuer().keys())
    with app.test_client() as client:
        yield client


def link(directory: Directory, *, service: object = SERVICE, organization: object = CHAMBER, days: int = 14) -> str:
    until = directory.unit.clock.now() + timedelta(days=days)
    return f"/directory/units/{sign(KEY, organization, service, until)}"  # type: ignore[arg-type]


def test_one_tap_sets_the_code_and_it_is_told(client: FlaskClient, directory: Directory) -> None:
    address = link(directory)
    answer = client.post(address, data={"capacity": "no_capacity"}, headers=HTML)
    assert answer.status_code == 303
    service = directory.said()[-1]
    assert (service.service_id, service.capacity) == (SERVICE, Capacity.NO_CAPACITY)
    assert str(service.capacity_reported_on) == "2026-11-23"
    with directory.db.read() as connection:
        (row,) = connection.execute("SELECT body FROM outbox ORDER BY number DESC LIMIT 1").fetchall()
    assert envelope.read(row["body"]).actor == f"partner:{CHAMBER}"
    page = client.get(answer.location, headers=HTML).text
    assert "Danke" in page
    assert "keine Plätze" in page


def test_looking_ten_times_says_nothing_and_the_link_still_works(client: FlaskClient, directory: Directory) -> None:
    address, before = link(directory, service=None), len(directory.said())
    for _ in range(10):
        assert client.get(address, headers=HTML).status_code == 200
    assert len(directory.said()) == before
    assert client.post(address, data={"capacity": "waitlist", "service_id": str(SERVICE)}).status_code == 303
    assert directory.said()[-1].capacity is Capacity.WAITLIST


def test_a_link_to_all_services_needs_to_be_told_which(client: FlaskClient, directory: Directory) -> None:
    address = link(directory, service=None)
    for named in ({}, {"service_id": "x"}, {"service_id": str(id_of("service", "none"))}):
        assert client.post(address, data={"capacity": "waitlist", **named}).status_code == 404


def test_another_units_service_is_not_there(client: FlaskClient, directory: Directory) -> None:
    stranger = id_of("organization", "stranger")
    for service in (SERVICE, None):
        address = link(directory, organization=stranger, service=service)
        assert client.post(address, data={"capacity": "capacity", "service_id": str(SERVICE)}).status_code == 404
        assert "a-recognition" not in client.get(address, headers=HTML).text


def test_a_changed_or_old_link_says_nothing(client: FlaskClient, directory: Directory) -> None:
    genuine = link(directory)
    old = link(directory, days=-1)
    for address in (genuine[:-2], genuine[:-1] + ("A" if genuine[-1] != "A" else "B") + "A", old, "/directory/units/x"):
        assert client.post(address, data={"capacity": "capacity"}).status_code == 403
        assert client.get(address).status_code == 403


def test_what_is_no_code_is_named(client: FlaskClient, directory: Directory) -> None:
    for said in ("plenty", "unknown", ""):
        answer = client.post(link(directory), data={"capacity": said})
        assert (answer.status_code, list((answer.json or {})["fields"])) == (422, ["capacity"])


def test_there_is_a_way_back_to_the_referral_and_nowhere_else(client: FlaskClient, directory: Directory) -> None:
    referral = id_of("referral", "one")
    answer = client.post(link(directory), data={"capacity": "capacity", "referral": str(referral)})
    assert f'href="/referral/desk/referrals/{referral}"' in client.get(answer.location, headers=HTML).text
    elsewhere = client.post(link(directory), data={"capacity": "capacity", "referral": "//example.org"})
    assert "example.org" not in elsewhere.location
