"""After a restore: whoever was erased since the backup is erased again, and what was taken back is taken back again.

Two databases are restored apart from each other, so either may be older than an erasure: the data bring back a record,
the key store brings back a key. The ledger outside both, and the table beside the data, say who must not come back. The
data bring back consents, too; the ledger says what was left of each. All of it before any role stands.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

from contracts.codes import Party
from contracts.referral import DeletionsReplayed, PersonKeyDestroyed
from services.chassis.db import Connection
from services.chassis.work import Unit, Work
from services.referral.commands import cascade, withdrawing
from services.referral.commands.withdrawing import Withdrawable
from services.referral.config import Keys
from services.referral.domain.grounds import Consent
from services.referral.domain.lifecycle import Actor
from services.referral.domain.withdrawing import Part, beyond, covers
from services.referral.keystore.ledger import Erasure, Withdrawal
from services.referral.store import erasures, persons, withdrawals

ACTOR = "system:replay"
REPLAY = Actor(Party.SYSTEM, ACTOR)


@dataclass(slots=True)
class Replayed:
    """What a replay found and did; all but `named` is 0 when nothing had come back."""

    named: int = 0
    records_closed: int = 0
    keys_destroyed: int = 0
    noted_in_table: int = 0
    noted_in_ledger: int = 0
    withdrawn_again: int = 0

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


def held_again(connection: Connection, keys: Keys) -> list[tuple[Consent, Withdrawal]]:
    """Consents that hold though they were taken back, or hold for more than was left of them."""
    last: dict[UUID, Withdrawal] = {}
    for one in sorted(keys.ledger.withdrawals().values(), key=lambda one: (one.withdrawn_at, one.version)):
        last[one.consent_id] = one  # it says what was left of all those before it
    found = withdrawals.in_force(connection, list(last))
    return [(consent, last[one]) for one, consent in found.items() if revoked_of(consent, last[one])]


def revoked_of(consent: Consent, withdrawal: Withdrawal) -> tuple[Part, ...]:
    """The parts of this version that were taken back; what was given after that is another matter."""
    if consent.given_at > withdrawal.withdrawn_at:
        return ()
    left = {(one.organization_id, one.service_id): one.categories for one in withdrawal.left}
    return beyond(consent.recipients, left)


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
    with unit.db.read() as connection:
        known, again = withdrawals.all_of(connection), held_again(connection, keys)
    in_file = keys.ledger.withdrawals()
    if unwritten := [one for one in known if (one.consent_id, one.version) not in in_file]:
        keys.ledger.append(unwritten)
        done.noted_in_ledger += len(unwritten)
    wanted = [one for person_id, one in everybody.items() if person_id in back or person_id not in in_table]
    for erasure in steps(wanted):
        with unit.work(actor=ACTOR) as work:
            _erase_again(work, keys, erasure, done)
    for consent, withdrawal in again:
        with unit.work(actor=ACTOR) as work:
            _withdraw_again(work, keys, consent, withdrawal, done)
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


def _withdraw_again(work: Work, keys: Keys, consent: Consent, withdrawal: Withdrawal, done: Replayed) -> None:
    """By the same way as the first time, so that what it carried follows; whoever was erased meanwhile needs it not."""
    if consent.id not in withdrawals.in_force(work.tx, [consent.id]):
        return
    current: Withdrawable = consent
    for part in revoked_of(consent, withdrawal):
        if not isinstance(current, Consent) or not covers(current.recipients, part):
            continue  # went along with the part before
        current = withdrawing.withdraw(
            work,
            keys,
            current,
            organization_id=part.organization_id,
            service_id=part.service_id,
            category=part.category,
            by_channel=withdrawal.channel,
            actor=REPLAY,
        )
    done.withdrawn_again += 1
