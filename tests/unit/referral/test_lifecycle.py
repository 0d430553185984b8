"""The table of domain.md, written a second time as text, against every verb in every status for every party."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from uuid import UUID

import pytest

from contracts.codes import Action, BackLevel, Duty, Party, Status, TaskKind
from services.chassis.errors import RefusedError
from services.referral.domain.lifecycle import (
    REQUIRED_BACK_LEVEL,
    UNSENT,
    advance,
    allowed_actions,
    is_above,
    may_conclude,
    settled_tasks,
    waiting_for,
)
from tests.unit.referral.acting import CALLS
from tests.unit.referral.builders import ACTORS, NOON, a_moment, a_question, a_referral, duties, said_by_hand

SPECIFICATION = """
prepare                | draft                              | awaiting_consent  | navigator
revise                 | awaiting_consent                   | draft             | navigator
request                | awaiting_consent                   | requested         | system
receive                | requested                          | received          | partner
ask                    | received requested                 | clarification     | partner
ask                    | accepted in_progress paused        | =                 | partner
answer                 | clarification                      | received          | navigator
answer                 | accepted in_progress paused        | =                 | navigator
accept                 | requested received clarification waitlisted | accepted | partner
waitlist               | requested received clarification waitlisted | waitlisted | partner
reject                 | requested received clarification waitlisted | rejected | partner
start                  | accepted waitlisted                | in_progress       | partner
set_appointment        | accepted in_progress paused        | =                 | partner
cancel_appointment     | accepted in_progress paused        | =                 | partner
pause                  | in_progress                        | paused            | partner
resume                 | paused                             | in_progress       | partner
complete               | in_progress                        | completed         | partner
conclude               | received requested                 | completed         | navigator person
end                    | accepted in_progress paused        | ended_early       | partner
expire                 | requested received clarification waitlisted | expired  | clock
cancel                 | draft awaiting_consent requested received clarification waitlisted accepted in_progress \
paused | cancelled | navigator person
revoke                 | requested received clarification waitlisted accepted in_progress paused | cancelled | system
mark_entered_in_error  | draft awaiting_consent requested received clarification waitlisted accepted in_progress \
paused completed ended_early rejected expired cancelled | entered_in_error | navigator
acknowledge_stop       | completed ended_early rejected expired cancelled entered_in_error | = | partner
state_deletion         | requested received clarification waitlisted accepted in_progress paused \
completed ended_early rejected expired cancelled entered_in_error | = | partner
acknowledge_rectification | requested received clarification waitlisted accepted in_progress paused \
completed ended_early rejected expired cancelled entered_in_error | = | partner
dispute                | requested received clarification waitlisted accepted in_progress paused \
completed ended_early rejected expired cancelled entered_in_error | = | partner
"""


def _specified() -> dict[tuple[Action, Status, Party], Status]:
    table = {}
    for line in SPECIFICATION.strip().splitlines():
        action, sources, target, parties = (part.strip() for part in line.split("|"))
        for source, party in product(sources.split(), parties.split()):
            status = Status(source)
            table[Action(action), status, Party(party)] = status if target == "=" else Status(target)
    return table


SPECIFIED = _specified()
#: Conclude exists only where the partner may say no more than receipt.
LEVEL = {Action.CONCLUDE: BackLevel.NONE}


@contextmanager
def saying(*case: object) -> Iterator[None]:
    """A failure names the case it was found in: four thousand of them would be too many tests."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the case of {', '.join(map(str, case))}")
        raise


def _ready(action: Action, status: Status):
    """A referral for which every guard beside the table is satisfied."""
    changes = {"duties": duties(), "by_hand": said_by_hand(), "back_level": LEVEL.get(action, BackLevel.OUTCOME)}
    if action is Action.ANSWER:
        changes["questions"] = (a_question(),)
    if action is Action.CANCEL_APPOINTMENT:
        changes["appointment_id"] = UUID(int=0x5)
    if action in (Action.CONCLUDE, Action.STATE_DELETION):
        changes["fetched_at"] = NOON
    return a_referral(status, **changes)


@pytest.mark.parametrize("action", Action)
def test_every_action_in_every_status_by_every_party_does_what_the_design_says(action):
    for status, party in product(Status, Party):
        with saying(action, status, party):
            _does_what_the_design_says(action, status, party)


def _does_what_the_design_says(action, status, party):
    referral = _ready(action, status)
    expected = SPECIFIED.get((action, status, party))
    if expected is None:
        with pytest.raises(RefusedError) as refused:
            CALLS[action](referral, ACTORS[party], a_moment())
        late = party is Party.PARTNER and status.is_terminal
        unsent = party is Party.PARTNER and status in UNSENT
        assert refused.value.slug == ("referral.closed" if late else "lifecycle.not-allowed")
        assert refused.value.facts[0].action is (None if late or unsent else action)
        assert [task.kind for task in refused.value.facts[1:]] == [TaskKind.ANSWERED_LATE] * late
    else:
        moved, facts = CALLS[action](referral, ACTORS[party], a_moment())
        assert moved.status is expected
        assert facts


