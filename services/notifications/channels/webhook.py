"""A signed webhook (Standard Webhooks) to an address that was looked up once, checked, and pinned.

The name is resolved here and the connection goes to the very address that was checked: a name that answers differently
the second time gains nothing. No redirect is followed, no answer is read beyond its status, and a clock ends the call.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from uuid import UUID

from standardwebhooks import Webhook
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from services.notifications.channels.result import Result
from services.notifications.domain.addresses import Network, RefusedAddressError, Target, check_plain, pin, target_of

GONE = 410
CONTENT_TYPE = "application/cloudevents+json"


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RefusedAddressError("name-unresolved") from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class WebhookSender:
    """Sends notices to the addresses partners named in the directory."""

    allowed: Sequence[Network] = ()
    connect_seconds: float = 5.0
    total_seconds: float = 15.0
    resolve: Callable[[str, int], list[str]] = resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def send(
        self,
        url: str | None,
        secrets: Sequence[str],
        notice_id: UUID,
        body: bytes,
        now: datetime,
        traceparent: str | None = None,
    ) -> Result:
        """One attempt. What the partner's configuration lacks is final; what its server does today is not."""
        if url is None:
            return Result("webhook-url-missing", final=True)
        if not secrets:
            return Result("webhook-secret-missing", final=True)
        try:
            target = target_of(url, plain_allowed=bool(self.allowed))
            address = pin(self.resolve(target.host, target.port), self.allowed)
            check_plain(target, address, self.allowed)
        except RefusedAddressError as refused:
            return Result(refused.cause, final=refused.cause != "name-unresolved")
        headers = _headers(secrets, notice_id, body, now) | ({"traceparent": traceparent} if traceparent else {})
        return self._post(target, address, headers, body)

    def _post(self, target: Target, address: str, headers: dict[str, str], body: bytes) -> Result:
        connection = self._connection(target, address)
        # The socket's own timeout is per read: a byte every few seconds would hold this thread for ever.
        # Said before it is done: the answer that is cut off arrives while the alarm's own thread still runs.
        hung_up = threading.Event()
        alarm = threading.Timer(self.total_seconds, _hang_up, (connection, hung_up))
        alarm.daemon = True
        alarm.start()
        try:
            said = {"Host": target.host_header, **headers}
            # Without being told so, the client would read the whole answer into memory, however long it is.
            connection.request("POST", target.path, body=body, headers=said, preload_content=False)
            status = connection.getresponse().status
            # Hung up amid the headers looks like their end to the parser: half an answer is none.
            return Result("timeout") if hung_up.is_set() else _judge(status)
        except ssl.SSLError:
            return Result("tls-failed")
        except TimeoutError:
            return Result("timeout")
        except HTTPException as error:
            # What was sent is no HTTP, or more of it than anybody needs. Some of them are connection errors, too.
            was_closed = isinstance(error, OSError)
            return Result("timeout" if hung_up.is_set() else "connection-failed" if was_closed else "answer-unreadable")
        except (HTTPError, OSError, ValueError) as error:
            return Result("timeout" if "timed out" in str(error) or hung_up.is_set() else "connection-failed")
        finally:
            alarm.cancel()
            connection.close()

    def _connection(self, target: Target, address: str) -> HTTPConnection:
        if not target.secure:
            return HTTPConnection(address, target.port, timeout=self.connect_seconds)
        return HTTPSConnection(
            address,
            target.port,
            timeout=self.connect_seconds,
            ssl_context=self.tls,
            server_hostname=target.host,
        )


def _headers(secrets: Sequence[str], notice_id: UUID, body: bytes, now: datetime) -> dict[str, str]:
    """One signature for each secret in force, so that a receiver may change from one to the next in its own time."""
    signatures = (Webhook(secret).sign(str(notice_id), now, body.decode()) for secret in secrets)
    return {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "lotsennetz",
        "Connection": "close",
        "webhook-id": str(notice_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _judge(status: int) -> Result:
    """2xx has it; 410 wants no more; a redirect could lead anywhere and is refused; the rest may be better later."""
    if 200 <= status < 300:
        return Result(status_code=status, confirmed=True)
    if status == GONE:
        return Result("gone", status, final=True)
    cause = "redirect-refused" if 300 <= status < 400 else f"http-{status}"
    return Result(cause, status)


def _hang_up(connection: HTTPConnection, hung_up: threading.Event) -> None:
    hung_up.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)
