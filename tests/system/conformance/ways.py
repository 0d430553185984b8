"""The five ways a partner takes part, behind one small interface: hear, open, say.

Each speaks as the partner's side does (the kit's client, a browser, a navigator who writes down what she was told) and
knows nothing of the network's inside.
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from lotsennetz_partner import AwayError, Client, Event, RefusedError, Settings, StaleError
from lotsennetz_partner.journal import Answer
from lotsennetz_partner.queue import Queue, event_in
from standardwebhooks import Webhook

from deploy.demo.desk import Desk
from deploy.demo.partners.light_mail import LINK, Browser
from tests.waiting import eventually

DESK = re.compile(r"/referral/desk/referrals/([0-9a-f-]{36})")
DUTIES = frozenset({"acknowledge_stop", "state_deletion"})
PLAIN = frozenset({"receive", "accept", "reject", "start", "complete", *DUTIES})
PATIENCE = 60


@dataclass(frozen=True)
class Said:
    """What came of something the partner said: done, refused or stale; `slug` where the way tells it."""

    result: str
    slug: str = ""


class WayIn(Protocol):
    """How one partner hears and answers."""

    #: What can be said by this way; the rest of the contract is not for it.
    says: frozenset[str]
    #: Whether the network tells it anything by itself.
    is_told: bool
    #: Whether an answer carries the version it is about.
    has_versions: bool

    def heard(self, referral_id: str, kind: str) -> int:
        """How many notices of this kind about this referral have arrived."""

    def open(self, referral_id: str) -> str:
        """What is shown of the person, as text; what was refused is a RefusedError."""

    def say(
        self, referral_id: str, action: str, *, key: str | None = None, version: int | None = None, **body: Any
    ) -> Said:
        """Answer; under one key it is the same answer."""


#: What the kit says while the network hears its partner no more.
RESTS = "participation rests"


@dataclass
class ByRest:
    """What pull and webhook have in common: looking, fetching and answering by HTTPS."""

    client: Client
    says: frozenset[str] = PLAIN | {"ask"}
    is_told: bool = True
    has_versions: bool = True

    def open(self, referral_id: str) -> str:
        return json.dumps(self.client.dossier(referral_id), ensure_ascii=False)

    def say(
        self, referral_id: str, action: str, *, key: str | None = None, version: int | None = None, **body: Any
    ) -> Said:
        try:
            if version is None:
                self.client.act_now(referral_id, action, self.sealed(body), key)
            else:
                self.client.act(referral_id, action, self.sealed(body), version=version, key=key or str(uuid4()))
        except StaleError as stale:
            return Said("stale", stale.slug)
        except RefusedError as refused:
            return Said("refused", refused.slug)
        except AwayError as away:
            if RESTS not in str(away):
                raise
            return Said("refused", "partner.suspended")
        return Said("done")

    def sealed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if "comment" not in body:
            return dict(body)
        rest = {name: value for name, value in body.items() if name != "comment"}
        return {**rest, "sealed_comment": self.client.seal(body["comment"])}


@dataclass
class ByPull(ByRest):
    """Asks for its own notices with a cursor."""

    cursor: int = 0
    notices: list[Event] = field(default_factory=list)

    def heard(self, referral_id: str, kind: str) -> int:
        page = self.client.events(after=self.cursor, limit=500)
        self.notices += page.events
        if page.events:
            self.client.acknowledge(page.cursor)
            self.cursor = page.cursor
        return counted(self.notices, referral_id, kind)


@dataclass
class ByWebhook(ByRest):
    """Is called; an address of its own, the signature checked by the library everybody uses."""

    port: int = 0
    secret: str = ""
    notices: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        hook, notices = Webhook(self.secret), self.notices

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.verify(body.decode(), {name.lower(): value for name, value in self.headers.items()})
                notices.append(event_in(body))
                self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def heard(self, referral_id: str, kind: str) -> int:
        return counted(self.notices, referral_id, kind)


@dataclass
class ByQueue(ByRest):
    """Reads its own queue and answers to its own exchange; only the dossier comes by HTTPS."""

    settings: Settings | None = None
    queue: Queue | None = None
    notices: list[Event] = field(default_factory=list)
    results: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def connected(self) -> Queue:
        """The other ways have their turn meanwhile, and whoever is silent that long is hung up on by the broker."""
        assert self.settings is not None
        try:
            if self.queue is None:
                self.queue = Queue(self.settings)
            self.listen_on(self.queue)
        except AwayError:
            self.queue = Queue(self.settings)
            self.listen_on(self.queue)
        return self.queue

    def heard(self, referral_id: str, kind: str) -> int:
        self.listen()
        return counted(self.notices, referral_id, kind)

    def listen(self) -> None:
        self.connected()

    def listen_on(self, queue: Queue) -> None:
        while (found := queue.next()) is not None:
            event = event_in(found[0])
            if event.type == "partner.command_result.v1":
                self.results.setdefault(event.data["command_id"], []).append(event.data)
            else:
                self.notices.append(event)
            queue.done(found[1])

    def say(
        self, referral_id: str, action: str, *, key: str | None = None, version: int | None = None, **body: Any
    ) -> Said:
        key = key or str(uuid4())
        if version is None:
            try:
                version = self.client.referral(referral_id).version
            except (RefusedError, AwayError):
                version = 1  # a referral of nobody's, as far as this partner may know
        before = len(self.results.get(key, ()))
        self.connected().say(Answer(key, "", referral_id, action, self.sealed(body)), version)

        def answered() -> bool:
            self.listen()
            return len(self.results.get(key, ())) > before

        eventually(answered, timeout=PATIENCE, interval=0.1)
        last = self.results[key][-1]
        return Said(str(last["result"]), str(last.get("slug") or ""))


@dataclass
class ByLightPath:
    """A clerk: a mail with a link, a code from the letter, and the buttons of the page."""

    browser: Browser
    mailbox: Path
    address: str
    codes: list[str]
    says: frozenset[str] = PLAIN | {"ask"}
    is_told: bool = True
    has_versions: bool = True
    entered: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    desks: dict[str, str] = field(default_factory=dict)
    pressed: dict[str | None, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _last_form: dict[str, str] = field(default_factory=dict)

    def heard(self, referral_id: str, kind: str) -> int:
        """A mail names no kind: the first about a referral is the request, each further one brings news of it."""
        for path in sorted(self.mailbox.glob("*.eml")):
            if path.name not in self.read:
                self.read.add(path.name)
                self.visit(path)
        mails = self.entered.count(referral_id)
        return mails if kind == "referral_requested" else max(0, mails - 1)

    def visit(self, path: Path) -> None:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        link = LINK.search(body.get_content()) if body and self.address in str(mail["to"]) else None
        if link is None:
            return
        self.browser.open(link.group())
        entrance = self.browser.form(link.group().rpartition("/")[2])
        assert entrance is not None, self.browser.url
        self.browser.press(entrance[0] or link.group(), entrance[1])
        while (door := self.browser.form("/device")) is not None:
            self.browser.press(door[0], {**door[1], "code": self.codes.pop()})
        found = DESK.search(self.browser.url)
        assert found is not None, self.browser.url
        self.entered.append(found.group(1))
        self.desks[found.group(1)] = self.browser.url.partition("?")[0]

    def open(self, referral_id: str) -> str:
        status = self.browser.open(self.address_of(referral_id))
        if status >= 400:
            raise RefusedError(status, {})
        return self.browser.html

    def address_of(self, referral_id: str) -> str:
        """Its own page; of a referral that is none of its, the address made by hand."""
        some = next(iter(self.desks.values()), "")
        return self.desks.get(referral_id) or f"{some.rpartition('/')[0]}/{referral_id}"

    def say(
        self, referral_id: str, action: str, *, key: str | None = None, version: int | None = None, **body: Any
    ) -> Said:
        """Press the button; where none is offered, send the form as somebody who knows its address would."""
        if key in self.pressed:
            return said_by(self.browser.press(*self.pressed[key]))
        self.browser.open(self.address_of(referral_id))
        form = self.browser.form(f"/actions/{action}") or (
            f"{self.address_of(referral_id)}/actions/{action}",
            next((fields for _, fields in self.browser.forms() if "csrf_token" in fields), self.kept_form()),
        )
        fields = {**form[1], **{("sealed_comment" if name == "comment" else name): body[name] for name in body}}
        if version is not None:
            fields["version"] = str(version)
        if key is not None:
            self.pressed[key] = (form[0], fields)  # a button pressed twice sends the same form twice
        self._last_form = form[1] or self._last_form
        return said_by(self.browser.press(form[0], fields))

    def kept_form(self) -> dict[str, str]:
        """The hidden fields of the last page that had some: the session's own."""
        return self._last_form


