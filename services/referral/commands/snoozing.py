"""Putting off what lies on a desk: for everybody there, on the record, until a day on which it comes back by itself."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import TaskKind
from contracts.referral import TaskSnoozed, TaskWoken
from services.chassis.work import Work
from services.referral.domain import snoozing
from services.referral.store import tasks
from services.referral.store.referrals import StaffActor


def snooze(work: Work, by: StaffActor, task_id: UUID, until: date) -> None:
    """Nobody at the desk is asked for it before that day; said twice, it is said once."""
    task = _load(work, by, task_id)
    kind = TaskKind(task["kind"])
    snoozing.check(kind, task["due_on"], until, work.today)
    if task["snoozed_until"] == until:
        return
    tasks.snooze(work, task_id, until)
    work.announce(TaskSnoozed(task_id=task_id, kind=kind, until=until))


def wake(work: Work, by: StaffActor, task_id: UUID) -> None:
    """It waits again from now on; what was not put off, or came back by itself, is left as it is."""
    task = _load(work, by, task_id)
    if task["snoozed_until"] is None or task["snoozed_until"] <= work.today:
        return
    tasks.wake(work, task_id)
    work.announce(TaskWoken(task_id=task_id, kind=TaskKind(task["kind"])))


def _load(work: Work, by: StaffActor, task_id: UUID) -> Mapping[str, Any]:
    return tasks.load_open(work, task_id, site=by.site, organization_id=by.employer, roles=by.desks)
