"""The inbox: a batch of messages becomes one transaction; what cannot be handled is found by halving and put aside.

Three kinds of trouble are kept apart. The database or the broker is ill: nothing is acknowledged, everything comes
again in order. A message is early: it waits. A message is poison: it is parked in the transaction that remembers it,
and later messages of its subject wait behind it.
"""

import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts.envelope import InvalidEnvelopeError, read
from contracts.event import spec_of
from contracts.topology import OPERATIONS_USER, SERVICES, is_vouched_for, source_of
from services.chassis import beats, parking, telemetry
from services.chassis.db import INFRASTRUCTURE_ERRORS, Connection
from services.chassis.errors import ForbiddenError, LotsennetzError, NotFoundError, UnavailableError
from services.chassis.hear import Arrival, Doors, Mail, heard
from services.chassis.logging import get_logger
from services.chassis.order import Line, Turn
from services.chassis.parking import Stub, Waiting
from services.chassis.stubs import stub_of
from services.chassis.work import Bag, Cause, Unit, Work

ILL = (UnavailableError, *INFRASTRUCTURE_ERRORS)
TRIES = 3
HOLD_SECONDS = 60.0
#: Not said by the service whose event it is: nothing of it is kept or believed, whoever asks for it.
PLANTED = "event.not-vouched-for"
#: Put back by operations, for whom the broker cannot vouch as for a service: believed once an operator asks for it.
PUT_BACK = "event.put-back"
LOCK_ROOM = 730_194

REMEMBER = """
WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s, hashtext(%s)))
INSERT INTO inbox (event_id, source)
SELECT DISTINCT event_id, source FROM unnest(%s::uuid[], %s::text[]) AS asked (event_id, source), alone
ON CONFLICT DO NOTHING RETURNING event_id, source"""

LINES = """
SELECT source, subject, last_sequence,
       EXISTS (SELECT FROM parked_events AS parked WHERE parked.source = asked.source
               AND parked.subject = asked.subject AND settled_at IS NULL) AS blocked,
       EXISTS (SELECT FROM held_events AS held WHERE held.source = asked.source
               AND held.subject = asked.subject) AS waiting
FROM unnest(%s::text[], %s::text[]) AS asked (source, subject) LEFT JOIN inbox_subjects USING (source, subject)"""

Key = tuple[str, str]


