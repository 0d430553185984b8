"""A partner's system that is called: verifies, writes down, answers 204, and works on it with the kit afterwards.

python by_webhook.py settings.toml PORT SECRET
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue

from lotsennetz_partner import AwayError, Client, Event, load
from lotsennetz_partner.journal import Journal
from lotsennetz_partner.office import Office
from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 20_000
heard: SimpleQueue[tuple[Event | None, threading.Event]] = SimpleQueue()


class CalledOffice(Office):
    """Its ear is the receiver: an event counts as taken once it stands in the journal."""

    def hear(self, wait: int = 0) -> int:
        count = 0
        while True:
            try:
                event, taken = heard.get(timeout=wait if not count else 0.01)
            except Empty:
                return count
            if event is not None:
                self.take(event)
            taken.set()
            count += 1


class Receiver(BaseHTTPRequestHandler):
    hook: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LARGEST))
        try:
            self.hook.verify(body.decode(), {name.lower(): value for name, value in self.headers.items()})
        except (WebhookVerificationError, UnicodeDecodeError, ValueError):
            self.answer(401)
            return
        taken = threading.Event()
        heard.put((readable(body), taken))
        self.answer(204 if taken.wait(12) else 503)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The journal says what came."""


def readable(body: bytes) -> Event | None:
    """Signed garbage is taken, so that it does not come again, and nothing more."""
    try:
        document = json.loads(body)
        return Event(str(document["id"]), str(document["type"]), dict(document["data"]))
    except (ValueError, TypeError, KeyError):
        return None


def main(settings: Path, port: int, secret: str) -> None:
    own = load(settings)
    office = CalledOffice(own, Client(own), Journal(own.journal, own.organization_id))
    Receiver.hook = Webhook(secret)
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pause = 1.0
    while True:
        try:
            office.turn(1)
            pause = 1.0
        except AwayError as away:
            pause = min(20.0, max(pause * 2, away.retry_after))
            threading.Event().wait(pause)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
