"""Staff told somebody outside the system on a statutory ground: an audit fact and a finding, and never a way out."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from contracts.codes import DataCategory, FindingKind, StaffRole, TaskKind, ViewPurpose
from contracts.referral import (
    ExternalDisclosureConfirmed,
    ExternalDisclosureHeldBack,
    ExternalDisclosureRecorded,
    FindingRaised,
    TaskOpened,
)
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands import enquiries
from services.referral.domain import external_disclosure
from services.referral.domain.external_disclosure import ExternalDisclosure, Told
from services.referral.store import external_disclosures as store
from services.referral.store import persons, timeline
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault


def record(
    work: Work, vault: Vault, by: StaffActor, enquiry_id: UUID, told: Told, person_id: UUID | None = None
) -> ExternalDisclosure:
    """Write down what was told; the data-protection officer hears of it at once."""
    enquiry = enquiries.load(work, enquiry_id, by, restricted_too=True)
    external_disclosure.check(told, work.now)
    _expect_known(work, told.recipient_id)
    one = _disclosure(work, enquiry, told, enquiry.member(person_id).person_id)
    if told.recipient:
        key = persons.key_of(work.tx, vault, one.person_id)
        one = replace(one, sealed=key.seal(store.place(one.id), told.recipient.encode()))
    store.add(work, one)
    one = store.load(work, one.id, visible_to=by)  # whether facts may name whom it is about stands with the person
    work.announce(
        ExternalDisclosureRecorded(
            disclosure_id=one.id,
            person_id=one.named_person_id,
            enquiry_id=one.enquiry_id,
            ground=one.ground,
            categories=one.categories,
            told_at=one.told_at,
            organization_id=one.recipient_id,
            confirm_by=one.confirm_by,
        )
    )
    work.announce(_finding(work, one, FindingKind.EXTERNAL_DISCLOSURE))
    return one


def confirm(work: Work, by: StaffActor, disclosure_id: UUID, withheld_until: date | None = None) -> ExternalDisclosure:
    """A second member of staff confirms; what lay on the lead's desk is done."""
    waiting = store.load(work, disclosure_id, visible_to=by)
    one = external_disclosure.confirm(waiting, work.actor, moment_of(work), withheld_until)
    store.save(work, one)
    _off_the_desk(work, one)
    work.announce(
        ExternalDisclosureConfirmed(
            disclosure_id=one.id,
            person_id=one.named_person_id,
            enquiry_id=one.enquiry_id,
            ground=one.ground,
            categories=one.categories,
            told_at=one.told_at,
            organization_id=one.recipient_id,
        )
    )
    return one


def hold_back(work: Work, by: StaffActor, disclosure_id: UUID, until: date | None) -> ExternalDisclosure:
    """Somebody else keeps it from her longer, or lets her hear of it; the fact does not name her, who may read facts
    about herself (Art. 15).
    """
    one = external_disclosure.hold_back(store.load(work, disclosure_id, visible_to=by), work.actor, work.today, until)
    store.save(work, one)
    work.announce(ExternalDisclosureHeldBack(disclosure_id=one.id, enquiry_id=one.enquiry_id, until=until))
    return one


def remind(work: Work, disclosure_id: UUID) -> None:
    """Nobody confirmed in time: a task for the lead and a finding, once."""
    one = store.load(work, disclosure_id, visible_to=None)
    if not one.is_overdue(work.today) or one.task_id is not None:
        return
    task = TaskOpened(
        task_id=work.new_id(),
        referral_id=None,
        enquiry_id=one.enquiry_id,
        kind=TaskKind.DISCLOSURE_UNCONFIRMED,
        role=StaffRole.LEAD,
        site=one.site,
        due_on=one.confirm_by,
    )
    timeline.open_task(work, task, one.organization_id)
    store.save(work, replace(one, task_id=task.task_id))
    work.announce(_finding(work, one, FindingKind.DISCLOSURE_UNCONFIRMED))


def of_enquiry(work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry) -> list[tuple[ExternalDisclosure, str]]:
    """What was told outside about the living of an enquiry, with the sealed words; that they are seen is noted."""
    every = [one for one in store.of_enquiry(work.tx, enquiry.id) if one.person_id not in enquiry.erased]
    found = [(one, _words(work, vault, one)) for one in every]
    for person_id in dict.fromkeys(one.named_person_id for one, words in found if words):
        timeline.viewed(
            work,
            role=by.role,
            purpose=by.why(ViewPurpose.CASE_WORK),
            categories=(DataCategory.FREE_TEXT,),
            person_id=person_id,
            enquiry_id=enquiry.id,
        )
    return found


def told_of(work: Work, vault: Vault, person_id: UUID) -> list[tuple[ExternalDisclosure, str]]:
    """What was told outside about her, as far as she may hear of it; that she looks has been noted."""
    every = store.of_person(work.tx, person_id)
    return [(one, _words(work, vault, one)) for one in every if one.may_be_told_to_her(work.today)]


def _words(work: Work, vault: Vault, one: ExternalDisclosure) -> str:
    """Whom it was told, if no body of the directory; of somebody erased nobody can say any more."""
    if one.sealed is None:
        return ""
    try:
        key = persons.key_of(work.tx, vault, one.person_id)
    except NotFoundError:
        return ""
    return key.open(store.place(one.id), one.sealed).decode()


def _disclosure(work: Work, enquiry: Enquiry, told: Told, person_id: UUID) -> ExternalDisclosure:
    return ExternalDisclosure(
        id=work.new_id(),
        enquiry_id=enquiry.id,
        person_id=person_id,
        site=enquiry.site,
        organization_id=enquiry.organization_id,
        ground=told.ground,
        categories=told.categories,
        told_at=told.told_at,
        recipient_id=told.recipient_id,
        recorded_by=work.actor,
        recorded_at=work.now,
        confirm_by=external_disclosure.confirm_by(moment_of(work)),
    )


def _expect_known(work: Work, organization_id: UUID | None) -> None:
    if organization_id is None:
        return
    if work.tx.execute("SELECT FROM organizations WHERE id = %s", (organization_id,)).fetchone() is None:
        raise InvalidError("request.invalid", {"recipient_id": "a-body-of-the-directory"})


def _finding(work: Work, one: ExternalDisclosure, kind: FindingKind) -> FindingRaised:
    return FindingRaised(
        finding_id=work.new_id(),
        kind=kind,
        referral_id=None,
        enquiry_id=one.enquiry_id,
        organization_id=one.recipient_id,
    )


def _off_the_desk(work: Work, one: ExternalDisclosure) -> None:
    if one.task_id is None:
        return
    try:
        timeline.close_task(work, one.task_id, site=one.site, organization_id=one.organization_id)
    except NotFoundError:
        return  # somebody took it off before