@dataclass(slots=True)
class Counts:
    """What happened to messages since the process began."""

    handled: int = 0
    deduplicated: int = 0
    held: int = 0
    parked: int = 0
    passed_over: int = 0
    #: From being written to being handled, of the newest event.
    lag_ms: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A message that could be read, with its bytes at hand in case it has to be put aside."""

    arrival: Arrival
    mail: Mail
    stub: Stub


@dataclass(slots=True)
class Inbox:
    """Hears the mail of one queue for one service; knows nothing of how it came."""

    unit: Unit
    service: Any
    doors: Doors
    queue: str
    hold_seconds: float = HOLD_SECONDS
    counts: Counts = field(default_factory=Counts)
    beat: float = 0.0

    def hear(self, mails: Sequence[Mail]) -> None:
        """Handle a batch so that it may be acknowledged; whatever is raised means: acknowledge nothing."""
        waits = False
        items: list[Item] = []
        for mail in mails:
            try:
                items.append(_item(mail))
            except Exception as error:
                waits = self._in_halves(items) or waits  # what came before it has to be heard before it is parked
                items = []
                self._put_aside(mail, error)
        if self._in_halves(items) or waits:
            self.resume()

    def probe(self) -> None:
        """Raise if the database does not answer."""
        self.unit.db.ping()

    def tick(self) -> None:
        """Once a second: what is overdue is parked, what an operator wants retried or what came too early is tried."""
        with self.unit.db.transaction() as tx:
            self.beat = beats.due(self.beat, tx, "worker", asdict(self.counts))
            self.counts.parked += parking.park_overdue(tx, self.queue, self.hold_seconds)
            early = parking.early(tx, self.queue)
        for waiting in early:
            self._again(waiting)
        self.resume()

    def resume(self) -> None:
        """Handle whatever waited and now has its turn, one by one."""
        while True:
            with self.unit.db.transaction() as tx:
                waiting = parking.next_runnable(tx, self.queue)
            if waiting is None:
                return
            self._again(waiting)

    # --- handling ---------------------------------------------------------------------------------------------------

    def _in_halves(self, items: Sequence[Item]) -> bool:
        """Handle together; if that fails, half and half, down to the one that is to blame. True: something waits."""
        if not items:
            return False
        try:
            return self._together(items)
        except ILL:
            raise
        except Exception as error:
            if len(items) == 1:
                return self._alone(items[0], error)
            middle = len(items) // 2
            first = self._in_halves(items[:middle])
            return self._in_halves(items[middle:]) or first

    def _together(self, items: Sequence[Item]) -> bool:
        bag = Bag()
        with self.unit.db.transaction() as tx:
            fresh = self._fresh(tx, items)
            ready, waits = (fresh, False) if self.doors.batch else self._in_order(tx, fresh)
            self._call(tx, bag, [item.arrival for item in ready])
            self.unit.write(tx, bag)
        self._count(ready)
        self.counts.deduplicated += len(items) - len(fresh)
        return waits

    def _count(self, ready: Sequence[Item]) -> None:
        self.counts.handled += len(ready)
        if ready:
            lag = self.unit.clock.now() - ready[-1].arrival.envelope.time
            self.counts.lag_ms = max(0, int(lag.total_seconds() * 1000))

    def _fresh(self, tx: Connection, items: Sequence[Item]) -> list[Item]:
        """Those never heard before, each once, in the order they came."""
        ids, sources = [i.arrival.envelope.id for i in items], [i.arrival.envelope.source for i in items]
        rows = tx.execute(REMEMBER, (LOCK_ROOM, self.queue, ids, sources)).fetchall()
        unseen = {(row["event_id"], row["source"]) for row in rows}
        fresh = []
        for item in items:
            if item.arrival.key in unseen:
                unseen.discard(item.arrival.key)
                fresh.append(item)
        return fresh

    def _in_order(self, tx: Connection, items: Sequence[Item]) -> tuple[list[Item], bool]:
        """Those whose turn it is; the others are held, or parked behind a parked one."""
        lines = _lines(tx, {_key(item) for item in items if item.stub.sequence is not None})
        ready: list[Item] = []
        for item in items:
            turn = self._turn(lines, item)
            if turn is Turn.GO:
                ready.append(item)
            elif turn is Turn.WAIT:
                self.counts.held += 1
                parking.hold(tx, item.stub, item.mail, parking.GAP)
            elif turn is Turn.BEHIND:
                self.counts.parked += 1
                parking.park(tx, item.stub, item.mail, parking.BEHIND)
            else:
                self.counts.passed_over += 1
        parking.move_on(tx, {key: line.last for key, line in lines.items() if line.moved and line.last is not None})
        return ready, any(line.waiting or line.blocked for line in lines.values())

    def _turn(self, lines: dict[Key, Line], item: Item) -> Turn:
        if item.stub.sequence is None:
            return Turn.GO
        return lines[_key(item)].turn_of(item.stub.sequence, starts=_is_snapshot(item.arrival))

    def _call(self, tx: Connection, bag: Bag, arrivals: Sequence[Arrival]) -> None:
        if self.doors.batch:
            with ExitStack() as spans:
                for arrival in arrivals if telemetry.is_on() else ():
                    spans.enter_context(heard(arrival.envelope, self.queue))
                if arrivals:
                    getattr(self.service, self.doors.batch)(self._own_work(tx, bag), arrivals)
            return
        for arrival in arrivals:
            envelope = arrival.envelope
            door = self.doors.by_type.get(envelope.type)
            if door is not None and envelope.is_known:
                with heard(envelope, self.queue) as traceparent:
                    cause = Cause(envelope.actor, envelope.correlationid, envelope.id, traceparent)
                    getattr(self.service, door)(Work(self.unit, tx, None, cause, bag), envelope.data, envelope)

    # --- trouble ----------------------------------------------------------------------------------------------------

    def _alone(self, item: Item, error: Exception) -> bool:
        """The one to blame: tried again in place if it may be a passing fault, then held or parked."""
        attempts = 1
        while not isinstance(error, LotsennetzError) and attempts < TRIES:
            attempts += 1
            try:
                return self._together([item])
            except ILL:
                raise
            except Exception as again:
                error = again
        if isinstance(error, NotFoundError):
            self._hold(item, error.slug)
        else:
            self._park(item.stub, item.mail, error, attempts)
        return True

    def _hold(self, item: Item, reason: str) -> None:
        with self.unit.db.transaction() as tx:
            if self._fresh(tx, [item]):
                parking.hold(tx, item.stub, item.mail, reason)
        self.counts.held += 1

    def _put_aside(self, mail: Mail, error: Exception) -> None:
        """What no service has said must not be in anybody's way: not as heard already, not as one to wait behind."""
        stub, reason = stub_of(mail.raw), reason_of(error)
        if reason == PLANTED:
            mail, stub = Mail(b"", mail.queue, {"size": len(mail.raw)}, mail.user_id), Stub()
        elif reason == PUT_BACK or stub.source != source_of(mail.user_id or ""):
            stub = Stub(type=stub.type)
        self._park(stub, mail, error, attempts=1)

    def _park(self, stub: Stub, mail: Mail, error: Exception, attempts: int) -> None:
        reason, place, bag = reason_of(error), place_of(error), Bag()
        with self.unit.db.transaction() as tx:
            if stub.event_id and stub.source:
                known = tx.execute(REMEMBER, (LOCK_ROOM, self.queue, [stub.event_id], [stub.source])).fetchall()
                if not known:
                    return
            parking.park(tx, stub, mail, reason, error=place, attempts=attempts)
            work = self._own_work(tx, bag)
            for fact in getattr(error, "facts", ()):
                work.announce(fact)
            self.unit.write(tx, bag)
        self.counts.parked += 1
        get_logger().error("inbox.parked", type=stub.type, id=stub.event_id, reason=reason, at=place, queue=mail.queue)

    def _own_work(self, tx: Connection, bag: Bag) -> Work:
        return Work(self.unit, tx, None, self.unit.cause(f"system:{self.unit.service}"), bag)

    def _again(self, waiting: Waiting) -> None:
        """Try one that waited, in a transaction of its own."""
        try:
            if waiting.reason == PLANTED:
                raise ForbiddenError(PLANTED)
            item = _item(waiting.mail, is_asked_for=waiting.is_forced)
            bag = Bag()
            with self.unit.db.transaction() as tx:
                if not parking.take_back(tx, waiting):
                    return
                self._call(tx, bag, [one.arrival for one in self._ready(tx, waiting, item)])
                self.unit.write(tx, bag)
            self.counts.handled += 1
        except ILL:
            raise
        except Exception as error:
            self._put_back(waiting, error)

    def _ready(self, tx: Connection, waiting: Waiting, item: Item) -> list[Item]:
        """What was put back comes like a message that just arrived; the others' place in their line is known."""
        if item.mail.user_id == OPERATIONS_USER:
            fresh = self._fresh(tx, [item])
            return fresh if self.doors.batch else self._in_order(tx, fresh)[0]
        return [item] if self._may_go(tx, waiting) else []

    def _may_go(self, tx: Connection, waiting: Waiting) -> bool:
        """Its number must not have been overtaken meanwhile; then the line moves on to it."""
        stub = waiting.stub
        if stub.sequence is None or stub.source is None or stub.subject is None:
            return True
        last = _lines(tx, {(stub.source, stub.subject)})[stub.source, stub.subject].last
        parking.move_on(tx, {(stub.source, stub.subject): stub.sequence})
        return last is None or stub.sequence > last

    def _put_back(self, waiting: Waiting, error: Exception) -> None:
        with self.unit.db.transaction() as tx:
            if waiting.table == "held" and isinstance(error, NotFoundError):
                parking.still_early(tx, waiting, error.slug)
            else:
                parking.put_back(tx, waiting, reason_of(error), place_of(error))
                self.counts.parked += 1


