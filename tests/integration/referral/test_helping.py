"""Whoever comes along sees one appointment after signing for it, each look is a fact, and every other door is shut."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import StaffRole
from contracts.fields import format_instant
from contracts.referral import AppointmentSet, HelperDeclared, HelperEnded, HelperInvited, PersonalDataViewed
from services.chassis.access import Caller, Kind, access_of
from services.chassis.db import Database
from services.chassis.errors import ForbiddenError
from services.referral.consent_texts import TextKind
from services.referral.web.limits import Limiter, Limits
from tests.integration.referral.guests import HTML, everything
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NOW, Scene, an_appointment
from tests.integration.referral.test_appointments import BRING, PLACE, appointed, guest_of, told_of
from tests.integration.referral.test_case_page import show

HELP = "/referral/help"
NAME = "Hanna Muster"
#: All a helper may do: her page, and what belongs to being signed in.
HERS = {"helping.show", "helping.declare", "helping.leave", "sessions.own_sessions", "sessions.end_own"}
HERS |= {"sign_in.sign_out", "sessions.stay"}


@pytest.fixture(scope="module")
def shared(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """One house for all of them; everybody is somebody else."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield Network(scene)
        scene.close()


@pytest.fixture(autouse=True)
def _at_the_beginning(shared: Network) -> Iterator[None]:
    """A test that lets days pass puts them back."""
    yield
    shared.scene.clock.instant = NOW


def signed_in(network: Network, sub: str, *roles: str, **claims: Any) -> FlaskClient:
    client = network.app.test_client()
    usual = {"roles": list(roles), "site": None, "employer": None}
    token = network.issuer.token(**{"sub": sub, **usual, **claims})
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


@pytest.fixture
def desk(shared: Network) -> FlaskClient:
    client = shared.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {shared.navigator.token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


@pytest.fixture
def helper(shared: Network, request: pytest.FixtureRequest) -> FlaskClient:
    return signed_in(shared, f"hanna-{request.node.name}", "helper")


def code_for(network: Network, referral_id: str) -> str:
    """The code of a fresh invitation to the appointment of this referral."""
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return invited(client, referral_id)


def hidden_in(page: str, ending: str) -> tuple[str, dict[str, str]]:
    form = re.search(rf'action="([^"]*{ending})">(.*?)</form>', page, re.DOTALL)
    assert form, f"no form leads to {ending}"
    return form[1], dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[2]))


def invited(desk: FlaskClient, referral_id: str, name: str = NAME) -> str:
    """Invite somebody on the case page; returns the code as it stands there."""
    before = set(codes_in(show(desk, referral_id)))
    path, hidden = hidden_in(show(desk, referral_id), "/helpers")
    assert desk.post(path, data={**hidden, "name": name, "kind": "interpreter"}).status_code == 303
    [code] = set(codes_in(show(desk, referral_id))) - before
    return code


def codes_in(page: str) -> list[str]:
    return re.findall(r"<bdi>([0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3})</bdi>", page)


def sign(helper: FlaskClient, told: str, **changes: str) -> TestResponse:
    _, hidden = hidden_in(helper.get(HELP, headers=HTML).text, "/declarations")
    typed = {**hidden, "code": told, "signed": "true", **changes}
    return helper.post(f"{HELP}/declarations", data={name: value for name, value in typed.items() if value})


def looks_of_helpers(network: Network) -> list[PersonalDataViewed]:
    return [one for one in network.scene.said(PersonalDataViewed) if one.role is StaffRole.HELPER]


def test_with_code_and_declaration_she_sees_what_coming_along_needs_and_nothing_else(
    shared: Network, desk: FlaskClient, helper: FlaskClient
):
    referral_id = appointed(shared)
    looks = len(looks_of_helpers(shared))
    assert PLACE not in helper.get(HELP, headers=HTML).text
    assert len(looks_of_helpers(shared)) == looks
    assert sign(helper, invited(desk, referral_id)).status_code == 303
    page = helper.get(HELP, headers=HTML).text
    for word in ("Montag, 30. November 2026", "10:00 – 11:00", PLACE, BRING, "Arabisch", "Ami"):
        assert word in page, word
    for word in ("Ben Salah", "amira@example.org", "1960", "Elektronikerin", "R-26", "Eine Stelle", referral_id):
        assert word not in page, word
    [look] = looks_of_helpers(shared)[looks:]
    assert (str(look.referral_id), look.purpose) == (referral_id, "coming_along")
    assert look.categories == ("IDENTITY", "LANGUAGE")


