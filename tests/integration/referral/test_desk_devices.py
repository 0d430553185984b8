"""The second factor of the light path: a mail that was passed on opens nothing, a known device opens its unit's own."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
import segno
from flask.testing import FlaskClient

from contracts.codes import ChannelKind, TaskKind, Way
from contracts.directory import Channel
from contracts.referral import (
    DeskCodeIssued,
    DeskCodeRefused,
    DeskCodeRevoked,
    DeskCodeWanted,
    DeskDeviceKnown,
    DeskDeviceRevoked,
    DossierFetched,
    TaskClosed,
    TaskOpened,
)
from services.chassis.auth import caller_from_claims
from services.chassis.sessions import Session
from services.referral import handlers
from services.referral.domain.desk_devices import as_typed
from tests.integration.referral.desk_rig import (
    HTML,
    JOBCENTER,
    LINKS,
    a_code,
    a_desk,
    at_the_desk,
    enter,
    fields_of,
    hidden_of,
    link_to,
    make_known,
    press,
    referred,
    type_code,
)
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import Scene, a_service, an_organization, some_terms

VEREIN, ADVICE = UUID(int=501), UUID(int=502)


@pytest.fixture
def network(scene: Scene) -> Network:
    return a_desk(scene)


@pytest.fixture
def signed_in(network: Network, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A navigator in her browser."""
    room = network.app.extensions["lotsennetz"]
    claims = room.tokens.claims(network.navigator.token)
    caller = replace(caller_from_claims(claims, room.settings.deployment_key), by_session=True, session_id=uuid4())
    desk = room.sessions.find
    monkeypatch.setattr(room.sessions, "find", lambda request: desk(request) or Session(caller, "form-token", "cookie"))
    return network.app.test_client()


def at_the_door(network: Network) -> tuple[FlaskClient, str]:
    """Whoever got the mail, on a device nobody knows."""
    referral_id = referred(network)
    client = network.app.test_client()
    assert enter(client, link_to(network, referral_id)).status_code == 303
    return client, referral_id


def a_wrong(code: str) -> str:
    return f"{(int(as_typed(code)) + 1) % 10**8:08d}"


def staff_page(network: Network, path: str = "/referral/desk-units") -> str:
    answer = network.navigator.ask("GET", path, Accept="text/html")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_mail_that_was_passed_on_shows_number_and_state_and_nothing_else(network: Network):
    client, referral_id = at_the_door(network)
    page = client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text
    seen = network.navigator.see(referral_id)
    assert seen["reference"] in page
    assert "Verweis gesendet" in page
    for words in ("Ben Salah", "Anerkennung", "/actions/", "/documents/"):
        assert words not in page
    assert network.scene.said(DossierFetched) == []


def test_without_a_known_device_nothing_is_answered(network: Network):
    client, referral_id = at_the_door(network)
    desk = f"/referral/desk/referrals/{referral_id}"
    token = hidden_of(client.get(desk, headers=HTML).text, "/device")["csrf_token"]
    for action in ("receive", "accept", "ask", "reject", "start", "complete", "acknowledge_stop"):
        answer = client.post(f"{desk}/actions/{action}", data={"csrf_token": token, "version": "1", "request_key": "k"})
        assert (answer.status_code, (answer.json or {})["type"].rpartition(":")[2]) == (403, "desk.device-unknown")
    assert client.get(f"{desk}/documents/{UUID(int=1)}").status_code == 403
    assert network.navigator.see(referral_id)["status"] == "requested"


def test_a_unit_whose_part_in_the_network_rests_opens_nothing_at_a_known_device_until_it_is_back(network: Network):
    (client, referral_id), scene = at_the_desk(network), network.scene
    desk = f"/referral/desk/referrals/{referral_id}"
    for channel, opens in ((ChannelKind.NONE, False), (ChannelKind.LIGHT, True)):
        with scene.unit.work(actor="system:directory") as work:
            resting = an_organization(JOBCENTER, channel=Channel(kind=channel, unit_mailbox=None), public_key=None)
            handlers.keep_organization(work, replace(resting, version=2 + opens))
        assert ("Ben Salah" in client.get(desk, headers=HTML).text) is opens
        assert bool(scene.said(DossierFetched)) is opens


