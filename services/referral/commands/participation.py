"""A partner rests, has left or is back, a service is offered again: desks are told, what was kept back follows."""

from collections.abc import Collection, Iterable
from uuid import UUID

from contracts.codes import Participation, Party, TaskKind
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands import agreements, disclosing
from services.referral.commands.saving import load, save
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import task
from services.referral.queries import affected
from services.referral.store import timeline

DIRECTORY = Actor(Party.SYSTEM, "system:directory")
RESTS = (TaskKind.PARTNER_SUSPENDED,)


def follow(work: Work, partner_id: UUID, before: Participation, now: Participation) -> None:
    """What follows from the change, and nothing where there is none."""
    if before is now:
        return
    agreements.settle(work, partner_id, None, RESTS)
    if now is Participation.SUSPENDED:
        agreements.tell_desks(work, partner_id, work.today, TaskKind.PARTNER_SUSPENDED)
    elif now is Participation.ENDED:
        _leave(work, partner_id)
    else:
        _come_back(work, partner_id)


def _leave(work: Work, partner_id: UUID) -> None:
    """Nobody answers there any more: each navigator carries her referral on, by a transfer with fresh consent.

    What waits sealed for the partner is destroyed; of what it fetched it has to say what became of it.
    """
    for referral_id in affected.running_with(work.tx, partner_id):
        referral = load(work, referral_id, DIRECTORY)
        moved, facts = domain.owe_on_leaving(referral, moment_of(work))
        disclosing.destroy(work, referral)
        save(work, moved, [*facts, task(referral, TaskKind.PARTNER_LEFT, moment_of(work))])


def _come_back(work: Work, partner_id: UUID) -> None:
    """What was kept back for this alone leaves now, if consent still says yes at this moment."""
    kinds = (TaskKind.PARTNER_SUSPENDED, TaskKind.PARTNER_LEFT)
    _go_on(work, affected.kept_back_for(work.tx, partner_id, *kinds), kinds)


def offer_again(work: Work, service_id: UUID) -> None:
    """A service that had ended is there again: nobody need be transferred, and what waited for it goes on."""
    kinds = (TaskKind.SERVICE_RETIRED,)
    _go_on(work, affected.kept_back_at(work.tx, service_id, *kinds), kinds)


def _go_on(work: Work, referral_ids: Iterable[UUID], kinds: Collection[TaskKind]) -> None:
    for referral_id in referral_ids:
        referral = load(work, referral_id, DIRECTORY)
        again = domain.release_again(referral, moment_of(work))
        if again != referral:
            save(work, again, ())
        timeline.close_tasks(work, referral_id, kinds)
