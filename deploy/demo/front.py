"""The door of the demo: one origin for all four services, as the reverse proxy is in production.

`python -m deploy.demo.front` reads HTTP_ADDRESS and UPSTREAMS (JSON, service name -> address, or a list of them:
replicas take turns). A replica that hangs up without a word is on its way out, and the next one is asked; whatever
changes something carries a key, so that what the first had done already is not done again.
"""

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import urllib3
from waitress import serve

#: First match wins; the partner's cursor and webhook settings belong to notifications, everything else to referral.
ROUTES = (
    ("/partner/v1/events", "notifications"),
    ("/partner/v1/acknowledgements", "notifications"),
    ("/partner/v1/webhooks", "notifications"),
    ("/partner", "referral"),
    ("/fhir", "referral"),
    ("/referral", "referral"),
    ("/directory", "directory"),
    ("/hsds", "directory"),
    ("/robots.txt", "directory"),
    ("/legal", "directory"),
    ("/notifications", "notifications"),
    ("/audit", "audit"),
)
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers"}
    | {"transfer-encoding", "upgrade"}
)
PIECE = 64 * 1024
#: Refused, or gone before the first word of an answer; one that is merely slow is waited for.
HUNG_UP = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError)
BUSY = {"Content-Type": "application/problem+json", "Retry-After": "2", "Cache-Control": "no-store"}


def service_for(path: str) -> str | None:
    """Which service answers a path; whole segments count, so `/auditor` is nobody's. Figures are for the inner side."""
    if path.split("/")[2:] == ["metrics"]:
        return None
    for prefix, service in ROUTES:
        if path == prefix or path.startswith(f"{prefix}/"):
            return service
    return None


class Door:
    """A WSGI application that passes requests on and streams answers back."""

    def __init__(self, upstreams: Mapping[str, str | list[str]]) -> None:
        self._upstreams = {name: [one] if isinstance(one, str) else one for name, one in upstreams.items()}
        self._turns = itertools.count()
        self._http = urllib3.PoolManager(
            num_pools=8, maxsize=32, retries=False, timeout=urllib3.Timeout(connect=3, read=60)
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/":
            start_response("303 See Other", [("Location", "/referral/")])
            return []
        service = service_for(path)
        if service is None:
            return _problem(start_response, "404 Not Found", "nothing here", {"Content-Type": BUSY["Content-Type"]})
        try:
            answer = self._ask(service, environ)
        except urllib3.exceptions.HTTPError:
            return _problem(start_response, "503 Service Unavailable", f"{service} does not answer", BUSY)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason or 'Answer'}", headers)
        return _Stream(answer)

    def _ask(self, service: str, environ: WSGIEnvironment) -> urllib3.BaseHTTPResponse:
        """The replicas in turn, until one has said something."""
        replicas, turn = self._upstreams[service], next(self._turns)
        for number in range(len(replicas)):
            try:
                return self._pass_on(replicas[(turn + number) % len(replicas)], environ)
            except HUNG_UP:
                if number + 1 == len(replicas):
                    raise
                environ["wsgi.input"].seek(0)  # the server keeps it whole, in memory
        raise AssertionError(f"{service} has no address")

    def _pass_on(self, address: str, environ: WSGIEnvironment) -> urllib3.BaseHTTPResponse:
        return self._http.urlopen(
            environ["REQUEST_METHOD"],
            address + _target(environ),
            headers=_request_headers(environ),
            body=_body(environ),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )


class _Stream:
    """The answer's body, piece by piece; the connection goes back to the pool when the server is done with it."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer
        self._pieces = answer.stream(PIECE, decode_content=False)

    def __iter__(self) -> "_Stream":
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self._answer.drain_conn()
        self._answer.release_conn()


def _target(environ: WSGIEnvironment) -> str:
    query = environ.get("QUERY_STRING", "")
    raw: str = environ.get("REQUEST_URI") or environ["PATH_INFO"]
    path = raw.partition("?")[0]
    return f"{path}?{query}" if query else path


def _request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {
        key[5:].replace("_", "-").title(): value
        for key, value in environ.items()
        if key.startswith("HTTP_") and not key.startswith("HTTP_X_FORWARDED")
    }
    headers = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    if environ.get("CONTENT_LENGTH"):
        headers["Content-Length"] = environ["CONTENT_LENGTH"]
    headers["X-Forwarded-For"] = environ.get("REMOTE_ADDR", "")
    headers["X-Forwarded-Proto"] = environ.get("wsgi.url_scheme", "http")
    headers["X-Forwarded-Host"] = environ.get("HTTP_HOST", "")
    return headers


def _body(environ: WSGIEnvironment) -> Any:
    return environ["wsgi.input"] if int(environ.get("CONTENT_LENGTH") or 0) else None


def _problem(
    start_response: Callable[..., Any], status: str, detail: str, headers: Mapping[str, str]
) -> Iterable[bytes]:
    start_response(status, list(headers.items()))
    return [json.dumps({"status": int(status[:3]), "title": status[4:], "detail": detail}).encode()]


def main() -> int:
    """Serve until told to stop."""
    serve(Door(json.loads(os.environ["UPSTREAMS"])), listen=os.environ["HTTP_ADDRESS"], threads=16, ident="front")
    return 0


if __name__ == "__main__":
    sys.exit(main())
