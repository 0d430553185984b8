"""What a unit wants of our mail: when it is left alone, and who takes it while nobody is there."""

from datetime import date
from uuid import UUID

from contracts.notifications import UnitAbsenceEnded, UnitAbsenceSet, UnitHoursSet
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.notifications import store
from services.notifications.domain.absence import Absence, check
from services.notifications.domain.hours import QuietHours
from services.notifications.store import units


def set_quiet_hours(work: Work, organization_id: UUID, quiet: QuietHours | None) -> None:
    """From now on; what waits for a morning already keeps its morning."""
    if organization_id != units.EVERYBODY:
        _expect(work, organization_id)
    units.keep_quiet_hours(work.tx, organization_id, quiet, work.actor, work.now)
    work.announce(UnitHoursSet(organization_id=organization_id, quiet=quiet is not None))


def set_absence(
    work: Work, organization_id: UUID, *, from_on: date, until_on: date, substitute_mailbox: str
) -> Absence:
    """Mail to this unit goes to the substitute's mailbox on these days, and back by itself afterwards."""
    organization = _expect(work, organization_id)
    absence = Absence(work.new_id(), organization_id, from_on, until_on, substitute_mailbox.strip())
    check(absence, work.today, organization.unit_mailbox, organization.contact)
    if units.overlaps(work.tx, absence):
        raise RefusedError("unit.absent-already")
    units.add_absence(work.tx, absence, work.actor, work.now)
    work.announce(
        UnitAbsenceSet(
            absence_id=absence.absence_id, organization_id=organization_id, from_on=from_on, until_on=until_on
        )
    )
    return absence


def end_absence(work: Work, absence_id: UUID) -> UUID:
    """They are back early. Returns whose absence that was."""
    organization_id = units.end_absence(work.tx, absence_id, work.today, work.now)
    if organization_id is None:
        raise NotFoundError("unit.absence-unknown")
    work.announce(UnitAbsenceEnded(absence_id=absence_id, organization_id=organization_id))
    return organization_id


def _expect(work: Work, organization_id: UUID) -> store.Organization:
    organization = store.organization(work.tx, organization_id)
    if organization is None:
        raise NotFoundError("organization.unknown")
    return organization
