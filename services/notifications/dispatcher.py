"""Sends what is due: claims in one transaction, talks to the outside in none, records in another.

At most one attempt per organization is under way, so a slow partner delays only itself. If the database goes away
meanwhile, reading and recording are tried again while the claim holds. Whoever dies between claiming and recording
leaves the delivery due again when its claim runs out: a partner may get a notice twice, under one id.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import Any, TypeVar
from uuid import UUID

from contracts.codes import ChannelKind, NoticeKind
from services.chassis import telemetry
from services.chassis.errors import UnavailableError
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.notifications import commands, store, webhook_secrets
from services.notifications.channels import digest
from services.notifications.channels.digest import Entry
from services.notifications.channels.mail import MailSender
from services.notifications.channels.result import Result
from services.notifications.channels.webhook import WebhookSender
from services.notifications.commands import Attempt, Consequence
from services.notifications.domain.ladder import Ladder
from services.notifications.domain.policy import GATHERED
from services.notifications.store import Delivery, endpoints, units

ACTOR = "system:dispatcher"
CLAIM = timedelta(seconds=90)
#: How long an attempt waits for the database; with the time a partner may take, it ends before the claim does.
PATIENCE_SECONDS = 60.0
IDLE_SECONDS = 0.25
TROUBLE_SECONDS = 2.0
RETRY_SECONDS = 0.5
#: How often those are told who should have been told already.
REMIND_SECONDS = 60.0

T = TypeVar("T")


@dataclass
class Dispatcher:
    """One per network, under the clock's leader lock; its threads are as many as partners may be slow at once."""

    unit: Unit
    webhooks: WebhookSender
    mails: MailSender
    ladder: Ladder
    deployment_keys: tuple[bytes, ...] = field(repr=False)
    threads: int = 8
    on_parked: Callable[[], None] | None = None
    on_switched_off: Callable[[], None] | None = None
    on_asked: Callable[[], None] | None = None
    on_keys_waiting: Callable[[], None] | None = None
    on_proposals: Callable[[], None] | None = None
    started: int = 0
    _busy: dict[UUID, Future[None]] = field(default_factory=dict, repr=False)
    _stop: Event = field(default_factory=Event, repr=False)

    def run(self, stop: Event, still_leading: Callable[[], None] = lambda: None) -> None:
        """Until told to stop; then what is under way is finished. Ends with an error when it leads no longer."""
        self._stop = stop
        reminded = -REMIND_SECONDS
        with ThreadPoolExecutor(self.threads, "dispatch") as pool:
            while not stop.is_set():
                still_leading()
                if time.monotonic() - reminded >= REMIND_SECONDS:
                    reminded = time.monotonic()
                    pool.submit(self.tell_switched_off)
                    pool.submit(self.tell_parked)
                    pool.submit(self.tell_asked)
                    pool.submit(self.tell_keys_waiting)
                    pool.submit(self.tell_proposals)
                try:
                    idle = self.turn(pool) == 0
                except UnavailableError:
                    get_logger().warning("dispatch", outcome="database-unavailable")
                    stop.wait(TROUBLE_SECONDS)
                    continue
                stop.wait(IDLE_SECONDS if idle else 0.01)

    def turn(self, pool: ThreadPoolExecutor) -> int:
        """Start what is due and free; returns how many were started."""
        self._busy = {organization: future for organization, future in self._busy.items() if not future.done()}
        free = self.threads - len(self._busy)
        if free <= 0:
            return 0
        for delivery in (claimed := self._claim(free)):
            self.started += 1
            self._busy[delivery.organization_id] = pool.submit(self._attempt_safely, delivery)
        return len(claimed)

    def _claim(self, limit: int) -> list[Delivery]:
        now = self.unit.clock.now()
        with self.unit.db.transaction() as tx:
            return store.claim(tx, now, now + CLAIM, list(self._busy), limit)

    def _attempt_safely(self, delivery: Delivery) -> None:
        """A mistake in the program must not end the thread in silence: it is an attempt that failed."""
        try:
            self.attempt(delivery)
        except UnavailableError:
            get_logger().warning("dispatch", outcome="not-recorded", id=str(delivery.delivery_id))
        except Exception:
            get_logger().exception("dispatch", outcome="bug", id=str(delivery.delivery_id))

    def attempt(self, delivery: Delivery) -> None:
        """One attempt from reading the letter to recording how it went."""
        until = time.monotonic() + PATIENCE_SECONDS
        letter = self._patiently(lambda: self._letter(delivery), until)
        kind = NoticeKind(letter["kind"])
        entries = self._patiently(lambda: self._entries(delivery, letter, kind), until)
        began, began_at = time.monotonic(), self.unit.clock.now()
        is_list = len(entries) > 1
        results = self._send_digest(entries, letter, kind) if is_list else [self._send(delivery, letter)]
        milliseconds = round((time.monotonic() - began) * 1000)
        attempts = [
            (entry.delivery, _attempt(began_at, milliseconds, result))
            for entry, result in zip(entries, results, strict=True)
        ]
        consequences = self._patiently(lambda: self._record(attempts, kind), until)
        if Consequence.SWITCHED_OFF in consequences:
            self.tell_switched_off()

    def _entries(self, delivery: Delivery, letter: Any, kind: NoticeKind) -> list[Entry]:
        """This one, and whatever else of its kind waits for the same mailbox and goes along; what is urgent first."""
        entries = [Entry(delivery, letter["reference"], letter["urgent"])]
        if (delivery.channel, kind) in GATHERED:
            now = self.unit.clock.now()
            with self.unit.db.transaction() as tx:
                entries += [Entry(*row) for row in units.claim_rest(tx, delivery, kind, now, now + CLAIM)]
        return sorted(entries, key=lambda entry: not entry.urgent)

    def _send_digest(self, entries: list[Entry], letter: Any, kind: NoticeKind) -> list[Result]:
        is_light = entries[0].delivery.channel is ChannelKind.LIGHT
        mailbox = letter["unit_mailbox"] if is_light else letter["contact"]
        now = self.unit.clock.now()
        return digest.send(self.mails, mailbox, entries, kind.value, links=is_light, now=now)

    def _letter(self, delivery: Delivery) -> Any:
        with self.unit.db.read() as connection:
            letter = store.letter(connection, delivery, self.unit.clock.today())
            if delivery.channel is not ChannelKind.WEBHOOK:
                return letter
            now = self.unit.clock.now()
            return {**letter, "sealed": endpoints.secrets_in_force(connection, delivery.organization_id, now)}

    def _record(self, attempts: list[tuple[Delivery, Attempt]], kind: NoticeKind) -> set[Consequence]:
        with self.unit.work(actor=ACTOR) as work:
            return {
                commands.record_attempt(work, delivery.delivery_id, kind, attempt, self.ladder)
                for delivery, attempt in attempts
            }

    def tell_parked(self) -> None:
        """The lead is told of what was parked, all at once and not of each."""
        self._tell(self.on_parked)

    def tell_keys_waiting(self) -> None:
        """The lead is told of partners' keys that wait for a second person."""
        self._tell(self.on_keys_waiting)

    def tell_proposals(self) -> None:
        """Editors are told of partners' proposals that wait, partners how theirs ended."""
        self._tell(self.on_proposals)

    def tell_switched_off(self) -> None:
        """Who has not been told of a webhook that was switched off is told now."""
        self._tell(self.on_switched_off)

    def tell_asked(self) -> None:
        """Organizations are asked whether their entries are still true."""
        self._tell(self.on_asked)

    def _tell(self, tell: Callable[[], None] | None) -> None:
        """What fails is tried again later."""
        if tell is None:
            return
        try:
            tell()
        except UnavailableError:
            get_logger().warning("dispatch", outcome="not-told")
        except Exception:
            get_logger().exception("dispatch", outcome="bug")

    def _patiently(self, act: Callable[[], T], until: float) -> T:
        """The database may be away for a moment; while the claim holds, nobody else takes the delivery."""
        while True:
            try:
                return act()
            except UnavailableError:
                if time.monotonic() >= until or self._stop.wait(RETRY_SECONDS):
                    raise

    def _send(self, delivery: Delivery, letter: Any) -> Result:
        now = self.unit.clock.now()
        if delivery.channel is ChannelKind.WEBHOOK:
            return self._call(delivery, letter, now)
        if delivery.channel is ChannelKind.CONTACT:
            return self.mails.tell_contact(letter["contact"], letter["reference"], NoticeKind(letter["kind"]), now)
        return self.mails.send(
            letter["unit_mailbox"],
            delivery.organization_id,
            delivery.referral_id,
            letter["reference"],
            NoticeKind(letter["kind"]),
            now,
        )

    def _call(self, delivery: Delivery, letter: Any, now: datetime) -> Result:
        """The webhook, told where in a trace it is called."""
        secrets = webhook_secrets.opened(letter["sealed"], delivery.organization_id, *self.deployment_keys)
        body = bytes(letter["body"])
        told: telemetry.Attributes = {
            "http.request.method": "POST",
            "lotsennetz.delivery_id": str(delivery.delivery_id),
        }
        traceparent = json.loads(body).get("traceparent")
        with telemetry.span(traceparent, f"notice {letter['kind']}", telemetry.Kind.CLIENT, told) as here:
            return self.webhooks.send(letter["webhook_url"], secrets, delivery.notice_id, body, now, here)


def _attempt(began_at: datetime, milliseconds: int, result: Result) -> Attempt:
    return Attempt(
        began_at,
        milliseconds,
        result.status_code,
        result.cause,
        result.confirmed,
        result.final,
        result.link_id,
        result.link_until,
    )