@pytest.mark.parametrize("action", Action)
def test_what_is_offered_is_exactly_what_is_possible(action):
    for status, party in product(Status, Party):
        referral = _ready(action, status)
        specified = (action, status, party) in SPECIFIED
        assert (action in referral.allowed_to(party)) == specified, (status, party)


@pytest.mark.parametrize(("action", "level"), list(product(REQUIRED_BACK_LEVEL, BackLevel)))
def test_an_action_above_the_back_level_is_refused_before_anything_else_and_leaves_no_trace_of_itself(action, level):
    for status in Status if not level.covers(REQUIRED_BACK_LEVEL[action]) else ():
        with saying(status):
            _is_refused_without_a_trace(action, a_referral(status, back_level=level))


def _is_refused_without_a_trace(action, referral):
    with pytest.raises(RefusedError) as refused:
        CALLS[action](referral, ACTORS[Party.PARTNER], a_moment())
    assert refused.value.slug == ("lifecycle.not-allowed" if referral.status in UNSENT else "consent.back-level")
    [fact] = refused.value.facts
    assert fact.action is None
    assert action.value not in str(refused.value.data)
    assert action not in referral.allowed_to(Party.PARTNER)


@pytest.mark.parametrize("level", BackLevel)
def test_the_duties_are_owed_whatever_the_back_level(level):
    referral = a_referral(Status.CANCELLED, back_level=level, duties=duties())
    assert set(referral.allowed_to(Party.PARTNER)) == {Action(duty.value) for duty in Duty}


def test_a_duty_that_is_not_open_is_not_offered():
    assert a_referral(Status.CANCELLED).allowed_to(Party.PARTNER) == ()
    one = allowed_actions(Status.CANCELLED, Party.PARTNER, back_level=BackLevel.NONE, duties=[Duty.STATE_DELETION])
    assert one == (Action.STATE_DELETION,)


def test_every_action_of_the_list_is_in_the_specification():
    assert {action for action, _, _ in SPECIFIED} == set(Action)


def test_the_table_alone_needs_a_receipt_before_an_answer():
    assert advance(Action.ACCEPT, Status.REQUESTED, Party.PARTNER) is None
    assert advance(Action.ACCEPT, Status.RECEIVED, Party.PARTNER) is Status.ACCEPTED


@pytest.mark.parametrize(
    ("status", "level", "fetched", "possible"),
    [
        (Status.RECEIVED, BackLevel.NONE, False, True),
        (Status.RECEIVED, BackLevel.RECEIPT, False, True),
        (Status.RECEIVED, BackLevel.STATUS, True, False),
        (Status.RECEIVED, BackLevel.OUTCOME, True, False),
        (Status.REQUESTED, BackLevel.NONE, True, True),
        (Status.REQUESTED, BackLevel.NONE, False, False),
        (Status.REQUESTED, BackLevel.RECEIPT, True, False),
        (Status.IN_PROGRESS, BackLevel.NONE, True, False),
    ],
)
def test_the_persons_word_ends_a_referral_only_where_the_partner_may_not_speak(status, level, fetched, possible):
    assert may_conclude(status, level, fetched=fetched) is possible


@pytest.mark.parametrize("level", [BackLevel.NONE, BackLevel.RECEIPT])
def test_silence_ends_nothing_where_the_partner_may_not_speak_and_has_the_dossier(level):
    referral = a_referral(Status.RECEIVED, back_level=level, fetched_at=NOON)
    assert Action.EXPIRE not in referral.allowed_to(Party.CLOCK)
    with pytest.raises(RefusedError):
        CALLS[Action.EXPIRE](referral, ACTORS[Party.CLOCK], a_moment())


@pytest.mark.parametrize(
    ("status", "changes", "party"),
    [
        (Status.DRAFT, {}, Party.NAVIGATOR),
        (Status.AWAITING_CONSENT, {}, Party.PERSON),
        (Status.REQUESTED, {}, Party.PARTNER),
        (Status.RECEIVED, {"fetched": True, "back_level": BackLevel.RECEIPT}, Party.NAVIGATOR),
        (Status.RECEIVED, {"fetched": True}, Party.PARTNER),
        (Status.CLARIFICATION, {}, Party.NAVIGATOR),
        (Status.PAUSED, {}, Party.PARTNER),
        (Status.CANCELLED, {"duties": [Duty.STATE_DELETION]}, Party.PARTNER),
        (Status.COMPLETED, {}, None),
    ],
)
def test_it_says_with_whom_the_ball_lies(status, changes, party):
    usual = {"back_level": BackLevel.OUTCOME, "fetched": False}
    assert waiting_for(status, **{**usual, **changes}) is party


def test_an_answer_settles_the_question_and_an_end_settles_what_waited():
    assert TaskKind.QUESTION_OPEN in settled_tasks(Action.ANSWER, Status.RECEIVED)
    assert TaskKind.CONTACT_OVERDUE in settled_tasks(Action.CANCEL, Status.CANCELLED)
    assert settled_tasks(Action.PAUSE, Status.PAUSED) == frozenset()


def test_receipt_needs_receipt_and_complete_can_be_neutral():
    assert is_above(Action.RECEIVE, BackLevel.NONE)
    assert not is_above(Action.COMPLETE, BackLevel.STATUS)
    assert not is_above(Action.STATE_DELETION, BackLevel.NONE)
