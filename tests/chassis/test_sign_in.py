"""Signing in: a real authorization server, a real database, a browser that follows - and all the wrong ways."""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import requests
from apiflask import APIBlueprint
from flask import render_template_string, request
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from contracts.audit import SignInRefused
from contracts.codes import StaffRole
from deploy.demo.issuer import create_issuer
from deploy.demo.issuer_register import Register
from services.chassis.access import current_caller, fresh, staff
from services.chassis.auth import pseudonym
from services.chassis.clock import SystemClock
from services.chassis.config import DEMO_DEPLOYMENT_KEY
from services.chassis.db import Database
from services.chassis.web import SecurityFacts, create_app
from services.chassis.work import Unit
from tests.chassis.web_rig import settings

SERVICE = "audit"
HTML = {"Accept": "text/html"}
#: Who came back from the issuer, and what it calls them.
MET: list[tuple[str, str]] = []
PEOPLE = [
    {"sub": "anna", "name": "Anna", "description": "", "claims": {"roles": ["navigator"], "site": "aachen"}},
    {"sub": "both", "name": "Both", "description": "", "claims": {"roles": ["navigator", "partner_clerk"]}},
    {"sub": "guest", "name": "Guest", "description": "", "claims": {}},
]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    register = tmp_path_factory.mktemp("issuer") / "register.json"
    client = {
        "client_id": "lotsennetz-audit",
        "client_secret": "demo-secret",
        "grant_types": ["authorization_code"],
        "redirect_prefix": "http://localhost/",
    }
    register.write_text(json.dumps({"users": PEOPLE, "clients": [client]}))
    key = ECKey.generate_key("P-256", {"kid": "demo"})
    server = make_server("127.0.0.1", 0, lambda *call: app(*call), threaded=True)  # noqa: PLW0108  # made below: its address must be known first
    url = f"http://127.0.0.1:{server.server_port}"
    app = create_issuer(url, "lotsennetz", Register(Path(register)), key)
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield url
    server.shutdown()


@pytest.fixture(scope="module")
def database(make_database: Callable[[str], Any]) -> str:
    return str(make_database(SERVICE).app_dsn)


@pytest.fixture
def client(issuer: str, database: str) -> Iterator[FlaskClient]:
    own = {"OIDC_CLIENT_ID": "lotsennetz-audit", "STEP_UP_MINUTES": "15"}
    configured = settings(ISSUER_URL=issuer, DATABASE_URL=database, **own)
    pages = APIBlueprint("sample", __name__, url_prefix=f"/{SERVICE}", enable_openapi=False)

    @pages.get("/")
    @staff()
    def home() -> dict[str, Any]:
        caller = current_caller()
        return {"actor": caller.actor, "role": caller.role, "site": caller.site, "by_session": caller.by_session}

    @pages.post("/change")
    @staff(StaffRole.NAVIGATOR)
    def change() -> str:
        return "changed"

    @pages.route("/wishes", methods=["GET", "POST"])
    @fresh
    @staff()
    def wishes() -> str:
        if request.method == "POST":
            return f"wished: {request.form['wish']}"
        return render_template_string("<{{ typed_for('/audit/wishes').get('wish', 'nothing') }}>{{ csrf_token() }}")

    facts = SecurityFacts(
        refused=lambda id_, slug, count: SignInRefused(refusal_id=id_, slug=slug, count=count),
        met=lambda caller, claims: MET.append((caller.actor, claims["name"])),
    )
    with Database(database) as db:
        app = create_app(SERVICE, configured, Unit(db, SystemClock(), SERVICE), blueprints=[pages], facts=facts)
        yield app.test_client()


