"""What was said on the telephone or at the desk, and what comes of it: words that stay, a step and its day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from contracts.codes import NoteStep
from contracts.referral import NoteTaken
from services.chassis.errors import InvalidError
from services.referral.domain.workdays import IsWorkingDay, add_working_days

LONGEST_WORDS = 4_000
#: Nobody plans further ahead than this on the telephone.
FARTHEST = timedelta(days=366)
#: Long enough for a paper to come, short enough that nobody has forgotten.
USUAL_WORKING_DAYS = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What a navigator writes down with the telephone at her ear."""

    words: str
    next_step: NoteStep | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note of a case as it is kept."""

    id: UUID
    enquiry_id: UUID
    person_id: UUID
    said: Said
    taken_by: str
    taken_at: datetime
    referral_id: UUID | None = None
    task_id: UUID | None = None
    #: What it left on the desk still lies there.
    is_open: bool = False


def usual_day(today: date, is_working_day: IsWorkingDay) -> date:
    """The day a form offers for coming back to it."""
    return add_working_days(today, USUAL_WORKING_DAYS, is_working_day)


def check(said: Said, today: date) -> None:
    """Something was said; a step has its day, and the day is neither over nor out of sight."""
    wrong: dict[str, str] = {}
    if not said.words:
        wrong["words"] = "some-words"
    elif len(said.words) > LONGEST_WORDS:
        wrong["words"] = "at-most-4000-characters"
    if said.next_step is not None and said.due_on is None:
        wrong["due_on"] = "a-day"
    elif said.due_on is not None and not today <= said.due_on <= today + FARTHEST:
        wrong["due_on"] = "within-a-year"
    if wrong:
        raise InvalidError("request.invalid", wrong)


def taken(note: Note) -> NoteTaken:
    """All of it but the words."""
    return NoteTaken(
        note_id=note.id,
        enquiry_id=note.enquiry_id,
        referral_id=note.referral_id,
        next_step=note.said.next_step,
        due_on=note.said.due_on,
        task_id=note.task_id,
    )
