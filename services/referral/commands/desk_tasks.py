"""Something about an enquiry, on the desk of whoever is responsible for it."""

from uuid import UUID

from contracts.codes import StaffRole, TaskKind
from contracts.referral import TaskOpened
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.store import enquiries, timeline

WORKING_DAYS = 2


def open_for_enquiry(work: Work, enquiry_id: UUID, kind: TaskKind) -> None:
    site, organization_id = enquiries.desk_of(work.tx, enquiry_id)
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=None,
        enquiry_id=enquiry_id,
        kind=kind,
        role=StaffRole.NAVIGATOR,
        site=site,
        due_on=moment_of(work).in_working_days(WORKING_DAYS),
    )
    timeline.open_task(work, task, organization_id)
