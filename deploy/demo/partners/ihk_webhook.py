"""Stand-in for IHK Aachen: signed webhooks in, REST out.

Its clerk asks back when a dossier does not say when the qualification was earned, and accepts once that is answered.
Employers' requests it takes, starts and brings to an end.
"""

import json
import os
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

from deploy.demo.partners.office import (
    Network,
    Settings,
    Store,
    fetch_once,
    in_days,
    log,
    meet_duties,
    run,
    send_open_answers,
)

LARGEST_NOTICE = 20_000
PLACE = os.environ.get("PARTNER_PLACE", "Beispielhaus der IHK, Raum 2.14")
BRING = os.environ.get("PARTNER_BRING", "Zeugnisse mit Übersetzung und Ihren Ausweis")


def receiver(store: Store, secret: str) -> type[BaseHTTPRequestHandler]:
    hook = Webhook(secret)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LARGEST_NOTICE))
            try:
                notice = hook.verify(body.decode(), {k.lower(): v for k, v in self.headers.items()})
            except (WebhookVerificationError, UnicodeDecodeError):
                self.answer(401)
                return
            data = notice.get("data", notice)
            store.take(self.headers["webhook-id"], data["referral_id"], data["kind"])
            log.info("notice %s %s", data["kind"], data["referral_id"][-8:])
            self.answer(204)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The notice is logged where it is taken."""

    return Receiver


class Kammer:
    def __init__(self) -> None:
        settings = Settings.from_environment()
        self.store = Store(settings.store)
        self.network = Network(settings)

    def turn(self) -> None:
        for case in self.store.rows("select * from cases where step not in ('closed', 'stopped')"):
            self.advance(case["referral_id"], case["step"])
        send_open_answers(self.store, self.network)

    def advance(self, referral_id: str, step: str) -> None:
        kinds = {row["kind"] for row in self.store.rows("select kind from notices where referral_id = ?", referral_id)}
        if kinds & {"referral_stopped", "duty_opened"}:
            meet_duties(self.store, referral_id)
        elif step == "new":
            self.store.plan(referral_id, "receive", {}, step="received")
        elif step == "received":
            self.read(referral_id)
        elif step == "asked" and "question_answered" in kinds:
            sealed = self.network.seal_appointment(3, PLACE, BRING)
            self.store.plan(
                referral_id, "accept", {"contact_by": in_days(5), "sealed_appointment": sealed}, step="closed"
            )
        elif step == "accepted":
            self.store.plan(referral_id, "start", {"first_contact_on": date.today().isoformat()}, step="started")
        elif step == "started":
            self.store.plan(referral_id, "complete", {"outcome": "ADVICE_GIVEN", "obstacles": []}, step="closed")

    def read(self, referral_id: str) -> None:
        dossier = fetch_once(self.store, self.network, referral_id)
        flat = json.dumps(dossier)
        if "company" in flat:
            self.store.plan(referral_id, "accept", {"contact_by": in_days(3)}, step="accepted")
            return
        sealed = self.network.seal_comment("In welchem Jahr wurde der Abschluss erworben?")
        self.store.plan(
            referral_id, "ask", {"question": "QUALIFICATION_DETAILS", "sealed_comment": sealed}, step="asked"
        )


if __name__ == "__main__":
    office = Kammer()
    address = (os.environ.get("PARTNER_WEBHOOK_HOST", "127.0.0.1"), int(os.environ["PARTNER_WEBHOOK_PORT"]))
    server = ThreadingHTTPServer(address, receiver(office.store, os.environ["PARTNER_WEBHOOK_SECRET"]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run(office.turn)
