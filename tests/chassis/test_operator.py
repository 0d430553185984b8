"""The operators' door: what is parked can be seen, tried again and given up, by operations only."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from contracts import envelope
from contracts.audit import ParkedSettled
from services.audit.web.app import settled
from services.chassis.auth import caller_from_claims
from services.chassis.clock import SystemClock
from services.chassis.db import Database
from services.chassis.room import SecurityFacts
from services.chassis.sessions import Session
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
        facts = SecurityFacts(settled=settled)
        app = create_app(
            "audit", configured, unit, status=lambda _: {"size": 7}, issuer_keys=issuer.keys(), facts=facts
        )
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


def told(database: str) -> list[tuple[str, str, str | None]]:
    """What was announced of interventions, oldest first, without what the message said."""
    with psycopg.connect(database) as connection:
        bodies = [bytes(row[0]) for row in connection.execute("SELECT body FROM outbox ORDER BY number")]
    assert not [body for body in bodies if b"Mustermann" in body]
    facts = [envelope.read(body).data for body in bodies]
    return [(fact.outcome, fact.cause, fact.reason) for fact in facts if isinstance(fact, ParkedSettled)]


def test_every_intervention_is_a_fact(client: Client, operator: dict[str, str], parked_id: int, database: str) -> None:
    path = "/audit/operator/parked"
    client.post(f"{path}/{parked_id}/retry", headers=operator)
    client.post(f"{path}/{parked_id}/discard", headers=operator, json={"reason": "NONSENSE"})
    client.post(f"{path}/{parked_id + 1}/discard", headers=operator, json={"reason": "DUPLICATE"})
    client.post(f"{path}/{parked_id}/discard", headers=operator, json={"reason": "OUTDATED"})
    assert told(database) == [("retry", "bug", None), ("discard", "bug", "OUTDATED")]


def test_all_of_one_cause_are_tried_again_the_first_of_each_subject_first(
    client: Client, operator: dict[str, str], parked_id: int, database: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(PARK.replace("referral/1", "referral/2").replace("'bug'", "'envelope.invalid'"), (1,))
    answer = client.post("/audit/operator/parked/retries", headers=operator, query_string={"reason": "bug"})
    assert answer.json is not None
    assert [item["parked_id"] for item in answer.json["parked"]] == [parked_id]
    everything = client.post("/audit/operator/parked/retries", headers=operator).json
    assert everything is not None
    assert [item["reason"] for item in everything["parked"]] == ["envelope.invalid"]
    assert told(database) == [("retry", "bug", None), ("retry", "envelope.invalid", None)]


@pytest.fixture
def browser(client: Client, issuer: TestIssuer, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Client:
    """Operations in a browser."""
    room = client.application.extensions["lotsennetz"]
    claims = room.tokens.claims(operator["Authorization"].removeprefix("Bearer "))
    caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
    monkeypatch.setattr(room.sessions, "find", lambda _: Session(caller, "form-token", "cookie"))
    return client


def test_the_page_groups_by_cause_shows_envelopes_and_no_content(browser: Client, parked_id: int) -> None:
    text = browser.get("/audit/operator/parked", headers={"Accept": "text/html"}).text
    for words in ("Fehler im Programm", "referral.received.v1", "referral/1", "Aufgeben", "überholt"):
        assert words in text
    assert "Mustermann" not in text


def test_from_the_page_one_is_tried_again_given_up_with_a_reason_and_gone(
    browser: Client, parked_id: int, database: str
) -> None:
    form, page = {"csrf_token": "form-token"}, {"Accept": "text/html"}
    path = f"/audit/operator/parked/{parked_id}"
    assert browser.post(f"{path}/discard", data=form, headers=page).status_code == 422
    assert browser.post(f"{path}/retry", data={}, headers=page).status_code == 419
    answer = browser.post(f"{path}/retry", data=form, headers=page)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit/operator/parked?done=1")
    assert "wird erneut versucht" in browser.get(answer.headers["Location"], headers=page).text
    browser.post(f"{path}/discard", data={**form, "reason": "DUPLICATE"}, headers=page)
    browser.post(f"/audit/operator/parked/{parked_id + 1}/discard", data={**form, "reason": "OUTDATED"}, headers=page)
    assert "Nichts ist angehalten." in browser.get("/audit/operator/parked", headers=page).text
    assert len(told(database)) == 3


def test_only_operations_may(client: Client, issuer: TestIssuer) -> None:
    for role in ("navigator", "lead", "dpo"):
        assert client.get("/audit/operator/status", headers=bearer(issuer.token(roles=[role]))).status_code == 403


def test_a_service_whose_database_answers_is_ready(client: Client) -> None:
    assert client.get("/audit/health/ready").json == {"status": "ready"}
    assert b"lotsennetz_http_request_seconds" in client.get("/audit/metrics").data
