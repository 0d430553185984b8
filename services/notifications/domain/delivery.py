"""The life of a delivery: pending -> sent -> confirmed | failed (back to pending) | parked | withdrawn | discarded."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from services.chassis.errors import RefusedError


class State(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    PARKED = "parked"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class Move(StrEnum):
    """What can happen to a delivery."""

    SEND = "send"
    CONFIRM = "confirm"
    FAIL = "fail"
    RETRY = "retry"
    PARK = "park"
    WITHDRAW = "withdraw"
    REPLAY = "replay"
    RESEND = "resend"
    DISCARD = "discard"


MOVES: Mapping[tuple[Move, State], State] = MappingProxyType(
    {
        (Move.SEND, State.PENDING): State.SENT,
        (Move.FAIL, State.PENDING): State.FAILED,
        (Move.RETRY, State.FAILED): State.PENDING,
        (Move.PARK, State.PENDING): State.PARKED,
        # Its whole channel was switched off while it waited for its next attempt.
        (Move.PARK, State.FAILED): State.PARKED,
        (Move.WITHDRAW, State.PENDING): State.WITHDRAWN,
        (Move.WITHDRAW, State.FAILED): State.WITHDRAWN,
        (Move.WITHDRAW, State.PARKED): State.WITHDRAWN,
        (Move.CONFIRM, State.SENT): State.CONFIRMED,
        # The partner has it although we never saw its answer: an attempt may arrive and its reply be lost.
        (Move.CONFIRM, State.FAILED): State.CONFIRMED,
        (Move.CONFIRM, State.PENDING): State.CONFIRMED,
        (Move.CONFIRM, State.PARKED): State.CONFIRMED,
        (Move.CONFIRM, State.DISCARDED): State.CONFIRMED,
        (Move.REPLAY, State.PARKED): State.PENDING,
        # Somebody knows that the receiver is well again: no need to wait for the next step of the ladder.
        (Move.REPLAY, State.FAILED): State.PENDING,
        # Given up for a reason. While an attempt is under way it is pending, so nothing is given up in flight.
        (Move.DISCARD, State.FAILED): State.DISCARDED,
        (Move.DISCARD, State.PARKED): State.DISCARDED,
        # The partner lost what it had: everything since a moment goes out once more, under the same ids.
        (Move.RESEND, State.SENT): State.PENDING,
        (Move.RESEND, State.CONFIRMED): State.PENDING,
        (Move.RESEND, State.FAILED): State.PENDING,
        (Move.RESEND, State.PARKED): State.PENDING,
    }
)


def move(what: Move, state: State) -> State:
    """The state after a move; an impossible move is refused, never ignored."""
    try:
        return MOVES[what, state]
    except KeyError:
        raise RefusedError("delivery.not-allowed", state=state.value, move=what.value) from None


#: What somebody should look at, the worst first.
STUCK = (State.PARKED, State.FAILED)


def states_before(what: Move) -> tuple[State, ...]:
    """The states a move may start from."""
    return tuple(state for known, state in MOVES if known is what)
