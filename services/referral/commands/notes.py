"""A note and its follow-up in one: what was said stays sealed in the case, what comes of it lies on the desk."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from contracts.codes import DataCategory, StaffRole, TaskKind, ViewPurpose
from contracts.referral import TaskOpened
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.domain import notes
from services.referral.domain.notes import Note, Said
from services.referral.store import enquiries as enquiry_store
from services.referral.store import notes as store
from services.referral.store import persons, timeline
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


def take(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    said: Said,
    *,
    referral_id: UUID | None = None,
    person_id: UUID | None = None,
    settles: Collection[UUID] = (),
) -> Note:
    """Write down what was said and when to come back; what was come back to now may be settled with it."""
    notes.check(said, work.today)
    enquiry_store.lock(work, enquiry_id)
    enquiry = enquiries.load(work, enquiry_id, by)
    if referral_id is not None:
        person_id = _person_of(work, by, enquiry_id, referral_id)
    whose = enquiry.living(person_id).person_id
    note = Note(
        id=work.new_id(),
        enquiry_id=enquiry.id,
        person_id=whose,
        said=said if said.next_step else replace(said, due_on=None),
        taken_by=work.actor,
        taken_at=work.now,
        referral_id=referral_id,
        task_id=work.new_id() if said.next_step else None,
    )
    settled = {one.task_id for one, _ in store.of_enquiry(work.tx, enquiry.id) if one.is_open} & {*settles}
    store.add(work, persons.key_of(work.tx, vault, whose), note)
    _put_on_desk(work, enquiry, note)
    timeline.close_tasks_by_id(work, [one for one in settled if one is not None])
    enquiry_store.touch(work, enquiry.id)
    _tell(work, note)
    return note


def of_enquiry(work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry, person_id: UUID | None = None) -> list[Note]:
    """The notes about the living of a case, or about one of them, with the words; that these are seen is noted."""
    found = [
        (note, sealed)
        for note, sealed in store.of_enquiry(work.tx, enquiry.id)
        if note.person_id not in enquiry.erased and person_id in (None, note.person_id)
    ]
    keys = {whose: persons.key_of(work.tx, vault, whose) for whose in {note.person_id for note, _ in found}}
    for whose in sorted(keys):
        timeline.viewed(
            work,
            role=by.role,
            purpose=by.why(ViewPurpose.CASE_WORK),
            categories=(DataCategory.FREE_TEXT,),
            person_id=enquiry.known(whose),
            enquiry_id=enquiry.id,
        )
    return [
        replace(note, said=replace(note.said, words=keys[note.person_id].open(store.place(note.id), sealed).decode()))
        for note, sealed in found
    ]


def _person_of(work: Work, by: StaffActor, enquiry_id: UUID, referral_id: UUID) -> UUID:
    referral = referral_store.load(work.tx, referral_id, visible_to=by)
    if referral.enquiry_id != enquiry_id:
        raise NotFoundError("referral.unknown")
    return referral.person_id


def _put_on_desk(work: Work, enquiry: Enquiry, note: Note) -> None:
    if note.task_id is None or note.said.due_on is None:
        return
    task = TaskOpened(
        task_id=note.task_id,
        referral_id=note.referral_id,
        enquiry_id=note.enquiry_id,
        kind=TaskKind.FOLLOW_UP_DUE,
        role=StaffRole.NAVIGATOR,
        site=enquiry.site,
        due_on=note.said.due_on,
    )
    timeline.open_task(work, task, enquiry.organization_id)


def _tell(work: Work, note: Note) -> None:
    fact = notes.taken(note)
    if note.referral_id is None:
        work.announce(fact)
    else:
        timeline.tell(work, note.referral_id, fact)
