"""What a partner does with a referral: by its own system, or told by telephone and written down by a navigator."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from contracts.codes import (
    END_REASONS,
    REJECTION_REASONS,
    Action,
    EndReason,
    Obstacle,
    Outcome,
    Party,
    PauseReason,
    QuestionCode,
    Reason,
    RejectionReason,
    Status,
    TaskKind,
    Way,
)
from contracts.referral import (
    ClarificationAsked,
    ReferralAccepted,
    ReferralCompleted,
    ReferralEndedEarly,
    ReferralPaused,
    ReferralReceived,
    ReferralRejected,
    ReferralResumed,
    ReferralStarted,
    ReferralWaitlisted,
)
from services.chassis.errors import InvalidError
from services.referral.domain.appointments import Appointment, with_appointment
from services.referral.domain.deadlines import CONTACT_DAYS_AT_MOST
from services.referral.domain.deadlines import contact_by as usual_contact_by
from services.referral.domain.lifecycle import Actor, is_above
from services.referral.domain.referral import (
    Question,
    Referral,
    Told,
    above_level,
    step,
    task,
)
from services.referral.domain.workdays import Moment


def receive(referral: Referral, by: Actor, moment: Moment, *, by_hand: Way | None = None) -> Told:
    """Acknowledge that the referral has arrived."""
    moved = step(referral, Action.RECEIVE, by, moment)
    received = ReferralReceived(referral_id=referral.id, organization_id=referral.organization_id, by_hand=by_hand)
    return replace(moved, received_at=moment.at), (received,)


def _arrived(referral: Referral, by: Actor, moment: Moment, by_hand: Way | None = None) -> Told:
    """Whoever answers has received: on `requested` the receipt comes first, as a fact of its own."""
    if referral.status is Status.REQUESTED and by.party is Party.PARTNER:
        return receive(referral, by, moment, by_hand=by_hand)
    return referral, ()


def ask(referral: Referral, by: Actor, moment: Moment, *, question: QuestionCode) -> Told:
    """Ask back. Before acceptance the ball then lies with the sender; afterwards work goes on meanwhile."""
    referral, facts = _arrived(referral, by, moment)
    moved = step(referral, Action.ASK, by, moment)
    asked = Question(id=moment.new_id(), code=question, asked_on=moment.on)
    told = ClarificationAsked(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        question_id=asked.id,
        question=question,
        changes_status=moved.status is not referral.status,
    )
    return replace(moved, questions=(*referral.questions, asked)), (
        *facts,
        told,
        task(referral, TaskKind.QUESTION_OPEN, moment),
    )


def accept(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    contact_by: date | None = None,
    appointment: Appointment | None = None,
    former: Appointment | None = None,
    by_hand: Way | None = None,
) -> Told:
    """Take over, and say by when first contact is made. The day of an appointment is told by nothing else."""
    referral, facts = _arrived(referral, by, moment, by_hand)
    moved = step(referral, Action.ACCEPT, by, moment)
    promised = contact_by or usual_contact_by(referral.urgency, moment.on, moment.is_working_day)
    _check_promise(promised, moment)
    accepted = ReferralAccepted(
        referral_id=referral.id, organization_id=referral.organization_id, contact_by=promised, by_hand=by_hand
    )
    taken = replace(moved, contact_by=promised, questions=())
    return with_appointment((taken, (*facts, accepted)), moment, appointment, former=former, by_hand=by_hand)


def _check_promise(contact_by: date, moment: Moment) -> None:
    """A day in the past promises nothing, and one far ahead would keep the clock from ever asking."""
    if contact_by < moment.on:
        raise InvalidError("referral.contact-by-past", {"contact_by": "today-or-later"})
    if contact_by > moment.on + timedelta(days=CONTACT_DAYS_AT_MOST):
        raise InvalidError("referral.contact-by-late", {"contact_by": "within-60-days"})


def waitlist(
    referral: Referral, by: Actor, moment: Moment, *, estimated_on: date | None = None, by_hand: Way | None = None
) -> Told:
    """Yes in principle, at a date that is estimated or unknown; saying it again renews it."""
    referral, facts = _arrived(referral, by, moment, by_hand)
    moved = step(referral, Action.WAITLIST, by, moment)
    if estimated_on is not None and estimated_on < moment.on:
        raise InvalidError("referral.estimated-past", {"estimated_on": "today-or-later"})
    waitlisted = ReferralWaitlisted(
        referral_id=referral.id, organization_id=referral.organization_id, estimated_on=estimated_on, by_hand=by_hand
    )
    return replace(moved, waitlisted_on=moment.on, estimated_on=estimated_on, questions=()), (*facts, waitlisted)


def reject(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    reason: RejectionReason,
    has_comment: bool = False,
    better_service_id: UUID | None = None,
    by_hand: Way | None = None,
) -> Told:
    """Decline the request; nothing has been done for the person yet. A better service is only named."""
    referral, facts = _arrived(referral, by, moment, by_hand)
    moved = step(referral, Action.REJECT, by, moment)
    check_reason(REJECTION_REASONS, reason, moment, has_comment=has_comment)
    if better_service_id == referral.service_id:
        raise InvalidError("referral.better-is-same", {"better_service_id": "another-service"})
    rejected = ReferralRejected(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        reason=reason,
        better_service_id=better_service_id,
        by_hand=by_hand,
    )
    moved = replace(moved, rejection=reason, better_service_id=better_service_id, questions=())
    return moved, (*facts, rejected, task(referral, TaskKind.REFERRAL_REJECTED, moment))


def check_reason(reasons: Mapping[str, Reason], code: str, moment: Moment, *, has_comment: bool) -> None:
    """A reason must be on its list on that day, and come with a comment where the list asks for one."""
    row = reasons.get(code)
    if row is None or not row.is_valid_on(moment.on):
        raise InvalidError("referral.reason-not-valid", {"reason": "a-reason-valid-today"})
    if row.needs_comment and not has_comment:
        raise InvalidError("referral.comment-required", {"sealed_comment": "required-for-this-reason"})


def start(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    first_contact_on: date | None = None,
    appointment: Appointment | None = None,
    former: Appointment | None = None,
    by_hand: Way | None = None,
) -> Told:
    """First contact was made: the warm handover is done."""
    moved = step(referral, Action.START, by, moment)
    contact_on = first_contact_on or moment.on
    if not (referral.requested_on or referral.drafted_on) <= contact_on <= moment.on:
        raise InvalidError("referral.contact-date", {"first_contact_on": "between-request-and-today"})
    started = ReferralStarted(
        referral_id=referral.id, organization_id=referral.organization_id, first_contact_on=contact_on, by_hand=by_hand
    )
    begun = replace(moved, first_contact_on=contact_on)
    return with_appointment((begun, (started,)), moment, appointment, former=former, by_hand=by_hand)


def pause(referral: Referral, by: Actor, moment: Moment, *, reason: PauseReason) -> Told:
    """Wait for something outside."""
    moved = replace(step(referral, Action.PAUSE, by, moment), pause_reason=reason)
    return moved, (ReferralPaused(referral_id=referral.id, organization_id=referral.organization_id, reason=reason),)


def resume(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Go on."""
    moved = replace(step(referral, Action.RESUME, by, moment), pause_reason=None)
    return moved, (ReferralResumed(referral_id=referral.id, organization_id=referral.organization_id),)


