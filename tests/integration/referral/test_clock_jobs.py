"""What the clock does when a day has come, on a real database; every deed once, and only if it is still wanted."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

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
    ReferralRevoked,
    ReminderDue,
    TaskOpened,
)
from services.referral.commands import referrals
from services.referral.domain.duties import ON_STOP
from services.referral.domain.referral import Referral
from tests.integration.referral.scene import CENTER, NAVIGATOR, NOW, Scene, somebody_else, to_hwk, to_ihk


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
    scene.told_directory()
    referred = [scene.requested(**somebody_else()) for _ in range(4)]
    scene.clock.instant += timedelta(days=3)
    with ThreadPoolExecutor(2) as both:
        done = sum(one.result() for one in [both.submit(scene.tick), both.submit(scene.tick)])
    assert Counter(one.referral_id for one in scene.said(ReminderDue)) == {one.id: 1 for one in referred}
    assert Counter(kinds(scene)) == {TaskKind.ANSWER_MISSING: 4}
    assert done >= 4


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


class Row(NamedTuple):
    """One row of the table of deadlines: how it comes about, and on whose desk it ends after how many days."""

    comes_about: Callable[[Scene, Referral], object]
    after: int
    kind: TaskKind
    role: StaffRole
    due_on: str


def nothing(_scene: Scene, _referral: Referral) -> None:
    """The partner keeps silent."""


def question(scene: Scene, referral: Referral) -> None:
    scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.LANGUAGE_LEVEL))


def accepted(scene: Scene, referral: Referral) -> None:
    scene.answers(referral, Action.ACCEPT, actions.Accept(contact_by=NOW.date() + timedelta(days=4)))


def accepted_and_asked(scene: Scene, referral: Referral) -> None:
    accepted(scene, referral)
    question(scene, referral)


def waitlisted(scene: Scene, referral: Referral) -> None:
    scene.answers(referral, Action.WAITLIST, actions.Waitlist())


def stopped_after_the_fetch(scene: Scene, referral: Referral) -> None:
    scene.fetched(referral)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.cancel(work, scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.PERSON_MOVED)


#: Begun on Monday 23 November 2026.
TABLE = [
    Row(nothing, 3, TaskKind.ANSWER_MISSING, StaffRole.NAVIGATOR, "2026-11-30"),
    Row(nothing, 9, TaskKind.ANSWER_STILL_MISSING, StaffRole.LEAD, "2026-12-04"),
    Row(nothing, 14, TaskKind.REFERRAL_EXPIRED, StaffRole.NAVIGATOR, "2026-12-09"),
    Row(question, 0, TaskKind.QUESTION_OPEN, StaffRole.NAVIGATOR, "2026-11-30"),
    Row(question, 7, TaskKind.QUESTION_OVERDUE, StaffRole.LEAD, "2026-12-02"),
    Row(question, 28, TaskKind.REFERRAL_EXPIRED, StaffRole.NAVIGATOR, "2026-12-23"),
    Row(accepted, 5, TaskKind.CONTACT_OVERDUE, StaffRole.NAVIGATOR, "2026-12-01"),
    Row(accepted, 12, TaskKind.CONTACT_STILL_MISSING, StaffRole.LEAD, "2026-12-08"),
    Row(accepted_and_asked, 7, TaskKind.QUESTION_OVERDUE, StaffRole.LEAD, "2026-12-02"),
    Row(waitlisted, 60, TaskKind.WAITLIST_UNRENEWED, StaffRole.NAVIGATOR, "2027-01-26"),
    Row(waitlisted, 90, TaskKind.REFERRAL_EXPIRED, StaffRole.NAVIGATOR, "2027-02-23"),
    Row(stopped_after_the_fetch, 15, TaskKind.DUTY_OVERDUE, StaffRole.LEAD, "2026-12-10"),
]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{row.comes_about.__name__}-{row.kind}", marks=[pytest.mark.long] * (row.after > 14))
        for row in TABLE
    ],
)
def test_every_deadline_ends_as_a_task_for_a_unit_that_is_named(scene: Scene, row: Row):
    referral = scene.told_directory().requested()
    row.comes_about(scene, referral)
    if row.after:
        scene.days_pass(row.after - 1)
        assert row.kind not in kinds(scene)
        scene.days_pass(1)
    [task] = scene.rows("SELECT * FROM tasks WHERE kind = %s", row.kind)
    assert (task["organization_id"], task["site"], task["role"]) == (CENTER, "aachen", row.role)
    assert task["due_on"].isoformat() == row.due_on


@pytest.mark.parametrize(
    "comes_about", [accepted, *(pytest.param(one, marks=pytest.mark.long) for one in (question, waitlisted))]
)
def test_whoever_answers_takes_the_calls_off_the_desk(scene: Scene, comes_about: Callable[[Scene, Referral], object]):
    referral = scene.told_directory().requested()
    scene.days_pass(9)
    assert set(kinds(scene)) == {TaskKind.ANSWER_MISSING, TaskKind.ANSWER_STILL_MISSING}
    scene.clock.instant -= timedelta(days=9)  # a promise within the days of the builder
    comes_about(scene, referral)
    calls = scene.rows("SELECT * FROM tasks WHERE kind LIKE 'answer%%' AND closed_at IS NULL")
    assert calls == []


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