def reason_of(error: Exception) -> str:
    """The slug of what was raised on purpose; a mistake in the program has none."""
    if isinstance(error, InvalidEnvelopeError):
        return "envelope.invalid"
    return error.slug if isinstance(error, LotsennetzError) else "bug"


def place_of(error: Exception) -> str:
    """Type and place; the text may quote data and stays out."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    return (
        f"{type(error).__name__} {last[0].filename.rpartition('/')[2]}:{last[0].lineno}"
        if last
        else type(error).__name__
    )


def _item(mail: Mail, *, is_asked_for: bool = False) -> Item:
    """Read it, if whoever sent it may say it: the broker vouches for the sender, and nothing in the message does."""
    is_put_back = mail.user_id == OPERATIONS_USER
    if is_put_back and not is_asked_for:
        raise ForbiddenError(PUT_BACK)
    if mail.user_id not in SERVICES and not is_put_back:
        raise ForbiddenError(PLANTED)
    envelope = read(mail.raw)
    if not is_vouched_for(envelope.type, envelope.source, None if is_put_back else mail.user_id):
        raise ForbiddenError(PLANTED)
    stub = Stub(envelope.id, envelope.source, envelope.subject, envelope.sequence, envelope.type)
    return Item(Arrival(envelope, mail.queue, mail.position, mail.redelivered), mail, stub)


def _key(item: Item) -> Key:
    return item.arrival.envelope.source, item.arrival.envelope.subject or ""


def _is_snapshot(arrival: Arrival) -> bool:
    return arrival.envelope.is_known and spec_of(arrival.envelope.data).snapshot


def _lines(tx: Connection, keys: set[Key]) -> dict[Key, Line]:
    if not keys:
        return {}
    rows = tx.execute(LINES, ([source for source, _ in keys], [subject for _, subject in keys]))
    return {(r["source"], r["subject"]): Line(r["last_sequence"], r["blocked"], r["waiting"]) for r in rows}
