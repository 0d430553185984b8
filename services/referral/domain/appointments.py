"""Appointments a partner names: when they may be, which of a person's overlap, which a referral takes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from contracts.codes import Action, Site, Status, Way
from contracts.partner.appointment import USUAL_MINUTES
from contracts.referral import AppointmentCancelled, AppointmentSet
from services.chassis.errors import InvalidError
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Facts, Referral, Told, refusal, step
from services.referral.domain.workdays import PLACE, Moment

#: Further ahead somebody mistook the year.
DAYS_AT_MOST = 366
#: A referral that ended like this takes its appointments with it; one that was completed leaves them.
VOID = frozenset({Status.ENDED_EARLY, Status.REJECTED, Status.EXPIRED, Status.CANCELLED, Status.ENTERED_IN_ERROR})


@dataclass(frozen=True, slots=True)
class Appointment:
    """When and where somebody is expected, and what to bring."""

    starts_at: datetime
    minutes: int = USUAL_MINUTES
    place: str = ""
    bring: str = ""

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def day(self) -> date:
        """The calendar day it begins on, where the network works."""
        return self.starts_at.astimezone(PLACE).date()

    def is_at_the_time_of(self, other: "Appointment") -> bool:
        """Whether place or things to bring are all that differs."""
        return (self.starts_at, self.minutes) == (other.starts_at, other.minutes)

    def overlaps(self, other: "Appointment") -> bool:
        """Nobody can be at both; where one ends the other may begin."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One appointment of a referral as it is kept, opened."""

    id: UUID
    referral_id: UUID
    organization_id: UUID
    service_id: UUID
    #: How often its time or place has changed.
    sequence: int
    changed_at: datetime
    cancelled_at: datetime | None
    #: Whether the referral it belongs to ended so that nobody is expected any more.
    is_void: bool
    what: Appointment

    def stands(self) -> bool:
        return self.cancelled_at is None and not self.is_void

    def is_to_come(self, now: datetime) -> bool:
        return self.stands() and self.what.ends_at > now


@dataclass(frozen=True, slots=True)
class Beside:
    """An appointment of hers in another referral, and the case that belongs to."""

    enquiry_id: UUID
    person_id: UUID
    site: Site
    kept: Kept


def appoint(
    referral: Referral,
    appointment: Appointment,
    moment: Moment,
    *,
    former: Appointment | None = None,
    by_hand: Way | None = None,
) -> Told:
    """Expect her then: one that is still to come is moved, one that is over stays what it was."""
    if appointment.starts_at < moment.at:
        raise InvalidError("referral.appointment-past", {"starts_at": "now-or-later"})
    if appointment.starts_at > moment.at + timedelta(days=DAYS_AT_MOST):
        raise InvalidError("referral.appointment-late", {"starts_at": "within-a-year"})
    moves = referral.appointment_id is not None and former is not None and former.ends_at > moment.at
    appointment_id = referral.appointment_id if moves and referral.appointment_id else moment.new_id()
    told = AppointmentSet(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        appointment_id=appointment_id,
        first=not moves,
        by_hand=by_hand,
    )
    return replace(referral, appointment_id=appointment_id), (told,)


def with_appointment(
    told: Told,
    moment: Moment,
    appointment: Appointment | None,
    *,
    former: Appointment | None = None,
    by_hand: Way | None = None,
) -> Told:
    """What another word of the partner brings along."""
    if appointment is None:
        return told
    referral, more = appoint(told[0], appointment, moment, former=former, by_hand=by_hand)
    return referral, (*told[1], *more)


def set_appointment(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    appointment: Appointment,
    former: Appointment | None = None,
    by_hand: Way | None = None,
) -> Told:
    """Name an appointment by itself, or another time or place for it."""
    moved = step(referral, Action.SET_APPOINTMENT, by, moment)
    return appoint(moved, appointment, moment, former=former, by_hand=by_hand)


def cancel_appointment(referral: Referral, by: Actor, moment: Moment, *, by_hand: Way | None = None) -> Told:
    """Call it off; the referral goes on."""
    moved = step(referral, Action.CANCEL_APPOINTMENT, by, moment)
    if referral.appointment_id is None:
        raise refusal(referral, "lifecycle.not-allowed", Action.CANCEL_APPOINTMENT, moment)
    told: Facts = (
        AppointmentCancelled(
            referral_id=referral.id,
            organization_id=referral.organization_id,
            appointment_id=referral.appointment_id,
            by_hand=by_hand,
        ),
    )
    return replace(moved, appointment_id=None), told


def clashing(appointments: Sequence[Kept]) -> frozenset[UUID]:
    """Those of the appointments that stand which somebody could not all keep."""
    standing = [one for one in appointments if one.stands()]
    return frozenset(
        one.id for one in standing for other in standing if one.id != other.id and one.what.overlaps(other.what)
    )


def beside(one: Appointment, others: Sequence[Beside]) -> list[Beside]:
    """Those she cannot keep besides this one."""
    return [other for other in others if other.kept.stands() and one.overlaps(other.kept.what)]


def by_day(appointments: Sequence[Kept]) -> list[tuple[date, tuple[Kept, ...]]]:
    """Day after day, each in its order."""
    in_order = sorted(appointments, key=lambda one: (one.what.starts_at, one.id))
    return [(day, tuple(ones)) for day, ones in groupby(in_order, key=lambda one: one.what.day)]
