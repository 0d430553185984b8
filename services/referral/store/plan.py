"""Accompaniment plans: words sealed under the person's key, owners, days and ends in the open."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import PlanEnd, PlanOwner, Status
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.plan import Goal, Handover, Plan, Said, Step
from services.referral.vault import PersonKey

#: Opens what is sealed at a place; where only days and owners are asked for, nothing is.
Open = Callable[[str, bytes], str]

HANDOVER: LiteralString = """
SELECT h.id, h.referral_id, h.handed_at, r.reference, r.status, r.organization_id
FROM plan_handovers h JOIN referrals r ON r.id = h.referral_id
WHERE h.enquiry_id = %s AND h.person_id = %s AND h.taken_back_at IS NULL"""


def goal_place(goal_id: UUID) -> str:
    return f"plan_goals/{goal_id}"


def step_place(step_id: UUID) -> str:
    return f"plan_steps/{step_id}"


def has_plan(connection: Connection, enquiry_id: UUID) -> set[UUID]:
    """Who of a case has a plan."""
    rows = connection.execute("SELECT DISTINCT person_id FROM plan_goals WHERE enquiry_id = %s", (enquiry_id,))
    return {row["person_id"] for row in rows.fetchall()}


def goes_on(connection: Connection, enquiry_id: UUID) -> bool:
    """Whether we still accompany somebody to a goal here; where others manage the case, it is theirs."""
    row = connection.execute(
        "SELECT FROM plan_goals g WHERE enquiry_id = %s AND ended_at IS NULL AND NOT EXISTS (SELECT FROM plan_handovers"
        " h WHERE h.enquiry_id = g.enquiry_id AND h.person_id = g.person_id AND h.taken_back_at IS NULL)"
        " AND EXISTS (SELECT FROM persons WHERE id = g.person_id AND erased_at IS NULL) LIMIT 1",
        (enquiry_id,),
    ).fetchone()
    return row is not None


def load(connection: Connection, enquiry_id: UUID, person_id: UUID, opened: Open) -> Plan:
    """Her plan in this case: goals in the order they were set, steps by their day."""
    goals = connection.execute(
        "SELECT * FROM plan_goals WHERE enquiry_id = %s AND person_id = %s ORDER BY added_at, id",
        (enquiry_id, person_id),
    ).fetchall()
    steps = connection.execute(
        "SELECT * FROM plan_steps WHERE goal_id = ANY(%s) ORDER BY due_on, added_at, id",
        ([row["id"] for row in goals],),
    ).fetchall()
    handed = connection.execute(HANDOVER, (enquiry_id, person_id)).fetchone()
    return Plan(
        person_id=person_id,
        goals=tuple(_goal(row, steps, opened) for row in goals),
        handover=Handover(**{**handed, "status": Status(handed["status"])}) if handed else None,
    )


def _goal(row: dict[str, Any], steps: Sequence[dict[str, Any]], opened: Open) -> Goal:
    return Goal(
        id=row["id"],
        enquiry_id=row["enquiry_id"],
        person_id=row["person_id"],
        words=opened(goal_place(row["id"]), row["sealed"]),
        added_at=row["added_at"],
        steps=tuple(_step(one, opened) for one in steps if one["goal_id"] == row["id"]),
        task_id=row["task_id"],
        ended_as=PlanEnd(row["ended_as"]) if row["ended_as"] else None,
        ended_at=row["ended_at"],
    )


def _step(row: dict[str, Any], opened: Open) -> Step:
    words = opened(step_place(row["id"]), row["sealed"])
    return Step(
        id=row["id"],
        goal_id=row["goal_id"],
        person_id=row["person_id"],
        said=Said(words, PlanOwner(row["owner"]), row["due_on"]),
        task_id=row["task_id"],
        ended_as=PlanEnd(row["ended_as"]) if row["ended_as"] else None,
        ended_at=row["ended_at"],
    )


def add_goal(work: Work, key: PersonKey, goal: Goal) -> None:
    sealed = key.seal(goal_place(goal.id), goal.words.encode())
    work.tx.execute(
        "INSERT INTO plan_goals (id, enquiry_id, person_id, sealed, added_by, added_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (goal.id, goal.enquiry_id, goal.person_id, sealed, work.actor, goal.added_at),
    )


def add_step(work: Work, key: PersonKey, step: Step) -> None:
    sealed = key.seal(step_place(step.id), step.said.words.encode())
    work.tx.execute(
        "INSERT INTO plan_steps (id, goal_id, person_id, sealed, owner, due_on, task_id, added_by, added_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            step.id,
            step.goal_id,
            step.person_id,
            sealed,
            step.said.owner,
            step.said.due_on,
            step.task_id,
            work.actor,
            work.now,
        ),
    )


def end_step(work: Work, step_id: UUID, ended_as: PlanEnd) -> None:
    work.tx.execute(
        "UPDATE plan_steps SET ended_as = %s, ended_at = %s, task_id = NULL WHERE id = %s",
        (ended_as, work.now, step_id),
    )


def end_goal(work: Work, goal_id: UUID, ended_as: PlanEnd) -> None:
    work.tx.execute(
        "UPDATE plan_goals SET ended_as = %s, ended_at = %s, task_id = NULL WHERE id = %s",
        (ended_as, work.now, goal_id),
    )


def move_step(work: Work, step_id: UUID, due_on: date, task_id: UUID | None) -> None:
    work.tx.execute("UPDATE plan_steps SET due_on = %s, task_id = %s WHERE id = %s", (due_on, task_id, step_id))


def give_step(work: Work, step_id: UUID, owner: PlanOwner) -> None:
    """Somebody else does it, and it waits on our desk no longer."""
    work.tx.execute("UPDATE plan_steps SET owner = %s, task_id = NULL WHERE id = %s", (owner, step_id))


def note_task(work: Work, goal_id: UUID, task_id: UUID | None) -> None:
    work.tx.execute("UPDATE plan_goals SET task_id = %s WHERE id = %s", (task_id, goal_id))


def add_handover(work: Work, handover_id: UUID, enquiry_id: UUID, person_id: UUID, referral_id: UUID) -> None:
    work.tx.execute(
        "INSERT INTO plan_handovers (id, enquiry_id, person_id, referral_id, handed_by, handed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (handover_id, enquiry_id, person_id, referral_id, work.actor, work.now),
    )


def take_back(work: Work, handover_id: UUID) -> None:
    work.tx.execute("UPDATE plan_handovers SET taken_back_at = %s WHERE id = %s", (work.now, handover_id))