def test_the_declaration_is_kept_with_its_text_and_day_and_no_name_lies_in_the_open(
    shared: Network, desk: FlaskClient, helper: FlaskClient
):
    referral_id = appointed(shared)
    sign(helper, invited(desk, referral_id))
    [told] = told_of(shared, referral_id, HelperDeclared)
    [text] = [one for one in shared.scene.texts.in_use(TextKind.CONFIDENTIALITY) if one.text.language == "de"]
    assert (told.text_id, told.text_sha256, told.language) == ("confidentiality-1", text.text.sha256, "de")
    [row] = shared.scene.rows("SELECT * FROM helpers WHERE referral_id = %s", referral_id)
    assert (row["text_sha256"], row["declared_at"]) == (text.text.sha256, shared.scene.clock.now())
    assert row["helper"].startswith("staff:")
    assert NAME not in f"{shared.scene.said()}{json.dumps(everything(shared), ensure_ascii=False)}"


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"signed": ""}, 422), ({"text": "0" * 64}, 422), ({"code": "234-234-234"}, 403), ({"code": "nonsense"}, 403)],
    ids=["not ticked", "another text", "another code", "no code"],
)
def test_without_the_right_code_or_the_declaration_nothing_opens(
    shared: Network, desk: FlaskClient, helper: FlaskClient, changes: dict[str, str], status: int
):
    referral_id = appointed(shared)
    code = invited(desk, referral_id)
    assert sign(helper, code, **changes).status_code == status
    assert PLACE not in helper.get(HELP, headers=HTML).text
    assert told_of(shared, referral_id, HelperDeclared) == []
    assert sign(helper, code.lower().replace("-", " ")).status_code == 303


def test_after_five_wrong_codes_an_account_waits_and_nobody_else_does(
    shared: Network, desk: FlaskClient, helper: FlaskClient
):
    code, rates = invited(desk, appointed(shared)), shared.app.extensions["referral-limits"]
    with no_pause_between_tries(rates):
        answers = [sign(helper, "234-234-234") for _ in range(5)]
        assert [one.status_code for one in answers] == [403] * 5
        assert "Versuche übrig: 4" in answers[0].text and "eine Stunde Pause" in answers[-1].text
        late = sign(helper, code)
        assert late.status_code == 429 and 60 < int(late.headers["Retry-After"]) <= 3600, "the right one, too"
        assert PLACE not in helper.get(HELP, headers=HTML).text
        assert sign(signed_in(shared, "fourth", "helper"), "234-234-235").status_code == 403
        shared.scene.clock.instant += timedelta(hours=1, seconds=1)
        assert sign(helper, code).status_code == 303


def test_wrong_codes_of_others_shut_no_helper_out(shared: Network, desk: FlaskClient, helper: FlaskClient):
    """Whoever types codes at the persons' door, signed in as nobody, or from many accounts."""
    code, rates = invited(desk, appointed(shared)), shared.app.extensions["referral-limits"]
    for number in range(12):
        assert sign(signed_in(shared, f"guesser-{number}", "helper"), "234-234-234").status_code == 403
    rates.wrong_codes.take("", shared.scene.clock.now(), attempts=1000)
    typed = shared.app.test_client().post("/referral/my/code", data={"code": "AAAAA-AAAAA"}, headers=HTML)
    assert typed.status_code == 429
    assert sign(helper, code).status_code == 303


@contextmanager
def no_pause_between_tries(rates: Limits) -> Iterator[None]:
    """As if the tries were spread over the hour: how often somebody may press the button at all is another limit."""
    kept, rates.per_link = rates.per_link, Limiter(1000, timedelta(minutes=10))
    try:
        yield
    finally:
        rates.per_link = kept


def test_a_code_opens_once(shared: Network, desk: FlaskClient, helper: FlaskClient):
    code = invited(desk, appointed(shared))
    assert sign(helper, code).status_code == 303
    assert sign(signed_in(shared, "second", "helper"), code).status_code == 403


def test_one_appointment_at_a_time(shared: Network, desk: FlaskClient, helper: FlaskClient):
    first, second = appointed(shared), appointed(shared, place="Anderswo 3")
    sign(helper, invited(desk, first))
    other = invited(desk, second)
    _, hidden = hidden_in(signed_in(shared, "third", "helper").get(HELP, headers=HTML).text, "/declarations")
    answer = helper.post(f"{HELP}/declarations", data={**hidden, "code": other, "signed": "true"})
    assert (answer.status_code, answer.json["slug"]) == (409, "helper.one-at-a-time")
    assert "Anderswo" not in helper.get(HELP, headers=HTML).text
    assert helper.post(f"{HELP}/ends").status_code == 303
    assert sign(helper, other).status_code == 303
    assert "Anderswo 3" in helper.get(HELP, headers=HTML).text
    assert [one.ending for one in told_of(shared, first, HelperEnded)] == ["by_herself"]


