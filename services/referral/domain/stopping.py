"""What stops a referral, and what a partner that fetched still owes afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta

from contracts.codes import (
    END_REASONS,
    Action,
    Deletion,
    Duty,
    EndReason,
    RetentionGround,
    StaffRole,
    TaskKind,
)
from contracts.referral import (
    DeletionStated,
    DutyOpened,
    ReferralCancelled,
    ReferralEnteredInError,
    ReferralExpired,
    ReferralRevoked,
    StopAcknowledged,
)
from services.chassis.errors import InvalidError
from services.referral.domain.answering import check_reason
from services.referral.domain.deadlines import DUTY_WORKING_DAYS
from services.referral.domain.lifecycle import Actor, waits_for_conclusion
from services.referral.domain.referral import Facts, OpenDuty, Referral, Told, refusal, step, task
from services.referral.domain.workdays import PLACE, Moment

#: Within this time of becoming aware, the supervisory authority is told where there is a risk (GDPR Art. 33).
BREACH_HOURS = timedelta(hours=72)


def cancel(referral: Referral, by: Actor, moment: Moment, *, reason: EndReason, has_comment: bool = False) -> Told:
    """Take it back, for the sender or at the person's own wish."""
    moved = step(referral, Action.CANCEL, by, moment)
    check_reason(END_REASONS, reason, moment, has_comment=has_comment)
    cancelled = ReferralCancelled(
        referral_id=referral.id, organization_id=referral.organization_id, reason=reason, previous=referral.status
    )
    moved, duties = _with_duties(replace(moved, end_reason=reason, questions=()), moment)
    return moved, (cancelled, *duties)


def revoke(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Stop at once, because the consent that carried it holds no longer."""
    moved = step(referral, Action.REVOKE, by, moment)
    revoked = ReferralRevoked(
        referral_id=referral.id, organization_id=referral.organization_id, previous=referral.status
    )
    moved, duties = _with_duties(replace(moved, end_reason=EndReason.CONSENT_WITHDRAWN, questions=()), moment)
    return moved, (revoked, *duties)


def withdraw_after_end(referral: Referral, moment: Moment) -> Told:
    """A withdrawal that comes after the end changes no status, but a partner that fetched owes its answer."""
    return _with_duties(referral, moment) if referral.deletion is None else (referral, ())


def expire(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Nobody reacted in time."""
    moved = step(referral, Action.EXPIRE, by, moment)
    if waits_for_conclusion(referral.back_level, fetched=referral.is_fetched):
        raise refusal(referral, "lifecycle.not-allowed", Action.EXPIRE, moment)
    expired = ReferralExpired(
        referral_id=referral.id, organization_id=referral.organization_id, previous=referral.status
    )
    moved, duties = _with_duties(replace(moved, questions=()), moment)
    return moved, (expired, *duties, task(referral, TaskKind.REFERRAL_EXPIRED, moment))


def mark_entered_in_error(referral: Referral, by: Actor, moment: Moment, *, became_aware_at: datetime) -> Told:
    """Wrong person or recipient. Once the partner had it, the 72 hours of GDPR Art. 33 run from becoming aware."""
    moved = step(referral, Action.MARK_ENTERED_IN_ERROR, by, moment)
    if became_aware_at > moment.at:
        raise InvalidError("referral.aware-in-future", {"became_aware_at": "now-or-earlier"})
    breach_check = referral.is_fetched or referral.received_at is not None
    marked = ReferralEnteredInError(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        previous=referral.status,
        breach_check=breach_check,
        became_aware_at=became_aware_at,
    )
    moved, duties = _with_duties(replace(moved, became_aware_at=became_aware_at, questions=()), moment)
    checks: Facts = ()
    if breach_check:
        due_on = (became_aware_at + BREACH_HOURS).astimezone(PLACE).date()
        checks = (task(referral, TaskKind.BREACH_CHECK, moment, StaffRole.LEAD, due_on),)
    return moved, (marked, *duties, *checks)


def _with_duties(referral: Referral, moment: Moment) -> Told:
    """Open what is not already open, for a partner that fetched; one that never saw the data owes nothing."""
    if not referral.is_fetched:
        return referral, ()
    due_on = moment.in_working_days(DUTY_WORKING_DAYS)
    opened = tuple(OpenDuty(duty, due_on) for duty in Duty if duty not in referral.owed)
    facts = tuple(
        DutyOpened(referral_id=referral.id, organization_id=referral.organization_id, duty=one.duty, due_on=one.due_on)
        for one in opened
    )
    return replace(referral, duties=(*referral.duties, *opened)), facts


def _without(referral: Referral, duty: Duty, moment: Moment) -> Referral:
    if duty not in referral.owed:
        raise refusal(referral, "referral.duty-not-open", Action(duty.value), moment)
    return replace(referral, duties=tuple(one for one in referral.duties if one.duty is not duty))


def acknowledge_stop(referral: Referral, by: Actor, moment: Moment) -> Told:
    """The partner has stopped its work on the referral."""
    moved = _without(step(referral, Action.ACKNOWLEDGE_STOP, by, moment), Duty.ACKNOWLEDGE_STOP, moment)
    return moved, (StopAcknowledged(referral_id=referral.id, organization_id=referral.organization_id),)


def state_deletion(
    referral: Referral, by: Actor, moment: Moment, *, deletion: Deletion, ground: RetentionGround | None = None
) -> Told:
    """The partner says that the data are deleted, or on which legal ground it keeps them."""
    moved = _without(step(referral, Action.STATE_DELETION, by, moment), Duty.STATE_DELETION, moment)
    if (deletion is Deletion.RETAINED) != (ground is not None):
        raise InvalidError("referral.retention-ground", {"ground": "exactly-when-retained"})
    stated = DeletionStated(
        referral_id=referral.id, organization_id=referral.organization_id, deletion=deletion, ground=ground
    )
    return replace(moved, deletion=deletion, retention_ground=ground), (stated,)
