"""The state machine of a referral is one table; buttons, interfaces, tests and the picture read it too.

Nothing here knows a person or a date: only who may do what in which status, and how much a partner may tell back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from contracts.codes import TERMINAL, Action, BackLevel, Duty, Party, Status, TaskKind

Cell = tuple[Status, frozenset[Party]]

NAVIGATOR = frozenset({Party.NAVIGATOR})
PARTNER = frozenset({Party.PARTNER})
PERSON_SIDE = frozenset({Party.NAVIGATOR, Party.PERSON})
SYSTEM = frozenset({Party.SYSTEM})
CLOCK = frozenset({Party.CLOCK})

#: Not yet ended, in the order a referral usually passes through them.
OPEN = tuple(status for status in Status if status not in TERMINAL)
#: Still with the sender alone.
UNSENT = (Status.DRAFT, Status.AWAITING_CONSENT)
#: Released to the partner and not yet ended.
RUNNING = tuple(status for status in OPEN if status not in UNSENT)
#: The partner said yes; from here on its questions change no status.
TAKEN_ON = (Status.ACCEPTED, Status.IN_PROGRESS, Status.PAUSED)
#: Nobody has said yes yet, so silence ends the referral.
EXPIRABLE = (Status.REQUESTED, Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and on whose behalf; `organization_id` is set for a partner."""

    party: Party
    actor: str
    organization_id: UUID | None = None


def herself(person_id: UUID) -> str:
    """How whoever came in by her own link is named; nobody signed in as staff ever is."""
    return f"person:{person_id}"


def _cells(
    action: Action, sources: Collection[Status], target: Status, who: frozenset[Party]
) -> dict[tuple[Action, Status], Cell]:
    return {(action, source): (target, who) for source in sources}


def _staying(action: Action, sources: Collection[Status], who: frozenset[Party]) -> dict[tuple[Action, Status], Cell]:
    return {(action, source): (source, who) for source in sources}


#: (action, from) -> (to, who may). Guards beyond this table stand with the verbs in `referral.py`.
TRANSITIONS: Mapping[tuple[Action, Status], Cell] = MappingProxyType(
    {
        **_cells(Action.PREPARE, [Status.DRAFT], Status.AWAITING_CONSENT, NAVIGATOR),
        **_cells(Action.REVISE, [Status.AWAITING_CONSENT], Status.DRAFT, NAVIGATOR),
        **_cells(Action.REQUEST, [Status.AWAITING_CONSENT], Status.REQUESTED, SYSTEM),
        **_cells(Action.RECEIVE, [Status.REQUESTED], Status.RECEIVED, PARTNER),
        **_cells(Action.ASK, [Status.RECEIVED], Status.CLARIFICATION, PARTNER),
        **_staying(Action.ASK, TAKEN_ON, PARTNER),
        **_cells(Action.ANSWER, [Status.CLARIFICATION], Status.RECEIVED, NAVIGATOR),
        **_staying(Action.ANSWER, TAKEN_ON, NAVIGATOR),
        **_cells(Action.ACCEPT, [Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED], Status.ACCEPTED, PARTNER),
        **_cells(
            Action.WAITLIST, [Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED], Status.WAITLISTED, PARTNER
        ),
        **_cells(Action.REJECT, [Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED], Status.REJECTED, PARTNER),
        **_cells(Action.START, [Status.ACCEPTED, Status.WAITLISTED], Status.IN_PROGRESS, PARTNER),
        **_staying(Action.SET_APPOINTMENT, TAKEN_ON, PARTNER),
        **_staying(Action.CANCEL_APPOINTMENT, TAKEN_ON, PARTNER),
        **_cells(Action.PAUSE, [Status.IN_PROGRESS], Status.PAUSED, PARTNER),
        **_cells(Action.RESUME, [Status.PAUSED], Status.IN_PROGRESS, PARTNER),
        **_cells(Action.COMPLETE, [Status.IN_PROGRESS], Status.COMPLETED, PARTNER),
        **_cells(Action.CONCLUDE, [Status.REQUESTED, Status.RECEIVED], Status.COMPLETED, PERSON_SIDE),
        **_cells(Action.END, TAKEN_ON, Status.ENDED_EARLY, PARTNER),
        **_cells(Action.EXPIRE, EXPIRABLE, Status.EXPIRED, CLOCK),
        **_cells(Action.CANCEL, OPEN, Status.CANCELLED, PERSON_SIDE),
        **_cells(Action.REVOKE, RUNNING, Status.CANCELLED, SYSTEM),
        **_cells(
            Action.MARK_ENTERED_IN_ERROR,
            [status for status in Status if status is not Status.ENTERED_IN_ERROR],
            Status.ENTERED_IN_ERROR,
            NAVIGATOR,
        ),
        **_staying(Action.ACKNOWLEDGE_STOP, TERMINAL, PARTNER),
        # A kind of data may have to go, or to be corrected, while the referral itself goes on.
        **_staying(Action.STATE_DELETION, [*RUNNING, *TERMINAL], PARTNER),
        **_staying(Action.ACKNOWLEDGE_RECTIFICATION, [*RUNNING, *TERMINAL], PARTNER),
        **_staying(Action.DISPUTE, [*RUNNING, *TERMINAL], PARTNER),
    }
)

