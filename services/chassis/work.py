"""One unit of work: read, decide, write and announce - in one transaction, or nothing of it happened."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from uuid6 import uuid7

from contracts import envelope as envelopes
from contracts.event import subject_of, type_of
from contracts.topology import source_of
from services.chassis import outbox, statement, tracing
from services.chassis.clock import Clock
from services.chassis.db import Connection, Database
from services.chassis.errors import ForbiddenError, InvalidError, RaceLostError, RefusedError, UnavailableError

Result = tuple[int, dict[str, Any]]


def new_id() -> UUID:
    """A fresh id that sorts by time, which keeps indexes dense."""
    return UUID(int=uuid7().int)


@dataclass(frozen=True, slots=True)
class Cause:
    """On whose behalf, and in which conversation, something is done."""

    actor: str
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event that will leave with the commit; its sequence is taken at the very end."""

    event: Any
    subject: str
    cause: Cause
    consentref: str | None
    id: UUID


@dataclass(slots=True)
class Bag:
    """What one transaction will send: events still to be numbered, letters already final, guarded writes."""

    announcements: list[Announcement] = field(default_factory=list)
    letters: list[outbox.Letter] = field(default_factory=list)
    writes: list[statement.Write] = field(default_factory=list)
    result: statement.Kept | None = None
    #: The last sequence of a subject as the caller read it, which lets the whole work become one statement.
    followed: dict[str, int] = field(default_factory=dict)


class Work:
    """What a command or a handler gets: a transaction, the time, and a way to announce.

    ``tx`` begins the transaction when it is first touched. A command that only reads through ``reader`` and writes
    through ``save`` never opens one: at the end everything goes to the database as a single statement.
    """

    def __init__(
        self, unit: "Unit", connection: Connection, begin: Callable[[], None] | None, cause: Cause, bag: Bag
    ) -> None:
        self._unit = unit
        self._begin = begin
        self.bag = bag
        self.cause = cause
        self.reader = connection
        self.now: datetime = unit.clock.now()
        self.today: date = unit.clock.today()

    @property
    def tx(self) -> Connection:
        """The connection, inside the transaction."""
        if self._begin is not None:
            self._begin()
            self._begin = None
        return self.reader

    @property
    def actor(self) -> str:
        return self.cause.actor

    @property
    def correlation_id(self) -> UUID:
        return self.cause.correlation_id

    @property
    def in_transaction(self) -> bool:
        return self._begin is None

    def new_id(self) -> UUID:
        return self._unit.ids()

    def announce(self, event: Any, *, consentref: str | None = None) -> UUID:
        """Tell the network, if and only if this work commits; returns the id the event will have."""
        told = Announcement(event, subject_of(event), self.cause, consentref, self.new_id())
        self.bag.announcements.append(told)
        return told.id

    def send(self, body: bytes, *, exchange: str, routing_key: str, id: UUID, subject: str, **headers: str) -> None:  # noqa: A002
        """Send ready bytes to somebody in particular, through the same outbox."""
        self.bag.letters.append(outbox.Letter(id, subject, exchange, routing_key, headers, body))

    def save(self, sql: LiteralString, params: Sequence[Any]) -> None:
        """Collect a guarded write of exactly one row; if it hits none, the work ends in `StaleError`."""
        self.bag.writes.append(statement.Write(sql, tuple(params)))

    def follows(self, subject: str, last: int) -> None:
        """Say which sequence of a subject was last when it was loaded (0: none yet); the guarded write relies on it."""
        self.bag.followed[subject] = last


