"""A network of paper: canned answers at real addresses, and what was asked of them."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lotse import __main__ as lotse

Answer = tuple[int, Any]


@dataclass
class PaperNetwork:
    """Answers by (method, path without query), made anew if they are functions; everything else is 404."""

    address: str = ""
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def say(self, method: str, path: str, body: Any, status: int = 200) -> None:
        self.answers[method, path] = (status, body)


@dataclass
class Run:
    """One call of `lotse`, over."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def paper() -> Iterator[PaperNetwork]:
    network = PaperNetwork()

    class Paper(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            network.asked.append((self.command, self.path, sent))
            unknown = (404, {"title": "Unknown.", "slug": "unknown"})
            status, body = network.answers.get((self.command, self.path.partition("?")[0]), unknown)
            body = body() if callable(body) else body
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Paper)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    network.address = f"http://127.0.0.1:{server.server_port}"
    network.say("POST", "/token", {"access_token": "t"})
    for service in ("directory", "referral", "notifications", "audit"):
        network.say("GET", f"/{service}/health/ready", {"status": "ready"})
        network.say("GET", f"/{service}/operator/status", {"outbox": {"unpublished": 0}, "held": 0, "parked": 0})
        network.say("GET", f"/{service}/operator/parked", {"parked": []})
    yield network
    server.shutdown()
    server.server_close()


@pytest.fixture
def state(paper: PaperNetwork, tmp_path: Path) -> dict[str, Any]:
    """What a demo would have written down; a test may add to it before it calls."""
    return {
        "origin": paper.address,
        "lotse": {"client_id": "lotse", "client_secret": "secret", "token_url": f"{paper.address}/token"},
    }


@pytest.fixture
def run(
    state: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Call `lotse` as somebody would type it."""

    def call(*words: str) -> Run:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(state))
        monkeypatch.setattr(sys, "argv", ["lotse", "--config", str(config), *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            lotse.main()
        told = capfd.readouterr()
        return Run(int(ended.value.code or 0), told.out, told.err)

    return call
