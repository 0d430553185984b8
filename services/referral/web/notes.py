"""A note with its follow-up, from the case's page or the enquiry's: one short form, with the telephone at the ear."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import NoteStep, StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.commands import notes
from services.referral.domain.notes import FARTHEST, LONGEST_WORDS, Note, Said, usual_day
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form

desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
#: Read with the telephone at the ear: the last ones; the others on demand.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Section:
    """What a page shows of notes: the newest and the others, the form's choices, and what is still to be done."""

    today: date
    #: Whoever reads: her own notes are told as hers.
    reader: str = ""
    notes: tuple[Note, ...] = ()
    steps: tuple[NoteStep, ...] = tuple(NoteStep)
    longest: int = LONGEST_WORDS

    @property
    def newest(self) -> tuple[Note, ...]:
        return self.notes[:SHOWN]

    @property
    def others(self) -> tuple[Note, ...]:
        return self.notes[SHOWN:]

    @property
    def waiting(self) -> list[Note]:
        """The soonest first; what is due now is done with this note, unless somebody says otherwise."""
        return sorted((one for one in self.notes if one.is_open), key=lambda one: str(one.said.due_on))

    @property
    def usual_day(self) -> date:
        return usual_day(self.today, is_working_day)

    @property
    def last_day(self) -> date:
        return self.today + FARTHEST


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("notes", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/notes")(take)
    return pages


@desk
def take(enquiry_id: UUID) -> Response:
    """Note and follow-up at once; the page it was written on is shown again."""
    by, said = staff_actor(), said_of_form()
    referral_id, person_id = an_id("referral_id"), an_id("person_id")
    settles = [UUID(one) for one in request.form.getlist("settles") if _is_id(one)]

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        note = notes.take(
            work,
            house().keys.vault,
            by,
            enquiry_id,
            said,
            referral_id=referral_id,
            person_id=person_id,
            settles=settles,
        )
        return 201, {"id": str(note.id)}

    once_per_form(by.actor, enquiry_id, "note", run)
    page = f"/referral/referrals/{referral_id}" if referral_id else f"/referral/enquiries/{enquiry_id}"
    return redirect(f"{page}?done=note#notes", 303)


def section(work: Work, enquiry: Enquiry, person_id: UUID | None = None) -> Section:
    """For the enquiry's page those about everybody in it, for a case's page those about its person."""
    by = staff_actor()
    return Section(work.today, by.actor, tuple(notes.of_enquiry(work, house().keys.vault, by, enquiry, person_id)))


def said_of_form() -> Said:
    """What was typed; without a step the day says nothing."""
    words = request.form.get("words", "").replace("\r\n", "\n").replace("\0", "").strip()
    step = request.form.get("next_step", "")
    if step not in {"", *NoteStep}:
        raise InvalidError("request.invalid", {"next_step": "one-of-the-list"})
    return Said(words, NoteStep(step), a_day("due_on")) if step else Said(words)


def a_day(name: str) -> date | None:
    given = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "a-day"}) from None


def an_id(name: str) -> UUID | None:
    given = request.form.get(name, "").strip()
    if given and not _is_id(given):
        raise InvalidError("request.invalid", {name: "an-id"})
    return UUID(given) if given else None


def _is_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True
