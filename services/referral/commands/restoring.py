"""After a restore: whoever was erased since the backup is erased again, before any role stands.

Two databases are restored apart from each other, so either may be older than an erasure: the data bring back a record,
the key store brings back a key. The ledger outside both, and the table beside the data, say who must not come back.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from contracts.referral import DeletionsReplayed, PersonKeyDestroyed
from services.chassis.db import Connection
from services.chassis.work import Unit, Work
from services.referral.commands import cascade
from services.referral.config import Keys
from services.referral.keystore.ledger import Erasure
from services.referral.store import erasures, persons

ACTOR = "system:replay"


@dataclass(slots=True)
class Replayed:
    """What a replay found and did; all but `named` is 0 when nothing had come back."""

    named: int = 0
    records_closed: int = 0
    keys_destroyed: int = 0
    noted_in_table: int = 0
    noted_in_ledger: int = 0

    def counts(self) -> dict[str, int]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def changed(self) -> bool:
        return any(count for name, count in self.counts().items() if name != "named")


def revived(connection: Connection, keys: Keys) -> set[UUID]:
    """The erased who have an open record, or a key that was destroyed already.

    An erasure the clock is still at is neither: its record is closed, and its key goes within a second.
    """
    named = set(keys.ledger.erasures())
    known = erasures.all_of(connection)
    unfinished = {one.person_id for one, destroyed in known.items() if not destroyed}
    named |= {one.person_id for one in known}
    return erasures.open_records(connection, named) | keys.store.existing(named - unfinished)


def replay(unit: Unit, keys: Keys, steps: Callable[[Sequence[Erasure]], Iterable[Erasure]] = iter) -> Replayed:
    """Erase again whoever came back, and complete table and ledger from each other. Repeating it changes nothing."""
    in_ledger = keys.ledger.erasures()
    with unit.db.read() as connection:
        in_table = {one.person_id: one for one in erasures.all_of(connection)}
        back = revived(connection, keys)
    everybody = {**in_table, **in_ledger}
    done = Replayed(named=len(everybody))
    if missing := [one for person_id, one in in_table.items() if person_id not in in_ledger]:
        keys.ledger.append(missing)
        done.noted_in_ledger = len(missing)
    wanted = [one for person_id, one in everybody.items() if person_id in back or person_id not in in_table]
    for erasure in steps(wanted):
        with unit.work(actor=ACTOR) as work:
            _erase_again(work, keys, erasure, done)
    if done.changed:
        with unit.work(actor=ACTOR) as work:
            work.announce(DeletionsReplayed(replay_id=work.new_id(), **done.counts()))
    return done


def _erase_again(work: Work, keys: Keys, erasure: Erasure, done: Replayed) -> None:
    """Close what is open and destroy what is kept; after a crash in between the next replay finds her again."""
    person_id = erasure.person_id
    if erasures.note(work, erasure):
        done.noted_in_table += 1
    if erasures.open_records(work.tx, [person_id]):
        persons.raise_epoch(work, person_id)
        cascade.stop_all(work, person_id)
        persons.erase(work, person_id, erasure.occasion)
        done.records_closed += 1
    if keys.vault.destroy(person_id):
        work.announce(PersonKeyDestroyed(person_id=person_id))
        done.keys_destroyed += 1
    erasures.finished(work, person_id)
