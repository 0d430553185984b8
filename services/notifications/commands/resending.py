"""What an operator sends a partner on purpose: a test, or everything since a moment once more."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contracts.codes import ChannelKind, NoticeKind
from contracts.notifications import NoticeReplayed, TrialNoticeMade
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.notifications import commands, store
from services.notifications.domain.delivery import Move, State, move
from services.notifications.domain.policy import Decision
from services.notifications.store import Delivery, endpoints

#: Where a program listens; a person's mailbox is not tested, and would only be filled.
SYSTEMS = frozenset({ChannelKind.AMQP, ChannelKind.WEBHOOK, ChannelKind.PULL})
#: How many leave in one transaction; whoever wants more comes again with the place it was told.
BATCH = 500


def send_test(work: Work, organization_id: UUID, link: str) -> UUID:
    """A notice of the kind `test`, about a referral that does not exist; returns its delivery."""
    organization = store.organization(work.tx, organization_id)
    if organization is None:
        raise NotFoundError("organization.unknown")
    if organization.channel not in SYSTEMS:
        raise RefusedError("channel.no-system", channel=organization.channel.value)
    nothing = Decision(referral_id=work.new_id(), organization_id=organization_id)
    (delivery_id,) = commands.tell_partner(work, nothing, NoticeKind.TEST, work.new_id(), link)
    work.announce(
        TrialNoticeMade(delivery_id=delivery_id, organization_id=organization_id, channel=organization.channel)
    )
    return delivery_id


def send_since(work: Work, organization_id: UUID, since: datetime, after: int) -> tuple[int, int | None]:
    """Notices made since a moment leave once more, oldest first; returns how many, and where to go on, if anywhere.

    The feed needs none of this: its reader goes back by itself. What was withdrawn stays withdrawn.
    """
    if store.organization(work.tx, organization_id) is None:
        raise NotFoundError("organization.unknown")
    if endpoints.is_disabled(work.tx, organization_id):
        raise RefusedError("webhook.disabled")
    found = store.left_since(work.tx, organization_id, since, after, work.now, BATCH)
    for _, delivery, kind, body in found:
        _send_once_more(work, delivery, kind, body)
    return len(found), found[-1][0] if len(found) == BATCH else None


def _send_once_more(work: Work, delivery: Delivery, kind: NoticeKind, body: bytes) -> None:
    move(Move.RESEND, delivery.state)
    store.restart(work.tx, delivery, work.now)
    work.announce(
        NoticeReplayed(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
        )
    )
    if delivery.channel is ChannelKind.AMQP:
        left = replace(delivery, state=State.SENT, attempt=delivery.attempt + 1, step=1)
        store.leave(work.tx, left, work.now)
        commands.hand_over(work, left, body, kind)
