"""Two cases that may be the same care: each desk writes down its own side, and nobody's words reach the other."""

from uuid import UUID

from contracts.codes import CareResolution, DuplicateSide, PersonOnCare, TaskKind
from services.chassis.work import Work
from services.referral.commands.duplicates import Asked
from services.referral.domain.duplicate_care import check_statement, state_of
from services.referral.store import duplicates, enquiries, timeline
from services.referral.store.duplicates import OwnSide
from services.referral.store.referrals import StaffActor


def state(
    work: Work,
    by: StaffActor,
    enquiry_id: UUID,
    matter_id: UUID,
    *,
    person_says: PersonOnCare | None,
    resolution: CareResolution | None,
) -> None:
    """One side writes down what the person answered, or what becomes of it here."""
    check_statement(person_says, resolution)
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer)
    _state(work, duplicates.load(work, matter_id, enquiry.id), person_says, resolution)


def acknowledge(work: Work, enquiry_id: UUID, asked: Asked) -> None:
    """Whoever sends it all the same says so for this side: it is not the same care twice."""
    for matter_id in asked.unanswered:
        _state(work, duplicates.load(work, matter_id, enquiry_id), None, CareResolution.OTHER_CARE)


def _state(work: Work, own: OwnSide, person_says: PersonOnCare | None, resolution: CareResolution | None) -> None:
    duplicates.add_statement(work, own, person_says, resolution)
    words = duplicates.last_words(work, own.matter_id)
    now = state_of(words.get(DuplicateSide.ASKING), words.get(DuplicateSide.FOUND))
    duplicates.save(work, own.matter_id, now)
    if resolution is not None and own.referral_id is not None:
        timeline.close_tasks(work, own.referral_id, {TaskKind.DUPLICATE_TO_CLARIFY})
    work.announce(duplicates.stated(own, person_says, resolution, now))
