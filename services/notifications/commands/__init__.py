"""What notifications does: make notices, confirm, withdraw, replay, record attempts. Load, one verb, save."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from contracts import envelope as envelopes
from contracts.codes import ChannelKind, NoticeKind, Participation, Status
from contracts.event import Code, PublicUrl, Reference
from contracts.notifications import (
    DeskLinkIssued,
    NoticeConfirmed,
    NoticeFailed,
    NoticeParked,
    NoticeSent,
    NoticeWithdrawn,
)
from contracts.partner.messages import Notice
from contracts.topology import PARTNERS
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Unit, Work
from services.notifications import store
from services.notifications.commands import endpoints
from services.notifications.domain.delivery import Move, State, move
from services.notifications.domain.ladder import Ladder
from services.notifications.domain.policy import (
    GATHER,
    GATHERED,
    LEAVES_AT_ONCE,
    MAILED,
    URGENT,
    Decision,
    channels_for,
)
from services.notifications.store import Delivery, Organization
from services.notifications.store import endpoints as kept_endpoints
from services.notifications.store import units as kept_units

SOURCE = "/lotsennetz/notifications"


# --- notices --------------------------------------------------------------------------------------------------------


def tell_partner(
    work: Work, decision: Decision, kind: NoticeKind, caused_by: UUID, link: str, gather: timedelta = GATHER
) -> list[UUID]:
    """Make the notice once and a delivery for each channel; queue and feed get it in this very transaction.

    Returns the deliveries; none if this event has made its notice already, or if people tell this partner.
    """
    organization = store.organization(work.tx, decision.organization_id)
    if organization is None:
        raise NotFoundError("organization.unknown", organization_id=str(decision.organization_id))
    reference, status = store.referral(work.tx, decision.referral_id)
    notice_id = work.new_id()
    body = _notice_bytes(work, decision, kind, notice_id, reference, status, link)
    made = store.add_notice(
        work.tx,
        notice_id=notice_id,
        caused_by=caused_by,
        referral_id=decision.referral_id,
        organization_id=decision.organization_id,
        kind=kind,
        reference=reference,
        body=body,
        now=work.now,
    )
    return [
        _deliver(work, organization, decision.referral_id, notice_id, channel, kind, body, gather)
        for channel in (channels_for(organization.channel, kind, organization.participation) if made else ())
    ]


def _notice_bytes(
    work: Work,
    decision: Decision,
    kind: NoticeKind,
    notice_id: UUID,
    reference: str | None,
    status: Status | None,
    link: str,
) -> bytes:
    notice = Notice(
        referral_id=decision.referral_id,
        reference=None if reference is None else Reference(reference),
        organization_id=decision.organization_id,
        kind=kind,
        status=status,
        link=PublicUrl(f"{link}/partner/v1/referrals/{decision.referral_id}"),
    )
    return envelopes.write(
        notice,
        id=notice_id,
        source=SOURCE,
        sequence=None,
        time=work.now,
        actor="system:notifications",
        correlation_id=work.correlation_id,
        causation_id=work.cause.causation_id,
        traceparent=work.cause.traceparent,
    ).raw


def _deliver(
    work: Work,
    organization: Organization,
    referral_id: UUID,
    notice_id: UUID,
    channel: ChannelKind,
    kind: NoticeKind,
    body: bytes,
    gather: timedelta,
) -> UUID:
    delivery = Delivery(
        work.new_id(), notice_id, referral_id, organization.organization_id, channel, State.PENDING, attempt=0
    )
    if channel is ChannelKind.AMQP and organization.participation is Participation.SUSPENDED:
        store.add_delivery(work.tx, delivery, due_at=None, now=work.now)  # put into the queue when it is back
        return delivery.delivery_id
    if channel in LEAVES_AT_ONCE:
        left = replace(delivery, state=move(Move.SEND, delivery.state), attempt=1, step=1)
        store.add_delivery(work.tx, left, due_at=None, now=work.now)
        hand_over(work, left, body, kind)
        return left.delivery_id
    waits = gather if (channel, kind) in GATHERED else timedelta(0)
    store.add_delivery(work.tx, delivery, due_at=_not_at_night(work, delivery, kind, work.now + waits), now=work.now)
    if channel is ChannelKind.WEBHOOK and kind is not NoticeKind.TEST and _is_off(work, delivery):
        endpoints.hold(work, delivery)
    return delivery.delivery_id


def _not_at_night(work: Work, delivery: Delivery, kind: NoticeKind, moment: datetime) -> datetime:
    """When this may reach a mailbox; what is urgent may at any time."""
    is_free = delivery.channel not in MAILED or kind in URGENT or kept_units.is_urgent(work.tx, delivery.referral_id)
    quiet = None if is_free else kept_units.quiet_hours(work.tx, delivery.organization_id)
    return quiet.over(moment) if quiet else moment


def _is_off(work: Work, delivery: Delivery) -> bool:
    return kept_endpoints.is_disabled(work.tx, delivery.organization_id)


def hand_over(work: Work, left: Delivery, body: bytes, kind: NoticeKind) -> None:
    """By queue and feed handing over is all we do; it is one attempt, and it succeeds."""
    store.add_attempt(work.tx, left, number=left.attempt, began_at=work.now, latency_ms=0, status_code=None, cause=None)
    if left.channel is ChannelKind.AMQP:
        put_in_queue(work, left, body)
    _say_sent(work, left, kind)


def put_in_queue(work: Work, delivery: Delivery, body: bytes) -> None:
    """Send the notice's bytes to the partner's own queue, through the outbox of this transaction."""
    work.send(
        body,
        exchange=PARTNERS,
        routing_key=str(delivery.organization_id),
        id=delivery.notice_id,
        subject=f"delivery/{delivery.delivery_id}",
    )


def _say_sent(work: Work, delivery: Delivery, kind: NoticeKind) -> None:
    work.announce(
        NoticeSent(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
            kind=kind,
            channel=delivery.channel,
            attempt=delivery.attempt,
        )
    )


# --- what the partner does ------------------------------------------------------------------------------------------


def confirm(work: Work, deliveries: Sequence[Delivery]) -> None:
    """The partner's side has them."""
    for delivery in deliveries:
        store.change(work.tx, delivery, move(Move.CONFIRM, delivery.state), now=work.now)
        work.announce(
            NoticeConfirmed(
                delivery_id=delivery.delivery_id,
                referral_id=delivery.referral_id,
                organization_id=delivery.organization_id,
                channel=delivery.channel,
            )
        )


