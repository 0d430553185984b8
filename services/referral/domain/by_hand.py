"""What a partner told by telephone, letter or in person: a navigator writes it down, and the partner may contradict."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from contracts.codes import Action, Party, TaskKind, Way
from contracts.partner.actions import fields_of
from services.chassis.errors import InvalidError
from services.referral.domain.answering import accept, complete, end, receive, reject, start, waitlist
from services.referral.domain.appointments import cancel_appointment, set_appointment
from services.referral.domain.lifecycle import BY_HAND, OWED, Actor
from services.referral.domain.owing import acknowledge_rectification, acknowledge_stop, reopen, state_deletion
from services.referral.domain.referral import ByHand, Facts, Referral, Told, check_hands, refusal, step, task
from services.referral.domain.workdays import Moment

#: Which details a verb takes is its own business.
VERBS_BY_HAND: Mapping[Action, Callable[..., Told]] = {
    Action.RECEIVE: receive,
    Action.ACCEPT: accept,
    Action.WAITLIST: waitlist,
    Action.REJECT: reject,
    Action.START: start,
    Action.SET_APPOINTMENT: set_appointment,
    Action.CANCEL_APPOINTMENT: cancel_appointment,
    Action.COMPLETE: complete,
    Action.END: end,
    Action.ACKNOWLEDGE_STOP: acknowledge_stop,
    Action.STATE_DELETION: state_deletion,
    Action.ACKNOWLEDGE_RECTIFICATION: acknowledge_rectification,
}
#: What a partner may say words with; with nothing else may words of its come back, whoever writes them down.
WITH_WORDS = frozenset(action for action in BY_HAND if "sealed_comment" in fields_of(action))


def check_words(action: Action, words: str | None) -> None:
    """A back level covers codes and days; where its contract has no words a partner's words would say more."""
    if words and action not in WITH_WORDS:
        raise InvalidError("request.invalid", {"comment": "no-detail-of-this-action"})


def record_for_partner(
    referral: Referral, by: Actor, moment: Moment, *, action: Action, way: Way, told_on: date, **details: Any
) -> Told:
    """Write down what the partner told by telephone, letter or in person. Bound to the back level too."""
    if by.party is not Party.NAVIGATOR or action not in BY_HAND:
        raise refusal(referral, "referral.not-by-hand", None, moment)
    check_hands(referral, by, moment)
    if not (referral.requested_on or referral.drafted_on) <= told_on <= moment.on:
        raise InvalidError("referral.told-date", {"told_on": "between-request-and-today"})
    # The partner's right to the action is what counts; the hand that writes stays the navigator's.
    partner = Actor(Party.PARTNER, f"partner:{referral.organization_id}", referral.organization_id)
    moved, facts = VERBS_BY_HAND[action](referral, partner, moment, by_hand=way, **details)
    return replace(moved, by_hand=ByHand(action, way, told_on, by.actor)), facts


def dispute(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Contradict what was written down for the partner ("that is not so"); the navigator has to look into it."""
    moved = step(referral, Action.DISPUTE, by, moment)
    if referral.by_hand is None:
        raise refusal(referral, "lifecycle.not-allowed", Action.DISPUTE, moment)
    again: Facts = ()
    if referral.by_hand.action in OWED:
        moved, again = reopen(moved, referral.by_hand.action)
    return replace(moved, by_hand=None), (*again, task(referral, TaskKind.RECORDED_BY_HAND_DISPUTED, moment))