def test_a_code_makes_the_device_known_and_is_used_up(network: Network):
    client, referral_id = at_the_door(network)
    code = a_code(network.scene, JOBCENTER, Way.LETTER)
    assert type_code(client, referral_id, code).status_code == 303
    assert "Ben Salah" in client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text
    (issued,), (known,) = network.scene.said(DeskCodeIssued), network.scene.said(DeskDeviceKnown)
    assert (issued.way, known.code_id, known.organization_id) == (Way.LETTER, issued.code_id, JOBCENTER)
    other, second = at_the_door(network)
    assert type_code(other, second, code).status_code == 403
    assert "Ben Salah" not in other.get(f"/referral/desk/referrals/{second}", headers=HTML).text


@pytest.mark.long
def test_gaps_and_dashes_in_a_code_do_not_matter(network: Network):
    client, referral_id = at_the_door(network)
    code = as_typed(a_code(network.scene, JOBCENTER))
    assert type_code(client, referral_id, f" {code[:2]}-{code[2:5]} {code[5:]} ").status_code == 303


def test_a_known_device_needs_no_code_for_the_next_referral(network: Network):
    client, _ = at_the_desk(network)
    following = referred(network)
    enter(client, link_to(network, following))
    assert "Ben Salah" in client.get(f"/referral/desk/referrals/{following}", headers=HTML).text


def test_the_cookie_is_for_the_desk_alone_and_out_of_reach_for_scripts_and_other_sites(network: Network):
    client, referral_id = at_the_door(network)
    answer = type_code(client, referral_id, a_code(network.scene, JOBCENTER))
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("lotsennetz_desk_")]
    for wanted in ("HttpOnly", "SameSite=Strict", "Path=/referral/desk", "Max-Age=15552000"):
        assert wanted in cookie
    assert "Domain" not in cookie


def test_a_changed_or_foreign_cookie_makes_no_device(network: Network):
    client, referral_id = at_the_desk(network)
    name = f"lotsennetz_desk_{JOBCENTER.hex}"
    kept = client.get_cookie(name, path="/referral/desk")
    assert kept is not None
    token, _, signed = kept.value.partition(".")
    for forged in (token, f"{token}.{'0' * 64}", f"x{token}.{signed}", f".{signed}", ""):
        client.set_cookie(name, forged, path="/referral/desk")
        assert "Ben Salah" not in client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text
    client.set_cookie(name, kept.value, path="/referral/desk")
    assert "Ben Salah" in client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text


@pytest.mark.long
def test_a_device_of_one_unit_opens_nothing_of_another(network: Network):
    client, _ = at_the_desk(network)
    with network.scene.unit.work(actor="system:directory") as work:
        light = Channel(kind=ChannelKind.LIGHT, unit_mailbox=None)
        handlers.keep_organization(work, an_organization(VEREIN, channel=light, public_key=None))
        handlers.keep_service(work, a_service(ADVICE, VEREIN, terms=some_terms()))
    referral_id = network.requested(recipient(VEREIN, ADVICE), service_id=ADVICE)
    url, _ = LINKS.issue(VEREIN, UUID(referral_id), UUID(int=9), network.scene.clock.now())
    enter(client, url.removeprefix("http://localhost"))
    kept = client.get_cookie(f"lotsennetz_desk_{JOBCENTER.hex}", path="/referral/desk")
    assert kept is not None
    client.set_cookie(f"lotsennetz_desk_{VEREIN.hex}", kept.value, path="/referral/desk")
    assert "Ben Salah" not in client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text


def test_five_wrong_tries_lock_the_code_and_say_so(network: Network):
    client, referral_id = at_the_door(network)
    code = a_code(network.scene, JOBCENTER)
    pages = [type_code(client, referral_id, a_wrong(code)) for _ in range(4)]
    assert [page.status_code for page in pages] == [403] * 4
    assert "Noch mögliche Versuche: 1" in pages[-1].text
    last = client.post(
        f"/referral/desk/referrals/{referral_id}/device",
        data={**hidden_of(pages[-1].text, "/device"), "code": a_wrong(code)},
        headers=HTML,
    )
    assert "Ihr Code ist gesperrt" in last.text
    assert [fact.tries_left for fact in network.scene.said(DeskCodeRefused)] == [4, 3, 2, 1, 0]
    token = hidden_of(last.text, "/code-requests")
    right = client.post(f"/referral/desk/referrals/{referral_id}/device", data={**token, "code": code}, headers=HTML)
    assert right.status_code == 403
    assert "Ihr Code ist gesperrt" in right.text
    make_known(network.scene, client, referral_id, JOBCENTER)  # a new code is a new beginning


