"""The service key changes: what a former one wrapped or indexed is opened with it and closed with the current one.

In batches, each written only where the old bytes still stand: it may be stopped, repeated, run twice at once and beside
the service. What does not open is left as it is, counted and named by the service key that should have opened it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from contracts.event import Code
from contracts.referral import KeysRewrapped
from services.chassis.db import Connection
from services.chassis.work import Unit
from services.referral.config import Keys
from services.referral.queries.custody import UNNAMED, Custody, custody
from services.referral.store import keys as custodial
from services.referral.store import marks, rewraps
from services.referral.vault import UnreadableError, WrappedKey

ACTOR = "system:rewrap"
BATCH = 500
FIRST = UUID(int=0)


class Kept(Protocol):
    """Something that hangs on a service key."""

    @property
    def id(self) -> UUID: ...

    @property
    def wrapping_id(self) -> str | None: ...


Item = TypeVar("Item", bound=Kept)
Made = TypeVar("Made")
Tell = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Pass(Generic[Item, Made]):
    """How one kind is gone through: read after an id, made anew, and written where nothing has changed."""

    kind: str
    read: Callable[[UUID], Sequence[Item]]
    remake: Callable[[Item], Made]
    write: Callable[[Sequence[tuple[Item, Made]]], int]


@dataclass(slots=True)
class Rewrapped:
    """What a run did (a dry one: would do), what it could not open, and what hangs on which key now."""

    custody: Custody
    done: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)


def rewrap(unit: Unit, keys: Keys, *, dry_run: bool = False, tell: Tell = lambda kind, count: None) -> Rewrapped:
    """Bring everything under the current service key; a dry run opens everything and writes nothing."""
    began_at = unit.clock.now()
    with unit.db.session() as connection:
        run = Rewrapped(custody(connection, keys))
        _go_through(_person_keys(keys), run, dry_run, tell)
        _go_through(_custodial_keys(connection, keys), run, dry_run, tell)
        _go_through(_marks(connection, keys), run, dry_run, tell)
        run.custody = custody(connection, keys)
    if not dry_run:
        _note(unit, run, began_at)
    return run


def _go_through(one: Pass[Item, Made], run: Rewrapped, dry_run: bool, tell: Tell) -> None:
    after = FIRST
    while batch := one.read(after):
        changes = []
        for item in batch:
            try:
                changes.append((item, one.remake(item)))
            except UnreadableError:
                run.unreadable[item.wrapping_id or UNNAMED] += 1
        run.done[one.kind] += len(changes) if dry_run else one.write(changes)
        tell(one.kind, len(batch))
        after = batch[-1].id


def _person_keys(keys: Keys) -> Pass[WrappedKey, bytes]:
    current = keys.vault.wrapping_id
    return Pass(
        "person_keys",
        read=lambda after: keys.store.wrapped_otherwise(current, after, BATCH),
        remake=keys.vault.rewrapped,
        write=lambda changes: keys.store.rewrap(changes, current),
    )


def _custodial_keys(connection: Connection, keys: Keys) -> Pass[custodial.WrappedPair, bytes]:
    current = keys.vault.wrapping_id
    return Pass(
        "custodial_keys",
        read=lambda after: custodial.wrapped_otherwise(connection, current, after, BATCH),
        remake=lambda pair: custodial.rewrapped(keys.vault, pair),
        write=lambda changes: custodial.rewrap(connection, changes, current),
    )


def _marks(connection: Connection, keys: Keys) -> Pass[marks.Marked, marks.Marks]:
    current = keys.vault.wrapping_id
    return Pass(
        "blind_indexes",
        read=lambda after: marks.marked_otherwise(connection, current, after, BATCH),
        remake=lambda person: marks.made_anew(connection, keys.vault, person),
        write=lambda changes: marks.put(connection, changes, current),
    )


def _note(unit: Unit, run: Rewrapped, began_at: datetime) -> None:
    unreadable, left = run.unreadable.total(), sum(map(run.custody.left, run.custody.held))
    done = {kind: run.done[kind] for kind in run.custody.held}
    wrapping_id = run.custody.wrapping_id
    with unit.work(actor=ACTOR) as work:
        kept = rewraps.Rewrap(
            id=work.new_id(),
            wrapping_id=wrapping_id,
            unreadable=unreadable,
            began_at=began_at,
            ended_at=work.now,
            **done,
        )
        rewraps.keep(work, kept)
        work.announce(
            KeysRewrapped(rewrap_id=kept.id, wrapping_id=Code(wrapping_id), unreadable=unreadable, left=left, **done)
        )
