"""What an operator does about deliveries that do not get through: try again, or give up, one or many.

Many means batches, each in a transaction of its own: whoever stops in the middle has done a part, and says how much.
"""

from collections.abc import Callable
from uuid import UUID

from contracts.codes import ChannelKind, DiscardReason
from contracts.event import Code
from contracts.notifications import NoticeDiscarded
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.notifications import store
from services.notifications.commands import endpoints
from services.notifications.domain.delivery import Move, move
from services.notifications.domain.group import Group
from services.notifications.store import Delivery
from services.notifications.store import endpoints as kept_endpoints
from services.notifications.store import stuck as kept

BATCH = 200
Handle = Callable[[Work, Delivery], bool]


def retry(work: Work, delivery: Delivery) -> bool:
    """On its way again, on a fresh ladder; not to a webhook that is switched off: that one is switched on first."""
    if delivery.channel is ChannelKind.WEBHOOK and kept_endpoints.is_disabled(work.tx, delivery.organization_id):
        return False
    endpoints.send_again(work, delivery)
    return True


def discard(work: Work, delivery: Delivery, reason: DiscardReason) -> bool:
    """Given up: not tried any more, and off the list. The partner's feed keeps the notice."""
    state, cause = move(Move.DISCARD, delivery.state), kept.cause_of(work.tx, delivery)
    kept.give_up(work.tx, delivery, reason)
    store.change(work.tx, delivery, state, now=work.now, cause=cause)
    work.announce(
        NoticeDiscarded(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
            channel=delivery.channel,
            cause=Code(cause),
            reason=reason,
        )
    )
    return True


def discard_one(work: Work, delivery_id: UUID, reason: DiscardReason) -> Delivery:
    delivery = store.load(work.tx, delivery_id)
    if delivery is None:
        raise NotFoundError("delivery.unknown")
    discard(work, delivery, reason)
    return delivery


def batch(work: Work, group: Group, after: UUID | None, handle: Handle) -> tuple[int, UUID | None]:
    """One batch of the group; returns how many were handled, and where to go on, if anywhere."""
    found = kept.of_group(work.tx, group, after, BATCH)
    handled = sum(handle(work, delivery) for delivery in found)
    return handled, found[-1].delivery_id if len(found) == BATCH else None
