"""The web application: who may come in, and what is answered when something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIBlueprint, Schema
from apiflask.fields import Integer
from flask import request

from contracts.codes import StaffRole
from deploy.demo.clocks import FixedClock
from services.chassis.access import current_caller, desk, partner_system, public, staff, uploads
from services.chassis.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
)
from services.chassis.room import caller_address
from services.chassis.web import SecurityFacts, create_app, expected_version
from tests.chassis.web_rig import HWK, Client, TestIssuer, bearer, settings

ERRORS: dict[str, Exception] = {
    "invalid": InvalidError("sample.invalid", {"postcode": "five-digits"}),
    "forbidden": ForbiddenError("auth.other-organization"),
    "missing": NotFoundError("sample.unknown"),
    "refused": RefusedError("consent.withdrawn", reason="WITHDRAWN"),
    "stale": StaleError("sample.changed-meanwhile", version=3),
    "unavailable": UnavailableError("partner.timeout", retry_after=7),
    "bug": ValueError("secret: Max Mustermann"),
}


class Number(Schema):
    number = Integer(required=True)


def sample() -> APIBlueprint:
    blueprint = APIBlueprint("sample", __name__, url_prefix="/sample")

    @blueprint.get("/api/v1/me")
    @staff(StaffRole.NAVIGATOR)
    @partner_system
    def me() -> dict[str, Any]:
        caller = current_caller()
        return {"actor": caller.actor, "kind": caller.kind, "role": caller.role}

    @blueprint.get("/api/v1/lead")
    @staff(StaffRole.LEAD, StaffRole.DPO)
    def lead() -> dict[str, Any]:
        return {"role": current_caller().role}

    @blueprint.post("/api/v1/numbers")
    @blueprint.input(Number)
    @staff(StaffRole.NAVIGATOR)
    def numbers(json_data: dict[str, int]) -> dict[str, int]:
        return {"number": json_data["number"], "version": expected_version()}

    @blueprint.post("/api/v1/files")
    @staff(StaffRole.NAVIGATOR)
    @uploads
    def files() -> dict[str, Any]:
        file = request.files["file"]
        return {"bytes": len(file.read()), "kept_in": type(file.stream).__name__}

    @blueprint.get("/api/v1/errors/<name>")
    @public
    def errors(name: str) -> str:
        raise ERRORS[name]

    return blueprint


class Unit:
    """Stands in for the database where a test is about HTTP only: remembers what was announced."""

    db: Any = None
    clock = FixedClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.broken = False

    @contextmanager
    def work(self, *, actor: str, **_: Any) -> Iterator["Unit"]:
        if self.broken:
            raise UnavailableError("database.unavailable")
        self.actor = actor
        yield self

    def new_id(self) -> str:
        return "id"

    def announce(self, event: Any) -> None:
        self.told.append((self.actor, *event[1:]))


@pytest.fixture
def unit() -> Unit:
    return Unit()


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def client(issuer: TestIssuer, unit: Unit) -> Client:
    facts = SecurityFacts(refused=lambda *refusal: refusal)
    app = create_app(
        "sample",
        settings(),
        unit,
        upload_bytes=6_000_000,
        blueprints=[sample()],
        facts=facts,
        issuer_keys=issuer.keys(),  # type: ignore[arg-type]
    )
    return app.test_client()


def test_a_view_that_does_not_say_who_may_use_it_stops_the_start(unit: Unit) -> None:
    careless = APIBlueprint("careless", __name__)
    careless.get("/open")(lambda: "everything")
    with pytest.raises(RuntimeError, match="careless"):
        create_app("sample", settings(), unit, blueprints=[careless])  # type: ignore[arg-type]


def test_staff_appear_under_a_pseudonym(client: Client, issuer: TestIssuer) -> None:
    answer = client.get("/sample/api/v1/me", headers=bearer(issuer.token()))
    assert answer.json["actor"].startswith("staff:")
    assert "anna" not in answer.text
    assert answer.json["role"] == "navigator"


def test_a_partner_system_appears_as_its_organization(client: Client, issuer: TestIssuer) -> None:
    token = issuer.token(roles=None, organization_id=str(HWK))
    assert client.get("/sample/api/v1/me", headers=bearer(token)).json["actor"] == f"partner:{HWK}"


@pytest.mark.parametrize("scope", [None, "openid profile", "partner_systems", ["partner_system"]])
def test_an_organization_alone_makes_nobody_a_partners_system(
    client: Client, issuer: TestIssuer, scope: object
) -> None:
    """Somebody whose last role was taken away keeps her organization; a program has a scope of its own."""
    token = issuer.token(roles=None, organization_id=str(HWK), scope=scope)
    answer = client.get("/sample/api/v1/me", headers=bearer(token))
    assert (answer.status_code, answer.json["slug"]) == (403, "auth.role-missing")


def test_a_role_that_is_missing_is_refused_and_told(client: Client, issuer: TestIssuer, unit: Unit) -> None:
    answer = client.get("/sample/api/v1/lead", headers=bearer(issuer.token()))
    assert (answer.status_code, answer.json["slug"]) == (403, "auth.role-missing")
    assert [fact[1:] for fact in unit.told] == [("auth.role-missing", 1)]
    assert unit.told[0][0].startswith("staff:")


def test_who_has_several_roles_says_in_which_one_she_acts(client: Client, issuer: TestIssuer) -> None:
    token = issuer.token(roles=["lead", "dpo"])
    assert client.get("/sample/api/v1/lead", headers=bearer(token)).json["slug"] == "auth.choose-role"
    chosen = client.get("/sample/api/v1/lead", headers=bearer(token, **{"Lotsennetz-Role": "dpo"}))
    assert chosen.json == {"role": "dpo"}
    other = client.get("/sample/api/v1/lead", headers=bearer(token, **{"Lotsennetz-Role": "navigator"}))
    assert other.json["slug"] == "auth.role-missing"


def test_nobody_unknown_gets_as_far_as_validation(client: Client) -> None:
    assert client.post("/sample/api/v1/numbers", json={"number": "x"}).status_code == 401


def test_repeated_refusals_become_one_more_fact_when_the_minute_is_over(client: Client, unit: Unit) -> None:
    for _ in range(5):
        assert client.get("/sample/api/v1/me").status_code == 401
    assert unit.told == [("anonymous:web", "auth.sign-in-required", 1)]
    unit.clock = FixedClock(datetime(2026, 11, 23, 9, 1, tzinfo=UTC))
    client.get("/sample/api/v1/me")
    assert unit.told[1:] == [
        ("anonymous:web", "auth.sign-in-required", 4),
        ("anonymous:web", "auth.sign-in-required", 1),
    ]


def test_a_refusal_that_cannot_be_recorded_is_answered_as_unavailable(client: Client, unit: Unit) -> None:
    unit.broken = True
    assert client.get("/sample/api/v1/me").status_code == 503


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("invalid", 422),
        ("forbidden", 403),
        ("missing", 404),
        ("refused", 409),
        ("stale", 412),
        ("unavailable", 503),
        ("bug", 500),
    ],
)
def test_each_kind_of_error_has_its_status_and_slug(client: Client, name: str, status: int) -> None:
    answer = client.get(f"/sample/api/v1/errors/{name}")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] == f"urn:lotsennetz:problem:{answer.json['slug']}"
    assert "Mustermann" not in answer.text


def test_a_stale_version_tells_the_version_it_has_now(client: Client) -> None:
    assert client.get("/sample/api/v1/errors/stale").json["version"] == 3


def test_unavailable_says_when_to_come_again(client: Client) -> None:
    assert client.get("/sample/api/v1/errors/unavailable").headers["Retry-After"] == "7"


def test_wrong_input_names_its_fields(client: Client, issuer: TestIssuer) -> None:
    answer = client.post("/sample/api/v1/numbers", json={"number": "x"}, headers=bearer(issuer.token()))
    assert (answer.status_code, answer.json["slug"]) == (422, "request.invalid")
    assert "number" in answer.json["fields"]["json"]


def test_the_version_a_caller_saw_must_be_sent(client: Client, issuer: TestIssuer) -> None:
    headers = bearer(issuer.token())
    assert client.post("/sample/api/v1/numbers", json={"number": 1}, headers=headers).status_code == 428
    seen = client.post("/sample/api/v1/numbers", json={"number": 1}, headers=headers | {"If-Match": '"7"'})
    assert seen.json == {"number": 1, "version": 7}


def test_a_body_that_is_too_large_is_refused(client: Client, issuer: TestIssuer) -> None:
    answer = client.post("/sample/api/v1/numbers", data=b"x" * 5_000_001, headers=bearer(issuer.token()))
    assert (answer.status_code, answer.json["slug"]) == (413, "request.too-large")


def test_a_view_that_takes_files_takes_larger_ones_and_keeps_them_in_memory(client: Client, issuer: TestIssuer) -> None:
    def send(size: int) -> Any:
        form = {"file": (BytesIO(bytes(size)), "a.pdf")}
        return client.post("/sample/api/v1/files", data=form, headers=bearer(issuer.token()))

    assert send(5_500_000).json == {"bytes": 5_500_000, "kept_in": "BytesIO"}
    assert (send(6_000_000).status_code, send(6_000_000).json["slug"]) == (413, "request.too-large")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/sample/api/v1/numbers", 405)])
def test_what_does_not_exist_is_a_problem_too(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/sample/health/live", "/nowhere", "/sample/api/v1/errors/bug"):
        headers = client.get(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        for wanted in ("object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert wanted in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store, private"


def test_a_trace_is_continued(client: Client) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get("/nowhere", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
    assert trace_id in answer.headers["traceresponse"]
    assert answer.json["instance"] == f"urn:lotsennetz:trace:{trace_id}"


def test_the_openapi_description_is_3_1(client: Client) -> None:
    description = client.get("/sample/openapi.json").json
    assert description["openapi"] == "3.1.0"
    assert "/sample/api/v1/numbers" in description["paths"]


# --- what a person in a browser meets ---------------------------------------------------------------------------------


HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("language", "sentence"), [("de", "Das geht gerade nicht"), ("en", "not possible at the moment")]
)
def test_a_person_gets_a_page_in_her_language(unit: Unit, issuer: TestIssuer, language: str, sentence: str) -> None:
    blueprint = APIBlueprint("broken", __name__, enable_openapi=False)

    @blueprint.get("/broken")
    @public
    def broken() -> str:
        raise UnavailableError("database.unavailable")

    app = create_app("sample", settings(), unit, blueprints=[blueprint], issuer_keys=issuer.keys())  # type: ignore[arg-type]
    page = app.test_client().get("/broken", headers=HTML | {"Accept-Language": language})
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert sentence in page.text
    assert f'lang="{language}"' in page.text


def test_a_program_never_gets_a_page(client: Client) -> None:
    answer = client.get("/sample/api/v1/errors/bug", headers=HTML)
    assert answer.content_type == "application/problem+json"


def test_a_language_that_is_not_offered_is_not_chosen(client: Client) -> None:
    page = client.get("/nowhere?lang=ar", headers=HTML | {"Accept-Language": "sv"})
    assert 'lang="de"' in page.text
    assert "Set-Cookie" not in page.headers


def test_an_error_page_repeats_nothing_of_the_address(client: Client) -> None:
    page = client.get("/sample/Maria?name=Maria&status=received", headers=HTML)
    assert page.status_code == 404
    assert "Maria" not in page.text + str(page.headers)
    assert 'href="?status=received&amp;lang=en"' in page.text


def test_a_field_nobody_knows_is_not_named(client: Client, issuer: TestIssuer) -> None:
    answer = client.post("/sample/api/v1/numbers", json={"Maria": 1}, headers=bearer(issuer.token()))
    assert answer.status_code == 422
    assert answer.json["fields"] == {"json": {"number": ["Missing data for required field."], "?": ["Unknown field."]}}


def test_over_https_cookies_are_secure_and_transport_is_strict(unit: Unit, issuer: TestIssuer) -> None:
    configured = settings(PUBLIC_URL="https://netz.example")
    app = create_app("sample", configured, unit, issuer_keys=issuer.keys())  # type: ignore[arg-type]
    answer = app.test_client().get("/sample/health/live?lang=en")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert app.extensions["lotsennetz"].sessions.secure


def test_a_desk_session_that_is_over_leads_to_no_sign_in_it_has_not(unit: Unit, issuer: TestIssuer) -> None:
    blueprint = APIBlueprint("light", __name__, enable_openapi=False)

    @blueprint.get("/light")
    @desk
    def light() -> str:
        return "dossier"

    app = create_app("sample", settings(), unit, blueprints=[blueprint], issuer_keys=issuer.keys())  # type: ignore[arg-type]
    page = app.test_client().get("/light", headers=HTML)
    assert page.status_code == 401
    assert "Link aus der neuesten Nachricht" in page.text


def partner(issuer: TestIssuer, organization_id: UUID = HWK) -> dict[str, str]:
    return bearer(issuer.token(sub="hwk", roles=None, organization_id=str(organization_id)))


def test_a_partners_system_is_told_how_often_it_may_still_ask_and_when_to_come_back(
    unit: Unit, issuer: TestIssuer
) -> None:
    app = create_app(
        "sample",
        settings(PARTNER_REQUESTS_PER_MINUTE="10"),
        unit,
        blueprints=[sample()],
        facts=SecurityFacts(refused=lambda *refusal: refusal),
        issuer_keys=issuer.keys(),  # type: ignore[arg-type]
    )
    client = app.test_client()
    answers = [client.get("/sample/api/v1/me", headers=partner(issuer)) for _ in range(11)]
    assert [one.headers["RateLimit-Remaining"] for one in answers] == [*map(str, range(9, -1, -1)), "0"]
    assert {one.headers["RateLimit-Limit"] for one in answers} == {"10"}
    *_, refused = answers
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.json["slug"] == "request.too-many"
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"] == "60"
    assert unit.told[-1][0] == f"partner:{HWK}"
    other = client.get("/sample/api/v1/me", headers=partner(issuer, uuid4()))
    assert (other.status_code, other.headers["RateLimit-Remaining"]) == (200, "9")
    people = client.get("/sample/api/v1/me", headers=bearer(issuer.token()))
    assert "RateLimit-Limit" not in people.headers


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2306139568115613698"),
        ("2001:db8:1:2:ffff::9", "2306139568115613698"),
        ("unix:", "unknown"),
        (None, "unknown"),
    ],
    ids=["v4", "v4-as-v6", "v6", "same-house", "no-address", "none"],
)
def test_a_house_is_counted_as_one_caller(client: Client, address: str | None, counted: str) -> None:
    with client.application.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert caller_address() == counted
