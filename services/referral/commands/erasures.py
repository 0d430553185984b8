"""An erasure brought to its end: two databases and a file, so every step may be the last before a crash.

The commit that marks her erased comes first; from then on nobody gets her key. What follows is done by the clock until
it is done: her line in the ledger outside, then the key, then the word to the network. Each step may be repeated.
The other way round, a key is made before its person is committed; one whose person never came is swept up after a day.
"""

from datetime import datetime, timedelta
from uuid import UUID

from contracts.referral import PersonKeyDestroyed
from services.chassis.work import Work
from services.referral.config import Keys
from services.referral.store import erasures

#: No transaction lasts as long: a key without a person by then is what a crash or a refusal left.
LEFTOVER_AFTER = timedelta(days=1)
AT_ONCE = 1000


def finish(work: Work, keys: Keys, person_id: UUID) -> None:
    """Write it down outside, destroy the key, tell it."""
    if (erasure := erasures.of_person(work.tx, person_id)) is None:
        return
    keys.ledger.append([erasure])
    keys.vault.destroy(person_id)
    erasures.finished(work, person_id)
    work.announce(PersonKeyDestroyed(person_id=person_id))


def may_be_leftovers(keys: Keys, now: datetime) -> bool:
    return bool(keys.store.unclaimed(now - LEFTOVER_AFTER, 1))


def sweep_leftovers(work: Work, keys: Keys) -> int:
    """Destroy old keys whose person was never committed; a key once seen to have a person is never looked at again."""
    unclaimed = keys.store.unclaimed(work.now - LEFTOVER_AFTER, AT_ONCE)
    owned = erasures.existing(work.tx, unclaimed)
    keys.store.claim(sorted(owned), work.now)
    return sum(keys.vault.destroy(person_id) for person_id in unclaimed if person_id not in owned)