#: On `requested` these do `receive` first: two facts, one transaction.
RECEIPT_FIRST = frozenset({Action.ASK, Action.ACCEPT, Action.WAITLIST, Action.REJECT})

#: Who may tell a partner's action that came by telephone, letter or in person: the navigator, by hand.
BY_HAND = frozenset(
    {
        Action.RECEIVE,
        Action.ACCEPT,
        Action.WAITLIST,
        Action.REJECT,
        Action.START,
        Action.SET_APPOINTMENT,
        Action.CANCEL_APPOINTMENT,
        Action.COMPLETE,
        Action.END,
        Action.ACKNOWLEDGE_STOP,
        Action.STATE_DELETION,
        Action.ACKNOWLEDGE_RECTIFICATION,
    }
)
#: The answers a partner owes; a referral that has ended waits for nothing else.
OWED = frozenset(Action(duty.value) for duty in Duty)

#: How much a consent must let back before a partner may say this. Why work ended early tells what came of the matter,
#: so it needs `outcome`; `complete` needs no more than `status` as long as it says HANDED_OVER_NO_FEEDBACK (the verb
#: holds the rest of the rule), otherwise a partner at `status` could never close what it began. The duties and "that
#: is not so" are owed under the GDPR itself (Art. 16, 17, 19) and need no level.
REQUIRED_BACK_LEVEL: Mapping[Action, BackLevel] = MappingProxyType(
    {
        Action.RECEIVE: BackLevel.RECEIPT,
        Action.ASK: BackLevel.STATUS,
        Action.ACCEPT: BackLevel.STATUS,
        Action.WAITLIST: BackLevel.STATUS,
        Action.REJECT: BackLevel.STATUS,
        Action.START: BackLevel.STATUS,
        Action.SET_APPOINTMENT: BackLevel.STATUS,
        Action.CANCEL_APPOINTMENT: BackLevel.STATUS,
        Action.PAUSE: BackLevel.STATUS,
        Action.RESUME: BackLevel.STATUS,
        Action.COMPLETE: BackLevel.STATUS,
        Action.END: BackLevel.OUTCOME,
    }
)

#: What lies on the sender's desk while the partner says nothing, while it waits for an answer, while it met nobody yet,
#: and while nothing may leave.
_SILENT = frozenset({TaskKind.ANSWER_MISSING, TaskKind.ANSWER_STILL_MISSING})
_ASKED = frozenset({TaskKind.QUESTION_OPEN, TaskKind.QUESTION_OVERDUE})
_KEPT_BACK = frozenset({TaskKind.CONSENT_MISSING, TaskKind.PARTNER_SUSPENDED, TaskKind.PARTNER_LEFT})
_UNMET = frozenset({TaskKind.CONTACT_OVERDUE, TaskKind.CONTACT_STILL_MISSING})

#: The tasks on the sender's desk that doing this settles.
SETTLES: Mapping[Action, frozenset[TaskKind]] = MappingProxyType(
    {
        Action.REQUEST: _KEPT_BACK,
        Action.REVISE: _KEPT_BACK,
        Action.ANSWER: _ASKED,
        Action.RECEIVE: _SILENT,
        Action.ASK: _SILENT,
        Action.ACCEPT: _SILENT | _ASKED | {TaskKind.WAITLIST_UNRENEWED},
        Action.WAITLIST: _SILENT | _ASKED | {TaskKind.WAITLIST_UNRENEWED},
        Action.START: _UNMET | {TaskKind.WAITLIST_UNRENEWED},
    }
)
_ENDING = (
    _SILENT
    | _ASKED
    | _UNMET
    | _KEPT_BACK
    | {TaskKind.CONCLUDE_DUE, TaskKind.CONSENT_RUNS_OUT, TaskKind.WAITLIST_UNRENEWED}
    | {TaskKind.PARTNER_KEY_MISSING}
)


