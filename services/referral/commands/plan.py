"""Accompaniment plans are made, followed, handed over; what falls due, and goals without a step, lie on the desk."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from contracts.codes import DataCategory, EnquirerKind, PlanEnd, PlanOwner, StaffRole, TaskKind, ViewPurpose
from contracts.referral import (
    PlanGoalAdded,
    PlanGoalEnded,
    PlanHandedOver,
    PlanStepAdded,
    PlanStepEnded,
    PlanStepMoved,
    PlanTakenBack,
    TaskOpened,
)
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands import enquiries
from services.referral.domain import plan as rules
from services.referral.domain.plan import Goal, Plan, Said, Step
from services.referral.store import enquiries as enquiry_store
from services.referral.store import persons, timeline
from services.referral.store import plan as store
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from services.referral.store.person_links import PersonLink
from services.referral.store.referrals import StaffActor
from services.referral.vault import PersonKey, Vault

#: A goal without a step waits so long for its next one.
STEP_WORKING_DAYS = 2


class Planning:
    """One person's plan under work: the case is held, so that two who plan at once do not miss each other."""

    def __init__(self, work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> None:
        enquiry_store.lock(work, enquiry_id)
        self.work, self.by = work, by
        self.enquiry = enquiries.load(work, enquiry_id, by)
        if self.enquiry.enquirer is not EnquirerKind.PERSON:
            raise RefusedError("plan.of-persons-only")
        self.person_id = self.enquiry.living(person_id).person_id
        self.key = persons.key_of(work.tx, vault, self.person_id)
        self.plan = opened(work, self.key, enquiry_id, self.person_id)

    def goal(self, goal_id: UUID) -> Goal:
        """One that goes on; what has ended is not planned any more."""
        found = self.plan.goal(goal_id)
        if found is None or not found.is_open:
            raise NotFoundError("plan.goal-unknown")
        return found

    def step(self, step_id: UUID) -> Step:
        found = self.plan.step(step_id)
        if found is None or not found.is_open:
            raise NotFoundError("plan.step-unknown")
        return found

    def lay_on_desk(self, kind: TaskKind, due_on: date) -> UUID:
        task_id = self.work.new_id()
        task = TaskOpened(
            task_id=task_id,
            referral_id=None,
            enquiry_id=self.enquiry.id,
            kind=kind,
            role=StaffRole.NAVIGATOR,
            site=self.enquiry.site,
            due_on=due_on,
        )
        timeline.open_task(self.work, task, self.enquiry.organization_id)
        return task_id

    def take_off_desk(self, task_ids: Iterable[UUID | None]) -> None:
        """It was done here; somebody may have said so at the desk before."""
        timeline.close_tasks_by_id(self.work, [one for one in task_ids if one is not None])

    def ask_for_step(self, goal_id: UUID) -> None:
        """No goal without a next step: somebody has to say what comes now."""
        day = moment_of(self.work).in_working_days(STEP_WORKING_DAYS)
        store.note_task(self.work, goal_id, self.lay_on_desk(TaskKind.GOAL_WITHOUT_STEP, day))


def add_goal(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, words: str, first: Said
) -> UUID:
    """A goal is set together with the first step on the way there."""
    rules.check_goal(words)
    rules.check_step(first, work.today)
    at = Planning(work, vault, by, enquiry_id, person_id)
    rules.expect_ours(at.plan)
    rules.expect_room(at.plan)
    goal = Goal(id=work.new_id(), enquiry_id=enquiry_id, person_id=at.person_id, words=words, added_at=work.now)
    store.add_goal(work, at.key, goal)
    work.announce(PlanGoalAdded(goal_id=goal.id, enquiry_id=enquiry_id))
    _add_step(at, goal, first)
    return goal.id


def add_step(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, goal_id: UUID, said: Said
) -> UUID:
    """One more step on the way to a goal."""
    rules.check_step(said, work.today)
    at = Planning(work, vault, by, enquiry_id, person_id)
    rules.expect_ours(at.plan)
    goal = at.goal(goal_id)
    rules.expect_room(at.plan, goal)
    if goal.task_id:
        at.take_off_desk([goal.task_id])
        store.note_task(work, goal.id, None)
    return _add_step(at, goal, said)


def _add_step(at: Planning, goal: Goal, said: Said) -> UUID:
    """Whoever does it, on its day somebody at the desk looks whether it was done."""
    step = Step(
        id=at.work.new_id(),
        goal_id=goal.id,
        person_id=at.person_id,
        said=said,
        task_id=at.lay_on_desk(TaskKind.PLAN_STEP_DUE, said.due_on),
    )
    store.add_step(at.work, at.key, step)
    enquiry_store.touch(at.work, at.enquiry.id)
    at.work.announce(
        PlanStepAdded(step_id=step.id, goal_id=goal.id, enquiry_id=at.enquiry.id, owner=said.owner, due_on=said.due_on)
    )
    return step.id


def move_step(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, step_id: UUID, due_on: date
) -> None:
    """It takes longer, or comes earlier."""
    at = Planning(work, vault, by, enquiry_id, person_id)
    rules.expect_ours(at.plan)
    step = at.step(step_id)
    rules.check_step(Said(step.said.words, step.said.owner, due_on), work.today)
    if due_on == step.said.due_on:
        return
    at.take_off_desk([step.task_id])
    store.move_step(work, step.id, due_on, at.lay_on_desk(TaskKind.PLAN_STEP_DUE, due_on))
    work.announce(PlanStepMoved(step_id=step.id, enquiry_id=enquiry_id, due_on=due_on))


def end_step(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, step_id: UUID, ended_as: PlanEnd
) -> None:
    """Done, or not needed any more; where it was the last one, somebody has to say what comes next."""
    at = Planning(work, vault, by, enquiry_id, person_id)
    step = at.step(step_id)
    goal = at.goal(step.goal_id)
    at.take_off_desk([step.task_id])
    store.end_step(work, step.id, ended_as)
    enquiry_store.touch(work, enquiry_id)
    work.announce(PlanStepEnded(step_id=step.id, enquiry_id=enquiry_id, ended_as=ended_as))
    if goal.open_steps == (step,) and at.plan.handover is None:
        at.ask_for_step(goal.id)


def end_goal(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, goal_id: UUID, ended_as: PlanEnd
) -> None:
    """Reached or given up, with the steps that were still to be done."""
    at = Planning(work, vault, by, enquiry_id, person_id)
    goal = at.goal(goal_id)
    at.take_off_desk([goal.task_id, *(one.task_id for one in goal.open_steps)])
    for step in goal.open_steps:
        store.end_step(work, step.id, PlanEnd.DROPPED)
        work.announce(PlanStepEnded(step_id=step.id, enquiry_id=enquiry_id, ended_as=PlanEnd.DROPPED))
    store.end_goal(work, goal.id, ended_as)
    work.announce(PlanGoalEnded(goal_id=goal.id, enquiry_id=enquiry_id, ended_as=ended_as))


def hand_over(work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID, referral_id: UUID) -> None:
    """Another body manages the case by a referral that it accepted: what is open is its own, and off our desk."""
    at = Planning(work, vault, by, enquiry_id, person_id)
    rules.expect_ours(at.plan)
    if not at.plan.goals:
        raise NotFoundError("plan.goal-unknown")
    referral = referral_store.load(work.tx, referral_id, visible_to=by)
    if (referral.enquiry_id, referral.person_id) != (enquiry_id, at.person_id):
        raise NotFoundError("referral.unknown")
    if referral.status not in rules.MANAGED:
        raise RefusedError("plan.nobody-accepted")
    going_on = [one for one in at.plan.goals if one.is_open]
    at.take_off_desk([task for goal in going_on for task in (goal.task_id, *(one.task_id for one in goal.open_steps))])
    for goal in going_on:
        store.note_task(work, goal.id, None)
        for step in goal.open_steps:
            store.give_step(work, step.id, PlanOwner.CASE_MANAGEMENT)
    handover_id = work.new_id()
    store.add_handover(work, handover_id, enquiry_id, at.person_id, referral.id)
    work.announce(
        PlanHandedOver(
            handover_id=handover_id,
            enquiry_id=enquiry_id,
            referral_id=referral.id,
            organization_id=referral.organization_id,
        )
    )


def take_back(work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> None:
    """The welcome center plans again: of every goal that goes on, somebody looks what comes next."""
    at = Planning(work, vault, by, enquiry_id, person_id)
    handover = at.plan.handover
    if handover is None:
        raise RefusedError("plan.not-handed-over")
    store.take_back(work, handover.id)
    work.announce(PlanTakenBack(handover_id=handover.id, enquiry_id=enquiry_id, referral_id=handover.referral_id))
    for goal in at.plan.goals:
        if goal.is_open:
            at.ask_for_step(goal.id)


# --- looking ----------------------------------------------------------------------------------------------------------


def of_enquiry(work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry) -> list[Plan]:
    """The plans of the living of a case; that they are seen is noted."""
    whose = [one.person_id for one in enquiry.members if one.person_id not in enquiry.erased]
    found = store.has_plan(work.tx, enquiry.id)
    plans = [
        opened(work, persons.key_of(work.tx, vault, one), enquiry.id, one) if one in found else Plan(person_id=one)
        for one in whose
    ]
    for one in plans:
        if one.goals:
            _viewed(work, by, enquiry, one.person_id)
    return plans


def of_person(work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, person_id: UUID) -> Plan:
    """One plan, to be printed."""
    enquiry = enquiries.load(work, enquiry_id, by)
    whose = enquiry.living(person_id).person_id
    _viewed(work, by, enquiry, whose)
    return opened(work, persons.key_of(work.tx, vault, whose), enquiry_id, whose)


def of_her_own(work: Work, vault: Vault, link: PersonLink) -> Plan:
    """Hers, for herself; the caller has noted that she looks."""
    return opened(work, persons.key_of(work.tx, vault, link.person_id), link.enquiry_id, link.person_id)


def opened(work: Work, key: PersonKey, enquiry_id: UUID, person_id: UUID) -> Plan:
    return store.load(work.tx, enquiry_id, person_id, lambda place, sealed: key.open(place, sealed).decode())


def _viewed(work: Work, by: StaffActor, enquiry: Enquiry, person_id: UUID) -> None:
    timeline.viewed(
        work,
        role=by.role,
        purpose=by.why(ViewPurpose.CASE_WORK),
        categories=(DataCategory.FREE_TEXT,),
        person_id=enquiry.known(person_id),
        enquiry_id=enquiry.id,
    )
