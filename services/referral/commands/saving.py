"""Loading and saving a referral: the two lines around every verb."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from contracts.codes import Action, TaskKind
from services.chassis.work import Work
from services.referral.commands import clashing, disclosing
from services.referral.domain import lifecycle
from services.referral.domain.appointments import VOID
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.store import persons, referrals, timeline
from services.referral.store.referrals import Seen


def load(work: Work, referral_id: UUID, by: Actor, version: int | None = None) -> Referral:
    """The referral this actor may see, at the version it decided on; locked until the work ends."""
    referral = referrals.load(work.tx, referral_id, visible_to=by, lock=True)
    referrals.expect_version(referral, version)
    return referral


def see(work: Work, referral_id: UUID, by: Actor, version: int | None = None) -> Seen:
    """The same without a lock, for a step that usually needs no more than one statement; version and epoch guard it."""
    referral = referrals.see(work, referral_id, visible_to=by)
    referrals.expect_version(referral, version)
    return referral


def load_for_disclosure(
    work: Work, referral_id: UUID, by: Actor, version: int | None = None, *, changes_data: bool = False
) -> tuple[Referral, int]:
    """The same, with the person's consent held as it stands: first the consent, then the referral, always.

    Whoever also changes her data takes the person for itself: two that share her could never both write.
    """
    person_id = referrals.person_of(work.tx, referral_id, visible_to=by)
    epoch = persons.raise_epoch(work, person_id) if changes_data else persons.hold_epoch(work, person_id)
    return load(work, referral_id, by, version), epoch


def save(
    work: Work,
    after: Referral,
    facts: Iterable[Any],
    *,
    action: Action | None = None,
    epoch: int | None = None,
    consentref: str | None = None,
) -> Referral:
    """Write what a verb made of the referral, tell its facts, settle what was waiting on the desk for it."""
    settled = lifecycle.settled_tasks(action, after.status) if action is not None else frozenset[TaskKind]()
    if after.settled and not after.duties:
        settled |= {TaskKind.DUTY_OVERDUE}
    if isinstance(after, Seen):
        settled &= after.open_tasks
    saved = referrals.save(work, after, epoch=epoch)
    timeline.tell_all(work, after, facts, consentref=consentref)
    timeline.close_tasks(work, after.id, settled)
    if after.status.is_terminal:
        disclosing.destroy(work, after)
    if after.status in VOID and not isinstance(after, Seen):  # whoever only saw it has said so with the appointment
        clashing.gone(work, after)
    return saved
