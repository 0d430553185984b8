"""An enquiry that is being taken down: kept from the first word, for whoever is typing it and for nobody else.

It is no enquiry yet: the network hears nothing of it, no search finds it, and no colleague sees it. Its words lie under
a key of their own, so that throwing it away leaves nothing behind, in backups either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from contracts.codes import EnquirerKind
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.store import intake as store
from services.referral.store.intake import Draft
from services.referral.store.referrals import StaffActor
from services.referral.vault import PersonKey, Vault

Words = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A draft with what was typed, field by field, right or wrong."""

    draft: Draft
    words: Words


def keep(
    work: Work,
    vault: Vault,
    by: StaffActor,
    draft_id: UUID,
    enquirer: EnquirerKind,
    words: Words,
    *,
    step: str,
    typed: int = 0,
    by_itself: bool = False,
) -> bool:
    """Write these fields over what was typed there before; the others stay.

    ``typed`` is the browser's own count of what was typed when: what it keeps ``by_itself`` and comes late, after a
    step that was sent by a button, changes nothing, and False says so.
    """
    kept = store.lock(work, by, draft_id) or _begin(work, vault, by, draft_id, enquirer, step)
    key = _key(vault, kept)
    before = key.open_record(store.RECORD, kept.sealed)
    if by_itself and typed < before["typed"]:
        return False
    said = {**before["words"], **{name: list(given) for name, given in words.items()}}
    sealed = key.seal_record(store.RECORD, {"words": said, "typed": typed or before["typed"]})
    store.replace(work, replace(kept, enquirer=enquirer, step=step, sealed=sealed, changed_at=work.now))
    return True


def find(work: Work, vault: Vault, by: StaffActor, draft_id: UUID) -> Opened | None:
    """What she has typed; nothing of a number that nobody has used yet. Somebody else's looks like one that is over."""
    kept = store.lock(work, by, draft_id)
    if kept is None:
        if store.is_known(work.tx, draft_id):
            raise NotFoundError("enquiry.draft-unknown")
        return None
    return Opened(kept, _key(vault, kept).open_record(store.RECORD, kept.sealed)["words"])


def load(work: Work, vault: Vault, by: StaffActor, draft_id: UUID) -> Opened:
    if (found := find(work, vault, by, draft_id)) is None:
        raise NotFoundError("enquiry.draft-unknown")
    return found


def end(work: Work, by: StaffActor, draft_id: UUID, enquirer: EnquirerKind) -> None:
    """Thrown away, or taken down in this very work: what the browser still keeps by itself comes too late for it."""
    if store.lock(work, by, draft_id) is None and store.shut(work, by, draft_id, enquirer):
        return
    if store.lock(work, by, draft_id) is not None:
        store.end(work, draft_id)


def destroy_key(work: Work, vault: Vault, draft_id: UUID, key_id: UUID) -> None:
    """Nobody reads it any more, here or in a backup; done again after a crash, it is done once.

    Its number stays used up a while longer: what a browser keeps by itself may still be on its way, and would begin
    a draft that nobody asked for.
    """
    vault.destroy(key_id)
    store.key_is_gone(work, draft_id)


def forget(work: Work, draft_id: UUID) -> None:
    """Its number, too: nothing that was typed for it can still come."""
    store.drop(work, draft_id)


def _begin(work: Work, vault: Vault, by: StaffActor, draft_id: UUID, enquirer: EnquirerKind, step: str) -> Draft:
    """An empty one. Its key has a number of our own: the draft's comes from a form, and could be anybody's."""
    key = vault.new_person_key(work.new_id(), work.now)
    empty = Draft(
        id=draft_id,
        key_id=key.person_id,
        enquirer=enquirer,
        step=step,
        sealed=key.seal_record(store.RECORD, {"words": {}, "typed": 0}),
        begun_at=work.now,
        changed_at=work.now,
    )
    if store.add(work, by, empty):
        return empty
    if (kept := store.lock(work, by, draft_id)) is None:  # somebody else's, or over; hers if two came at once
        raise NotFoundError("enquiry.draft-unknown")
    return kept


def _key(vault: Vault, kept: Draft) -> PersonKey:
    if (key := vault.person_key(kept.key_id)) is None:
        raise NotFoundError("enquiry.draft-unknown")  # brought back by a restore, after its key was destroyed
    return key