def test_when_the_appointment_is_moved_she_sees_the_new_hour_and_when_it_is_off_that_it_is(
    shared: Network, desk: FlaskClient, helper: FlaskClient
):
    referral_id = appointed(shared)
    sign(helper, invited(desk, referral_id))
    moved = an_appointment(8, place="Zimmer 99")
    shared.hwk.act(referral_id, "set_appointment", {"sealed_appointment": moved})
    assert "Zimmer 99" in helper.get(HELP, headers=HTML).text
    shared.hwk.act(referral_id, "cancel_appointment")
    page = helper.get(HELP, headers=HTML).text
    assert "Zimmer 99" not in page and "ist vorüber oder abgesagt" in page


@pytest.mark.parametrize("how", ["ended", "over", "withdrawn"])
def test_after_the_end_she_sees_nothing(shared: Network, desk: FlaskClient, helper: FlaskClient, how: str):
    referral_id = appointed(shared)
    sign(helper, invited(desk, referral_id))
    assert PLACE in helper.get(HELP, headers=HTML).text
    if how == "ended":
        path, hidden = hidden_in(show(desk, referral_id), "/ends")
        assert desk.post(path, data=hidden).status_code == 303
        assert [one.ending for one in told_of(shared, referral_id, HelperEnded)] == ["by_navigator"]
    elif how == "over":
        shared.scene.clock.instant = NOW + timedelta(days=7, hours=13, seconds=1)
    else:
        shared.navigator.act(referral_id, "cancel", {"reason": "PERSON_DECLINED"})
    looks = len(looks_of_helpers(shared))
    assert PLACE not in helper.get(HELP, headers=HTML).text
    assert len(looks_of_helpers(shared)) == looks


def test_every_other_page_refuses_her(shared: Network):
    """Each view of this service, asked as the one that decides asks it."""
    caller = Caller(Kind.STAFF, "staff:" + "9" * 32, roles=frozenset({StaffRole.HELPER}), role=StaffRole.HELPER)
    opened = set()
    for name, view in shared.app.view_functions.items():
        access = access_of(view)
        assert access is not None, name
        try:
            access.admits(caller)
        except ForbiddenError:
            continue
        if not access.public:
            opened.add(name)
    assert opened == HERS


@pytest.mark.parametrize(
    "path", ["/referral/", "/referral/tracking", "/referral/referrals/{id}", "/referral/enquiries/new"]
)
def test_the_case_itself_and_the_desk_are_shut_while_she_comes_along(
    shared: Network, desk: FlaskClient, helper: FlaskClient, path: str
):
    referral_id = appointed(shared)
    sign(helper, invited(desk, referral_id))
    assert helper.get(path.format(id=referral_id), headers=HTML).status_code == 403
    assert helper.get(f"/referral/api/v1/referrals/{referral_id}").status_code == 403


def test_nobody_in_another_role_comes_in_by_a_code(shared: Network, desk: FlaskClient):
    invited(desk, appointed(shared))
    assert desk.get(HELP, headers=HTML).status_code == 403
    assert shared.app.test_client().get(HELP).status_code == 401


def test_only_her_own_desk_invites_and_only_to_what_is_to_come(shared: Network, desk: FlaskClient):
    referral_id = appointed(shared)
    path, hidden = hidden_in(show(desk, referral_id), "/helpers")
    body = {**hidden, "name": NAME, "kind": "volunteer"}
    stranger = signed_in(shared, "otto", "navigator", site="neuss", employer="5" * 8 + "-0000-5000-8000-" + "0" * 12)
    assert stranger.post(path, data=body).status_code == 404
    assert desk.post(path, data={**body, "name": " "}).json["fields"] == {"name": "1-to-100-letters"}
    assert desk.post(path, data={**body, "kind": "spy"}).json["fields"] == {"kind": "one-of-the-list"}
    shared.hwk.act(referral_id, "cancel_appointment")
    assert desk.post(path, data=body).json["slug"] == "helper.appointment-over"
    assert told_of(shared, referral_id, HelperInvited) == []