@dataclass
class ByHand:
    """No channel: a printed sheet, and a navigator who writes down what she was told on the telephone."""

    desk: Desk
    says: frozenset[str] = PLAIN
    is_told: bool = False
    has_versions: bool = False

    def heard(self, referral_id: str, kind: str) -> int:
        return 0

    def open(self, referral_id: str) -> str:
        answer = self.desk.ask("POST", f"/referral/api/v1/referrals/{referral_id}/prints", {})
        if answer.status_code >= 400:
            raise RefusedError(answer.status_code, answer.json())
        return answer.text

    def say(
        self, referral_id: str, action: str, *, key: str | None = None, version: int | None = None, **body: Any
    ) -> Said:
        told = {"action": action, "way": "phone", "told_on": datetime.now(UTC).date().isoformat(), **body}
        path = f"/referral/api/v1/referrals/{referral_id}/records"
        answer = self.desk.ask("POST", path, told, **{"Idempotency-Key": key or str(uuid4())})
        slug = "" if answer.status_code < 400 else str(answer.json().get("slug", ""))
        return Said(said_by(answer.status_code).result, slug)


def said_by(status: int) -> Said:
    """A page's or an interface's status as what came of it."""
    if status < 400:
        return Said("done")
    return Said("stale" if status == 412 else "refused")


def counted(notices: list[Event], referral_id: str, kind: str) -> int:
    return sum(one.data["referral_id"] == referral_id and one.data["kind"] == kind for one in notices)
