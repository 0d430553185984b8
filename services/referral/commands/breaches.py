"""A check for a data breach: escalated by the clock, assessed by the lead."""

from uuid import UUID

from contracts.codes import EnquirerKind, FindingKind, StaffRole, TaskKind, ViewPurpose
from contracts.referral import BreachAssessed, BreachEscalated, FindingRaised, TaskOpened
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.jobs import Due
from services.chassis.work import Work
from services.referral.config import Keys
from services.referral.domain import breach
from services.referral.domain.breach import Assessment
from services.referral.store import breaches, persons, timeline
from services.referral.store.breaches import Found
from services.referral.store.referrals import StaffActor

SETTLED = frozenset({TaskKind.BREACH_CHECK, TaskKind.BREACH_ESCALATED})


def place(check_id: UUID) -> str:
    return f"breach_checks/{check_id}"


def assess(work: Work, keys: Keys, by: StaffActor, check_id: UUID, said: Assessment, note: str) -> None:
    """Keep what was found, tell its codes, take the check off the desk."""
    found = breaches.load(work, check_id, visible_to=by)
    check = breach.assess(found.check, said, work.now)
    key = persons.key_of(work.tx, keys.vault, found.person_id) if note else None
    breaches.assessed(work, check.id, said, key.seal(place(check.id), note.encode()) if key else None)
    timeline.tell(
        work,
        check.referral_id,
        BreachAssessed(
            referral_id=check.referral_id,
            breach_id=check.id,
            risk=said.risk,
            reasons=said.reasons,
            hours=breach.hours_since(check.became_aware_at, work.now),
            notified_authority_at=said.notified_authority_at,
            delay=said.delay,
            notified_person_at=said.notified_person_at,
            no_notice_ground=said.no_notice_ground,
        ),
    )
    timeline.close_tasks(work, check.referral_id, SETTLED)


def look(work: Work, by: StaffActor | None, role: StaffRole | None, check_id: UUID) -> Found:
    """Somebody is about to read the words of an assessment; commit this before they are opened."""
    found = breaches.load(work, check_id, visible_to=by)
    timeline.viewed(
        work,
        role=role,
        purpose=ViewPurpose.OVERSIGHT,
        categories=(),
        person_id=found.person_id if found.enquirer is EnquirerKind.PERSON else None,
        enquiry_id=found.enquiry_id,
        referral_id=found.check.referral_id,
    )
    return found


def note(connection: Connection, keys: Keys, found: Found) -> str:
    """The words themselves."""
    sealed = breaches.note_of(connection, found.check.id)
    if sealed is None:
        raise NotFoundError("breach.unknown")
    return persons.key_of(connection, keys.vault, found.person_id).open(place(found.check.id), sealed).decode()


def escalate(work: Work, due: Due) -> None:
    """Tell the lead again, unless it is assessed meanwhile; the task of the stage before gives way to this one.

    Once the hours are over, the data-protection officer is shown it (Art. 33, 39(1)(b)).
    """
    try:
        found = breaches.load(work, due.payload, visible_to=None)
    except NotFoundError:
        return
    hours = breach.stage(found.check, work.now)
    if hours is None:
        return
    breaches.escalated(work, found.check.id, hours)
    told = BreachEscalated(referral_id=found.check.referral_id, breach_id=found.check.id, hours=hours)
    timeline.tell(work, found.check.referral_id, told)
    timeline.close_tasks(work, found.check.referral_id, {TaskKind.BREACH_ESCALATED})
    timeline.open_task(work, _task(work, found))
    if hours >= breach.HOURS:
        work.announce(_overdue(work, found))


def _task(work: Work, found: Found) -> TaskOpened:
    return TaskOpened(
        task_id=work.new_id(),
        referral_id=found.check.referral_id,
        enquiry_id=found.enquiry_id,
        kind=TaskKind.BREACH_ESCALATED,
        role=StaffRole.LEAD,
        site=found.site,
        due_on=breach.due_on(found.check.became_aware_at),
    )


def _overdue(work: Work, found: Found) -> FindingRaised:
    return FindingRaised(
        finding_id=work.new_id(),
        kind=FindingKind.BREACH_OVERDUE,
        referral_id=found.check.referral_id,
        enquiry_id=found.enquiry_id,
        organization_id=found.organization_id,
    )
