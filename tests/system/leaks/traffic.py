"""What went over HTTP: every exchange of our own callers, and of a browser, kept as it was."""

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from tests.system.leaks.places import Item

ID = r"[0-9a-f-]{36}"
#: The pages and answers that exist to show a person to whoever may see her; each commits a view or a disclosure first.
#: What was typed is shown again to the one who typed it: a form that was filled in wrongly, or a draft.
MAY_SHOW = tuple(
    re.compile(pattern)
    for pattern in (
        rf"GET 200 /referral/api/v1/enquiries/{ID}/person",
        rf"GET 200 /referral/enquiries/{ID}",
        rf"GET 200 /referral/enquiries/{ID}/sheet",
        rf"(GET 200|POST 422) /referral/enquiries/drafts/{ID}/[a-z-]+",
        rf"GET 200 /referral/referrals/{ID}",
        rf"POST 200 /referral/referrals/{ID}/handover-sheet",
        rf"POST 200 /referral/api/v1/referrals/{ID}/prints",
        r"POST 422 /referral/enquiries/",
        rf"GET 200 /referral/api/v1/enquiries/{ID}/documents/{ID}",
        rf"GET 200 /referral/api/v1/enquiries/{ID}/persons/{ID}",
        rf"POST 200 /referral/enquiries/{ID}/subject-access",
        rf"GET 200 /referral/data-protection/breaches/{ID}/note",
        rf"GET 200 /referral/enquiries/{ID}/persons/{ID}/plan",
        rf"GET 200 /referral/api/v1/referrals/{ID}/helpers",
        rf"GET 200 /referral/referrals/{ID}/appointments/{ID}\.ics",
        r"GET 200 /referral/help",
        r"GET 200 /referral/my/(plan)?",
        rf"GET 200 /referral/my/appointments/{ID}\.ics",
    )
)
#: The directory holds no persons; its editors are told by name which field of an import nobody knows.
MAY_REPEAT = re.compile(r"(POST|PUT) 422 /directory/operator/.*")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `stray` means: the words stand in the request itself, because we put them there."""

    method: str
    url: str
    status: int
    headers: str
    body: bytes
    referrer: str = ""
    stray: bool = False

    @property
    def may_show(self) -> bool:
        path = urlsplit(self.url).path
        asked = f"{self.method} {self.status} {path}"
        return any(pattern.fullmatch(asked) for pattern in (*MAY_SHOW, MAY_REPEAT))


@dataclass
class Traffic:
    """Everything that was said and answered."""

    exchanges: list[Exchange] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        """As a hook of a `requests` session."""
        self.exchanges.append(_exchange(answer, stray=False))

    def keep_stray(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        self.exchanges.append(_exchange(answer, stray=True))

    def items(self) -> Iterator[Item]:
        """URLs, headers and the bodies in which nobody may be named; `shown` gives the others."""
        for one in self.exchanges:
            place = f"{one.method} {urlsplit(one.url).path[:120]} -> {one.status}"
            if not one.stray:
                yield Item("URLs", place, f"{one.url}\n{one.referrer}".encode())
            yield Item("answer headers", place, one.headers.encode())
            if not one.may_show:
                kind = "error answers" if one.status >= 400 else "pages and answers"
                yield Item(kind, place, one.body)
        for url in self.history:
            yield Item("browser history", url.partition("?")[0], url.encode())

    def shown(self) -> bytes:
        return b"\n".join(one.body for one in self.exchanges if one.may_show)


def _exchange(answer: requests.Response, *, stray: bool) -> Exchange:
    asked = answer.request
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    referrer = str(asked.headers.get("Referer", ""))
    return Exchange(
        asked.method or "GET", asked.url or "", answer.status_code, headers, answer.content, referrer, stray
    )


class Recorder:
    """Stands before a partner's webhook: keeps what comes, passes it on - and fails the first time, saying too much."""

    def __init__(self, partner_url: str, port: int, error: str) -> None:
        self.received: list[Item] = []
        self.failures = 0
        recorder, http = self, urllib3.PoolManager()

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                recorder.received.append(Item("webhooks", self.path, f"{self.path}\n{self.headers}".encode() + body))
                if recorder.failures == 0:
                    recorder.failures += 1
                    self.reply(500, error.encode(), error)
                    return
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                answer = http.request("POST", partner_url, body=body, headers=headers, timeout=10)
                self.reply(answer.status, answer.data)

            def reply(self, status: int, body: bytes, reason: str | None = None) -> None:
                self.send_response(status, reason)
                self.send_header("x-partner-says", reason or "fine")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Door)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/lotsennetz"

    def __enter__(self) -> "Recorder":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def all_items(*groups: Iterable[Item]) -> Iterator[Item]:
    for group in groups:
        yield from group
