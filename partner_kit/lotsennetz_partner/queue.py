"""Our own end of the broker: one queue to read, one exchange to write, nothing to configure."""

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import amqp

from lotsennetz_partner.client import Event, event_of
from lotsennetz_partner.errors import AwayError, SettingsError, UnreadableError
from lotsennetz_partner.journal import Answer
from lotsennetz_partner.settings import Settings, checked_amqp

HEARTBEAT_SECONDS = 20
AWAY = (amqp.exceptions.AMQPError, OSError)


class Queue:
    """Connected while it lives; `AwayError` means: make a new one."""

    def __init__(self, settings: Settings) -> None:
        if not settings.amqp_uri:
            raise SettingsError("amqp_uri: missing; without it listen with --via rest")
        self._organization_id: UUID = settings.organization_id
        parts = urlsplit(checked_amqp(settings.amqp_uri))
        self._user = unquote(parts.username or "")
        try:
            self._connection = amqp.Connection(
                host=f"{parts.hostname}:{parts.port or (5671 if parts.scheme == 'amqps' else 5672)}",
                userid=self._user,
                password=unquote(parts.password or ""),
                virtual_host=unquote(parts.path[1:]) or "/",
                ssl=tls_of(settings, parts.hostname) if parts.scheme == "amqps" else False,
                confirm_publish=True,
                heartbeat=HEARTBEAT_SECONDS,
                connect_timeout=5,
            )
            self._connection.connect()
            self._channel = self._connection.channel()
        except AWAY as error:
            raise AwayError(f"broker: no connection ({type(error).__name__})") from error

    def next(self) -> tuple[bytes | str, int] | None:
        """The next message with the tag to acknowledge it by; None when the queue is empty now."""
        try:
            self._connection.heartbeat_tick()
            message = self._channel.basic_get(f"partner.{self._organization_id}.notices")
        except AWAY as error:
            raise AwayError(f"broker: {type(error).__name__}") from error
        if message is None:
            return None
        return message.body, message.delivery_tag

    def done(self, tag: int) -> None:
        """It stands in our journal: the broker may forget it."""
        try:
            self._channel.basic_ack(tag)
        except AWAY as error:
            raise AwayError(f"broker: {type(error).__name__}") from error

    def say(self, answer: Answer, version: int) -> None:
        """One command; the broker vouches for who sent it, and its confirm for that it has it."""
        message = amqp.Message(
            json.dumps(command_of(answer, version, self._organization_id)).encode(),
            content_type="application/cloudevents+json",
            delivery_mode=2,
            message_id=answer.id,
            user_id=self._user,
        )
        try:
            self._channel.basic_publish(
                message,
                exchange=f"partner.{self._organization_id}.commands",
                routing_key=f"partner.{answer.action}.v1",
                mandatory=True,
            )
        except AWAY as error:
            raise AwayError(f"broker: {type(error).__name__}") from error

    def close(self) -> None:
        try:
            self._connection.close()
        except AWAY:
            return


def tls_of(settings: Settings, host: str | None) -> dict[str, Any]:
    """TLS with the broker's certificate checked against our own authority or the system's, and the host's name."""
    authority = str(settings.amqp_ca_file) if settings.amqp_ca_file else None
    return {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": authority, "server_hostname": host}


def event_in(body: bytes | str) -> Event:
    """The event a message carries, or UnreadableError."""
    try:
        return event_of(json.loads(body))
    except ValueError as error:
        raise UnreadableError("message: expected JSON") from error


def command_of(answer: Answer, version: int, organization_id: UUID) -> Mapping[str, Any]:
    """An answer as a CloudEvent; its id is the idempotency key, `expectedversion` stands for If-Match."""
    return {
        "specversion": "1.0",
        "id": answer.id,
        "source": f"/partners/{organization_id}",
        "type": f"partner.{answer.action}.v1",
        "subject": f"referral/{answer.referral_id}",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "expectedversion": version,
        "data": dict(answer.body),
    }
