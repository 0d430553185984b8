"""RabbitMQ: one way to connect, and publishing with pipelined confirms.

Waiting for each confirm costs eight to twelve times the throughput; here a whole window is sent and then waited for.
A channel belongs to one thread, always: a library that waits for "an ack" takes any ack.
"""

import contextlib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import amqp
from amqp import spec
from kombu.connection import Connection as Link
from kombu.exceptions import OperationalError

INFRASTRUCTURE_ERRORS: tuple[type[Exception], ...] = (amqp.AMQPError, OperationalError, OSError)

HEARTBEAT_SECONDS = 10
CONFIRM_SECONDS = 10.0
CONTENT_TYPE = "application/cloudevents+json"
PERSISTENT = 2


class PublishError(Exception):
    """The broker did not take a message: returned as unroutable, refused, or not confirmed in time."""


class Sendable(Protocol):
    """What can be published."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def exchange(self) -> str: ...
    @property
    def routing_key(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> bytes: ...


def connect(uri: str, name: str) -> Any:
    """An open py-amqp connection, named so that an operator can tell who it is.

    Of a cluster the nodes' addresses stand one after the other, divided by ``;``: the first that answers is taken.
    """
    first, _, others = uri.partition(";")
    try:
        return _connect(first, name)
    except INFRASTRUCTURE_ERRORS:
        if not others:
            raise
        return connect(others, name)


def _connect(uri: str, name: str) -> Any:
    """By ``amqps`` only to the host that is named, vouched for by an authority: a known one, or ``?ssl_ca_certs=``.

    Nothing in the address can ask for less.
    """
    link: Any = Link(  # type: ignore[no-untyped-call]
        uri,
        connect_timeout=3,
        heartbeat=HEARTBEAT_SECONDS,
        transport_options={
            "client_properties": {"connection_name": name},
            "write_timeout": CONFIRM_SECONDS,
            "read_timeout": CONFIRM_SECONDS,  # or opening a channel on a broker that fell silent waits for ever
        },
    )
    if link.transport_cls == "amqps":
        authority = (link.ssl or {}).get("ssl_ca_certs")
        link.ssl = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": link.hostname, "ca_certs": authority}
    connection = link.transport.establish_connection()
    connection.user = link.userid
    return connection


@dataclass(slots=True)
class _Window:
    """Which of the numbers sent on a channel are still unconfirmed, and whether something went wrong."""

    sent: int = 0
    #: Of the last `send`, and of all before it; in the order in which they were sent.
    open: dict[int, None] = field(default_factory=dict)
    earlier: dict[int, None] = field(default_factory=dict)
    trouble: str = ""

    def confirm(self, tag: int, multiple: bool) -> None:
        for numbers in (self.earlier, self.open):
            for number in list(takewhile(tag.__ge__, numbers)) if multiple else (tag,):
                numbers.pop(number, None)


class Publisher:
    """Sends windows of messages on a channel of its own and waits until every one is confirmed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._channel = connection.channel()
        self._channel.confirm_select()
        self._window = _Window()
        self._channel.events["basic_ack"].add(self._window.confirm)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)

    def send(self, letters: Iterable[Sendable]) -> None:
        """Hand messages to the broker, persistent and mandatory; nothing is certain before `wait`."""
        window = self._window
        window.earlier |= window.open
        window.open.clear()
        for letter in letters:
            message = amqp.Message(
                letter.body,
                content_type=CONTENT_TYPE,
                delivery_mode=PERSISTENT,
                message_id=str(letter.event_id),
                user_id=self._connection.user,  # the broker refuses any but the sender's own: by it we are believed
                application_headers=dict(letter.headers),
            )
            window.sent += 1
            window.open[window.sent] = None
            # not basic_publish: it polls the socket before every single message
            self._channel.send_method(
                spec.Basic.Publish, "Bssbb", (0, letter.exchange, letter.routing_key, True, False), message
            )

    def wait(self, seconds: float = CONFIRM_SECONDS, *, but_the_last: bool = False) -> None:
        """Until all is confirmed; a return, a refusal or silence is an error and what was sent counts as not sent.

        `but_the_last`: what the last `send` handed over may stay under way.
        """
        deadline, window = monotonic() + seconds, self._window
        while (window.earlier or (window.open and not but_the_last)) and not window.trouble:
            left = deadline - monotonic()
            if left <= 0:
                raise PublishError("confirm timeout")
            try:
                self._connection.drain_events(timeout=left)
            except TimeoutError as error:
                raise PublishError("confirm timeout") from error
        if self._window.trouble:
            raise PublishError(self._window.trouble)

    def publish(self, letters: Sequence[Sendable], seconds: float = CONFIRM_SECONDS) -> None:
        self.send(letters)
        self.wait(seconds)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._window.confirm(tag, multiple)
        self._window.trouble = "refused by the broker"

    def _on_return(self, *_: Any) -> None:
        self._window.trouble = "returned as unroutable"


class Basket:
    """Messages in hand, not acknowledged: when it or the connection is closed, all go back that were not let go."""

    def __init__(self, connection: Any) -> None:
        self._channel = connection.channel()
        self.close = self._channel.close

    def fetch(self, queue: str, limit: int) -> tuple[int, list[Any]]:
        """How many lie in the queue, and the oldest of them."""
        lying: int = self._channel.queue_declare(queue, passive=True).message_count
        found = (self._channel.basic_get(queue) for _ in range(min(limit, lying)))
        return lying, [message for message in found if message is not None]

    def let_go(self, messages: Iterable[Any]) -> None:
        """Out of the queue for good. If this gets lost on the way, they lie there still."""
        for message in messages:
            self._channel.basic_ack(message.delivery_info["delivery_tag"])


def close_quietly(connection: Any) -> None:
    """Let go of a connection that may be dead already; never waits for a peer that does not answer."""
    with contextlib.suppress(Exception):
        connection.collect()