@pytest.mark.long
def test_wrong_tries_at_once_are_all_counted(network: Network):
    client, referral_id = at_the_door(network)
    code = a_code(network.scene, JOBCENTER)
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = hidden_of(client.get(desk, headers=HTML).text, "/device")
    cookie = client.get_cookie("lotsennetz_referral", path="/referral")
    assert cookie is not None

    def guess(number: int) -> int:
        other = network.app.test_client()
        other.set_cookie("lotsennetz_referral", cookie.value, path="/referral")
        return other.post(f"{desk}/device", data={**hidden, "code": f"{number:08d}"}, headers=HTML).status_code

    wrong = [number for number in range(9) if f"{number:08d}" != as_typed(code)][:8]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(guess, wrong)) == {403}
    assert len(network.scene.said(DeskCodeRefused)) == 5
    assert type_code_anyway(client, referral_id, code) == 403


def type_code_anyway(client: FlaskClient, referral_id: str, code: str) -> int:
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = hidden_of(client.get(desk, headers=HTML).text, "/code-requests")
    return client.post(f"{desk}/device", data={**hidden, "code": code}, headers=HTML).status_code


@pytest.mark.long
def test_locked_codes_leave_known_devices_alone(network: Network):
    known, referral_id = at_the_desk(network)
    guesser, other = at_the_door(network)
    code = a_code(network.scene, JOBCENTER)
    for _ in range(5):
        type_code(guesser, other, a_wrong(code))
    assert press(known, referral_id, "receive").status_code == 303


def test_a_code_is_too_old_after_two_weeks_and_a_device_after_half_a_year(network: Network):
    code = a_code(network.scene, JOBCENTER)
    network.scene.clock.instant += timedelta(days=14, seconds=1)
    fresh, following = at_the_door(network)
    assert "kein Code offen" in type_code(fresh, following, code).text
    make_known(network.scene, fresh, following, JOBCENTER)
    network.scene.clock.instant += timedelta(days=181)
    last = referred(network)
    enter(fresh, link_to(network, last))
    assert "Dieses Gerät ist noch nicht bekannt" in fresh.get(f"/referral/desk/referrals/{last}", headers=HTML).text


def test_without_a_code_the_navigator_is_asked_once_and_sees_it_on_her_desk(network: Network):
    client, referral_id = at_the_door(network)
    desk = f"/referral/desk/referrals/{referral_id}"
    for _ in range(2):
        hidden = hidden_of(client.get(desk, headers=HTML).text, "/code-requests")
        answer = client.post(f"{desk}/code-requests", data=hidden, headers=HTML)
        assert answer.status_code == 303
    assert "um einen Code gebeten" in client.get(answer.location, headers=HTML).text
    (task,) = [one for one in network.scene.said(TaskOpened) if one.kind is TaskKind.DESK_CODE_WANTED]
    assert (str(task.referral_id), len(network.scene.said(DeskCodeWanted))) == (referral_id, 1)
    assert "/referral/desk-units" in staff_page(network, "/referral/")
    assert "wartet auf einen Code" in staff_page(network)
    a_code(network.scene, JOBCENTER)
    assert [one.kind for one in network.scene.said(TaskClosed)] == [TaskKind.DESK_CODE_WANTED]
    assert "wartet auf einen Code" not in staff_page(network)


def test_the_letter_shows_the_code_once_per_form_and_names_nobody(network: Network, signed_in: FlaskClient):
    hidden = hidden_of(signed_in.get("/referral/desk-units", headers=HTML).text, f"{JOBCENTER}/codes")
    sent = {**hidden, "way": "letter"}
    letters = [
        signed_in.post(f"/referral/desk-units/{JOBCENTER}/codes", data=sent, headers=HTML).text for _ in range(2)
    ]
    (code,) = set(re.findall(r"<bdi>(\d{4} \d{4})</bdi>", "".join(letters)))
    assert len(network.scene.said(DeskCodeIssued)) == 1
    picture = segno.make(as_typed(code), error="m", micro=False).svg_data_uri(scale=4, border=4, light="white")
    assert picture in unescape(letters[0]), "to be copied and pasted, too"
    client, referral_id = at_the_door(network)
    assert type_code(client, referral_id, code).status_code == 303
    kept = str(network.scene.rows("SELECT * FROM desk_codes")) + str(network.scene.rows("SELECT * FROM outbox"))
    assert as_typed(code) not in kept
    assert code not in kept


