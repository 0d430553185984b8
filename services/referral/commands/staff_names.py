"""Staff appear by pseudonym everywhere; here alone is kept, sealed, who stands behind one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.codes import Site
from services.chassis.work import Work
from services.referral.store import staff_names as store
from services.referral.store.staff_names import StaffName
from services.referral.vault import Vault

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Known:
    """What the sign-in service says of somebody who came."""

    staff: str
    name: str
    account: str
    employer: UUID | None
    site: Site | None

    @property
    def record(self) -> dict[str, str]:
        found = {"name": self.name, "account": self.account}
        return {word: text[:LONGEST] for word, text in found.items() if text}


def keep(work: Work, vault: Vault, known: Known) -> None:
    """Keep her name, if it is new or has changed; of when she came the month is enough."""
    before, month = (
        store.find(work.tx, known.staff) or store.find_alone(work.tx, known.staff),
        work.today.replace(day=1),
    )
    if before is not None and _is_the_same(vault, before, known, month):
        return
    key = vault.person_key(before.key_id) if before else None
    key = key or vault.new_person_key(work.new_id(), work.now)
    sealed = key.seal_record(store.RECORD, known.record)
    store.save(work, StaffName(known.staff, key.person_id, sealed, known.employer, known.site, month))


def forget(work: Work, vault: Vault, staff: str) -> None:
    """Its time is over: the name goes, and its key with it."""
    if (one := store.find(work.tx, staff)) is not None:
        store.drop(work, staff)
        vault.destroy(one.key_id)


def _is_the_same(vault: Vault, before: StaffName, known: Known, month: date) -> bool:
    key = vault.person_key(before.key_id)
    if key is None or (before.employer, before.site, before.seen_in) != (known.employer, known.site, month):
        return False
    return key.open_record(store.RECORD, before.sealed) == known.record
