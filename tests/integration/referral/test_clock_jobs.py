"""What the clock does when a day has come, on a real database; every deed once, and only if it is still wanted."""

from datetime import timedelta

import pytest

from contracts.codes import (
    Action,
    BackLevel,
    EndReason,
    QuestionCode,
    ReminderKind,
    StaffRole,
    Status,
    TaskKind,
)
from contracts.partner import actions
from contracts.referral import (
    DisclosureDecided,
    DutyOpened,
    ReferralExpired,
    ReferralRequested,
    ReferralRevoked,
    ReminderDue,
    TaskOpened,
)
from services.referral.commands import referrals
from services.referral.domain.duties import ON_STOP
from tests.integration.referral.scene import NAVIGATOR, NOW, Scene, to_hwk, to_ihk


def kinds(scene: Scene) -> list[TaskKind]:
    return [task.kind for task in scene.said(TaskOpened)]


def test_nothing_leaves_before_the_undo_window_is_over(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    scene.consent(enquiry)
    while scene.tick():  # the night's run ends first
        pass
    referral = scene.prepared(enquiry)
    scene.clock.instant += timedelta(seconds=29)
    assert scene.tick() == 0
    assert scene.rows("SELECT * FROM dossiers") == []
    scene.clock.instant += timedelta(seconds=1)
    assert scene.tick() == 1
    assert scene.now(referral.id).status is Status.REQUESTED
    assert len(scene.rows("SELECT * FROM dossiers")) == 1


def test_without_consent_it_waits_and_a_consent_that_comes_later_lets_it_go(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    referral = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    assert scene.now(referral.id).status is Status.AWAITING_CONSENT
    assert [decided.allowed for decided in scene.said(DisclosureDecided)] == [False]
    assert kinds(scene) == [TaskKind.CONSENT_MISSING]
    scene.tick()
    assert len(scene.said(DisclosureDecided)) == 1
    scene.consent(enquiry)
    scene.tick()
    assert scene.now(referral.id).status is Status.REQUESTED
    assert scene.rows("SELECT * FROM tasks WHERE closed_at IS NULL") == []


def test_two_clocks_at_once_do_each_thing_once(scene: Scene):
    scene.told_directory().requested()
    scene.clock.instant += timedelta(days=3)
    scene.tick()
    scene.tick()
    assert [one.reminder for one in scene.said(ReminderDue)] == [ReminderKind.FIRST]
    assert len(scene.said(ReferralRequested)) == 1


def test_silence_is_reminded_on_day_3_and_9_and_ends_on_day_14(scene: Scene):
    referral = scene.told_directory().requested()
    seen = {}
    for day in range(1, 16):
        scene.days_pass(1)
        for event in scene.said(ReminderDue, ReferralExpired):
            seen.setdefault(getattr(event, "reminder", "expired"), day)
    assert seen == {ReminderKind.FIRST: 3, ReminderKind.SECOND: 9, "expired": 14}
    assert scene.now(referral.id).status is Status.EXPIRED
    assert TaskKind.REFERRAL_EXPIRED in kinds(scene)
    assert scene.rows("SELECT * FROM dossiers") == []


def test_a_partner_that_had_fetched_owes_two_answers_after_the_expiry_and_the_lead_hears_when_they_are_late(
    scene: Scene,
):
    referral = scene.told_directory().requested()
    scene.fetched(referral)
    scene.days_pass(14)
    assert {duty.duty for duty in scene.said(DutyOpened)} == set(ON_STOP)
    scene.days_pass(16)
    overdue = [task for task in scene.said(TaskOpened) if task.kind is TaskKind.DUTY_OVERDUE]
    assert [task.role for task in overdue] == [StaffRole.LEAD]


def test_where_the_partner_may_not_speak_nothing_expires_and_the_navigator_is_asked_to_conclude(scene: Scene):
    referral = scene.told_directory().requested(level=BackLevel.RECEIPT)
    scene.fetched(referral)
    scene.days_pass(20)
    assert scene.now(referral.id).status is Status.REQUESTED
    assert TaskKind.CONCLUDE_DUE in kinds(scene)
    assert scene.said(ReferralExpired) == []


def test_a_question_stops_the_partners_clock_and_after_five_working_days_the_lead_hears_of_it(scene: Scene):
    referral = scene.told_directory().requested()
    scene.days_pass(2)
    scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.LANGUAGE_LEVEL))
    scene.days_pass(20)
    assert scene.now(referral.id).status is Status.CLARIFICATION
    assert TaskKind.QUESTION_OVERDUE in kinds(scene)
    asked = scene.now(referral.id).questions[0]
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.answer(work, scene.keys, NAVIGATOR, referral.id, None, question_id=asked.id, data={}, words=None)
    scene.days_pass(11)
    assert scene.now(referral.id).status is Status.RECEIVED
    scene.days_pass(1)
    assert scene.now(referral.id).status is Status.EXPIRED