def test_the_welcome_center_takes_a_device_back_and_it_opens_nothing_at_once(network: Network, signed_in: FlaskClient):
    client, referral_id = at_the_desk(network)
    page = signed_in.get("/referral/desk-units", headers=HTML).text
    (path,) = re.findall(r'action="(/referral/desk-units/devices/[^"]+/revocations)"', page)
    token = hidden_of(page, "/revocations")
    assert signed_in.post(path, data=token).status_code == 303
    assert "Ben Salah" not in client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text
    (revoked,), (known,) = network.scene.said(DeskDeviceRevoked), network.scene.said(DeskDeviceKnown)
    assert revoked.device_id == known.device_id
    assert signed_in.post(path, data=token).status_code == 409


@pytest.mark.long
def test_a_lost_letter_opens_nothing(network: Network, signed_in: FlaskClient):
    code = a_code(network.scene, JOBCENTER, Way.LETTER)
    page = signed_in.get("/referral/desk-units", headers=HTML).text
    (path,) = re.findall(r'action="(/referral/desk-units/codes/[^"]+/revocations)"', page)
    assert signed_in.post(path, data=hidden_of(page, "/revocations")).status_code == 303
    client, referral_id = at_the_door(network)
    assert type_code(client, referral_id, code).status_code == 403
    assert len(network.scene.said(DeskCodeRevoked)) == 1


def test_by_program_a_code_is_made_once_per_key_and_devices_are_listed_and_taken_back(network: Network):
    path = f"/referral/api/v1/desk-units/{JOBCENTER}/codes"
    first, second = (network.navigator.post(path, {"way": "phone"}, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first == second
    client, referral_id = at_the_door(network)
    assert type_code(client, referral_id, first["code"]).status_code == 303
    (unit,) = network.navigator.get("/referral/api/v1/desk-units")["units"]
    (device,) = unit["devices"]
    answer = network.navigator.ask("POST", f"/referral/api/v1/desk-units/devices/{device['device_id']}/revocations")
    assert answer.status_code == 200
    assert network.navigator.get("/referral/api/v1/desk-units")["units"][0]["devices"] == []


@pytest.mark.long
def test_nobody_else_gives_codes_out(network: Network):
    for role in ("operations", "dpo", "coordinator", "directory_editor"):
        somebody = network.staff(sub=role, roles=[role])
        answer = somebody.ask("POST", f"/referral/api/v1/desk-units/{JOBCENTER}/codes", {"way": "phone"})
        assert answer.status_code == 403
        assert somebody.ask("GET", "/referral/api/v1/desk-units").status_code == 403


def test_a_partner_with_a_system_of_its_own_is_given_no_code(network: Network):
    answer = network.navigator.ask("POST", f"/referral/api/v1/desk-units/{UUID(int=77)}/codes", {"way": "phone"})
    assert answer.status_code == 404
    hwk = network.hwk.organization_id
    answer = network.navigator.ask("POST", f"/referral/api/v1/desk-units/{hwk}/codes", {"way": "phone"})
    assert (answer.status_code, (answer.json or {})["type"].rpartition(":")[2]) == (409, "desk.not-a-light-unit")


def kept(network: Network) -> list[object]:
    tables = ("used_tokens", "desk_codes", "desk_devices", "timeline", "tasks", "web_sessions")
    return [network.scene.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_looking_ten_times_at_everything_a_mail_leads_to_changes_nothing(network: Network):
    """A scanner follows links and what lies behind them; the person still gets in with the same link and code."""
    referral_id = referred(network)
    link, code, scanner = link_to(network, referral_id), a_code(network.scene, JOBCENTER), network.app.test_client()
    before = kept(network)
    for _ in range(10):
        for path in (link, f"{link}/renewals", f"/referral/desk/referrals/{referral_id}"):
            scanner.get(path, headers=HTML)
            scanner.head(path, headers=HTML)
    assert kept(network) == before
    client = network.app.test_client()
    assert enter(client, link).status_code == 303
    assert type_code(client, referral_id, code).status_code == 303
    assert fields_of(client.get(f"/referral/desk/referrals/{referral_id}", headers=HTML).text, "receive")
