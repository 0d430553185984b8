"""A partner's keys change, end or are revoked: what waits sealed follows, and desks are told in time."""

from datetime import datetime
from uuid import UUID

from contracts.codes import Party, TaskKind
from contracts.directory import OrganizationPublished
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands import agreements, disclosing
from services.referral.domain.footing import OWN_KEY_CHANNELS
from services.referral.domain.lifecycle import Actor
from services.referral.domain.partner_keys import accepted_ids, sealed_until
from services.referral.domain.referral import task
from services.referral.domain.workdays import PLACE
from services.referral.queries import affected
from services.referral.store import directory, referrals, timeline

DIRECTORY = Actor(Party.SYSTEM, "system:directory")


def follow(work: Work, told: OrganizationPublished) -> None:
    """A dossier sealed to a key that counts no more is destroyed; the fetch seals it anew to one that does.

    Where there is none it is withheld, and each desk whose dossier it was gets a task.
    """
    accepted = accepted_ids(told, work.now)
    for referral_id in affected.sealed_to_other_key(work.tx, told.organization_id, accepted):
        referral = referrals.load(work.tx, referral_id, visible_to=DIRECTORY)
        disclosing.destroy(work, referral)
        if not accepted and told.channel.kind in OWN_KEY_CHANNELS:
            timeline.open_task(work, task(referral, TaskKind.PARTNER_KEY_MISSING, moment_of(work)))
    if accepted:
        for referral_id in affected.waiting_for_a_key(work.tx, told.organization_id):
            timeline.close_tasks(work, referral_id, {TaskKind.PARTNER_KEY_MISSING})
    _settle(work, told)


def warn(work: Work, partner_id: UUID, until: datetime) -> None:
    """A month before the last key ends, with referrals running there: the desks ask for a new one."""
    partner = directory.organization(work.tx, partner_id)
    if partner is not None and sealed_until(partner) == until:
        agreements.tell_desks(work, partner_id, until.astimezone(PLACE).date(), TaskKind.PARTNER_KEY_ENDS)


def _settle(work: Work, told: OrganizationPublished) -> None:
    """Take off the desks what speaks of another end than the one that is known now."""
    until = sealed_until(told)
    ends_on = until.astimezone(PLACE).date() if until else None
    agreements.settle(work, told.organization_id, ends_on, (TaskKind.PARTNER_KEY_ENDS,))
