"""An agreement runs out: whoever has referrals running there is told, and told no more once it is renewed."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from contracts.codes import FindingKind, Site, StaffRole, TaskKind
from contracts.identity import id_of
from contracts.referral import FindingRaised, TaskOpened
from services.chassis.work import Work
from services.referral.store import agreements, directory, timeline

KINDS = (TaskKind.AGREEMENT_ENDS, TaskKind.AGREEMENT_ENDED)


def warn(work: Work, partner_id: UUID, ends_on: date) -> None:
    """A month before, each desk with referrals there has time to renew it or to refer elsewhere."""
    if _still_ends(work, partner_id, ends_on):
        tell_desks(work, partner_id, ends_on, TaskKind.AGREEMENT_ENDS)


def tell_end(work: Work, partner_id: UUID, ends_on: date) -> None:
    """It has ended and referrals run: the desks and the data-protection officer look at it (GDPR Art. 26, 28)."""
    if not _still_ends(work, partner_id, ends_on):
        return
    settle(work, partner_id, None)
    tell_desks(work, partner_id, ends_on, TaskKind.AGREEMENT_ENDED)
    finding = FindingRaised(
        finding_id=work.new_id(),
        kind=FindingKind.AGREEMENT_ENDED,
        referral_id=None,
        enquiry_id=None,
        organization_id=partner_id,
    )
    work.announce(finding)


def settle(work: Work, partner_id: UUID, ends_on: date | None, kinds: Collection[TaskKind] = KINDS) -> None:
    """Take off the desks what speaks of another last day than this one."""
    for one in agreements.open_tasks(work.tx, kinds):
        is_its_own = one.id == task_id(partner_id, one.kind, one.due_on, one.site, one.organization_id)
        if is_its_own and one.due_on != ends_on:
            timeline.close_task(work, one.id, site=one.site, organization_id=one.organization_id)


def task_id(partner_id: UUID, kind: TaskKind, ends_on: date, site: Site, organization_id: UUID) -> UUID:
    """Named by what it is about, so that it lies on a desk once for ever and is found again without a column."""
    return id_of("task", f"{partner_id}:{kind}:{ends_on}:{site}:{organization_id}")


def _still_ends(work: Work, partner_id: UUID, ends_on: date) -> bool:
    """The directory may have told of a new agreement since the clock looked."""
    partner = directory.organization(work.tx, partner_id)
    return partner is not None and partner.agreement is not None and partner.agreement.valid_until == ends_on


def tell_desks(work: Work, partner_id: UUID, ends_on: date, kind: TaskKind) -> None:
    """Put it on the desk of every lead whose referrals run with this partner."""
    for site, organization_id in agreements.desks(work.tx, partner_id):
        task = TaskOpened(
            task_id=task_id(partner_id, kind, ends_on, site, organization_id),
            referral_id=None,
            enquiry_id=None,
            kind=kind,
            role=StaffRole.LEAD,
            site=site,
            due_on=ends_on,
        )
        timeline.open_task(work, task, organization_id)
