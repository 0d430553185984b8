"""Where somebody is signed in, and how it ends: by her, for an account that is no more, by the issuer."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIBlueprint
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient

from contracts.audit import SessionEnded, SignInRefused
from contracts.codes import SessionEnd, Site, StaffRole
from deploy.demo.clocks import FixedClock
from services.chassis.access import Caller, Kind, fresh, staff
from services.chassis.auth import pseudonym
from services.chassis.config import DEMO_DEPLOYMENT_KEY
from services.chassis.db import Database
from services.chassis.oidc import LOGGED_OUT
from services.chassis.room import SIGN_INS_PER_MINUTE, room
from services.chassis.sessions import cookie_name
from services.chassis.web import SecurityFacts, create_app
from services.chassis.work import Unit, new_id
from tests.chassis.web_rig import ISSUER, TestIssuer, bearer, settings

SERVICE = "audit"
HTML = {"Accept": "text/html"}
START = datetime.now(UTC)
ACCOUNT = "anna"
ANNA = pseudonym(bytes.fromhex(DEMO_DEPLOYMENT_KEY), ISSUER, ACCOUNT)
KEPT = f"lotsennetz_{SERVICE}_kept"
STRONG = {"STEP_UP_MINUTES": "15", "STEP_UP_ACR": "mfa phr"}


@dataclass
class House:
    """One application, and sessions in it without a way through the issuer."""

    app: Flask
    db: Database
    clock: FixedClock
    issuer: TestIssuer

    def enter(self, caller: Caller, sid: str | None = None, client: FlaskClient | None = None) -> "Seat":
        session_id, client = new_id(), client or self.app.test_client()
        with self.app.test_request_context(), self.db.transaction() as tx:
            session = room().sessions.begin(tx, replace(caller, session_id=session_id), session_id, issuer_session=sid)
        client.set_cookie(cookie_name(SERVICE), session.token, path=f"/{SERVICE}")
        return Seat(client, session.csrf, session_id)

    def facts(self) -> list[tuple[UUID, SessionEnd, str]]:
        """Which sessions were told to have ended, how, and who did it."""
        rows = self.db_rows("SELECT body FROM outbox WHERE routing_key = 'audit.session_ended.v1' ORDER BY number")
        from contracts.envelope import read

        told = [read(bytes(row["body"])) for row in rows]
        return [(one.data.session_id, one.data.how, one.actor) for one in told]

    def db_rows(self, sql: str) -> list[dict[str, Any]]:
        with self.db.read() as connection:
            return connection.execute(sql.encode()).fetchall()

    def logout_token(self, header: dict[str, str] | None = None, **claims: Any) -> str:
        body = {
            "aud": f"lotsennetz-{SERVICE}",
            "sub": ACCOUNT,
            "roles": None,
            "jti": uuid4().hex,
            "events": {LOGGED_OUT: {}},
        }
        return self.issuer.token({"typ": "logout+jwt", **(header or {})}, **(body | claims))

    def logged_out(self, token: str) -> int:
        return self.app.test_client().post(BACK_CHANNEL, data={"logout_token": token}).status_code


@dataclass
class Seat:
    """One browser somebody sits at."""

    client: FlaskClient
    csrf: str
    session_id: UUID

    @property
    def is_in(self) -> bool:
        return self.client.get("/audit/sessions").status_code == 200

    def post(self, path: str, **form: str) -> Any:
        return self.client.post(f"/audit/{path}", data={"csrf_token": self.csrf, **form}, headers=HTML)


BACK_CHANNEL = "/audit/sign-in/back-channel-logout"
NAVIGATOR = Caller(Kind.STAFF, ANNA, frozenset({StaffRole.NAVIGATOR}), StaffRole.NAVIGATOR, Site.AACHEN)
OTHER = replace(NAVIGATOR, actor="staff:" + "0" * 32)
LEAD = Caller(Kind.STAFF, "staff:" + "1" * 32, frozenset({StaffRole.LEAD}), StaffRole.LEAD, Site.AACHEN)
OPERATIONS = Caller(Kind.STAFF, "staff:" + "2" * 32, frozenset({StaffRole.OPERATIONS}), StaffRole.OPERATIONS)


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture(scope="module")
def database(make_database: Callable[[str], Any]) -> Iterator[Database]:
    with Database(str(make_database(SERVICE).app_dsn)) as db:
        yield db


@pytest.fixture
def make_house(issuer: TestIssuer, database: Database) -> Callable[..., House]:
    def make(**changes: str) -> House:
        pages = APIBlueprint("sample", __name__, url_prefix=f"/{SERVICE}", enable_openapi=False)

        @pages.route("/names", methods=["GET", "POST"])
        @fresh
        @staff()
        def names() -> str:
            return "a name"

        @pages.route("/wishes", methods=["GET", "POST"])
        @fresh
        @staff()
        def wishes() -> str:
            if request.method == "POST":
                return "wished: " + request.form["wish"]
            return render_template_string("<{{ typed_for('/audit/wishes').get('wish', 'nothing') }}>")

        with database.transaction() as tx:
            tx.execute("DELETE FROM web_sessions")
            tx.execute("DELETE FROM kept_forms")
            tx.execute("DELETE FROM outbox")
        facts = SecurityFacts(
            refused=lambda id_, slug, count: SignInRefused(refusal_id=id_, slug=slug, count=count),
            session_ended=lambda session_id, how: SessionEnded(session_id=session_id, how=how),
        )
        clock = FixedClock(START)
        told = settings(OIDC_CLIENT_ID=f"lotsennetz-{SERVICE}", **changes)
        unit = Unit(database, clock, SERVICE)
        app = create_app(SERVICE, told, unit, blueprints=[pages], facts=facts, issuer_keys=issuer.keys())
        return House(app, database, clock, issuer)

    return make


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()


# --- one's own --------------------------------------------------------------------------------------------------------


def test_somebody_sees_where_she_is_signed_in_and_nobody_elses(house: House) -> None:
    here, there, other = house.enter(NAVIGATOR), house.enter(NAVIGATOR), house.enter(OTHER)
    page = here.client.get("/audit/sessions", headers=HTML).text
    assert page.count("Diese beenden") == 2
    assert page.count("Sie sind hier") == 1
    assert str(here.session_id) in page and str(there.session_id) in page
    assert str(other.session_id) not in page
    assert "Jemand ist ausgeschieden" not in page


def test_one_of_them_is_ended_and_the_other_goes_on(house: House) -> None:
    here, there = house.enter(NAVIGATOR), house.enter(NAVIGATOR)
    answer = here.post("sessions/ends", session=str(there.session_id))
    assert answer.headers["Location"] == "/audit/sessions?ended=1"
    assert (here.is_in, there.is_in) == (True, False)
    assert house.facts() == [(there.session_id, SessionEnd.BY_ITS_OWNER, ANNA)]


def test_all_are_ended_and_she_is_signed_out(house: House) -> None:
    seats = [house.enter(NAVIGATOR) for _ in range(3)]
    assert seats[0].post("sessions/ends").headers["Location"] == "/audit/signed-out"
    assert not any(seat.is_in for seat in seats)
    assert {told[0] for told in house.facts()} == {seat.session_id for seat in seats}


def test_nobody_ends_a_session_of_somebody_else_by_its_number(house: House) -> None:
    here, other = house.enter(NAVIGATOR), house.enter(OTHER)
    assert here.post("sessions/ends", session=str(other.session_id)).headers["Location"].endswith("ended=0")
    assert other.is_in and here.is_in
    assert here.post("sessions/ends", session="all-of-them").status_code == 404, "what is mistyped ends nothing"
    assert here.is_in
    assert house.facts() == []


def test_ending_needs_the_sessions_token(house: House) -> None:
    here = house.enter(NAVIGATOR)
    assert here.client.post("/audit/sessions/ends").status_code == 419
    assert here.is_in


def test_what_was_idle_too_long_or_is_over_is_not_listed_and_not_told(house: House) -> None:
    old = house.enter(NAVIGATOR)
    house.clock.instant += timedelta(minutes=31)
    here = house.enter(NAVIGATOR)
    assert not old.is_in, "half an hour idle"
    assert here.client.get("/audit/sessions", headers=HTML).text.count("Diese beenden") == 1
    here.post("sessions/ends")
    assert [told[0] for told in house.facts()] == [here.session_id]


def test_a_session_in_use_ends_after_ten_hours_all_the_same(house: House) -> None:
    here = house.enter(NAVIGATOR)
    for _ in range(20):
        assert here.is_in
        house.clock.instant += timedelta(minutes=29, seconds=59)
    assert here.is_in
    house.clock.instant += timedelta(minutes=1)
    assert not here.is_in


def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(house: House) -> None:
    here, seen = house.enter(NAVIGATOR), []
    for _ in range(2):
        house.clock.instant += timedelta(minutes=20)
        seen.append(here.client.get("/audit/sessions", headers={"X-Background": "1"}).status_code)
    assert seen == [200, 401]


# --- somebody who left ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [ACCOUNT, ANNA], ids=["account", "pseudonym"])
def test_operations_end_everything_of_an_account(house: House, typed: str) -> None:
    leaver, other, operator = house.enter(NAVIGATOR), house.enter(OTHER), house.enter(OPERATIONS)
    answer = operator.post("sessions/accounts/ends", account=typed)
    assert answer.headers["Location"] == "/audit/sessions?ended=1"
    assert (leaver.is_in, other.is_in, operator.is_in) == (False, True, True)
    assert house.facts() == [(leaver.session_id, SessionEnd.BY_RESPONSIBLE, OPERATIONS.actor)]


def test_a_lead_ends_those_of_her_own_site(house: House) -> None:
    mine, elsewhere = house.enter(NAVIGATOR), house.enter(replace(NAVIGATOR, site=Site.NEUSS))
    assert house.enter(LEAD).post("sessions/accounts/ends", account=ACCOUNT).headers["Location"].endswith("ended=1")
    assert (mine.is_in, elsewhere.is_in) == (False, True)
    assert house.enter(replace(LEAD, site=None)).post("sessions/accounts/ends", account=ACCOUNT).status_code == 403


def test_nobody_else_ends_anybodys(house: House) -> None:
    seat, other = house.enter(NAVIGATOR), house.enter(OTHER)
    assert seat.post("sessions/accounts/ends", account=OTHER.actor).status_code == 403
    assert other.is_in


def test_the_operators_program_ends_them_too_and_is_told_how_many(house: House) -> None:
    leaver = house.enter(NAVIGATOR)
    headers = bearer(house.issuer.token(sub="ole", roles=["operations"]))
    path = "/audit/sessions/accounts/ends"
    assert house.app.test_client().post(path, json={"account": ACCOUNT}, headers=headers).json == {"ended": 1}
    assert not leaver.is_in
    wrong = house.app.test_client().post(path, json={"account": ""}, headers=headers)
    assert (wrong.status_code, wrong.json["fields"]) == (422, {"account": "an-account-or-a-pseudonym"})  # type: ignore[index]


# --- the back channel of the issuer ---------------------------------------------------------------------------------


def test_what_ended_at_the_issuer_ends_here(house: House) -> None:
    one, two, other = house.enter(NAVIGATOR, "s1"), house.enter(NAVIGATOR, "s2"), house.enter(OTHER, "s3")
    assert house.logged_out(house.logout_token(sid="s1")) == 200
    assert (one.is_in, two.is_in, other.is_in) == (False, True, True)
    assert house.facts() == [(one.session_id, SessionEnd.BY_SIGN_IN_SERVICE, "system:issuer")]


def test_without_a_session_everything_of_the_account_ends(house: House) -> None:
    seats = [house.enter(NAVIGATOR, "s1"), house.enter(NAVIGATOR), house.enter(OTHER)]
    assert house.logged_out(house.logout_token()) == 200
    assert [seat.is_in for seat in seats] == [False, False, True]


def test_a_session_alone_is_enough_and_another_accounts_is_not_meant(house: House) -> None:
    one, other = house.enter(NAVIGATOR, "s1"), house.enter(OTHER, "s2")
    assert house.logged_out(house.logout_token(sid="s1", sub=None)) == 200
    assert house.logged_out(house.logout_token(sid="s2")) == 200, "nobody has this session and this account"
    assert (one.is_in, other.is_in) == (False, True)


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://elsewhere.example"},
    "another client": {"aud": "lotsennetz-referral"},
    "expired": {"exp": int(time.time()) - 60},
    "no end": {"exp": None},
    "no instant": {"iat": None},
    "no id": {"jti": None},
    "nobody": {"sub": None},
    "a nonce": {"nonce": "n"},
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event without a body": {"events": {LOGGED_OUT: None}},
    "an event as text": {"events": LOGGED_OUT},
    "a session that is a list": {"sid": ["s1"]},
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_logout_token_that_is_none_ends_nothing_and_is_counted(house: House, what: str) -> None:
    seat = house.enter(NAVIGATOR, "s1")
    assert house.logged_out(house.logout_token(**WRONG[what])) == 400
    assert seat.is_in
    assert house.db_rows("SELECT 1 FROM outbox WHERE routing_key = 'audit.sign_in_refused.v1'")


def test_neither_an_id_token_nor_an_access_token_nor_garbage_logs_anybody_out(house: House) -> None:
    seat = house.enter(NAVIGATOR)
    access = house.issuer.token(aud=f"lotsennetz-{SERVICE}", jti="a", events={LOGGED_OUT: {}})
    identity = house.issuer.token({"typ": "JWT"}, aud=f"lotsennetz-{SERVICE}", nonce="n", jti="b")
    unsigned = house.logout_token({"alg": "none"})
    assert [house.logged_out(one) for one in (access, identity, unsigned, "", "a.b.c")] == [400] * 5
    assert seat.is_in


def test_a_logout_token_counts_once(house: House) -> None:
    token = house.logout_token()
    assert house.logged_out(token) == 200
    seat = house.enter(NAVIGATOR)
    assert house.logged_out(token) == 400
    assert seat.is_in, "she signed in again since"


# --- who knocks without end -------------------------------------------------------------------------------------------


def test_whoever_begins_without_end_is_asked_to_wait_and_another_address_is_not(house: House) -> None:
    def knock(address: str) -> int:
        client = house.app.test_client()
        return client.get("/audit/sign-in", environ_base={"REMOTE_ADDR": address}).status_code

    assert {knock("2001:db8:0:1::1") for _ in range(SIGN_INS_PER_MINUTE)} == {303}
    assert [knock("2001:db8:0:1::1"), knock("2001:db8:0:1:ffff::9")] == [429, 429], "one house is one caller"
    assert [knock("2001:db8:0:2::1"), knock("192.0.2.7")] == [303, 303]
    house.clock.instant += timedelta(minutes=1)
    assert knock("2001:db8:0:1::1") == 303


def test_answers_to_the_issuer_are_not_kept_on_the_way(house: House) -> None:
    answer = house.app.test_client().post(BACK_CHANNEL, data={"logout_token": house.logout_token()})
    assert "no-store" in answer.headers["Cache-Control"]


# --- doors that ask for more ------------------------------------------------------------------------------------------


def test_where_nothing_is_asked_for_such_a_door_is_like_any_other(house: House) -> None:
    assert house.enter(NAVIGATOR).client.get("/audit/names").text == "a name"


def seat_after(house: House, minutes: int, acr: str | None) -> Seat:
    return house.enter(replace(NAVIGATOR, authenticated_at=START - timedelta(minutes=minutes), acr=acr))


@pytest.mark.parametrize(
    ("minutes", "acr", "opens"),
    [(14, "mfa", True), (14, "phr", True), (16, "mfa", False), (1, "pwd", False), (1, None, False)],
)
def test_a_door_that_asks_for_more_opens_to_a_strong_and_recent_sign_in(
    make_house: Callable[..., House], minutes: int, acr: str | None, *, opens: bool
) -> None:
    seat = seat_after(make_house(**STRONG), minutes, acr)
    answer = seat.client.get("/audit/names", headers=HTML)
    assert (answer.text == "a name") is opens
    if not opens:
        assert answer.headers["Location"] == "/audit/sign-in?next=%2Faudit%2Fnames&step-up=1"
        assert seat.post("names").headers["Location"] == "/audit/sign-in?next=%2Faudit%2Fnames&step-up=1"
        assert seat.is_in, "she stays who she is"


def test_who_never_said_when_she_signed_in_is_asked(make_house: Callable[..., House]) -> None:
    seat = make_house(STEP_UP_MINUTES="15").enter(NAVIGATOR)
    assert "step-up=1" in seat.client.get("/audit/names", headers=HTML).headers["Location"]


def test_the_issuer_is_asked_for_it(make_house: Callable[..., House]) -> None:
    client = make_house(**STRONG, SIGN_IN_ACR="mfa").app.test_client()
    plainly, strongly = (client.get("/audit/sign-in" + query).headers["Location"] for query in ("", "?step-up=1"))
    assert "acr_values=mfa&" in plainly + "&" and "max_age" not in plainly
    assert "acr_values=mfa+phr&" in strongly + "&" and "max_age=900" in strongly


def test_a_program_is_told_what_its_token_lacks(make_house: Callable[..., House]) -> None:
    house = make_house(**STRONG)
    answer = house.app.test_client().get("/audit/names", headers=bearer(house.issuer.token(acr="pwd")))
    assert answer.status_code == 401
    told = answer.headers["WWW-Authenticate"]
    assert told == 'Bearer error="insufficient_user_authentication", acr_values="mfa phr", max_age=900'
    good = bearer(house.issuer.token(acr="mfa", auth_time=int(START.timestamp())))
    assert house.app.test_client().get("/audit/names", headers=good).text == "a name"


# --- what she had typed -----------------------------------------------------------------------------------------------

WISH = "to see <b>her</b> name"


def seat_with_a_wish(house: House, wish: str = WISH) -> Seat:
    """She pressed the button when her sign-in was too old."""
    seat = house.enter(replace(NAVIGATOR, authenticated_at=house.clock.now() - timedelta(minutes=16)))
    refused = seat.post("wishes", wish=wish)
    assert refused.headers["Location"] == "/audit/sign-in?next=%2Faudit%2Fwishes&step-up=1", "nothing of it"
    return seat


def signed_in_anew(house: House, seat: Seat, caller: Caller = NAVIGATOR) -> Seat:
    return house.enter(replace(caller, authenticated_at=house.clock.now()), client=seat.client)


def read(seat: Seat) -> str:
    return str(seat.client.get("/audit/wishes", headers=HTML).text)


def test_what_she_typed_stands_in_the_form_again_once_and_she_presses_again(make_house: Callable[..., House]) -> None:
    house = make_house(STEP_UP_MINUTES="15")
    seat = seat_with_a_wish(house)
    assert seat.client.get_cookie(KEPT, path="/audit") is not None
    anew = signed_in_anew(house, seat)
    assert read(anew) == "<to see &lt;b&gt;her&lt;/b&gt; name>"
    assert anew.client.get_cookie(KEPT, path="/audit") is None
    assert read(anew) == "<nothing>"
    assert house.db_rows("SELECT * FROM kept_forms") == []
    assert anew.post("wishes", wish=WISH).text == f"wished: {WISH}"


def test_it_is_kept_for_a_quarter_of_an_hour_and_never_in_the_clear(make_house: Callable[..., House]) -> None:
    house = make_house(STEP_UP_MINUTES="15")
    seat = seat_with_a_wish(house)
    [row] = house.db_rows("SELECT sealed FROM kept_forms")
    assert b"name" not in row["sealed"]
    house.clock.instant += timedelta(minutes=16)
    assert read(signed_in_anew(house, seat)) == "<nothing>"
    assert house.db_rows("SELECT * FROM kept_forms") == []


def test_another_person_and_another_browser_find_nothing(make_house: Callable[..., House]) -> None:
    house = make_house(STEP_UP_MINUTES="15")
    assert read(signed_in_anew(house, seat_with_a_wish(house), OTHER)) == "<nothing>"
    seat_with_a_wish(house)
    assert read(house.enter(replace(NAVIGATOR, authenticated_at=house.clock.now()))) == "<nothing>"


def test_what_is_too_long_or_from_another_site_is_not_kept(make_house: Callable[..., House]) -> None:
    house = make_house(STEP_UP_MINUTES="15")
    seat = seat_with_a_wish(house, "x" * 40_000)
    answer = seat.client.post("/audit/wishes", data={"csrf_token": "forged", "wish": "hers"}, headers=HTML)
    assert answer.status_code == 419
    assert house.db_rows("SELECT * FROM kept_forms") == []


# --- before it ends ---------------------------------------------------------------------------------------------------


def test_a_page_says_when_it_will_warn(house: House) -> None:
    seat = house.enter(NAVIGATOR)
    page = seat.client.get("/audit/sessions", headers=HTML).text
    assert "/static/session-warning/1680.css" in page and 'href="/audit/stay?lang=de"' in page
    sheet = seat.client.get("/audit/static/session-warning/1680.css")
    assert (sheet.status_code, "1680s" in sheet.text, "DELAY" in sheet.text) == (200, True, False)
    house.clock.instant += timedelta(minutes=29)
    assert "/static/session-warning/1680.css" in seat.client.get("/audit/sessions", headers=HTML).text


def test_asking_to_stay_is_enough_to_stay_beyond_the_working_day_and_not_for_ever(house: House) -> None:
    seat, began = house.enter(NAVIGATOR), house.clock.instant
    while house.clock.instant < began + timedelta(hours=23):
        assert "/audit/stay" in seat.client.get("/audit/sessions", headers=HTML).text
        house.clock.instant += timedelta(minutes=29)
        assert "Sie bleiben angemeldet" in seat.client.get("/audit/stay", headers=HTML).text
    house.clock.instant = began + timedelta(hours=23, minutes=35)
    seat.client.get("/audit/stay", headers=HTML)
    house.clock.instant = began + timedelta(hours=23, minutes=50)
    page = seat.client.get("/audit/sessions", headers=HTML).text
    assert "/static/session-warning/480.css" in page and "/audit/stay" not in page, "that is the last of it"
    house.clock.instant = began + timedelta(hours=24, minutes=1)
    assert not seat.is_in