def test_she_herself_sees_who_comes_along_once_somebody_has_signed(
    shared: Network, desk: FlaskClient, helper: FlaskClient
):
    referral_id = appointed(shared)
    code = invited(desk, referral_id)
    guest = guest_of(shared, referral_id)
    assert NAME not in guest.get("/referral/my/", headers=HTML).text
    sign(helper, code)
    page = guest.get("/referral/my/", headers=HTML).text
    assert NAME in page and "Interpreter" in page and "Nov 23, 2026" in page


def test_a_program_invites_and_ends_as_the_page_does(shared: Network, helper: FlaskClient):
    referral_id = appointed(shared)
    [told] = told_of(shared, referral_id, AppointmentSet)
    api = f"/referral/api/v1/referrals/{referral_id}"
    body = {"kind": "interpreter", "name": f"  {NAME} "}
    key = {"Idempotency-Key": f"once-{referral_id}"}
    answers = [shared.navigator.post(f"{api}/appointments/{told.appointment_id}/helpers", body, **key) for _ in "ab"]
    assert answers[0] == answers[1] and len(told_of(shared, referral_id, HelperInvited)) == 1
    invited = answers[0]
    assert (invited["appointment_id"], invited["kind"]) == (str(told.appointment_id), "interpreter")
    looks = len(shared.scene.said(PersonalDataViewed))
    [listed] = shared.navigator.get(f"{api}/helpers")["helpers"]
    assert (listed["name"], listed["code"], listed["declared_at"]) == (NAME, invited["code"], None)
    assert len(shared.scene.said(PersonalDataViewed)) == looks + 1
    assert sign(helper, invited["code"]).status_code == 303
    [listed] = shared.navigator.get(f"{api}/helpers")["helpers"]
    assert listed["code"] is None and listed["declared_at"] == format_instant(shared.scene.clock.now())
    shared.navigator.post(f"{api}/helpers/{invited['id']}/ends", {})
    assert PLACE not in helper.get(HELP, headers=HTML).text
    assert shared.navigator.get(f"{api}/helpers")["helpers"][0]["ending"] == "by_navigator"
    kept = f"{shared.scene.said()}{json.dumps(everything(shared), ensure_ascii=False)}"
    assert NAME not in kept and invited["code"] not in kept


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "spy", "name": NAME}, "kind"),
        ({"kind": "volunteer"}, "name"),
        ({"kind": "volunteer", "name": " "}, "name"),
        ({"kind": "volunteer", "name": "x" * 101}, "name"),
        ({"kind": "volunteer", "name": NAME, "code": "234"}, "?"),
    ],
)
def test_a_program_is_told_by_its_field_what_is_wrong(shared: Network, body: dict[str, str], field: str):
    referral_id = appointed(shared)
    [told] = told_of(shared, referral_id, AppointmentSet)
    path = f"/referral/api/v1/referrals/{referral_id}/appointments/{told.appointment_id}/helpers"
    answer = shared.navigator.ask("POST", path, body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    fields = answer.json["fields"]
    assert (answer.json["slug"], list(fields.get("json", fields))) == ("request.invalid", [field])
    assert told_of(shared, referral_id, HelperInvited) == []


def test_only_her_own_desks_programs_invite_and_only_to_her_own_appointments(shared: Network):
    referral_id, other = appointed(shared), appointed(shared)
    [told] = told_of(shared, other, AppointmentSet)
    path = f"/referral/api/v1/referrals/{referral_id}/appointments/{told.appointment_id}/helpers"
    body = {"kind": "volunteer", "name": NAME}
    answer = shared.navigator.ask("POST", path, body)
    assert (answer.status_code, answer.json["slug"]) == (404, "appointment.unknown")
    for claims, status in (({"site": "neuss"}, 404), ({"roles": ["helper"]}, 403), ({"roles": ["dpo"]}, 403)):
        caller = shared.staff(sub="else", **claims)
        assert caller.ask("POST", path, body).status_code == status
        assert caller.ask("GET", f"/referral/api/v1/referrals/{referral_id}/helpers").status_code == status
    assert told_of(shared, referral_id, HelperInvited) == []


def test_no_more_than_four_are_invited(shared: Network, desk: FlaskClient):
    referral_id = appointed(shared)
    for number in range(4):
        invited(desk, referral_id, f"Hilfe {number}")
    path, hidden = hidden_in(show(desk, referral_id), "/helpers")
    answer = desk.post(path, data={**hidden, "name": "Hilfe 5", "kind": "volunteer"})
    assert (answer.status_code, answer.json["slug"]) == (409, "helper.too-many")
