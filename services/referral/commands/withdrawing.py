"""The one way a consent ends by will: for the person's own pages, the desk and the interface alike.

The person's row is taken first and what is withdrawn is read anew under that lock: of two withdrawals at once the
second finds what the first has left, and a fetch runs before or after, never beside.
"""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from contracts.codes import DataCategory, WithdrawalChannel
from contracts.referral import ConsentWithdrawn, EnterpriseRequestWithdrawn
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.commands import cascade, enquiries
from services.referral.commands.enterprise import recorded
from services.referral.config import Keys
from services.referral.domain.grounds import Consent, EnterpriseRequest, given
from services.referral.domain.lifecycle import Actor
from services.referral.domain.withdrawing import Part, covers, take_back, take_back_request
from services.referral.store import consents, persons
from services.referral.store.referrals import StaffActor

Withdrawable = Consent | EnterpriseRequest


def withdraw(
    work: Work,
    keys: Keys,
    consent: Withdrawable,
    *,
    organization_id: UUID | None = None,
    service_id: UUID | None = None,
    category: DataCategory | None = None,
    by_channel: WithdrawalChannel,
    actor: Actor,
) -> Withdrawable:
    """Take it back, or the named part of it; whatever it carried follows at once. Returns what now counts."""
    persons.raise_epoch(work, consent.person_id)
    part = Part(organization_id=organization_id, service_id=service_id, category=category)
    if isinstance(consent, EnterpriseRequest):
        return _withdraw_request(work, keys, consent, part, by_channel, actor)
    return _withdraw_consent(work, keys, consent, part, by_channel, actor)


def _withdraw_consent(
    work: Work, keys: Keys, consent: Consent, part: Part, channel: WithdrawalChannel, actor: Actor
) -> Consent:
    current, *earlier = consents.versions(work.tx, consent.id, consent.person_id)
    already = current.withdrawn_at is not None
    if already or (not covers(current.recipients, part) and any(covers(one.recipients, part) for one in earlier)):
        raise RefusedError("consent.withdrawn")
    taken = take_back(current, part, work.now)
    consents.end(work, taken.ended, by=actor.actor, channel=channel)
    work.announce(
        ConsentWithdrawn(
            consent_id=current.id,
            consent_version=current.version,
            person_id=current.person_id,
            organization_id=part.organization_id,
            service_id=part.service_id,
            category=part.category,
            channel=channel,
        )
    )
    if taken.following is not None:
        consents.add(work, taken.following, consents.enquiry_of(work.tx, current.id))
        work.announce(given(taken.following))
    cascade.follow_withdrawal(work, keys, current.person_id, taken.concerned)
    return taken.following or taken.ended


def _withdraw_request(
    work: Work, keys: Keys, request: EnterpriseRequest, part: Part, channel: WithdrawalChannel, actor: Actor
) -> EnterpriseRequest:
    current = consents.load_request(work.tx, request.id, request.person_id)
    if current.withdrawn_at is not None:
        raise RefusedError("consent.withdrawn")
    ended, following, concerned = take_back_request(current, part, work.now, work.new_id())
    enquiry_id = consents.enquiry_of(work.tx, current.id)
    consents.end_request(work, ended, following.id if following else None, by=actor.actor, channel=channel)
    work.announce(
        EnterpriseRequestWithdrawn(
            enquiry_id=enquiry_id,
            request_id=current.id,
            organization_id=part.organization_id,
            service_id=part.service_id,
            channel=channel,
        )
    )
    if following is not None:
        consents.add_request(work, following, enquiry_id)
        work.announce(recorded(enquiry_id, following))
    cascade.follow_withdrawal(work, keys, current.person_id, concerned)
    return following or ended


def withdraw_at_desk(
    work: Work, keys: Keys, by: StaffActor, enquiry_id: UUID, ground_id: UUID, *, channel: WithdrawalChannel, part: Part
) -> Withdrawable:
    """The same, written down by staff for whoever told it, in an enquiry of their own."""
    enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True)
    return withdraw(
        work,
        keys,
        _ground(work, ground_id, [one.person_id for one in enquiry.with_former().members]),
        organization_id=part.organization_id,
        service_id=part.service_id,
        category=part.category,
        by_channel=channel,
        actor=by,
    )


def _ground(work: Work, ground_id: UUID, person_ids: Sequence[UUID]) -> Withdrawable:
    """A consent of one of these persons, or an employer's request."""
    for person_id in person_ids:
        for load in (consents.load, consents.load_request):
            with suppress(NotFoundError):
                return load(work.tx, ground_id, person_id)
    raise NotFoundError("consent.unknown")
