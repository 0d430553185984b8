"""Any sequence of actions by anybody, against a model that is nothing but a dict and the design's table."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.codes import (
    Action,
    BackLevel,
    DataCategory,
    Deletion,
    Duty,
    DutyCause,
    EndReason,
    Party,
    RejectionReason,
    Status,
    Urgency,
    Way,
)
from contracts.referral import DutyOpened, ReferralReceived
from services.chassis.errors import LotsennetzError
from services.referral import domain
from services.referral.domain.deadlines import DeadlineKind, deadlines, due_on
from services.referral.domain.duties import ON_STOP
from services.referral.domain.lifecycle import BY_HAND, OWED, REQUIRED_BACK_LEVEL
from services.referral.domain.referral import Referral
from services.referral.domain.workdays import is_weekday
from tests.examples import examples
from tests.unit.referral.acting import CALLS
from tests.unit.referral.builders import ACTORS, NAVIGATOR, PARTNER, a_moment, a_referral, an_allowance, an_appointment
from tests.unit.referral.test_lifecycle import SPECIFIED

QUIET = (BackLevel.NONE, BackLevel.RECEIPT)
LEAVES_DUTIES = {Action.CANCEL, Action.REVOKE, Action.EXPIRE, Action.MARK_ENTERED_IN_ERROR}
EVERYTHING = (Duty.STATE_DELETION, None)
KINDS = [DataCategory.CONTACT, DataCategory.HEALTH]
FORGETS_QUESTIONS = {
    Action.ACCEPT,
    Action.WAITLIST,
    Action.REJECT,
    Action.COMPLETE,
    Action.END,
    Action.CANCEL,
    Action.REVOKE,
    Action.EXPIRE,
    Action.MARK_ENTERED_IN_ERROR,
}


class LifeOfAReferral(RuleBasedStateMachine):
    """Runs the real verbs beside the model and compares after every step."""

    referral: Referral

    @initialize(level=st.sampled_from(BackLevel), urgency=st.sampled_from(Urgency))
    def begin(self, level, urgency):
        self.referral = a_referral(Status.DRAFT, back_level=level, urgency=urgency)
        self.days = 0
        self.model = {
            "status": Status.DRAFT,
            "fetched": False,
            "questions": 0,
            "duties": set(),
            "by_hand": None,
            "hand_settled": {},
            "stated": False,
            "release_on_day": None,
            "appointed": False,
        }

    def _may(self, action: Action, party: Party) -> bool:
        model, level = self.model, self.referral.back_level
        if (action, model["status"], party) not in SPECIFIED:
            return False
        if party is Party.PARTNER and action in REQUIRED_BACK_LEVEL and not level.covers(REQUIRED_BACK_LEVEL[action]):
            return False
        return {
            Action.REQUEST: model["release_on_day"] is not None and model["release_on_day"] < self.days,
            Action.ANSWER: model["questions"] > 0,
            Action.CONCLUDE: level in QUIET
            and (
                model["status"] is Status.RECEIVED
                or (model["status"] is Status.REQUESTED and model["fetched"] and level is BackLevel.NONE)
            ),
            Action.EXPIRE: not (model["fetched"] and level in QUIET),
            **{Action(duty.value): any(one is duty for one, _ in model["duties"]) for duty in Duty},
            Action.DISPUTE: model["by_hand"] is not None,
            Action.CANCEL_APPOINTMENT: model["appointed"],
        }.get(action, True)

    def _step_model(self, action: Action, party: Party) -> None:
        model = self.model
        model["status"] = SPECIFIED[action, model["status"], party]
        if action is Action.PREPARE:
            model["release_on_day"] = self.days
        if action in (Action.REVISE, Action.REQUEST) or model["status"].is_terminal:
            model["release_on_day"] = None
        if action is Action.ASK:
            model["questions"] += 1
        if action is Action.ANSWER:
            model["questions"] -= 1
        if action in FORGETS_QUESTIONS:
            model["questions"] = 0
        appointed = {Action.SET_APPOINTMENT: True, Action.CANCEL_APPOINTMENT: False}.get(action, model["appointed"])
        model["appointed"] = appointed and not model["status"].is_terminal
        self._step_duties(action)
        if action is Action.DISPUTE:
            self._step_dispute()

    def _step_duties(self, action: Action) -> None:
        model = self.model
        if action in LEAVES_DUTIES and model["fetched"]:
            self._owe_all()
        if action in OWED:
            settled = {one for one in model["duties"] if one[0] is Duty(action.value)}
            model["duties"] -= settled
            model["stated"] = model["stated"] or EVERYTHING in settled

    def _owe_all(self) -> None:
        kept = {one for one in self.model["duties"] if one[0] is not Duty.ACKNOWLEDGE_RECTIFICATION}
        self.model["duties"] = kept | {(duty, None) for duty in ON_STOP}

    def _step_dispute(self) -> None:
        """What was last settled by hand in this way is owed again, unless it is owed already."""
        model, action = self.model, self.model["by_hand"]
        days = [day for (duty, _), day in model["hand_settled"].items() if duty.value == action.value]
        again = {one for one, day in model["hand_settled"].items() if one[0].value == action.value and day == max(days)}
        again -= model["duties"]
        model["duties"] |= again
        model["hand_settled"] = {one: day for one, day in model["hand_settled"].items() if one not in again}
        model["stated"] = model["stated"] and EVERYTHING not in again
        model["by_hand"] = None

    @rule(action=st.sampled_from(Action), party=st.sampled_from(Party))
    def act(self, action, party):
        before = self.referral
        try:
            self.referral, facts = CALLS[action](before, ACTORS[party], a_moment(self.days))
        except LotsennetzError:
            assert not self._may(action, party)
            return
        assert self._may(action, party), f"{action} by {party} in {before.status} should be refused"
        receipts = [fact for fact in facts if isinstance(fact, ReferralReceived)]
        assert bool(receipts) == (
            before.status is Status.REQUESTED and party is Party.PARTNER and action not in (*OWED, Action.DISPUTE)
        )
        self._step_model(action, party)

    @rule(days=st.integers(1, 40))
    def time_passes(self, days):
        self.days += days

    @precondition(lambda self: self.model["status"] is Status.DRAFT)
    @rule()
    def leaves_in_the_usual_way(self):
        """Prepared and, a day later, released: so that long lives are common enough."""
        self._do(Action.PREPARE, Party.NAVIGATOR)
        self.days += 1
        self._do(Action.REQUEST, Party.SYSTEM)

    def _do(self, action, party):
        self.referral, _ = CALLS[action](self.referral, ACTORS[party], a_moment(self.days))
        self._step_model(action, party)

    @rule(printed=st.booleans())
    def fetch(self, printed):
        by = NAVIGATOR if printed else PARTNER
        running = not self.model["status"].is_terminal and self.model["status"] not in (
            Status.DRAFT,
            Status.AWAITING_CONSENT,
        )
        try:
            self.referral, [fact, *_] = domain.fetch(
                self.referral,
                by,
                a_moment(self.days),
                ground=an_allowance(),
                decision_id=self.referral.id,
                printed=printed,
            )
        except LotsennetzError:
            assert not running
            return
        assert running
        assert fact.first is not self.model["fetched"]
        self.model["fetched"] = True
        held = an_allowance().categories
        self.model["duties"] -= {(Duty.ACKNOWLEDGE_RECTIFICATION, one) for one in held}

    @rule(action=st.sampled_from(sorted(BY_HAND)), way=st.sampled_from(Way))
    def the_partner_telephones(self, action, way):
        details = {
            Action.REJECT: {"reason": RejectionReason.NO_CAPACITY},
            Action.END: {"reason": EndReason.PERSON_MOVED},
            Action.STATE_DELETION: {"deletion": Deletion.DELETED},
            Action.SET_APPOINTMENT: {"appointment": an_appointment(a_moment(self.days).at)},
        }.get(action, {})
        moment = a_moment(self.days)
        try:
            self.referral, _ = domain.record_for_partner(
                self.referral, NAVIGATOR, moment, action=action, way=way, told_on=moment.on, **details
            )
        except LotsennetzError:
            assert not self._may(action, Party.PARTNER)
            return
        assert self._may(action, Party.PARTNER)
        owed = {one for one in self.model["duties"] if one[0].value == action.value}
        self._step_model(action, Party.PARTNER)
        self.model["by_hand"] = action
        self.model["hand_settled"] |= dict.fromkeys(owed, self.days)

    @precondition(lambda self: self.model["status"].is_terminal)
    @rule()
    def consent_is_withdrawn_after_the_end(self):
        self.referral, facts = domain.withdraw_after_end(self.referral, a_moment(self.days))
        opened = {(fact.duty, fact.category) for fact in facts if isinstance(fact, DutyOpened)}
        if not self.model["fetched"] or self.model["stated"]:
            assert opened == set()
            return
        assert opened == {(duty, None) for duty in ON_STOP} - self.model["duties"]
        self._owe_all()

    @precondition(lambda self: self.model["fetched"])
    @rule(duty=st.sampled_from([Duty.STATE_DELETION, Duty.ACKNOWLEDGE_RECTIFICATION]), category=st.sampled_from(KINDS))
    def one_kind_of_data_goes_or_is_corrected(self, duty, category):
        moment, model = a_moment(self.days), self.model
        if duty is Duty.STATE_DELETION:
            self.referral, _ = domain.owe_deletion(self.referral, moment, DutyCause.WITHDRAWAL, [category])
        else:
            self.referral, _ = domain.owe_rectification(self.referral, moment, [category])
        if EVERYTHING not in model["duties"]:
            model["duties"].add((duty, category))

    @invariant()
    def the_referral_is_what_the_model_says(self):
        if not hasattr(self, "referral"):
            return
        assert self.referral.status is self.model["status"]
        assert self.referral.is_fetched is self.model["fetched"]
        assert len(self.referral.questions) == self.model["questions"]
        assert sorted(map(str, self.referral.owed)) == sorted({duty.value for duty, _ in self.model["duties"]})
        assert {(one.duty, one.category) for one in self.referral.duties} == self.model["duties"]
        assert len(self.referral.duties) == len(self.model["duties"])
        assert (self.referral.appointment_id is not None) is self.model["appointed"]
        assert (self.referral.by_hand is not None) is (self.model["by_hand"] is not None)

    @invariant()
    def what_is_offered_is_what_the_model_allows(self):
        if not hasattr(self, "referral"):
            return
        for party in Party:
            offered = set(self.referral.allowed_to(party)) - {Action.REQUEST}
            assert offered == {action for action in Action if action is not Action.REQUEST and self._may(action, party)}

    @invariant()
    def an_end_has_a_day_and_silence_has_a_deadline(self):
        if not hasattr(self, "referral"):
            return
        status = self.referral.status
        assert (self.referral.ended_on is not None) == status.is_terminal
        kinds = {one.kind for one in deadlines(self.referral, is_weekday)}
        waits = status in (Status.REQUESTED, Status.RECEIVED, Status.CLARIFICATION, Status.WAITLISTED)
        assert bool(kinds & {DeadlineKind.EXPIRE, DeadlineKind.CONCLUDE}) == waits
        assert (DeadlineKind.DUTY_OVERDUE in kinds) == bool(self.model["duties"])
        if waits:
            assert due_on(self.referral, is_weekday) is not None


LifeOfAReferral.TestCase.settings = settings(max_examples=examples(400), stateful_step_count=40, deadline=None)
TestLifeOfAReferral = LifeOfAReferral.TestCase


def test_the_whole_warm_handover_in_one_life():
    referral = a_referral(Status.DRAFT)
    steps = [
        (Action.PREPARE, Party.NAVIGATOR, 0),
        (Action.REQUEST, Party.SYSTEM, 1),
        (Action.ASK, Party.PARTNER, 3),
        (Action.ANSWER, Party.NAVIGATOR, 7),
        (Action.WAITLIST, Party.PARTNER, 8),
        (Action.ACCEPT, Party.PARTNER, 20),
        (Action.START, Party.PARTNER, 22),
        (Action.PAUSE, Party.PARTNER, 30),
        (Action.RESUME, Party.PARTNER, 60),
        (Action.COMPLETE, Party.PARTNER, 90),
    ]
    for action, party, day in steps:
        referral, _ = CALLS[action](referral, ACTORS[party], a_moment(day))
    assert referral.status is Status.COMPLETED
    assert referral.clock_on is not None
    assert referral.requested_on is not None
    assert referral.clock_on - referral.requested_on == timedelta(days=4)
