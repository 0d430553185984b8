"""What referral hears: the directory. Its copy is kept beside the persons' data, so that the rules come to the data."""

from contracts.codes import Party, TaskKind
from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands import agreements, participation, partner_keys, telling
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import task
from services.referral.queries import affected
from services.referral.store import directory, referrals, timeline

DIRECTORY = Actor(Party.SYSTEM, "system:directory")


def keep_organization(work: Work, event: OrganizationPublished) -> None:
    """Keep the newest; agreement, keys and taking part may have changed with it, and what waits follows."""
    before = directory.participation_of(work.tx, event.organization_id)
    if not directory.keep_organization(work, event):
        return
    agreements.settle(work, event.organization_id, event.agreement.valid_until if event.agreement else None)
    partner_keys.follow(work, event)
    participation.follow(work, event.organization_id, before, event.participation)


def keep_service(work: Work, event: ServicePublished) -> None:
    """Keep the newest. Where it is offered again, or its partner may tell less or more, what is under way follows."""
    before, had_ended = (
        directory.back_level_of(work.tx, event.service_id),
        directory.is_retired(work.tx, event.service_id),
    )
    if not directory.keep_service(work, event):
        return
    if had_ended:
        participation.offer_again(work, event.service_id)
    if before not in (None, event.terms.back_level):
        telling.follow_terms(work, event.service_id)


def retire_service(work: Work, event: ServiceRetired) -> None:
    """Nothing new goes there; what runs is carried on or transferred with fresh consent, which is somebody's task."""
    if not directory.retire_service(work, event):
        return
    for referral_id in affected.open_at(work.tx, event.service_id):
        referral = referrals.load(work.tx, referral_id, visible_to=DIRECTORY)
        timeline.open_task(work, task(referral, TaskKind.SERVICE_RETIRED, moment_of(work)), referral.sender_id)