class Unit:
    """Makes works: knows the database, the clock and in whose name events are published."""

    def __init__(self, db: Database, clock: Clock, source: str, ids: Callable[[], UUID] = new_id) -> None:
        self.db = db
        self.clock = clock
        self.service = source
        self.source = source_of(source)
        self.exchange = f"{source}.events"
        self.ids = ids
        #: How a fact of a refusal is told; a service that keeps such facts in tables of its own puts its way here.
        self.tell_refusal: Callable[[Work, Any], object] = Work.announce

    def cause(
        self,
        actor: str,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> Cause:
        return Cause(actor, correlation_id or self.ids(), causation_id, traceparent)

    @contextmanager
    def work(
        self,
        *,
        actor: str,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        traceparent: str | None = None,
    ) -> Iterator[Work]:
        """One transaction. A refusal rolls it back and then records its facts in a transaction of their own."""
        cause = self.cause(actor, correlation_id, causation_id, traceparent)
        try:
            with self._attempt(cause) as work:
                yield work
        except (RefusedError, ForbiddenError) as refusal:
            self.record_refusal(refusal, cause)
            raise

    def idempotent(
        self,
        caller: str,
        key: str,
        digest: str,
        run: Callable[[Work], Result],
        *,
        actor: str,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        traceparent: str | None = None,
        formerly: Sequence[str] = (),
    ) -> Result:
        """Run once per (caller, key): a repetition gets the stored answer and has no second effect.

        ``formerly`` are digests of the same request by keys that were in use before.

        Optimistic: nothing is looked up first. The result is inserted with the effect, so a repetition either fails in
        its guard or on that key; whatever fails looks whether the answer is already there. Who lost a race against a
        change the caller may know nothing of (the person's consent moved by another of her referrals) looks and
        decides anew; where the caller's own version is out of date, `run` says so itself.
        """
        cause = self.cause(actor, correlation_id, causation_id, traceparent)
        for attempts_left in (2, 1, 0):
            try:
                with self._attempt(cause) as work:
                    status, body = run(work)
                    work.bag.result = statement.Kept(caller, key, digest, status, body)
                break
            except UnavailableError:
                raise
            except Exception as error:
                if (stored := self._stored(caller, key, {digest, *formerly})) is not None:
                    return stored
                if not attempts_left or not isinstance(error, RaceLostError):
                    if isinstance(error, RefusedError | ForbiddenError):
                        self.record_refusal(error, cause)
                    raise
        return status, body

    @contextmanager
    def _attempt(self, cause: Cause) -> Iterator[Work]:
        bag = Bag()
        with self.db.session() as connection, ExitStack() as stack:
            work = Work(self, connection, lambda: _begin(stack, connection), cause, bag)
            yield work
            self.finish(work, bag)

    def finish(self, work: Work, bag: Bag) -> None:
        """Write what the work collected: as one statement if it can be, in its transaction otherwise."""
        subjects = Counter(told.subject for told in bag.announcements)
        if not work.in_transaction and statement.fits(bag.writes, subjects, bag.followed):
            numbers = {subject: last + 1 for subject, last in bag.followed.items()}
            letters = [*self._seal(bag.announcements, numbers), *bag.letters]
            statement.execute(
                work.reader,
                writes=bag.writes,
                followed=bag.followed,
                letters=letters,
                told=subjects,
                kept=bag.result,
            )
        elif work.in_transaction or bag.announcements or bag.letters or bag.writes or bag.result:
            self.write(work.tx, bag)

    def write(self, tx: Connection, bag: Bag) -> None:
        for write in bag.writes:
            if tx.execute(write.sql, write.params).rowcount != 1:
                raise RaceLostError("work.changed-meanwhile")
        numbers = outbox.take_numbers(tx, (told.subject for told in bag.announcements))
        outbox.post(tx, [*self._seal(bag.announcements, numbers), *bag.letters])
        if bag.result is not None:
            statement.keep(tx, bag.result)

    def _seal(self, announcements: Sequence[Announcement], numbers: dict[str, int]) -> list[outbox.Letter]:
        """Make the final bytes of every event, once."""
        return [self._letter(told, _next(numbers, told.subject)) for told in announcements]

    def _letter(self, told: Announcement, sequence: int) -> outbox.Letter:
        written = envelopes.write(
            told.event,
            id=told.id,
            source=self.source,
            sequence=sequence,
            time=self.clock.now(),
            actor=told.cause.actor,
            correlation_id=told.cause.correlation_id,
            causation_id=told.cause.causation_id,
            traceparent=told.cause.traceparent or tracing.of_subject(told.subject),
            consentref=told.consentref,
            subject=told.subject,
        )
        headers = envelopes.headers(written)
        return outbox.Letter(told.id, told.subject, self.exchange, type_of(told.event), headers, written.raw)

    def record_refusal(self, refusal: RefusedError | ForbiddenError, cause: Cause) -> None:
        """A refusal is a fact too. If it cannot be written, the answer is that we are not available."""
        if not refusal.facts:
            return
        try:
            with self._attempt(cause) as own:
                for fact in refusal.facts:
                    self.tell_refusal(own, fact)
        except Exception as error:
            raise UnavailableError("refusal.not-recorded") from error

    def _stored(self, caller: str, key: str, digests: Collection[str]) -> Result | None:
        with self.db.session() as connection:
            row = connection.execute(
                "SELECT digest, status, body FROM command_results WHERE caller = %s AND key = %s", (caller, key)
            ).fetchone()
        if row is None:
            return None
        if row["digest"] not in digests:
            raise InvalidError("idempotency.key-reused", {"Idempotency-Key": "a-new-key-for-a-new-request"})
        return row["status"], row["body"]


def _begin(stack: ExitStack, connection: Connection) -> None:
    stack.enter_context(connection.transaction())


def _next(numbers: dict[str, int], subject: str) -> int:
    numbers[subject] += 1
    return numbers[subject] - 1