def settled_tasks(action: Action, status: Status) -> frozenset[TaskKind]:
    """Which kinds of open task on this referral are done once `action` has led to `status`."""
    ended = _ENDING if status.is_terminal else frozenset()
    return SETTLES.get(action, frozenset()) | ended


def advance(action: Action, status: Status, party: Party) -> Status | None:
    """The status this action leads to; None where the table says no."""
    target, who = TRANSITIONS.get((action, status), (None, frozenset()))
    return target if party in who else None


def refusal_slug(status: Status, party: Party) -> str:
    """A partner that answers after the end is told so; every other illegal move is simply not allowed."""
    return "referral.closed" if party is Party.PARTNER and status.is_terminal else "lifecycle.not-allowed"


def needed_level(action: Action, *, says_more: bool = False) -> BackLevel | None:
    """How much this tells back; None where the partner owes the word whatever was consented to."""
    if action is Action.COMPLETE and says_more:
        return BackLevel.OUTCOME
    return REQUIRED_BACK_LEVEL.get(action)


def is_above(action: Action, back_level: BackLevel, *, says_more: bool = False) -> bool:
    """Would this action tell back more than the consent lets through?"""
    needed = needed_level(action, says_more=says_more)
    return needed is not None and not back_level.covers(needed)


def may_conclude(status: Status, back_level: BackLevel, *, fetched: bool) -> bool:
    """May the person's own word end a referral? Only where the partner may not say how it went."""
    if back_level.covers(BackLevel.STATUS):
        return False
    return status is Status.RECEIVED or (status is Status.REQUESTED and fetched and back_level is BackLevel.NONE)


def reaches(action: Action, status: Status, party: Party) -> bool:
    """Does the table lead anywhere from here, counting the receipt that some actions bring along?"""
    source = Status.RECEIVED if status is Status.REQUESTED and action in RECEIPT_FIRST else status
    cell = TRANSITIONS.get((action, source))
    return cell is not None and party in cell[1]


def allowed_actions(
    status: Status,
    party: Party,
    *,
    back_level: BackLevel,
    fetched: bool = False,
    question_open: bool = False,
    duties: Collection[Duty] = (),
    disputable: bool = False,
    appointed: bool = False,
) -> tuple[Action, ...]:
    """What this party may do now; part of every representation of a referral, and the only buttons a page shows."""
    conditions = {
        Action.CONCLUDE: may_conclude(status, back_level, fetched=fetched),
        Action.ANSWER: question_open,
        Action.EXPIRE: not waits_for_conclusion(back_level, fetched=fetched),
        Action.ACKNOWLEDGE_STOP: Duty.ACKNOWLEDGE_STOP in duties,
        Action.STATE_DELETION: Duty.STATE_DELETION in duties,
        Action.ACKNOWLEDGE_RECTIFICATION: Duty.ACKNOWLEDGE_RECTIFICATION in duties,
        Action.DISPUTE: disputable,
        Action.CANCEL_APPOINTMENT: appointed,
    }
    return tuple(
        action
        for action in Action
        if reaches(action, status, party)
        and not (party is Party.PARTNER and is_above(action, back_level))
        and conditions.get(action, True)
    )


def waits_for_conclusion(back_level: BackLevel, *, fetched: bool) -> bool:
    """The partner has the dossier and may not say more than receipt: silence means nothing, so nothing expires."""
    return fetched and not back_level.covers(BackLevel.STATUS)


def waiting_for(status: Status, *, back_level: BackLevel, fetched: bool, duties: Collection[Duty] = ()) -> Party | None:
    """With whom the ball lies; None once nothing is owed any more."""
    if status.is_terminal:
        return Party.PARTNER if duties else None
    if status in (Status.DRAFT, Status.CLARIFICATION):
        return Party.NAVIGATOR
    if status is Status.AWAITING_CONSENT:
        return Party.PERSON
    if waits_for_conclusion(back_level, fetched=fetched) and status in (Status.REQUESTED, Status.RECEIVED):
        return Party.NAVIGATOR
    return Party.PARTNER
