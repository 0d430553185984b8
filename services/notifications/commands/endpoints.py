"""What becomes of a partner's webhook: its secret, switching it off after days of failure, and on again."""

from datetime import datetime, timedelta
from uuid import UUID

from contracts.event import Code
from contracts.notifications import (
    NoticeParked,
    NoticeReplayed,
    WebhookDisabled,
    WebhookEnabled,
    WebhookSecretChanged,
)
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.notifications import store
from services.notifications.domain import endpoint as endpoints
from services.notifications.domain.delivery import Move, move
from services.notifications.domain.endpoint import SWITCHED_OFF, Endpoint
from services.notifications.store import Delivery
from services.notifications.store import endpoints as kept


def take_note(work: Work, organization_id: UUID, cause: str | None, patience: timedelta) -> bool:
    """One attempt more at this webhook; True if it is switched off by it."""
    before = kept.load(work.tx, organization_id)
    now = endpoints.after(before, cause, work.now, patience)
    if now != before:
        kept.keep(work.tx, organization_id, now)
    if now.disabled_at is None or before.is_disabled:
        return False
    work.announce(
        WebhookDisabled(
            organization_id=organization_id,
            cause=Code(now.cause or "unknown"),
            failing_since=now.failing_since or work.now,
        )
    )
    for delivery in kept.waiting(work.tx, organization_id, work.now):
        hold(work, delivery)
    return True


def hold(work: Work, delivery: Delivery) -> None:
    """Put a delivery aside until the webhook is switched on again."""
    store.change(work.tx, delivery, move(Move.PARK, delivery.state), now=work.now, cause=SWITCHED_OFF)
    work.announce(
        NoticeParked(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
            channel=delivery.channel,
            cause=Code(SWITCHED_OFF),
        )
    )


def enable(work: Work, organization_id: UUID) -> int:
    """An operator switches the webhook on again; what waited for it leaves. Returns how many that are."""
    if store.organization(work.tx, organization_id) is None:
        raise NotFoundError("organization.unknown")
    if not kept.load(work.tx, organization_id).is_disabled:
        raise RefusedError("webhook.not-disabled")
    kept.keep(work.tx, organization_id, Endpoint())
    work.announce(WebhookEnabled(organization_id=organization_id))
    waited = kept.held(work.tx, organization_id)
    for delivery in waited:
        send_again(work, delivery)
    return len(waited)


def send_again(work: Work, delivery: Delivery) -> None:
    """A delivery leaves once more, on a fresh ladder."""
    move(Move.REPLAY, delivery.state)
    store.restart(work.tx, delivery, work.now)
    work.announce(
        NoticeReplayed(
            delivery_id=delivery.delivery_id,
            referral_id=delivery.referral_id,
            organization_id=delivery.organization_id,
        )
    )


def keep_secret(work: Work, organization_id: UUID, sealed: bytes, overlap: timedelta) -> datetime | None:
    """Sign with this secret from now on; for `overlap` with the one before, too. Returns until when that is."""
    if store.organization(work.tx, organization_id) is None:
        raise NotFoundError("organization.unknown")
    wanted = work.now + overlap if overlap else None
    had_one = kept.keep_secret(work.tx, organization_id, sealed, work.actor, work.now, wanted)
    old_until = wanted if had_one else None
    work.announce(WebhookSecretChanged(organization_id=organization_id, old_until=old_until))
    return old_until
