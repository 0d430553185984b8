"""Appointments as they are shown, and as a file for a calendar (RFC 5545)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from apiflask import APIBlueprint
from babel.dates import format_time
from flask import Response
from icalendar import Calendar, Event

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.i18n import locale_of
from services.chassis.pages import language, translate
from services.chassis.web import request_work
from services.referral.commands import appointing
from services.referral.domain.appointments import Kept, by_day, clashing
from services.referral.domain.day_strip import Strip, strip_of
from services.referral.domain.referral import Referral
from services.referral.domain.workdays import PLACE
from services.referral.store import referrals
from services.referral.web.callers import house, staff_actor, view_purpose
from services.referral.web.case_view import note_view, record_of
from services.referral.web.names import Names


@dataclass(frozen=True, slots=True)
class Shown:
    """One appointment in the reader's words."""

    kept: Kept
    number: int
    organization: str
    service: str
    hours: str
    clashes: bool

    @property
    def is_off(self) -> bool:
        return not self.kept.stands()


@dataclass(frozen=True, slots=True)
class ShownDay:
    """One day with its appointments, and the strip of those that stand."""

    day: date
    appointments: tuple[Shown, ...]
    strip: Strip

    def number_of(self, appointment_id: UUID) -> int:
        return next(one.number for one in self.appointments if one.kept.id == appointment_id)

    @property
    def clashes(self) -> bool:
        return any(one.clashes for one in self.appointments)


def shown_days(found: Iterable[Kept], names: Names) -> list[ShownDay]:
    """Day after day, numbered on each, so that list and strip name the same."""
    return [_shown_day(day, ones, names) for day, ones in by_day(list(found))]


def days_of(found: Iterable[Kept], referral: Referral, names: Names, now: datetime) -> list[ShownDay]:
    """What a case page shows: this referral's own, and of her others what is still to come."""
    return shown_days([one for one in found if one.referral_id == referral.id or one.is_to_come(now)], names)


def _shown_day(day: date, ones: Sequence[Kept], names: Names) -> ShownDay:
    clashes = clashing(ones)
    shown = tuple(
        Shown(
            one,
            number,
            names.organization(one.organization_id),
            names.service(one.service_id),
            hours_of(one.what.starts_at, one.what.ends_at),
            one.id in clashes,
        )
        for number, one in enumerate(ones, 1)
    )
    return ShownDay(day, shown, strip_of([one for one in ones if one.stands()]))


def hours_of(start: datetime, end: datetime) -> str:
    """From when until when, as the clock on the wall shows it here."""
    locale = locale_of(language())
    first, last = (format_time(one, format="short", tzinfo=PLACE, locale=locale) for one in (start, end))
    return f"{first} – {last}"


# --- as a file -------------------------------------------------------------------------------------------------------


def calendar_file(one: Kept, *, title: str, notes: str = "") -> Response:
    """One appointment for a calendar. Moved or called off it is the same entry, one step on."""
    event = Event()
    event.add("uid", f"{one.id}@lotsennetz")
    event.add("dtstamp", one.changed_at)
    event.add("sequence", one.sequence)
    event.add("dtstart", one.what.starts_at)
    event.add("dtend", one.what.ends_at)
    event.add("status", "CONFIRMED" if one.stands() else "CANCELLED")
    event.add("class", "PRIVATE")
    event.add("summary", title)
    for name, words in (("location", one.what.place), ("description", notes)):
        if words:
            event.add(name, words)
    calendar = Calendar()
    calendar.add("prodid", "-//Lotsennetz//Appointments//DE")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    response = Response(calendar.to_ical(), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{one.what.day.isoformat()}.ics"'
    return response


def blueprint() -> APIBlueprint:
    door = APIBlueprint("appointments", __name__, url_prefix="/referral/referrals", enable_openapi=False)
    door.get("/<uuid:referral_id>/appointments/<uuid:appointment_id>.ics")(for_staff)
    return door


@staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
def for_staff(referral_id: UUID, appointment_id: UUID) -> Response:
    """For the calendar of the house: when, where and the number of the referral, never who or what to bring."""
    by = staff_actor()
    with request_work() as work:
        referral = referrals.load(work.tx, referral_id, visible_to=by)
        note_view(work, by, referral, record_of(work, house().keys, referral), view_purpose())
        found = appointing.of_person(work.tx, house().keys.vault, referral.person_id, visible_to=by)
        one = appointing.one_of([kept for kept in found if kept.referral_id == referral.id], appointment_id)
        organization = Names(work.tx).organization(one.organization_id)
    return calendar_file(one, title=f"{translate('Appointment')} {referral.reference}, {organization}")