def says_more(
    outcome: Outcome = Outcome.HANDED_OVER_NO_FEEDBACK,
    obstacles: tuple[Obstacle, ...] = (),
    has_comment: bool = False,
    **_: object,
) -> bool:
    """Does the end of a referral tell more than that it has ended? Words of the partner's own can tell anything."""
    return outcome is not Outcome.HANDED_OVER_NO_FEEDBACK or bool(obstacles) or has_comment


def complete(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    outcome: Outcome = Outcome.HANDED_OVER_NO_FEEDBACK,
    obstacles: tuple[Obstacle, ...] = (),
    has_comment: bool = False,
    by_hand: Way | None = None,
) -> Told:
    """Say that it is done and, where the back level lets it through, what came of it."""
    moved = step(referral, Action.COMPLETE, by, moment)
    if is_above(Action.COMPLETE, referral.back_level, says_more=says_more(outcome, obstacles, has_comment)):
        raise above_level(referral, moment)
    completed = ReferralCompleted(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        outcome=outcome,
        obstacles=obstacles,
        by_hand=by_hand,
    )
    return replace(moved, outcome=outcome, obstacles=obstacles, questions=()), (completed,)


def end(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    reason: EndReason,
    has_comment: bool = False,
    by_hand: Way | None = None,
) -> Told:
    """Stop work that had begun, without the goal being reached."""
    moved = step(referral, Action.END, by, moment)
    check_reason(END_REASONS, reason, moment, has_comment=has_comment)
    ended = ReferralEndedEarly(
        referral_id=referral.id, organization_id=referral.organization_id, reason=reason, by_hand=by_hand
    )
    return replace(moved, end_reason=reason, questions=()), (ended,)
