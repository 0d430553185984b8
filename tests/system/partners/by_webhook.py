"""A partner's system that is called: verifies, writes down, answers 204, and works on it with the kit afterwards.

python by_webhook.py settings.toml PORT SECRET
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lotsennetz_partner import AwayError, Client, Settings, load
from lotsennetz_partner.journal import Journal
from lotsennetz_partner.office import Office
from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 20_000
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


class CalledOffice(Office):
    """Its ear is the receiver, which writes into the same journal."""

    def hear(self, wait: int = 0) -> int:
        return 0


class Receiver(BaseHTTPRequestHandler):
    own: Settings
    hook: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LARGEST))
        try:
            self.hook.verify(body.decode(), {name.lower(): value for name, value in self.headers.items()})
        except (WebhookVerificationError, UnicodeDecodeError, ValueError):
            self.answer(401)
            return
        self.write_down(body)
        self.answer(204)

    def write_down(self, body: bytes) -> None:
        """Signed garbage is taken, so that it does not come again, and nothing more."""
        try:
            document = json.loads(body)
            identity, data = str(document["id"]), dict(document["data"])
            known = document["type"] == "partner.notice.v1" and {"referral_id", "kind"} <= set(data)
        except (ValueError, TypeError, KeyError):
            return
        if known:
            journal = Journal(self.own.journal, self.own.organization_id)
            journal.take(identity, data)
            journal.close()

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The journal says what came."""


def main(settings: Path, port: int, secret: str) -> None:
    own = load(settings)
    office = CalledOffice(own, Client(own), Journal(own.journal, own.organization_id))
    Receiver.own, Receiver.hook = own, Webhook(secret)
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pause = SHORTEST_PAUSE
    while True:
        try:
            office.turn()
            pause = SHORTEST_PAUSE
        except AwayError as away:
            pause = min(LONGEST_PAUSE, max(pause * 2, away.retry_after))
        threading.Event().wait(pause)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
