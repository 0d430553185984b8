"""One origin, four services: each path finds its service, and nothing is lost or added on the way."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from werkzeug.test import Client

from deploy.demo.front import Door, service_for


class Echo(BaseHTTPRequestHandler):
    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {"path": self.path, "headers": dict(self.headers), "body": body.decode(), "method": self.command}
        data = json.dumps(seen).encode()
        self.send_response(302 if "redirect" in self.path else 200, "Fine")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def door() -> Iterator[Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield Client(Door({"referral": address, "audit": address, "directory": "http://127.0.0.1:9"}))
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/referral/desk", "referral"),
        ("/partner/v1/referrals/1", "referral"),
        ("/partner/.well-known/jwks.json", "referral"),
        ("/partner/v1/events", "notifications"),
        ("/partner/v1/acknowledgements", "notifications"),
        ("/hsds/services", "directory"),
        ("/robots.txt", "directory"),
        ("/legal/imprint", "directory"),
        ("/audit", "audit"),
        ("/auditor", None),
        ("/referral/metrics", None),
        ("/partner/v1/eventsource", "referral"),
    ],
)
def test_each_path_has_one_service(path: str, service: str | None) -> None:
    assert service_for(path) == service


def test_method_query_body_and_headers_arrive(door: Client) -> None:
    seen = door.post(
        "/referral/x?q=%C3%A4&q=2", data=b"hello", headers={"If-Match": '"3"', "Authorization": "Bearer t"}
    )
    got = json.loads(seen.data)
    assert (got["method"], got["path"], got["body"]) == ("POST", "/referral/x?q=%C3%A4&q=2", "hello")
    assert got["headers"]["If-Match"] == '"3"'
    assert got["headers"]["Authorization"] == "Bearer t"


def test_a_caller_cannot_pretend_to_come_from_elsewhere(door: Client) -> None:
    seen = door.get("/referral/x", headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil.example"})
    headers = json.loads(seen.data)["headers"]
    assert headers["X-Forwarded-For"] != "10.0.0.1"
    assert headers["X-Forwarded-Host"] != "evil.example"


def test_redirects_and_every_cookie_are_passed_on_not_followed(door: Client) -> None:
    seen = door.get("/referral/redirect")
    assert seen.status_code == 302
    assert seen.headers["Location"] == "/elsewhere"
    assert seen.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


def test_a_service_that_is_down_is_503_with_a_hint_when_to_try_again(door: Client) -> None:
    seen = door.get("/directory/")
    assert seen.status_code == 503
    assert seen.headers["Retry-After"] == "2"
    assert seen.mimetype == "application/problem+json"


def test_a_path_of_nobody_is_404(door: Client) -> None:
    assert door.get("/nothing").status_code == 404


def test_of_two_replicas_one_that_does_not_answer_is_passed_over_with_the_whole_request(door: Client) -> None:
    [alive] = vars(door.application)["_upstreams"]["referral"]
    both = Client(Door({"referral": ["http://127.0.0.1:9", alive]}))
    for _ in range(4):
        assert json.loads(both.post("/referral/x", data=b"hello").data)["body"] == "hello"


def test_where_no_replica_answers_it_is_503(door: Client) -> None:
    none = Client(Door({"referral": ["http://127.0.0.1:9", "http://127.0.0.1:19"]}))
    assert none.post("/referral/x", data=b"hello").status_code == 503