def refuse_cursor_ahead(unit: Unit, organization_id: UUID, after: int) -> None:
    """One from another network, or from before a restore: whoever waited behind it would hear nothing, for ever."""
    if after:
        with unit.db.read() as connection:
            _refuse_ahead("after", after, store.last_position(connection, organization_id))


def _refuse_ahead(name: str, cursor: int, last: int) -> None:
    if cursor > last:
        raise InvalidError("feed.cursor-ahead", {name: "a-cursor-you-were-given"})


def acknowledge_feed(work: Work, organization_id: UUID, cursor: int) -> int:
    """A partner says how far it has taken its notices by pull; returns how many deliveries that confirmed."""
    _refuse_ahead("cursor", cursor, store.last_position(work.tx, organization_id))
    taken = store.acknowledge(work.tx, organization_id, cursor, work.now)
    confirm(work, taken)
    return len(taken)


def withdraw(work: Work, referral_id: UUID, kinds: Collection[NoticeKind] = tuple(NoticeKind)) -> bool:
    """Take back what has not left; True if something was taken back."""
    return take_back(work, store.waiting_for_referral(work.tx, referral_id, work.now, kinds))


def take_back(work: Work, waiting: Sequence[Delivery]) -> bool:
    """These do not leave any more; True if there were any."""
    for delivery in waiting:
        store.change(work.tx, delivery, move(Move.WITHDRAW, delivery.state), now=work.now)
        store.withdraw_notice(work.tx, delivery.notice_id, work.now)
        work.announce(
            NoticeWithdrawn(
                delivery_id=delivery.delivery_id,
                referral_id=delivery.referral_id,
                organization_id=delivery.organization_id,
            )
        )
    return bool(waiting)


