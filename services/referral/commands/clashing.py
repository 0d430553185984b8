"""Two bodies order somebody at the same hour: the desk of her case hears of it, by the numbers of the two referrals.

Times are sealed, so they are compared in the work that keeps one, where her key is at hand. What is written down and
told is that two overlap, never when; and no body is told anything: "not free then" would say that another has her.
"""

from uuid import UUID

from contracts.codes import ClashAnswer, Site, StaffRole, TaskKind
from contracts.referral import AppointmentsClashAnswered, TaskOpened
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.domain.appointments import Appointment, beside
from services.referral.domain.referral import Referral
from services.referral.store import clashes, timeline
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

#: The same for all of them: a day that followed from the appointment would tell when it is.
WORKING_DAYS = 1
#: What may be said where both stand under one record: she cannot be somebody else.
OF_ONE_RECORD = tuple(one for one in ClashAnswer if one is not ClashAnswer.ANOTHER_PERSON)


def compare(work: Work, vault: Vault, referral: Referral, what: Appointment, former: Appointment | None) -> None:
    """Tell the desk of what overlaps with this appointment now, and take from it what does no longer."""
    assert referral.appointment_id is not None, "it has just been kept"
    clashes.lock(work, referral)
    found = {one.kept.id: one for one in beside(what, clashes.standing(work, vault, referral))}
    known: set[tuple[UUID, UUID]] = set()  # of each desk for itself: what one has answered the other may have to
    for row in clashes.open_ones(work.tx, referral.id):
        others = {row["appointment_id"], row["other_appointment_id"]} - {referral.appointment_id}
        if others <= set(found):
            known |= {(row["enquiry_id"], other_id) for other_id in others}
        else:
            timeline.close_tasks_by_id(work, [row["task_id"]])
    if former is not None and what.is_at_the_time_of(former):
        known |= clashes.answered_with(work.tx, referral.appointment_id)
    own = (referral.person_id, referral.id, referral.appointment_id)
    for other_id, one in found.items():
        other = (one.person_id, one.kept.referral_id, one.kept.id)
        if (referral.enquiry_id, other_id) not in known:
            _tell(work, referral.enquiry_id, referral.site, referral.sender_id, own, other)
        if one.enquiry_id != referral.enquiry_id and (one.enquiry_id, other_id) not in known:
            _tell(work, one.enquiry_id, one.site, referral.sender_id, other, own)


def _tell(
    work: Work, enquiry_id: UUID, site: Site, organization_id: UUID, own: clashes.Side, other: clashes.Side
) -> None:
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=None,
        enquiry_id=enquiry_id,
        kind=TaskKind.APPOINTMENTS_CLASH,
        role=StaffRole.NAVIGATOR,
        site=site,
        due_on=moment_of(work).in_working_days(WORKING_DAYS),
    )
    clashes.add(work, enquiry_id=enquiry_id, own=own, other=other, task_id=task.task_id)
    timeline.open_task(work, task, organization_id)


def gone(work: Work, referral: Referral) -> None:
    """Its appointment was called off, or it was stopped itself: nothing clashes with it any more."""
    clashes.lock(work, referral)
    timeline.close_tasks_by_id(work, [row["task_id"] for row in clashes.open_ones(work.tx, referral.id)])


def answer(work: Work, by: StaffActor, clash_id: UUID, why: ClashAnswer) -> None:
    """The desk has looked into it and says why both stay as they are."""
    row = clashes.load_open(work, clash_id, by)
    if why is ClashAnswer.ANOTHER_PERSON and row["person_id"] == row["other_person_id"]:
        raise InvalidError("request.invalid", {"answer": "one of " + ", ".join(OF_ONE_RECORD)})
    clashes.answer(work, clash_id, why)
    timeline.close_tasks_by_id(work, [row["task_id"]])
    work.announce(
        AppointmentsClashAnswered(
            clash_id=clash_id, referral_id=row["referral_id"], enquiry_id=row["enquiry_id"], answer=why
        )
    )
