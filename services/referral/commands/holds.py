"""Holding data back from deletion: set and lifted by the lead, for a reason on the list, never without an end."""

from datetime import date
from uuid import UUID

from contracts.codes import DataCategory, HoldReason, StaffRole, ViewPurpose
from contracts.referral import LegalHoldLifted, LegalHoldSet
from services.chassis.errors import ForbiddenError, InvalidError, RefusedError
from services.chassis.work import Work
from services.referral.domain.retention import Period
from services.referral.store import enquiries, holds, persons, timeline
from services.referral.store.enquiries import Enquiry
from services.referral.store.holds import Hold
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

LONGEST_WORDS = 2_000


def put(
    work: Work,
    vault: Vault,
    by: StaffActor,
    enquiry_id: UUID,
    *,
    reason: HoldReason,
    words: str,
    until: date,
    most_months: int,
    person_id: UUID | None = None,
) -> Hold:
    """From now on nothing of this person is deleted, up to and including that day."""
    expect_lead(by)
    _check(work, words, until, most_months)
    enquiry = _enquiry(work, by, enquiry_id)
    whose = enquiry.living(person_id).person_id
    persons.raise_epoch(work, whose)  # a deletion of this moment comes before or after, never in between
    key = persons.key_of(work.tx, vault, whose)
    hold = Hold(work.new_id(), whose, enquiry.id, reason, until, work.actor, work.now)
    holds.add(work, key, hold, words)
    work.announce(
        LegalHoldSet(
            hold_id=hold.id,
            person_id=enquiry.known(whose),
            enquiry_id=enquiry.id,
            reason=reason,
            until=until,
        )
    )
    return hold


def lift(work: Work, by: StaffActor, hold_id: UUID) -> None:
    """It is needed no longer; what is past its period goes with the next run."""
    expect_lead(by)
    hold = holds.load(work.tx, hold_id, site=by.site, organization_id=by.employer, lock=True)
    if not hold.stands_on(work.today):
        raise RefusedError("hold.over")
    enquiry = _enquiry(work, by, hold.enquiry_id)
    holds.lift(work, hold.id)
    work.announce(LegalHoldLifted(hold_id=hold.id, person_id=enquiry.known(hold.person_id), enquiry_id=enquiry.id))


def read(work: Work, vault: Vault, by: StaffActor, enquiry: Enquiry, purpose: ViewPurpose) -> dict[UUID, str]:
    """Why it is held, in words, for the lead; the caller shows them only after the commit."""
    if by.role is not StaffRole.LEAD:
        return {}
    found: dict[UUID, str] = {}
    for member in enquiry.of_the_living().members:
        if standing := holds.of_person(work.tx, member.person_id, work.today):
            timeline.viewed(
                work,
                role=by.role,
                purpose=by.why(purpose),
                categories=(DataCategory.FREE_TEXT,),
                person_id=enquiry.known(member.person_id),
                enquiry_id=enquiry.id,
            )
            key = persons.key_of(work.tx, vault, member.person_id)
            found |= {hold.id: holds.words_of(work.tx, key, hold.id) for hold in standing}
    return found


def refuse_if_held(work: Work, person_id: UUID) -> None:
    """Not even at her own wish is anything erased that a hold keeps (GDPR Art. 17(3)); she is told until when."""
    if standing := holds.of_person(work.tx, person_id, work.today):
        raise RefusedError("person.held", reason=standing[0].reason, until=standing[0].until.isoformat())


def expect_lead(by: StaffActor) -> None:
    if by.role is not StaffRole.LEAD:
        raise ForbiddenError("auth.role-missing")


def _enquiry(work: Work, by: StaffActor, enquiry_id: UUID) -> Enquiry:
    return enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=True)


def _check(work: Work, words: str, until: date, most_months: int) -> None:
    wrong: dict[str, str] = {}
    if not words.strip() or len(words) > LONGEST_WORDS:
        wrong["words"] = f"1-to-{LONGEST_WORDS}-characters"
    if until < work.today:
        wrong["until"] = "today-or-later"
    elif until > Period(months=most_months).after(work.today):
        wrong["until"] = f"at-most-{most_months}-months-from-today"
    if wrong:
        raise InvalidError("hold.incomplete", wrong)
