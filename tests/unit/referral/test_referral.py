"""What a verb asks for beside the table, and what it tells."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import (
    Action,
    BackLevel,
    Deletion,
    Duty,
    EndReason,
    EnquirerKind,
    Obstacle,
    Outcome,
    Party,
    QuestionCode,
    RejectionReason,
    RetentionGround,
    StaffRole,
    Status,
    TaskKind,
    Urgency,
    Way,
)
from contracts.event import Reference
from contracts.referral import (
    ClarificationAsked,
    CommandRefused,
    DeletionStated,
    DutyOpened,
    ReferralAccepted,
    ReferralCancelled,
    ReferralCompleted,
    ReferralDrafted,
    ReferralEnteredInError,
    ReferralPrepared,
    ReferralReceived,
    ReferralRejected,
    ReferralRequested,
    TaskOpened,
)
from services.chassis.errors import ForbiddenError, InvalidError, RefusedError
from services.referral import domain
from services.referral.domain.duties import ON_STOP
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Question, Referral
from tests.unit.referral.builders import (
    ENQUIRY,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    NOON,
    PARTNER,
    PERSON,
    PERSON_SELF,
    SENDER,
    SYSTEM,
    TODAY,
    a_moment,
    a_question,
    a_referral,
    an_allowance,
    duties,
    said_by_hand,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def a_draft(**changes: Any) -> tuple[Referral, tuple[Any, ...]]:
    usual = a_referral(Status.DRAFT)
    words = "enquiry_id need_id person_id enquirer site sender_id organization_id service_id topic urgency"
    given = {name: getattr(usual, name) for name in words.split()}
    given |= {"referral_id": usual.id, "reference": Reference("R-26-4F7KQ")}
    return domain.draft(NAVIGATOR, a_moment(), **{**given, **changes})


class TestDrafting:
    def test_it_begins_as_the_senders_own(self):
        referral, [fact] = a_draft()
        assert (referral.status, referral.version, referral.back_level) == (Status.DRAFT, 1, BackLevel.NONE)
        assert isinstance(fact, ReferralDrafted)
        assert referral.allowed_to(Party.PARTNER) == ()

    def test_a_referral_to_the_navigators_own_employer_is_allowed_and_marked(self):
        referral, [fact] = a_draft(organization_id=SENDER)
        assert referral.own_employer
        assert fact.own_employer

    def test_a_follow_up_names_the_ended_one(self):
        referral, [fact] = a_draft(based_on=a_referral(Status.REJECTED, id=UUID(int=0x77)))
        assert referral.based_on == fact.based_on == UUID(int=0x77)

    @pytest.mark.parametrize(
        ("earlier", "slug"),
        [
            (a_referral(Status.RECEIVED), "referral.based-on-open"),
            (a_referral(Status.REJECTED, enquiry_id=UUID(int=0x99)), "referral.based-on-foreign"),
        ],
    )
    def test_it_follows_nothing_that_runs_or_belongs_to_somebody_else(self, earlier, slug):
        with pytest.raises(RefusedError) as refused:
            a_draft(based_on=earlier)
        assert refused.value.slug == slug


class TestLeaving:
    def prepared(self, **details: Any) -> tuple[Referral, tuple[Any, ...]]:
        details = {"undo_window": timedelta(seconds=30), **details}
        return domain.prepare(a_referral(Status.DRAFT), NAVIGATOR, a_moment(), **details)

    def test_it_waits_for_the_undo_window(self):
        referral, [fact] = self.prepared()
        assert referral.release_at == NOON + timedelta(seconds=30)
        assert isinstance(fact, ReferralPrepared)

    def test_what_the_partner_lacks_is_named(self):
        with pytest.raises(RefusedError) as refused:
            self.prepared(lacking=("key", "agreement"))
        assert (refused.value.slug, refused.value.data["lacking"]) == ("referral.not-ready", ["agreement", "key"])

    def test_duplicate_care_is_asked_about_and_may_be_acknowledged(self):
        with pytest.raises(RefusedError) as refused:
            self.prepared(duplicates=[UUID(int=0x55)])
        assert refused.value.slug == "referral.duplicate-care"
        with pytest.raises(RefusedError, match=r"referral\.duplicate-care"):
            self.prepared(is_in_care_elsewhere=True)
        referral, _ = self.prepared(duplicates=[UUID(int=0x55)], duplicates_acknowledged=True)
        assert referral.duplicates_checked

    def test_released_it_tells_until_when_the_partner_may_answer(self):
        referral, [fact] = domain.request(
            a_referral(Status.AWAITING_CONSENT), SYSTEM, a_moment(), ground=an_allowance(), back_level=BackLevel.STATUS
        )
        assert isinstance(fact, ReferralRequested)
        assert fact.expires_on == TODAY + timedelta(days=14)
        assert (referral.back_level, referral.release_at, referral.clock_on) == (BackLevel.STATUS, None, TODAY)

    @pytest.mark.parametrize(
        ("changes", "ground", "slug"),
        [
            ({"release_at": NOON + timedelta(seconds=1)}, an_allowance(), "referral.undo-window-open"),
            ({"release_at": None}, an_allowance(), "referral.undo-window-open"),
            ({"duplicates_checked": False}, an_allowance(), "referral.duplicate-care-unchecked"),
            ({}, an_allowance(organization_id=IHK), "consent.other-recipient"),
            ({}, an_allowance(service_id=IHK_SERVICE), "consent.other-recipient"),
        ],
    )
    def test_it_does_not_leave_too_early_unchecked_or_on_anothers_ground(self, changes, ground, slug):
        with pytest.raises(RefusedError) as refused:
            domain.request(
                a_referral(Status.AWAITING_CONSENT, **changes),
                SYSTEM,
                a_moment(),
                ground=ground,
                back_level=BackLevel.STATUS,
            )
        assert refused.value.slug == slug

    def test_without_consent_it_stays_and_the_navigator_is_told_once(self):
        waiting, [fact] = domain.withhold(a_referral(Status.AWAITING_CONSENT), a_moment())
        assert (waiting.status, waiting.release_at, fact.kind) == (
            Status.AWAITING_CONSENT,
            None,
            TaskKind.CONSENT_MISSING,
        )
        assert domain.withhold(waiting, a_moment()) == (waiting, ())
        assert domain.release_again(waiting, a_moment()).release_at == NOON

    @pytest.mark.parametrize("referral", [a_referral(Status.AWAITING_CONSENT), a_referral(Status.DRAFT)])
    def test_what_is_under_way_or_not_prepared_is_not_released_again(self, referral):
        assert domain.release_again(referral, a_moment(1)) is referral


class TestFetching:
    def fetched(self, referral: Referral, **details: Any) -> tuple[Referral, tuple[Any, ...]]:
        details = {"ground": an_allowance(), "decision_id": UUID(int=0x8), **details}
        return domain.fetch(referral, details.pop("by", PARTNER), details.pop("moment", a_moment()), **details)

    def test_the_first_fetch_is_remembered_and_a_second_one_told(self):
        referral, [first] = self.fetched(a_referral(Status.REQUESTED))
        referral, [second] = self.fetched(referral, moment=a_moment(3))
        assert (first.first, second.first, referral.fetched_at) == (True, False, NOON)
        assert referral.status is Status.REQUESTED

    def test_printing_is_a_disclosure_like_a_fetch(self):
        referral, [fact] = self.fetched(a_referral(Status.REQUESTED), by=NAVIGATOR, printed=True)
        assert fact.printed
        assert referral.is_fetched

    def test_nothing_leaves_after_the_end_or_on_anothers_ground(self):
        for referral, ground in (
            (a_referral(Status.CANCELLED), an_allowance()),
            (a_referral(Status.REQUESTED), an_allowance(organization_id=IHK)),
        ):
            with pytest.raises(RefusedError):
                self.fetched(referral, ground=ground)

    def test_nobody_else_fetches(self):
        with pytest.raises(ForbiddenError):
            self.fetched(a_referral(Status.REQUESTED), by=Actor(Party.PARTNER, f"partner:{IHK}", IHK))


class TestWhoMay:
    def test_an_answer_counts_only_from_the_addressed_partner_and_the_attempt_is_a_fact(self):
        with pytest.raises(ForbiddenError) as refused:
            domain.accept(a_referral(), Actor(Party.PARTNER, f"partner:{IHK}", IHK), a_moment())
        [fact] = refused.value.facts
        assert (fact.slug, fact.action) == ("auth.other-organization", None)

    def test_nobody_acts_for_both_sides(self):
        clerk = Actor(Party.PARTNER, NAVIGATOR.actor, HWK)
        with pytest.raises(RefusedError, match="both-sides"):
            domain.accept(a_referral(), clerk, a_moment())
        accepted, _ = domain.accept(a_referral(), Actor(Party.PARTNER, "staff:clerk", HWK), a_moment())
        assert accepted.partner_staff == ("staff:clerk",)
        again, _ = domain.ask(
            accepted, Actor(Party.PARTNER, "staff:clerk", HWK), a_moment(), question=QuestionCode.OTHER
        )
        assert again.partner_staff == ("staff:clerk",)
        with pytest.raises(RefusedError, match="both-sides"):
            domain.cancel(accepted, Actor(Party.NAVIGATOR, "staff:clerk"), a_moment(), reason=EndReason.PERSON_DECLINED)

    def test_a_colleague_at_the_desk_is_remembered(self):
        colleague = Actor(Party.NAVIGATOR, "staff:colleague")
        cancelled, _ = domain.cancel(a_referral(), colleague, a_moment(), reason=EndReason.PERSON_DECLINED)
        assert cancelled.sender_staff == (NAVIGATOR.actor, "staff:colleague")

    def test_whoever_acts_twice_is_remembered_once(self):
        prepared, _ = domain.prepare(a_referral(Status.DRAFT), NAVIGATOR, a_moment(), undo_window=timedelta())
        assert domain.revise(prepared, NAVIGATOR, a_moment())[0].sender_staff == (NAVIGATOR.actor,)

    def test_a_navigator_who_tries_a_partners_action_hears_the_same_at_every_level(self):
        for level in BackLevel:
            with pytest.raises(RefusedError, match="not-allowed"):
                domain.accept(a_referral(back_level=level), NAVIGATOR, a_moment())

    def test_the_day_of_the_end_is_kept_and_an_open_referral_has_none(self):
        accepted, _ = domain.accept(a_referral(), PARTNER, a_moment())
        assert accepted.ended_on is None
        waiting = a_referral(Status.AWAITING_CONSENT)
        cancelled, _ = domain.cancel(waiting, NAVIGATOR, a_moment(3), reason=EndReason.MISTAKE)
        assert (cancelled.ended_on, cancelled.release_at) == (TODAY + timedelta(days=3), None)

    def test_the_person_herself_may_cancel(self):
        cancelled, [fact] = domain.cancel(a_referral(), PERSON_SELF, a_moment(), reason=EndReason.PERSON_DECLINED)
        assert isinstance(fact, ReferralCancelled)
        assert cancelled.sender_staff == (NAVIGATOR.actor,)


class TestAnswering:
    def test_an_acceptance_brings_its_receipt_along_as_a_fact_of_its_own(self):
        accepted, facts = domain.accept(a_referral(Status.REQUESTED), PARTNER, a_moment())
        assert [type(fact) for fact in facts] == [ReferralReceived, ReferralAccepted]
        assert accepted.received_at == NOON

    @pytest.mark.parametrize(("urgency", "days"), [(Urgency.URGENT, 2), (Urgency.NORMAL, 7), (Urgency.LOW, 14)])
    def test_contact_is_promised_by_the_urgency_unless_a_day_is_named(self, urgency, days):
        accepted, _ = domain.accept(a_referral(urgency=urgency), PARTNER, a_moment())
        assert accepted.contact_by == TODAY + timedelta(days=days)
        named, _ = domain.accept(a_referral(urgency=urgency), PARTNER, a_moment(), contact_by=TODAY)
        assert named.contact_by == TODAY

    @pytest.mark.parametrize(
        ("verb", "status", "details", "field"),
        [
            (domain.accept, Status.RECEIVED, {"contact_by": YESTERDAY}, "contact_by"),
            (domain.waitlist, Status.RECEIVED, {"estimated_on": YESTERDAY}, "estimated_on"),
            (domain.start, Status.ACCEPTED, {"first_contact_on": YESTERDAY}, "first_contact_on"),
            (domain.start, Status.ACCEPTED, {"first_contact_on": TOMORROW}, "first_contact_on"),
            (domain.reject, Status.RECEIVED, {"reason": RejectionReason.OTHER}, "sealed_comment"),
            (domain.reject, Status.RECEIVED, {"reason": RejectionReason.LEGAL_BAR}, "sealed_comment"),
            (
                domain.reject,
                Status.RECEIVED,
                {"reason": RejectionReason.NO_CAPACITY, "better_service_id": HWK_SERVICE},
                "better_service_id",
            ),
            (domain.end, Status.ACCEPTED, {"reason": EndReason.OTHER}, "sealed_comment"),
        ],
    )
    def test_what_is_wrong_with_an_answer_is_named(self, verb, status, details, field):
        with pytest.raises(InvalidError) as refused:
            verb(a_referral(status), PARTNER, a_moment(), **details)
        assert list(refused.value.fields) == [field]

    @pytest.mark.parametrize("estimated_on", [None, TODAY, TOMORROW])
    def test_a_place_on_the_waitlist_may_be_estimated_or_unknown(self, estimated_on):
        waiting, [fact] = domain.waitlist(a_referral(), PARTNER, a_moment(), estimated_on=estimated_on)
        assert waiting.estimated_on == fact.estimated_on == estimated_on
        assert waiting.waitlisted_on == TODAY

    def test_first_contact_is_not_before_the_request_even_if_it_was_drafted_earlier(self):
        with pytest.raises(InvalidError, match="contact-date"):
            domain.start(
                a_referral(Status.ACCEPTED, drafted_on=YESTERDAY), PARTNER, a_moment(), first_contact_on=YESTERDAY
            )

    def test_a_reason_is_valid_only_within_its_days(self):
        long_ago = a_moment(-400)
        referral = a_referral(requested_on=long_ago.on)
        with pytest.raises(InvalidError, match="reason-not-valid"):
            domain.reject(referral, PARTNER, long_ago, reason=RejectionReason.NO_CAPACITY)

    def test_a_rejection_may_name_a_better_service_and_lands_on_the_desk(self):
        rejected, [fact, task] = domain.reject(
            a_referral(),
            PARTNER,
            a_moment(),
            reason=RejectionReason.OTHER,
            has_comment=True,
            better_service_id=IHK_SERVICE,
        )
        assert isinstance(fact, ReferralRejected)
        assert fact.better_service_id == rejected.better_service_id == IHK_SERVICE
        assert (task.kind, task.role) == (TaskKind.REFERRAL_REJECTED, StaffRole.NAVIGATOR)

    def test_a_question_before_acceptance_turns_the_ball_and_afterwards_only_opens_a_task(self):
        before, [asked, _] = domain.ask(a_referral(), PARTNER, a_moment(), question=QuestionCode.OTHER)
        after, [later, task] = domain.ask(
            a_referral(Status.IN_PROGRESS), PARTNER, a_moment(), question=QuestionCode.OTHER
        )
        assert isinstance(asked, ClarificationAsked)
        assert (before.status, asked.changes_status) == (Status.CLARIFICATION, True)
        assert (after.status, later.changes_status, task.kind) == (
            Status.IN_PROGRESS,
            False,
            TaskKind.QUESTION_OPEN,
        )

    def test_an_answer_after_acceptance_leaves_the_clock_alone(self):
        referral = a_referral(
            Status.IN_PROGRESS, questions=(a_question(), Question(UUID(int=5), QuestionCode.OTHER, TODAY))
        )
        answered, _ = domain.answer(referral, NAVIGATOR, a_moment(3), question_id=UUID(int=0x4))
        assert [one.id for one in answered.questions] == [UUID(int=5)]
        assert answered.clock_on == TODAY

    def test_a_question_nobody_asked_cannot_be_answered(self):
        with pytest.raises(InvalidError, match="question-unknown"):
            domain.answer(a_referral(Status.CLARIFICATION), NAVIGATOR, a_moment(), question_id=UUID(int=0x99))

    def test_at_status_a_partner_may_finish_and_not_say_how_it_went(self):
        quiet = a_referral(Status.IN_PROGRESS, back_level=BackLevel.STATUS)
        done, [fact] = domain.complete(quiet, PARTNER, a_moment())
        assert isinstance(fact, ReferralCompleted)
        assert done.outcome is Outcome.HANDED_OVER_NO_FEEDBACK
        for told in ({"outcome": Outcome.GOAL_REACHED}, {"obstacles": (Obstacle.COST,)}):
            with pytest.raises(RefusedError, match="back-level"):
                domain.complete(quiet, PARTNER, a_moment(), **told)

    def test_after_the_end_the_answer_is_refused_and_shown_to_the_navigator(self):
        with pytest.raises(RefusedError) as refused:
            domain.accept(a_referral(Status.EXPIRED), PARTNER, a_moment())
        [fact, task] = refused.value.facts
        assert isinstance(fact, CommandRefused)
        assert (refused.value.slug, task.kind) == ("referral.closed", TaskKind.ANSWERED_LATE)


class TestByHand:
    def recorded(self, referral: Referral, **details: Any) -> tuple[Referral, tuple[Any, ...]]:
        details = {"action": Action.ACCEPT, "way": Way.PHONE, "told_on": TODAY, **details}
        return domain.record_for_partner(referral, details.pop("by", NAVIGATOR), a_moment(), **details)

    def test_it_is_marked_in_every_fact_and_stays_open_to_contradiction(self):
        referral, facts = self.recorded(a_referral(Status.REQUESTED))
        assert {fact.by_hand for fact in facts} == {Way.PHONE}
        assert referral.by_hand is not None
        assert Action.DISPUTE in referral.allowed_to(Party.PARTNER)
        assert referral.partner_staff == ()

    def test_it_obeys_the_back_level(self):
        with pytest.raises(RefusedError, match="back-level"):
            self.recorded(a_referral(back_level=BackLevel.RECEIPT))

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.AWAITING_CONSENT])
    def test_of_what_was_never_sent_no_partner_can_have_told_anything(self, status):
        with pytest.raises(RefusedError, match="not-allowed") as refused:
            self.recorded(a_referral(status, back_level=BackLevel.NONE))
        assert refused.value.facts[0].action is None

    @pytest.mark.parametrize("details", [{"action": Action.PAUSE}, {"by": PARTNER}, {"by": PERSON_SELF}])
    def test_only_a_navigator_records_and_only_what_can_be_told(self, details):
        with pytest.raises(RefusedError, match="not-by-hand"):
            self.recorded(a_referral(), **details)

    @pytest.mark.parametrize("told_on", [YESTERDAY, TOMORROW])
    def test_it_was_told_between_the_request_and_today(self, told_on):
        with pytest.raises(InvalidError, match="told-date"):
            self.recorded(a_referral(), told_on=told_on)

    def test_nobody_told_anything_before_the_request_even_if_it_was_drafted_earlier(self):
        with pytest.raises(InvalidError, match="told-date"):
            self.recorded(a_referral(drafted_on=YESTERDAY), told_on=YESTERDAY)

    def test_a_clerk_of_the_partner_does_not_record_as_navigator(self):
        with pytest.raises(RefusedError, match="both-sides"):
            self.recorded(a_referral(partner_staff=("staff:clerk",)), by=Actor(Party.NAVIGATOR, "staff:clerk"))

    def test_that_is_not_so_lands_on_the_desk_once(self):
        referral, [task] = domain.dispute(a_referral(Status.ACCEPTED, by_hand=said_by_hand()), PARTNER, a_moment())
        assert (referral.by_hand, task.kind) == (None, TaskKind.RECORDED_BY_HAND_DISPUTED)
        with pytest.raises(RefusedError, match="not-allowed"):
            domain.dispute(referral, PARTNER, a_moment())


class TestStopping:
    @pytest.mark.parametrize("fetched", [False, True])
    @pytest.mark.parametrize(
        "stop",
        [
            lambda r: domain.cancel(r, NAVIGATOR, a_moment(), reason=EndReason.PERSON_DECLINED),
            lambda r: domain.revoke(r, SYSTEM, a_moment()),
            lambda r: domain.expire(r, Actor(Party.CLOCK, "system:clock"), a_moment()),
            lambda r: domain.mark_entered_in_error(r, NAVIGATOR, a_moment(), became_aware_at=NOON),
        ],
    )
    def test_whoever_fetched_owes_two_answers_in_ten_working_days_and_nobody_else_does(self, stop, fetched):
        referral, facts = stop(a_referral(fetched_at=NOON if fetched else None))
        opened = [fact for fact in facts if isinstance(fact, DutyOpened)]
        assert {fact.duty for fact in opened} == (set(ON_STOP) if fetched else set())
        assert {fact.due_on for fact in opened} <= {TODAY + timedelta(days=14)}
        assert bool(referral.duties) is fetched

    def test_a_withdrawal_after_the_end_opens_them_too_but_not_twice(self):
        ended = a_referral(Status.COMPLETED, fetched_at=NOON)
        owing, facts = domain.withdraw_after_end(ended, a_moment())
        assert len(facts) == 2
        assert domain.withdraw_after_end(owing, a_moment()) == (owing, ())
        stated = a_referral(Status.COMPLETED, fetched_at=NOON, deletion=Deletion.DELETED)
        assert domain.withdraw_after_end(stated, a_moment()) == (stated, ())

    @pytest.mark.parametrize(
        ("changes", "check"),
        [({}, False), ({"received_at": NOON}, True), ({"fetched_at": NOON}, True)],
    )
    def test_an_error_the_partner_has_seen_opens_the_breach_check(self, changes, check):
        referral = a_referral(Status.RECEIVED, **changes)
        marked, facts = domain.mark_entered_in_error(referral, NAVIGATOR, a_moment(), became_aware_at=NOON)
        assert isinstance(facts[0], ReferralEnteredInError)
        assert facts[0].breach_check is check
        tasks = [fact for fact in facts if isinstance(fact, TaskOpened)]
        assert [(task.kind, task.role) for task in tasks] == [(TaskKind.BREACH_CHECK, StaffRole.LEAD)] * check
        assert marked.became_aware_at == NOON

    def test_the_72_hours_run_from_becoming_aware_and_not_from_writing_it_down(self):
        received = a_referral(received_at=NOON)
        _, facts = domain.mark_entered_in_error(received, NAVIGATOR, a_moment(2), became_aware_at=NOON)
        [task] = [fact for fact in facts if isinstance(fact, TaskOpened)]
        assert task.due_on == TODAY + timedelta(days=3)

    def test_nobody_becomes_aware_tomorrow(self):
        with pytest.raises(InvalidError, match="aware-in-future"):
            domain.mark_entered_in_error(
                a_referral(), NAVIGATOR, a_moment(), became_aware_at=NOON + timedelta(seconds=1)
            )

    @pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
    def test_marked_in_error_after_the_end_it_keeps_the_day_it_ended(self, status):
        ended = a_referral(status, ended_on=YESTERDAY)
        marked, _ = domain.mark_entered_in_error(ended, NAVIGATOR, a_moment(), became_aware_at=NOON)
        assert marked.ended_on == YESTERDAY

    @pytest.mark.parametrize(
        ("deletion", "ground", "is_complete"),
        [
            (Deletion.DELETED, None, True),
            (Deletion.RETAINED, RetentionGround.LEGAL_CLAIM, True),
            (Deletion.RETAINED, None, False),
            (Deletion.DELETED, RetentionGround.LEGAL_CLAIM, False),
        ],
    )
    def test_whoever_keeps_data_names_the_ground(self, deletion, ground, is_complete):
        owing = a_referral(Status.CANCELLED, fetched_at=NOON, duties=duties())
        if not is_complete:
            with pytest.raises(InvalidError, match="retention-ground"):
                domain.state_deletion(owing, PARTNER, a_moment(), deletion=deletion, ground=ground)
            return
        stated, [fact] = domain.state_deletion(owing, PARTNER, a_moment(), deletion=deletion, ground=ground)
        assert isinstance(fact, DeletionStated)
        assert stated.owed == (Duty.ACKNOWLEDGE_STOP, Duty.ACKNOWLEDGE_RECTIFICATION)

    def test_a_duty_that_was_met_cannot_be_met_again(self):
        with pytest.raises(RefusedError, match="duty-not-open"):
            domain.acknowledge_stop(a_referral(Status.CANCELLED), PARTNER, a_moment())


class TestConcluding:
    quiet = a_referral(Status.RECEIVED, back_level=BackLevel.RECEIPT)

    def test_the_persons_word_ends_it_without_saying_how_it_went(self):
        done, [fact] = domain.conclude(self.quiet, PERSON_SELF, a_moment(2), contact_on=TOMORROW)
        assert (done.status, done.outcome) == (Status.COMPLETED, Outcome.HANDED_OVER_NO_FEEDBACK)
        assert (fact.contact_on, done.first_contact_on) == (TOMORROW, TOMORROW)

    @pytest.mark.parametrize("contact_on", [YESTERDAY, TOMORROW])
    def test_contact_took_place_between_the_request_and_today(self, contact_on):
        with pytest.raises(InvalidError, match="contact-date"):
            domain.conclude(self.quiet, PERSON_SELF, a_moment(), contact_on=contact_on)

    def test_not_before_it_was_sent_even_if_it_was_drafted_earlier(self):
        drafted_earlier = replace(self.quiet, drafted_on=YESTERDAY)
        with pytest.raises(InvalidError, match="contact-date"):
            domain.conclude(drafted_earlier, PERSON_SELF, a_moment(), contact_on=YESTERDAY)

    def test_where_the_partner_may_speak_the_partner_speaks(self):
        with pytest.raises(RefusedError, match="not-allowed"):
            domain.conclude(a_referral(), NAVIGATOR, a_moment(), contact_on=TODAY)


def test_what_a_referral_knows_of_the_person_is_an_id():
    assert a_referral().person_id == PERSON
    assert a_referral().enquiry_id == ENQUIRY
    fields = Referral.__dataclass_fields__
    assert not {"name", "given_name", "email", "phone", "note", "comment"} & set(fields)


def test_an_employers_contact_is_no_advised_person():
    assert a_referral().advised_person_id == PERSON
    assert a_referral(enquirer=EnquirerKind.EMPLOYER).advised_person_id is None


def test_it_knows_with_whom_the_ball_lies():
    assert a_referral(Status.CLARIFICATION).waiting_for is Party.NAVIGATOR
    assert a_referral(Status.CANCELLED, fetched_at=NOON, duties=duties()).waiting_for is Party.PARTNER
