"""Sending what the network would never send: twice, too late, too early, of somebody else's, or no message at all."""

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID, uuid4

import urllib3
from standardwebhooks import Webhook

from contracts.codes import ChannelKind
from contracts.topology import partner_exchange, partner_queue
from lotse.broker import Broker
from lotse.certify.interception import Interception
from lotse.certify.sandbox import Partner, Sandbox, Seen

#: As long as the network itself waits for a webhook's answer.
WEBHOOK_SECONDS = 15
NO_ANSWER = 0


class Injector(Protocol):
    """One way to a partner, used by hand."""

    def send(self, body: bytes) -> int:
        """Send these bytes the way a notice goes; a webhook's answer, or 0."""
        ...

    def heard(self) -> list[Seen]:
        """Commands that came by a way of their own; by REST the gate sees them."""
        ...

    def turn(self) -> None:
        """Whatever this way needs done while the examiner waits."""
        ...

    def close(self) -> None: ...


def notice(partner: Partner, referral_id: str, kind: str, status: str, identity: str | None = None) -> bytes:
    """A notice as the network makes them."""
    return event(
        "partner.notice.v1",
        referral_id,
        {
            "referral_id": referral_id,
            "reference": None,
            "organization_id": partner.organization_id,
            "kind": kind,
            "status": status,
            "link": f"https://network.example/partner/v1/referrals/{referral_id}",
        },
        identity,
    )


def event(type_: str, referral_id: str, data: Any, identity: str | None = None) -> bytes:
    """A CloudEvent around some data."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": identity or str(uuid4()),
            "source": "/services/notifications",
            "type": type_,
            "subject": f"referral/{referral_id}",
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }
    ).encode()


@dataclass
class FeedInjector:
    """In front of the next page of the partner's feed."""

    sandbox: Sandbox
    partner: Partner
    patience: float = 60.0

    def send(self, body: bytes) -> int:
        """Wait until a page with it was fetched; what is no JSON comes as a string in the event's place."""
        text = body.decode(errors="replace")
        try:
            json.loads(text)
        except ValueError:
            text = json.dumps(text)
        where = {"method": "GET", "path": "^/partner/v1/events", "organization_id": self.partner.organization_id}
        self.sandbox.misbehave([{"name": "slipped in", **where, "events": [text]}])
        deadline = time.monotonic() + self.patience
        while any(self.sandbox.faults_left().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return NO_ANSWER

    def heard(self) -> list[Seen]:
        return []

    def turn(self) -> None:
        """Nothing passes through here."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class QueueInjector:
    """Into the partner's own queue; a second queue hears what the partner says."""

    broker: Broker
    partner: Partner
    _heard: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._vhost = quote(self.broker.vhost, safe="")
        self.between = Interception(self.broker, UUID(self.partner.organization_id))
        self._tap = f"sandbox.tap.{self.partner.organization_id}"
        arguments = {"x-expires": 3_600_000, "x-max-length": 10_000, "x-queue-type": "classic"}
        self.broker.call("PUT", f"/queues/{self._vhost}/{self._tap}", {"durable": True, "arguments": arguments})
        exchange = partner_exchange(UUID(self.partner.organization_id))
        self.broker.call("POST", f"/bindings/{self._vhost}/e/{exchange}/q/{self._tap}", {"routing_key": "#"})

    def send(self, body: bytes) -> int:
        queue = partner_queue(UUID(self.partner.organization_id))
        message = {
            "properties": {"delivery_mode": 2, "content_type": "application/cloudevents+json"},
            "routing_key": queue,
            "payload": base64.b64encode(body).decode(),
            "payload_encoding": "base64",
        }
        self.broker.call("POST", f"/exchanges/{self._vhost}/amq.default/publish", message)
        return NO_ANSWER

    def heard(self) -> list[Seen]:
        """Everything said so far; the tap is emptied on the way."""
        wanted = {"count": 500, "ackmode": "ack_requeue_false", "encoding": "auto"}
        for message in self.broker.call("POST", f"/queues/{self._vhost}/{self._tap}/get", wanted):
            self._heard.append(command_seen(message))
        return list(self._heard)

    def waiting(self) -> int:
        """How many messages lie in the partner's queue, taken but not acknowledged ones included."""
        queue = partner_queue(UUID(self.partner.organization_id))
        return int(self.broker.call("GET", f"/queues/{self._vhost}/{queue}").get("messages", 0))

    def turn(self) -> None:
        self.between.turn()

    def close(self) -> None:
        self.broker.call("DELETE", f"/queues/{self._vhost}/{self._tap}")


def command_seen(message: Any) -> Seen:
    """A command as if it had been asked at the gate."""
    try:
        command = json.loads(message["payload"])
        referral_id = str(command.get("subject", "")).partition("/")[2]
        key, version = str(command.get("id", "")), str(command.get("expectedversion", ""))
    except (ValueError, AttributeError):
        referral_id = key = version = ""
    action = message["routing_key"].removeprefix("partner.").removesuffix(".v1")
    path = f"/partner/v1/referrals/{referral_id}/actions/{action}"
    return Seen(at=time.time(), method="AMQP", path=path, status=NO_ANSWER, key=key, if_match=version)


@dataclass
class WebhookInjector:
    """To the partner's own address, signed with its secret (Standard Webhooks) or on purpose not."""

    partner: Partner
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(WEBHOOK_SECONDS))
    )

    def send(self, body: bytes) -> int:
        return self.post(body, signed(self.partner.webhook_secret, body))

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The answer's status; 0 where none came in time."""
        sent = {"Content-Type": "application/cloudevents+json", **headers}
        try:
            return self._http.request("POST", self.partner.webhook_url, body=body, headers=sent, redirect=False).status
        except urllib3.exceptions.HTTPError:
            return NO_ANSWER

    def heard(self) -> list[Seen]:
        return []

    def turn(self) -> None:
        """Nothing passes through here."""

    def close(self) -> None:
        """Nothing is held."""


def signed(secret: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The three headers of Standard Webhooks; the message's id is the event's."""
    moment = at or datetime.now(UTC)
    try:
        identity = str(json.loads(body)["id"])
    except (ValueError, TypeError, KeyError):
        identity = str(uuid4())
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(identity, moment, body.decode(errors="replace")),
    }


def injector(sandbox: Sandbox, partner: Partner, broker: Broker | None, patience: float) -> Injector:
    """The one for the way this partner is reached by."""
    if partner.channel is ChannelKind.AMQP:
        if broker is None:
            raise ValueError("a partner on the queue needs the broker's management address")
        return QueueInjector(broker, partner)
    if partner.channel is ChannelKind.WEBHOOK:
        return WebhookInjector(partner)
    return FeedInjector(sandbox, partner, patience)
