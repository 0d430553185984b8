"""Every action as a call with valid details, so that whole tables of them can be tried."""

from collections.abc import Callable
from datetime import timedelta

from contracts.codes import (
    Action,
    Deletion,
    EndReason,
    Outcome,
    PauseReason,
    QuestionCode,
    RejectionReason,
)
from services.referral import domain
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral, Told
from services.referral.domain.workdays import Moment
from tests.unit.referral.builders import an_allowance, an_appointment

Call = Callable[[Referral, Actor, Moment], Told]


def _answer(referral: Referral, by: Actor, moment: Moment) -> Told:
    question_id = referral.questions[0].id if referral.questions else moment.new_id()
    return domain.answer(referral, by, moment, question_id=question_id)


CALLS: dict[Action, Call] = {
    Action.PREPARE: lambda r, by, m: domain.prepare(r, by, m, undo_window=timedelta(seconds=30)),
    Action.REVISE: domain.revise,
    Action.REQUEST: lambda r, by, m: domain.request(r, by, m, ground=an_allowance(), back_level=r.back_level),
    Action.RECEIVE: domain.receive,
    Action.ASK: lambda r, by, m: domain.ask(r, by, m, question=QuestionCode.AVAILABILITY),
    Action.ANSWER: _answer,
    Action.ACCEPT: domain.accept,
    Action.WAITLIST: domain.waitlist,
    Action.REJECT: lambda r, by, m: domain.reject(r, by, m, reason=RejectionReason.NO_CAPACITY),
    Action.START: domain.start,
    Action.SET_APPOINTMENT: lambda r, by, m: domain.set_appointment(r, by, m, appointment=an_appointment(m.at)),
    Action.CANCEL_APPOINTMENT: domain.cancel_appointment,
    Action.PAUSE: lambda r, by, m: domain.pause(r, by, m, reason=PauseReason.VISA),
    Action.RESUME: domain.resume,
    Action.COMPLETE: lambda r, by, m: domain.complete(
        r, by, m, outcome=Outcome.GOAL_REACHED if r.back_level == "outcome" else Outcome.HANDED_OVER_NO_FEEDBACK
    ),
    Action.CONCLUDE: lambda r, by, m: domain.conclude(r, by, m, contact_on=m.on),
    Action.END: lambda r, by, m: domain.end(r, by, m, reason=EndReason.PERSON_MOVED),
    Action.EXPIRE: domain.expire,
    Action.CANCEL: lambda r, by, m: domain.cancel(r, by, m, reason=EndReason.PERSON_DECLINED),
    Action.REVOKE: domain.revoke,
    Action.MARK_ENTERED_IN_ERROR: lambda r, by, m: domain.mark_entered_in_error(r, by, m, became_aware_at=m.at),
    Action.ACKNOWLEDGE_STOP: domain.acknowledge_stop,
    Action.STATE_DELETION: lambda r, by, m: domain.state_deletion(r, by, m, deletion=Deletion.DELETED),
    Action.ACKNOWLEDGE_RECTIFICATION: domain.acknowledge_rectification,
    Action.DISPUTE: domain.dispute,
}
