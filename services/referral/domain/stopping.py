"""What stops a referral; what a partner that fetched owes from then on stands in `owing`."""

from dataclasses import replace
from datetime import datetime

from contracts.codes import END_REASONS, Action, DutyCause, EndReason, StaffRole, TaskKind
from contracts.referral import ReferralCancelled, ReferralEnteredInError, ReferralExpired, ReferralRevoked
from services.chassis.errors import InvalidError
from services.referral.domain.answering import check_reason
from services.referral.domain.breach import due_on
from services.referral.domain.lifecycle import Actor, waits_for_conclusion
from services.referral.domain.owing import owe_all
from services.referral.domain.referral import Facts, Referral, Told, refusal, step, task
from services.referral.domain.workdays import Moment


def cancel(referral: Referral, by: Actor, moment: Moment, *, reason: EndReason, has_comment: bool = False) -> Told:
    """Take it back, for the sender or at the person's own wish."""
    moved = step(referral, Action.CANCEL, by, moment)
    check_reason(END_REASONS, reason, moment, has_comment=has_comment)
    cancelled = ReferralCancelled(
        referral_id=referral.id, organization_id=referral.organization_id, reason=reason, previous=referral.status
    )
    moved, duties = owe_all(replace(moved, end_reason=reason, questions=()), moment, DutyCause.CANCEL)
    return moved, (cancelled, *duties)


def revoke(referral: Referral, by: Actor, moment: Moment, *, cause: DutyCause = DutyCause.WITHDRAWAL) -> Told:
    """Stop at once, because the consent that carried it holds no longer, or the data do not exist any more."""
    moved = step(referral, Action.REVOKE, by, moment)
    revoked = ReferralRevoked(
        referral_id=referral.id, organization_id=referral.organization_id, previous=referral.status
    )
    moved, duties = owe_all(replace(moved, end_reason=EndReason.CONSENT_WITHDRAWN, questions=()), moment, cause)
    return moved, (revoked, *duties)


def withdraw_after_end(referral: Referral, moment: Moment, *, cause: DutyCause = DutyCause.WITHDRAWAL) -> Told:
    """What comes after the end changes no status, but a partner that fetched owes its answer, once."""
    return owe_all(referral, moment, cause) if referral.deletion is None else (referral, ())


def expire(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Nobody reacted in time."""
    moved = step(referral, Action.EXPIRE, by, moment)
    if waits_for_conclusion(referral.back_level, fetched=referral.is_fetched):
        raise refusal(referral, "lifecycle.not-allowed", Action.EXPIRE, moment)
    expired = ReferralExpired(
        referral_id=referral.id, organization_id=referral.organization_id, previous=referral.status
    )
    moved, duties = owe_all(replace(moved, questions=()), moment, DutyCause.EXPIRY)
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
    moved = replace(moved, became_aware_at=became_aware_at, questions=())
    moved, duties = owe_all(moved, moment, DutyCause.ERROR)
    checks: Facts = ()
    if breach_check:
        checks = (task(referral, TaskKind.BREACH_CHECK, moment, StaffRole.LEAD, due_on(became_aware_at)),)
    return moved, (marked, *duties, *checks)