def leave_for_the_issuer(client: FlaskClient, next_path: str = "/audit/") -> str:
    answer = client.get("/audit/sign-in", query_string={"next": next_path})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def sign_in_there(url: str, sub: str) -> str:
    """What a person does at the issuer; gives the path and query it sends the browser back to."""
    browser = requests.Session()
    page = browser.get(url, timeout=10)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    answer = browser.post(page.url, data={**hidden, "user": sub}, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def sign_in(client: FlaskClient, sub: str = "anna", next_path: str = "/audit/") -> Any:
    return client.get(sign_in_there(leave_for_the_issuer(client, next_path), sub))


def csrf_of(database: str) -> str:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT csrf FROM web_sessions ORDER BY began_at DESC LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])


def test_a_page_leads_to_sign_in_and_sign_in_leads_back_to_that_page(client: FlaskClient) -> None:
    asked = client.get("/audit/?status=received", headers=HTML)
    assert asked.status_code == 303
    target = parse_qs(urlsplit(asked.headers["Location"]).query)["next"][0]
    assert sign_in(client, next_path=target).headers["Location"] == "/audit/?status=received"


def test_what_she_typed_before_a_fresh_sign_in_waits_for_her_and_is_sent_by_her(
    client: FlaskClient, database: str
) -> None:
    sign_in(client)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE web_sessions SET authenticated_at = authenticated_at - interval '1 hour'")
    typed = {"csrf_token": csrf_of(database), "wish": "a name"}
    refused = client.post("/audit/wishes", data=typed, headers=HTML)
    assert refused.headers["Location"] == "/audit/sign-in?next=%2Faudit%2Fwishes&step-up=1"
    there = client.get(refused.headers["Location"]).headers["Location"]
    assert "a+name" not in there and "a%20name" not in there
    back = client.get(sign_in_there(there, "anna"))
    assert back.headers["Location"] == "/audit/wishes"
    found, _, token = client.get(back.headers["Location"], headers=HTML).text.partition(">")
    assert (found, token == typed["csrf_token"]) == ("<a name", False)
    assert client.post("/audit/wishes", data=typed, headers=HTML).status_code == 419, (
        "by the former form nothing is sent"
    )
    assert client.post("/audit/wishes", data={**typed, "csrf_token": token}, headers=HTML).text == "wished: a name"


def test_who_signed_in_is_known_by_pseudonym_role_and_site(client: FlaskClient, issuer: str) -> None:
    sign_in(client)
    actor = pseudonym(bytes.fromhex(DEMO_DEPLOYMENT_KEY), issuer, "anna")
    assert client.get("/audit/").json == {"actor": actor, "role": "navigator", "site": "aachen", "by_session": True}


@pytest.mark.parametrize(("sub", "name"), [("anna", ["Anna"]), ("both", ["Both"]), ("guest", [])])
def test_the_service_hears_what_the_issuer_calls_who_came_and_nobody_else_keeps_it(
    client: FlaskClient, database: str, issuer: str, sub: str, name: list[str]
) -> None:
    MET.clear()
    sign_in(client, sub)
    actor = pseudonym(bytes.fromhex(DEMO_DEPLOYMENT_KEY), issuer, sub)
    assert [(actor, one) for one in name] == MET
    with psycopg.connect(database) as connection:
        kept = connection.execute("SELECT s::text FROM sign_ins s UNION ALL SELECT w::text FROM web_sessions w")
        assert all(f'"{one}"' not in row[0] for row in kept for one in ("Anna", "Both", "Guest"))


def test_the_cookie_is_not_in_the_database(client: FlaskClient, database: str) -> None:
    sign_in(client)
    cookie = client.get_cookie("lotsennetz_audit", path="/audit")
    assert cookie is not None
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT w::text FROM web_sessions w").fetchall()
    assert rows
    assert all(cookie.value not in row[0] for row in rows)


def test_the_next_page_cannot_be_another_site(client: FlaskClient) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert sign_in(client, next_path=elsewhere).headers["Location"] == "/audit/"