# --- attempts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went. No cause: it left. `confirmed`: the other side said so. `final`: no next one."""

    began_at: datetime
    latency_ms: int
    status_code: int | None = None
    cause: str | None = None
    confirmed: bool = False
    final: bool = False
    link_id: UUID | None = None
    link_until: datetime | None = None


class Consequence(Enum):
    """What an attempt led to that a person has to know of."""

    NONE = "none"
    PARKED = "parked"
    SWITCHED_OFF = "switched-off"


def record_attempt(work: Work, delivery_id: UUID, kind: NoticeKind, attempt: Attempt, ladder: Ladder) -> Consequence:
    """Write down how it went and what comes next.

    Meanwhile the partner may have confirmed by itself: that stands. Recording the same attempt again changes nothing.
    """
    delivery = store.load(work.tx, delivery_id)
    if delivery is None:
        raise NotFoundError("delivery.unknown")
    is_new = store.add_attempt(
        work.tx,
        delivery,
        number=delivery.attempt,
        began_at=attempt.began_at,
        latency_ms=attempt.latency_ms,
        status_code=attempt.status_code,
        cause=attempt.cause,
    )
    if not is_new:
        return Consequence.NONE
    if attempt.link_id is not None and attempt.link_until is not None:
        _say_link(work, delivery, attempt.link_id, attempt.link_until)
    if attempt.cause is None:
        _sent(work, delivery, kind, attempt)
    elif delivery.state is State.PENDING:
        is_last = attempt.final or _is_tried_once(work, delivery, kind)
        step_at = None if is_last else ladder.due(delivery.step, work.now)
        next_at = step_at and _not_at_night(work, delivery, kind, step_at)
        _failed(work, delivery, attempt.cause, next_at)
        is_stuck = next_at is None and kind is not NoticeKind.TEST
        return _judge_endpoint(work, delivery, attempt, ladder) or (
            Consequence.PARKED if is_stuck else Consequence.NONE
        )
    return _judge_endpoint(work, delivery, attempt, ladder) or Consequence.NONE


def _is_tried_once(work: Work, delivery: Delivery, kind: NoticeKind) -> bool:
    """A test is somebody waiting for an answer; a webhook that is switched off gets nothing but tests."""
    return kind is NoticeKind.TEST or (delivery.channel is ChannelKind.WEBHOOK and _is_off(work, delivery))


def _judge_endpoint(work: Work, delivery: Delivery, attempt: Attempt, ladder: Ladder) -> Consequence | None:
    if delivery.channel is not ChannelKind.WEBHOOK:
        return None
    is_off = endpoints.take_note(work, delivery.organization_id, attempt.cause, ladder.patience)
    return Consequence.SWITCHED_OFF if is_off else None


def _sent(work: Work, delivery: Delivery, kind: NoticeKind, attempt: Attempt) -> None:
    _say_sent(work, delivery, kind)
    if delivery.state is not State.PENDING:
        return
    sent = replace(delivery, state=move(Move.SEND, delivery.state))
    store.change(work.tx, sent, sent.state, now=work.now)
    if attempt.confirmed:
        confirm(work, [sent])


def _failed(work: Work, delivery: Delivery, cause: str, next_at: datetime | None) -> None:
    state = move(Move.PARK if next_at is None else Move.FAIL, delivery.state)
    store.change(work.tx, delivery, state, now=work.now, due_at=next_at, cause=cause)
    work.announce(
        NoticeFailed(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
            channel=delivery.channel,
            attempt=delivery.attempt,
            cause=Code(cause),
            next_attempt_at=next_at,
        )
    )
    if next_at is None:
        work.announce(
            NoticeParked(
                delivery_id=delivery.delivery_id,
                referral_id=delivery.referral_id,
                organization_id=delivery.organization_id,
                channel=delivery.channel,
                cause=Code(cause),
            )
        )


def _say_link(work: Work, delivery: Delivery, link_id: UUID, until: datetime) -> None:
    work.announce(
        DeskLinkIssued(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
            link_id=link_id,
            expires_at=until,
        )
    )


def replay(work: Work, delivery_id: UUID) -> None:
    """An operator sends a delivery that does not get through on its way again, on a fresh ladder."""
    delivery = store.load(work.tx, delivery_id)
    if delivery is None:
        raise NotFoundError("delivery.unknown")
    endpoints.send_again(work, delivery)