def test_a_reminder_given_before_a_question_is_not_given_again_after_the_answer(scene: Scene):
    referral = scene.told_directory().requested()
    scene.days_pass(4)
    scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.LANGUAGE_LEVEL))
    scene.days_pass(4)
    asked = scene.now(referral.id).questions[0]
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.answer(work, scene.keys, NAVIGATOR, referral.id, None, question_id=asked.id, data={}, words=None)
    scene.days_pass(6)
    assert [one.reminder for one in scene.said(ReminderDue)] == [ReminderKind.FIRST, ReminderKind.SECOND]


def test_a_waitlist_place_is_reminded_after_60_days_and_ends_after_90_without_renewal(scene: Scene):
    referral = scene.told_directory().requested()
    scene.answers(referral, Action.WAITLIST, actions.Waitlist())
    scene.clock.instant += timedelta(days=60)
    scene.tick()
    assert scene.said(ReminderDue)[-1].reminder is ReminderKind.WAITLIST
    scene.answers(referral, Action.WAITLIST, actions.Waitlist())
    scene.clock.instant += timedelta(days=89)
    scene.tick()
    assert scene.now(referral.id).status is Status.WAITLISTED
    scene.clock.instant += timedelta(days=1)
    scene.tick()
    assert scene.now(referral.id).status is Status.EXPIRED


def test_a_contact_that_was_promised_and_not_made_lands_on_the_desk_the_day_after(scene: Scene):
    referral = scene.told_directory().requested()
    scene.answers(referral, Action.ACCEPT, actions.Accept(contact_by=NOW.date() + timedelta(days=4)))
    scene.days_pass(4)
    assert TaskKind.CONTACT_OVERDUE not in kinds(scene)
    scene.days_pass(1)
    assert TaskKind.CONTACT_OVERDUE in kinds(scene)
    scene.answers(referral, Action.START, actions.Start(first_contact_on=scene.clock.today()))
    assert scene.rows("SELECT * FROM tasks WHERE closed_at IS NULL") == []


def test_a_deadline_the_referral_has_outrun_is_left_alone(scene: Scene):
    referral = scene.told_directory().requested()
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.cancel(work, scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.PERSON_MOVED)
    scene.days_pass(20)
    assert scene.said(ReminderDue, ReferralExpired) == []


@pytest.mark.parametrize("fetched", [False, True])
def test_a_consent_that_runs_out_stops_what_was_not_fetched_and_leaves_the_rest_at_work(scene: Scene, fetched: bool):
    enquiry = scene.told_directory().an_enquiry()
    scene.consent(enquiry, to_hwk(BackLevel.OUTCOME), valid_until=NOW.date() + timedelta(days=20))
    referral = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    scene.answers(referral, Action.WAITLIST, actions.Waitlist())
    if fetched:
        scene.fetched(referral)
    scene.days_pass(6)
    assert TaskKind.CONSENT_RUNS_OUT in kinds(scene)
    scene.days_pass(14)
    assert scene.said(ReferralRevoked) == []
    scene.days_pass(1)
    assert (scene.said(ReferralRevoked) == []) is fetched
    assert scene.now(referral.id).status is (Status.WAITLISTED if fetched else Status.CANCELLED)
    reminders = [one for one in scene.said(ReminderDue) if one.reminder is ReminderKind.CONSENT]
    assert len(reminders) == 1


def test_the_other_consent_of_the_same_person_is_not_touched(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    scene.consent(enquiry, to_hwk(), valid_until=NOW.date() + timedelta(days=5))
    scene.consent(enquiry, to_ihk())
    first = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    scene.days_pass(6)
    assert scene.now(first.id).status is Status.CANCELLED
    assert [event.referral_id for event in scene.said(ReferralRevoked)] == [first.id]
