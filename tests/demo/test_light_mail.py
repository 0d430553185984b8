"""The clerk on the light path does not give up before a link that is used up."""

from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from deploy.demo.partners.light_mail import Clerk

ADDRESS = "eingang@jobcenter.example"
REFERRAL = uuid4()


class Entrance(BaseHTTPRequestHandler):
    """The network's side: two links, of which the first was used by somebody whose session is lost."""

    pressed: list[str]

    def do_GET(self) -> None:
        target = f"{self.path}/renewals" if self.path.endswith("/used") else self.path
        self.say(f'<form method="post" action="{target}"><button type="submit">go</button></form>')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.pressed.append(self.path.removeprefix("/referral/desk/"))
        if self.path.endswith("/fresh"):
            self.send_response(303)
            self.send_header("Location", f"/referral/desk/referrals/{REFERRAL}")
            self.end_headers()
        else:
            self.say("look into your mailbox")

    def say(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def network() -> Iterator[ThreadingHTTPServer]:
    Entrance.pressed = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Entrance) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mailbox(tmp_path: Path, network: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    surroundings = {
        "PARTNER_STORE": str(tmp_path / "store"),
        "NETWORK_URL": f"http://127.0.0.1:{network.server_port}",
        "PARTNER_ORGANIZATION_ID": str(uuid4()),
        "PARTNER_MAILBOX": str(folder),
        "PARTNER_MAIL_ADDRESS": ADDRESS,
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    return folder


def arrives(mailbox: Path, network: ThreadingHTTPServer, name: str, link: str) -> None:
    mail = EmailMessage()
    mail["To"] = ADDRESS
    mail.set_content(f"http://127.0.0.1:{network.server_port}/referral/desk/enter/{link}")
    (mailbox / f"{name}.eml").write_bytes(mail.as_bytes())


def test_a_used_link_is_renewed_once_and_the_next_mail_is_worked_on(
    mailbox: Path, network: ThreadingHTTPServer
) -> None:
    arrives(mailbox, network, "1", "used")
    arrives(mailbox, network, "2", "used")
    Clerk().turn()
    assert Entrance.pressed == ["enter/used/renewals"]
    arrives(mailbox, network, "3", "fresh")
    for _ in range(2):
        clerk = Clerk()
        clerk.turn()
    assert Entrance.pressed == ["enter/used/renewals", "enter/fresh"]
    assert [row["referral_id"] for row in clerk.store.rows("select referral_id from cases")] == [str(REFERRAL)]
