"""The operators' door: what is parked can be seen, tried again and given up, by operations only."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from services.chassis.clock import SystemClock
from services.chassis.db import Database
from services.chassis.web import create_app
from services.chassis.work import Unit
from tests.chassis.web_rig import Client, TestIssuer, bearer, settings

PARK = """
INSERT INTO parked_events (event_id, source, subject, sequence, type, queue, arrival, body, reason)
VALUES (gen_random_uuid(), '/lotsennetz/referral', 'referral/1', %s, 'referral.received.v1', 'audit.inbox.0', '{}',
        'Max Mustermann', 'bug') RETURNING parked_id"""


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def database(make_database: Callable[[str], Any]) -> str:
    return str(make_database("audit").app_dsn)


@pytest.fixture
def client(database: str, issuer: TestIssuer) -> Iterator[Client]:
    configured = settings(DATABASE_URL=database)
    with Database(database) as db:
        unit = Unit(db, SystemClock(), "audit")
        app = create_app("audit", configured, unit, status=lambda _: {"size": 7}, issuer_keys=issuer.keys())
        yield app.test_client()


@pytest.fixture
def parked_id(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(PARK, (1,)).fetchone()
        connection.execute(PARK, (2,))
    assert row is not None
    return int(row[0])


@pytest.fixture
def operator(issuer: TestIssuer) -> dict[str, str]:
    return bearer(issuer.token(roles=["operations"]))


def test_the_status_says_how_the_streams_are_doing(client: Client, operator: dict[str, str], parked_id: int) -> None:
    status = client.get("/audit/operator/status", headers=operator).json
    assert status is not None
    assert (status["outbox"]["unpublished"], status["parked"], status["size"]) == (0, 2, 7)


def test_parked_events_are_shown_without_their_content(
    client: Client, operator: dict[str, str], parked_id: int
) -> None:
    listed = client.get("/audit/operator/parked", headers=operator)
    assert listed.json is not None
    assert [item["sequence"] for item in listed.json["parked"]] == [1, 2]
    assert "Mustermann" not in listed.text
    assert client.get(f"/audit/operator/parked/{parked_id}", headers=operator).json["reason"] == "bug"  # type: ignore[index]


def test_the_earliest_of_a_subject_comes_first(client: Client, operator: dict[str, str], parked_id: int) -> None:
    later = client.post(f"/audit/operator/parked/{parked_id + 1}/retry", headers=operator)
    assert (later.status_code, later.json["slug"]) == (409, "parked.earlier-first")  # type: ignore[index]
    assert client.post(f"/audit/operator/parked/{parked_id}/retry", headers=operator).status_code == 200


def test_what_was_given_up_is_no_longer_listed(client: Client, operator: dict[str, str], parked_id: int) -> None:
    path = f"/audit/operator/parked/{parked_id}/discard"
    assert client.post(path, headers=operator).status_code == 422
    assert client.post(path, headers=operator, json={"reason": "DUPLICATE"}).status_code == 200
    assert client.get(f"/audit/operator/parked/{parked_id}", headers=operator).status_code == 404


def test_only_operations_may(client: Client, issuer: TestIssuer) -> None:
    for role in ("navigator", "lead", "dpo"):
        assert client.get("/audit/operator/status", headers=bearer(issuer.token(roles=[role]))).status_code == 403


def test_a_service_whose_database_answers_is_ready(client: Client) -> None:
    assert client.get("/audit/health/ready").json == {"status": "ready"}
    assert b"lotsennetz_http_request_seconds" in client.get("/audit/metrics").data
