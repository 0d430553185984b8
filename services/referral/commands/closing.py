"""The end of a case: closed, it is restricted at once and lies there until it is deleted - or the person comes back.

Closing is the navigator's; a case whose referrals have all ended and whose person has not come for a while closes by
itself. What is restricted is shown to the lead alone, for a purpose she names (GDPR Art. 5(1)(c), 18).
"""

from uuid import UUID

from contracts.codes import TERMINAL, StaffRole, ViewPurpose
from contracts.referral import EnquiryClosed, EnquiryResumed
from services.chassis.errors import ForbiddenError, RefusedError
from services.chassis.work import Work
from services.referral.store import enquiries, plan, tasks, timeline
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor

#: For what a lead may look into a closed case.
PURPOSES = (ViewPurpose.SUBJECT_ACCESS, ViewPurpose.LEGAL_CLAIM, ViewPurpose.OVERSIGHT)


def close(work: Work, by: StaffActor, enquiry_id: UUID) -> None:
    """Nothing more to do: from now on it is not shown. What still runs has to end first."""
    enquiries.lock(work, enquiry_id)
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer)
    if goes_on(work, enquiry.id):
        raise RefusedError("enquiry.referral-open")
    if plan.goes_on(work.tx, enquiry.id):
        raise RefusedError("enquiry.plan-open")
    restrict(work, enquiry)


def restrict(work: Work, enquiry: Enquiry) -> None:
    enquiries.close(work, enquiry.id)
    timeline.close_tasks_by_id(work, tasks.planned(work.tx, enquiry.id))
    work.announce(EnquiryClosed(enquiry_id=enquiry.id, organization_id=enquiry.organization_id, site=enquiry.site))


def resume(work: Work, by: StaffActor, enquiry_id: UUID) -> None:
    """The person has come back: the lead opens the case again, and the time counts anew."""
    if by.role is not StaffRole.LEAD:
        raise ForbiddenError("auth.role-missing")
    enquiries.lock(work, enquiry_id)
    enquiry = enquiries.load(work.tx, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=True)
    if not enquiry.is_restricted:
        raise RefusedError("enquiry.not-closed")
    enquiries.resume(work, enquiry.id)
    work.announce(EnquiryResumed(enquiry_id=enquiry.id, organization_id=enquiry.organization_id, site=enquiry.site))


def may_see(enquiry: Enquiry, by: StaffActor, purpose: ViewPurpose) -> bool:
    """What is restricted is seen by the lead alone, and only for a purpose on the list."""
    return not enquiry.is_restricted or (by.role is StaffRole.LEAD and purpose in PURPOSES)


def look_into(work: Work, by: StaffActor, enquiry_id: UUID, purpose: ViewPurpose) -> Enquiry:
    """The enquiry for somebody who is about to see what is in it; refused if it is restricted and she may not."""
    enquiry = enquiries.load(
        work.tx, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=purpose in PURPOSES
    )
    if not may_see(enquiry, by, purpose):
        raise ForbiddenError("auth.role-missing")
    return enquiry


def goes_on(work: Work, enquiry_id: UUID) -> bool:
    row = work.tx.execute(
        "SELECT FROM referrals WHERE enquiry_id = %s AND status <> ALL(%s) LIMIT 1",
        (enquiry_id, [str(status) for status in TERMINAL]),
    ).fetchone()
    return row is not None
