"""A desk is closed for some days: another one of the same organization works for it, openly and on the record."""

from datetime import date, timedelta
from uuid import UUID

from contracts.codes import Site, StaffRole
from contracts.referral import DeskAbsenceEnded, DeskAbsenceSet, SubstitutionBegun, SubstitutionEnded
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.store import absences
from services.referral.store.absences import DeskAbsence
from services.referral.store.referrals import StaffActor

#: Who may be away alone; the others of the desk go on working there.
AWAY = (StaffRole.NAVIGATOR, StaffRole.LEAD)
LONGEST = timedelta(days=92)


def set_absence(
    work: Work,
    by: StaffActor,
    *,
    site: Site,
    substitute: Site,
    from_on: date,
    until_on: date,
    role: StaffRole | None = None,
) -> DeskAbsence:
    """A lead says that a desk of the own organization is closed, or one role at it away, and who works for it."""
    employer = _lead_of(by)
    wrong: dict[str, str] = {}
    if substitute is site:
        wrong["substitute"] = "another-site"
    if role not in (None, *AWAY):
        wrong["role"] = "one-of-the-list"
    if until_on < work.today:
        wrong["until_on"] = "today-or-later"
    elif until_on < from_on:
        wrong["until_on"] = "not-before-the-first-day"
    elif until_on - from_on > LONGEST:
        wrong["until_on"] = "within-92-days"
    if wrong:
        raise InvalidError("absence.invalid", wrong)
    absence = DeskAbsence(work.new_id(), employer, site, substitute, from_on, until_on, role)
    if absences.clashes(work, absence):
        raise RefusedError("absence.clashes")
    absences.add(work, absence)
    work.announce(
        DeskAbsenceSet(
            absence_id=absence.id,
            organization_id=employer,
            site=site,
            substitute=substitute,
            from_on=from_on,
            until_on=until_on,
            role=role,
        )
    )
    return absence


def end_absence(work: Work, by: StaffActor, absence_id: UUID) -> None:
    """They are back early; whoever stood in is at the own desk again with the next page."""
    if not absences.end(work, absence_id, _lead_of(by)):
        raise NotFoundError("absence.unknown")
    work.announce(DeskAbsenceEnded(absence_id=absence_id))


def stand_in(work: Work, by: StaffActor, own_site: Site, absence_id: UUID) -> None:
    """From now on this member of the substitute's desk works at the other one; all others there are left out."""
    assert by.employer is not None
    standing = absences.standing(work.tx, by.employer, work.today)
    found = next((one for one in standing if one.id == absence_id), None)
    if found is None or found.substitute is not own_site or not (found.counts(work.today) and found.concerns(by.role)):
        raise NotFoundError("absence.unknown")
    absences.begin(work, absence_id)
    work.announce(SubstitutionBegun(absence_id=absence_id, site=found.site))


def stand_down(work: Work) -> None:
    """Back at the own desk; who is there already stays there."""
    if absence_id := absences.stop(work):
        work.announce(SubstitutionEnded(absence_id=absence_id))


def _lead_of(by: StaffActor) -> UUID:
    if by.role is not StaffRole.LEAD or by.employer is None:
        raise ForbiddenError("auth.role-missing")
    return by.employer
