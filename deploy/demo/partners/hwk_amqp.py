"""Stand-in for the Kammersystem of HWK Aachen: notices from its own AMQP queue, answers over AMQP.

Its clerk's rule is the real one: the chamber of crafts decides on craft qualifications. An occupation trained in
industry is not its business: it declines and names the body that is competent. Dossiers are fetched by HTTPS
like everybody's.
"""

import json
import os
import ssl
from datetime import UTC, date, datetime
from urllib.parse import unquote, urlsplit

import amqp

from deploy.demo.partners.office import (
    JSON,
    Network,
    Settings,
    Store,
    fetch_once,
    give_up,
    in_days,
    log,
    meet_duties,
    run,
)

BETTER_SERVICE = os.environ.get("HWK_BETTER_SERVICE_ID")
INDUSTRIAL = ("elektronik", "electronic", "mechatronik", "mechatronic", "industrie", "industrial")


class Queue:
    """The partner's end of the broker: reads one queue, writes one exchange, configures nothing."""

    def __init__(self, uri: str, organization_id: str, authority: str | None = None) -> None:
        """By `amqps` only to the host that is named; `authority` vouches for it, or one that everybody knows."""
        parts = urlsplit(uri)
        tls = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname, "ca_certs": authority}
        secure = parts.scheme == "amqps"
        self.user = unquote(parts.username or "")
        self._connection = amqp.Connection(
            host=f"{parts.hostname}:{parts.port or (5671 if secure else 5672)}",
            ssl=tls if secure else False,
            userid=self.user,
            password=unquote(parts.password or ""),
            virtual_host=unquote(parts.path[1:]) or "/",
            confirm_publish=True,
            heartbeat=20,
            connect_timeout=5,
        )
        self._connection.connect()
        self._channel = self._connection.channel()
        self._queue = f"partner.{organization_id}.notices"
        self._commands = f"partner.{organization_id}.commands"

    def next(self) -> amqp.Message | None:
        return self._channel.basic_get(self._queue)

    def done(self, message: amqp.Message) -> None:
        self._channel.basic_ack(message.delivery_tag)

    def say(self, command: JSON) -> None:
        message = amqp.Message(
            json.dumps(command).encode(),
            content_type="application/cloudevents+json",
            delivery_mode=2,
            message_id=command["id"],
            user_id=self.user,
        )
        self._channel.basic_publish(message, exchange=self._commands, routing_key=command["type"], mandatory=True)

    def beat(self) -> None:
        self._connection.heartbeat_tick()


class Kammersystem:
    def __init__(self) -> None:
        self.settings = Settings.from_environment()
        self.store = Store(self.settings.store)
        self.network = Network(self.settings)
        self.queue: Queue | None = None
        #: The broker's addresses, divided by `;`: where one does not answer the next is asked.
        self.addresses = os.environ["PARTNER_AMQP_URI"].split(";")

    def turn(self) -> None:
        try:
            if self.queue is None:
                self.addresses.append(self.addresses.pop(0))
                uri, authority = self.addresses[0], os.environ.get("PARTNER_AMQP_CA_FILE")
                self.queue = Queue(uri, str(self.settings.organization_id), authority)
            self.queue.beat()
            while (message := self.queue.next()) is not None:
                self.hear(json.loads(message.body))
                self.queue.done(message)
            self.work()
            self.speak(self.queue)
        except (amqp.exceptions.AMQPError, amqp.exceptions.MessageNacked, OSError):
            self.queue = None
            raise

    def hear(self, event: JSON) -> None:
        if event["type"] == "partner.command_result.v1":
            self.settle(event["data"])
        elif event["type"] == "partner.notice.v1":
            data = event["data"]
            if self.store.take(event["id"], data["referral_id"], data["kind"]) and data["kind"] in (
                "referral_stopped",
                "duty_opened",
            ):
                meet_duties(self.store, data["referral_id"])

    def settle(self, result: JSON) -> None:
        """The network's word on one command. Stale: look again and say it under the same id, at the new version."""
        command_id = str(result["command_id"])
        if result["result"] == "stale":
            with self.store.transaction() as tx:
                tx.execute("update answers set state = 'open' where id = ?", (command_id,))
            return
        self.store.settle(command_id, result["result"], result)
        log.info("%s: %s", result["result"], result.get("slug") or result.get("status"))

    def work(self) -> None:
        """The clerk's day: every case one step further."""
        for case in self.store.rows("select * from cases where step not in ('closed', 'stopped')"):
            referral_id, step = case["referral_id"], case["step"]
            if step == "new":
                self.store.plan(referral_id, "receive", {}, step="received")
            elif self.store.rows(
                "select 1 from answers where referral_id = ? and state in ('open', 'sent')", referral_id
            ):
                continue
            elif step == "received":
                self.decide(referral_id)
            elif step == "accepted":
                self.store.plan(referral_id, "start", {"first_contact_on": date.today().isoformat()}, step="started")
            elif step == "started":
                outcome = {"outcome": "PROCEDURE_STARTED", "obstacles": ["MISSING_DOCUMENTS"]}
                self.store.plan(referral_id, "complete", outcome, step="closed")

    def decide(self, referral_id: str) -> None:
        dossier = fetch_once(self.store, self.network, referral_id)
        occupation = json.dumps(dossier).lower()
        if any(word in occupation for word in INDUSTRIAL):
            body = {"reason": "NOT_COMPETENT", "better_service_id": BETTER_SERVICE}
            self.store.plan(referral_id, "reject", {k: v for k, v in body.items() if v}, step="closed")
        else:
            self.store.plan(referral_id, "accept", {"contact_by": in_days(7)}, step="accepted")

    def speak(self, queue: Queue) -> None:
        for row in self.store.rows("select rowid, * from answers where state = 'open' order by rowid"):
            version = self.network.version(row["referral_id"])
            if version is None:
                give_up(self.store, row["referral_id"])
                continue
            queue.say(
                {
                    "specversion": "1.0",
                    "id": row["id"],
                    "source": f"/partners/{self.settings.organization_id}",
                    "type": f"partner.{row['action']}.v1",
                    "subject": f"referral/{row['referral_id']}",
                    "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                    "datacontenttype": "application/json",
                    "expectedversion": version,
                    "data": json.loads(row["body"]),
                }
            )
            with self.store.transaction() as tx:
                tx.execute("update answers set state = 'sent' where id = ? and state = 'open'", (row["id"],))
            break  # one answer in flight: the next one needs the version this one makes


if __name__ == "__main__":
    office = Kammersystem()
    # An answer sent just before a crash may have no result yet: say it again, its id makes that harmless.
    with office.store.transaction() as start:
        start.execute("update answers set state = 'open' where state = 'sent'")
    run(office.turn)
