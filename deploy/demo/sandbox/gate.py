"""The door of a sandbox: like the demo's, but it writes down what partners ask, and misbehaves when it is told to.

`python -m deploy.demo.sandbox.gate` reads HTTP_ADDRESS, UPSTREAMS (as the front does), SANDBOX_TOKEN and REFERRAL_DSN.
What it writes down are methods, paths, status and keys; never a body.
"""

import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from waitress import serve

from deploy.demo.front import Door
from deploy.demo.sandbox.faults import Fault, Faults, UnreadableFaultError, as_it_stood, in_page
from deploy.demo.sandbox.hourglass import UnknownReferralError, pull_expiry_forward
from deploy.demo.sandbox.records import Records, organization_of

JSON = dict[str, Any]
Answer = tuple[str, list[tuple[str, str]], bytes]
FEED = "/partner/v1/events"
LONGEST_WAIT = 30
ONE_SECOND = 1
WATCHED = ("/partner/v1/", "/partner/.well-known/")
CONTROL = "/sandbox"


class Gate:
    """A WSGI application in front of the four services; `/sandbox` is for whoever examines."""

    def __init__(self, door: Door, token: str, expire: Callable[[str], None]) -> None:
        self._door, self._token, self._expire = door, token, expire
        self.faults, self.records = Faults(), Records()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == CONTROL or path.startswith(f"{CONTROL}/"):
            return self.control(environ, start_response)
        if not path.startswith(WATCHED):
            return self._door(environ, start_response)
        return self.watch(environ, start_response)

    def watch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a partner's request on, misbehave if it is its turn, and write down how it went."""
        organization = organization_of(environ.get("HTTP_AUTHORIZATION", ""))
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        fault = self.faults.take(organization, method, path)
        entry = self.records.begin(organization, environ, fault.name if fault else None)
        try:
            if fault is None and (seconds := waits(environ)):
                status, headers, body, fault = self._wait(environ, organization, seconds)
                entry.fault = fault.name if fault else None
            else:
                status, headers, body = self._answer(environ, fault)
        finally:
            self.records.end(entry)
        self.records.answered(entry, status)
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]

    def _wait(self, environ: WSGIEnvironment, organization: str, seconds: float) -> tuple[*Answer, Fault | None]:
        """Wait for news in the partner's place, a second at a time: what is slipped in meanwhile wakes it, too."""
        query, until = without_wait(environ.get("QUERY_STRING", "")), time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            environ["QUERY_STRING"] = f"{query}&wait={min(ONE_SECOND, max(0, round(left)))}"
            status, headers, body = passed_on(self._door, environ)
            if left <= ONE_SECOND or not status.startswith("200") or has_events(body) or full(headers):
                return status, headers, body, None
            fault = self.faults.take(organization, environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if fault is not None:
                return *self._answer(environ, fault), fault

    def _answer(self, environ: WSGIEnvironment, fault: Fault | None) -> tuple[str, list[tuple[str, str]], bytes]:
        if fault is None:
            return passed_on(self._door, environ)
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.events is not None:
            environ["QUERY_STRING"] = without_wait(environ.get("QUERY_STRING", ""))
            status, headers, body = passed_on(self._door, environ)
            return status, headers, in_page(body, fault.events)
        if fault.older:
            status, headers, body = passed_on(self._door, environ)
            return status, headers, as_it_stood(body, fault.older)
        if fault.passes_on:
            answer = passed_on(self._door, environ)
            if fault.status is None:
                return answer
        return fault.answer()

    def control(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """What the examiner asks: what was seen, misbehave like this, let this referral's time run out."""
        given = environ.get("HTTP_AUTHORIZATION", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return said(start_response, "401 Unauthorized", {"title": "the sandbox's token"})
        try:
            return said(start_response, "200 OK", self._obey(environ))
        except (UnreadableFaultError, KeyError, ValueError) as error:
            return said(start_response, "400 Bad Request", {"title": f"{type(error).__name__}: {error}"})
        except UnknownReferralError as error:
            return said(start_response, "404 Not Found", {"title": str(error)})

    def _obey(self, environ: WSGIEnvironment) -> JSON:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix(CONTROL).strip("/")
        if (method, path) == ("GET", ""):
            return {"sandbox": True}
        if method == "GET" and path == "seen":
            after = int(environ.get("QUERY_STRING", "").removeprefix("after=") or 0)
            return {"seen": self.records.after(after)}
        if method == "PUT" and path == "faults":
            self.faults.replace(json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))))
            return self.faults.left()
        if (method, path) == ("GET", "faults"):
            return self.faults.left()
        if method == "POST" and path.startswith("expiries/"):
            self._expire(path.removeprefix("expiries/"))
            return {"expired": path.removeprefix("expiries/")}
        raise ValueError(f"{method} {path}: not offered here")


def passed_on(door: Door, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """The whole answer of the network."""
    told: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
        told[:] = [status, headers]
        return lambda _: None

    parts = door(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return told[0], told[1], body


def waits(environ: WSGIEnvironment) -> float:
    """How long a partner is willing to wait for notices."""
    if (environ["REQUEST_METHOD"], environ.get("PATH_INFO")) != ("GET", FEED):
        return 0.0
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("wait", ["0"])[-1]
    return float(asked) if asked.isdecimal() and int(asked) <= LONGEST_WAIT else 0.0


def has_events(page: bytes) -> bool:
    return bool(json.loads(page).get("events"))


def full(headers: list[tuple[str, str]]) -> bool:
    """Whether there was no place to wait."""
    return any(name.lower() == "retry-after" for name, _ in headers)


def without_wait(query: str) -> str:
    """What is to be slipped in does not wait for something real to come."""
    return "&".join(part for part in query.split("&") if not part.startswith("wait="))


def said(start_response: StartResponse, status: str, document: JSON) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def main() -> int:
    """Serve until told to stop; only in a demo, because it shows and changes what passes."""
    if os.environ.get("MODE") != "demo":
        print("The gate misbehaves on request. It starts only with MODE=demo.", file=sys.stderr)
        return 2
    dsn = os.environ["REFERRAL_DSN"]
    gate = Gate(
        Door(json.loads(os.environ["UPSTREAMS"])),
        os.environ["SANDBOX_TOKEN"],
        lambda referral_id: pull_expiry_forward(dsn, referral_id),
    )
    serve(gate, listen=os.environ["HTTP_ADDRESS"], threads=24, ident="gate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
