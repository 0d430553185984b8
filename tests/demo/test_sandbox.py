"""The sandbox's gate passes on what it is asked, misbehaves when it is told to, and writes down no word of a body."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from deploy.demo.front import Door
from deploy.demo.sandbox.answering import answers_to
from deploy.demo.sandbox.gate import Gate
from deploy.demo.sandbox.hourglass import UnknownReferralError
from deploy.demo.sandbox.records import organization_of

TOKEN = "t0ken"
ACT = "/partner/v1/referrals/r1/actions/accept"


def bearer(organization: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"organization_id": organization}).encode()).rstrip(b"=").decode()
    return f"Bearer e30.{claims}.c2ln"


class Upstream(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - emptied by the fixture
    page = b'{"events":[{"id":"real"}],"cursor":7}'

    def answer(self) -> None:
        self.asked.append(
            f"{self.command} {self.path} {self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()}"
        )
        body = self.page if "events" in self.path else b'{"fine":true}'
        if "wait=1" in self.path and b"[]" in body:
            time.sleep(1)  # as the network does, which has nothing to say
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def expire(referral_id: str) -> None:
    if referral_id != "r1":
        raise UnknownReferralError("no such referral")


@pytest.fixture
def gate() -> Iterator[Client]:
    Upstream.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield Client(Gate(Door({"referral": address, "notifications": address}), TOKEN, expire))
    server.shutdown()
    server.server_close()


def control(gate: Client, method: str, path: str, body: Any = None, token: str = TOKEN) -> TestResponse:
    return gate.open(f"/sandbox{path}", method=method, json=body, headers={"Authorization": f"Bearer {token}"})


def a_fault(**how: Any) -> dict[str, Any]:
    return {"name": "one", "organization_id": "ours", "method": "POST", "path": "/actions/accept$", **how}


def say(gate: Client, organization: str = "ours", path: str = ACT) -> TestResponse:
    headers = {"Authorization": bearer(organization), "Idempotency-Key": "k", "If-Match": '"3"'}
    return gate.post(path, json={"sealed_comment": "Geheimes"}, headers=headers)


def test_without_a_fault_everything_passes_as_it_is(gate: Client):
    assert say(gate).json == {"fine": True}
    assert Upstream.asked == [f'POST {ACT} {{"sealed_comment": "Geheimes"}}']


def test_what_was_asked_is_written_down_and_no_word_of_it(gate: Client):
    say(gate)
    told = control(gate, "GET", "/seen?after=0")
    [entry] = told.json["seen"]  # type: ignore[index]
    assert (entry["organization_id"], entry["idempotency_key"], entry["if_match"], entry["status"]) == (
        "ours",
        "k",
        '"3"',
        200,
    )
    assert "Geheimes" not in told.text and "e30" not in told.text
    assert control(gate, "GET", f"/seen?after={entry['n']}").json == {"seen": []}


def test_a_fault_is_played_as_often_as_it_says_and_for_nobody_else(gate: Client):
    control(gate, "PUT", "/faults", [a_fault(status=503, times=2, headers={"Retry-After": "1"})])
    assert say(gate, "another").status_code == 200
    answers = [say(gate) for _ in range(3)]
    assert [one.status_code for one in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert len(Upstream.asked) == 2, "what was answered in its place never reached the network"


def test_a_lost_answer_was_done_all_the_same(gate: Client):
    control(gate, "PUT", "/faults", [a_fault(status=504, passes_on=True)])
    assert say(gate).status_code == 504
    assert len(Upstream.asked) == 1


def test_a_referral_is_shown_as_it_stood_before_and_everything_else_as_it_is(
    gate: Client, monkeypatch: pytest.MonkeyPatch
):
    control(gate, "PUT", "/faults", [a_fault(method="GET", path="/referrals/", older=1, times=2)])
    monkeypatch.setattr(Upstream, "page", b'{"status": "received", "version": 3}')
    look = "/partner/v1/referrals/events"
    assert gate.get(look, headers={"Authorization": bearer("ours")}).json == {"status": "received", "version": 2}
    monkeypatch.setattr(Upstream, "page", b'{"fine": true}')
    assert gate.get(look, headers={"Authorization": bearer("ours")}).json == {"fine": True}


def test_events_are_slipped_in_and_the_cursor_stays_the_networks_own(gate: Client):
    slipped = ['{"id": "false"}', '"no event"']
    control(gate, "PUT", "/faults", [a_fault(method="GET", path="^/partner/v1/events", events=slipped)])
    page = gate.get("/partner/v1/events?after=1&wait=30", headers={"Authorization": bearer("ours")}).json
    assert page == {"events": [{"id": "false"}, "no event", {"id": "real"}], "cursor": 7}
    assert Upstream.asked == ["GET /partner/v1/events?after=1 "], "what is slipped in waits for nothing real"


def test_what_is_slipped_in_wakes_whoever_waits(gate: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Upstream, "page", b'{"events":[],"cursor":7}')
    fault = a_fault(method="GET", path="^/partner/v1/events", events=['{"id": "false"}'])
    meanwhile = threading.Timer(0.3, lambda: control(gate, "PUT", "/faults", [fault]))
    meanwhile.start()
    began = time.monotonic()
    page = gate.get("/partner/v1/events?after=1&wait=30", headers={"Authorization": bearer("ours")}).json
    assert page == {"events": [{"id": "false"}], "cursor": 7}
    assert time.monotonic() - began < 25
    [entry] = control(gate, "GET", "/seen?after=0").json["seen"]  # type: ignore[index]
    assert entry["fault"] == "one", "written down as one request, however often the gate looked"


def test_without_news_the_gate_waits_as_long_as_was_asked(gate: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Upstream, "page", b'{"events":[],"cursor":7}')
    began = time.monotonic()
    page = gate.get("/partner/v1/events?after=1&wait=2", headers={"Authorization": bearer("ours")}).json
    assert page == {"events": [], "cursor": 7}
    assert time.monotonic() - began >= 1


def test_new_faults_replace_the_old_ones(gate: Client):
    control(gate, "PUT", "/faults", [a_fault(status=503, times=9)])
    control(gate, "PUT", "/faults", [])
    assert say(gate).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/seen?after=0"), ("PUT", "/faults")])
def test_nobody_examines_without_the_token(gate: Client, method: str, path: str):
    assert control(gate, method, path, [], token="wrong").status_code == 401
    assert gate.open("/sandbox", method="GET").status_code == 401


@pytest.mark.parametrize("fault", [{}, {"name": "x"}, a_fault(path="("), a_fault(sings=True)])
def test_a_fault_nobody_could_play_is_refused(gate: Client, fault: dict[str, Any]):
    assert control(gate, "PUT", "/faults", [fault]).status_code == 400


def test_time_runs_out_for_the_referral_named_only(gate: Client):
    assert control(gate, "POST", "/expiries/r1").status_code == 200
    assert control(gate, "POST", "/expiries/r2").status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer x", "Bearer a.b.c", "Bearer a.W10.c"])
def test_a_token_that_says_nothing_is_nobodys(given: str):
    assert organization_of(given) == ""


def a_file(kind: str = "referral_requested", word: str = "ACCEPT", **referral: Any) -> dict[str, Any]:
    return {
        "notice": {"referral_id": "r1", "kind": kind},
        "referral": {"status": "requested", "allowed_actions": ["receive", "accept"], **referral},
        "dossier": {"person": {"family_name": f"Erfunden-{word}"}},
    }


@pytest.mark.parametrize(
    ("file", "actions"),
    [
        (a_file(), ["accept", "start", "complete"]),
        (a_file(word="ASK"), ["ask"]),
        (a_file("question_answered", "ASK", status="received"), ["accept"]),
        (a_file(word="REJECT"), ["reject"]),
        (a_file(word="HOLD"), ["receive"]),
        (a_file(status="completed"), []),
        (
            a_file("referral_stopped", allowed_actions=["acknowledge_stop", "state_deletion"]),
            ["acknowledge_stop", "state_deletion"],
        ),
        ({"notice": {"referral_id": "r1", "kind": "referral_requested"}, "refused": {}}, []),
    ],
)
def test_the_smallest_office_answers_as_the_name_says(file: dict[str, Any], actions: list[str]):
    assert [answer["action"] for answer in answers_to(file)] == actions