def test_who_has_several_roles_chooses_one_and_has_no_other(client: FlaskClient) -> None:
    answer = sign_in(client, "both")
    page = client.get(answer.headers["Location"], headers=HTML)
    assert "Sachbearbeitung Partner" in page.text
    state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
    assert client.post("/audit/sign-in/role", data={"state": state, "role": "dpo"}).status_code == 403
    client.post("/audit/sign-in/role", data={"state": state, "role": "partner_clerk"})
    assert client.get("/audit/").json["role"] == "partner_clerk"
    assert client.post("/audit/sign-in/role", data={"state": state, "role": "navigator"}).status_code == 403


def test_who_has_no_role_here_does_not_get_in(client: FlaskClient) -> None:
    assert sign_in(client, "guest").status_code == 403
    assert client.get("/audit/").status_code == 401


def test_a_state_is_used_once(client: FlaskClient) -> None:
    back = sign_in_there(leave_for_the_issuer(client), "anna")
    assert client.get(back).status_code == 303
    replayed = client.get(back)
    assert (replayed.status_code, replayed.json["slug"]) == (403, "auth.state-unknown")


def test_a_state_of_another_browser_is_refused(client: FlaskClient) -> None:
    back = sign_in_there(leave_for_the_issuer(client), "anna")
    stranger = client.application.test_client()
    assert stranger.get(back).json["slug"] == "auth.state-unknown"


def test_a_code_made_for_another_attempt_is_refused(client: FlaskClient) -> None:
    """The attacker's code in the victim's state: PKCE and nonce do not match."""
    foreign = sign_in_there(leave_for_the_issuer(client), "anna")
    code = parse_qs(urlsplit(foreign).query)["code"][0]
    own_state = parse_qs(urlsplit(leave_for_the_issuer(client)).query)["state"][0]
    answer = client.get("/audit/sign-in/callback", query_string={"state": own_state, "code": code})
    assert (answer.status_code, answer.json["slug"]) == (403, "auth.sign-in-refused")


def test_a_wrong_nonce_is_refused(client: FlaskClient, database: str) -> None:
    back = sign_in_there(leave_for_the_issuer(client), "anna")
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE sign_ins SET nonce = 'another' WHERE used_at IS NULL")
    assert client.get(back).json["slug"] == "auth.wrong-nonce"


def test_what_changes_something_needs_the_sessions_token(client: FlaskClient, database: str) -> None:
    sign_in(client)
    assert client.post("/audit/change").status_code == 419
    assert client.post("/audit/change", data={"csrf_token": "guessed"}).status_code == 419
    assert client.post("/audit/change", data={"csrf_token": csrf_of(database)}).text == "changed"


def test_each_sign_in_makes_a_new_session_and_ends_the_former_one(client: FlaskClient) -> None:
    sign_in(client)
    first = client.get_cookie("lotsennetz_audit", path="/audit")
    sign_in(client)
    second = client.get_cookie("lotsennetz_audit", path="/audit")
    assert first and second and first.value != second.value
    assert client.get("/audit/").status_code == 200
    client.set_cookie("lotsennetz_audit", first.value, path="/audit")
    assert client.get("/audit/").status_code == 401


def test_signing_out_ends_the_session_in_the_database(client: FlaskClient, database: str) -> None:
    sign_in(client)
    kept = client.get_cookie("lotsennetz_audit", path="/audit")
    assert kept is not None
    client.post("/audit/sign-out", data={"csrf_token": csrf_of(database)})
    client.set_cookie("lotsennetz_audit", kept.value, path="/audit")
    assert client.get("/audit/").status_code == 401


@pytest.mark.parametrize(
    ("column", "value"),
    [("seen_at", "now() - interval '31 minutes'"), ("ends_at", "now()"), ("revoked_at", "now()")],
)
def test_a_session_that_is_idle_over_or_revoked_is_dead(
    client: FlaskClient, database: str, column: str, value: str
) -> None:
    sign_in(client)
    with psycopg.connect(database) as connection:
        connection.execute(f"UPDATE web_sessions SET {column} = {value}")  # type: ignore[arg-type]
    assert client.get("/audit/").status_code == 401
