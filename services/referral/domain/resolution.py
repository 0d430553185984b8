"""Who stands behind a pseudonym of the audit log: asked by the officer, agreed to by a second person, shown once.

The log holds no names. Whoever needs one writes down why; somebody else - the lead who answers for the case, or
another data-protection officer - looks at that alone and agrees or refuses; then the name is shown to whoever asked,
once, and here. Of a member of staff it is the same; nobody decides, or reads, what is about herself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.codes import ResolutionPurpose, ResolutionReason, ResolutionRefusal
from services.chassis.errors import InvalidError, RefusedError

#: So long a request waits for the second person, and so long what was agreed to may still be looked at [law].
WAITS, HOLDS = timedelta(hours=72), timedelta(hours=24)
#: What one officer may ask for in a day: single cases, never a list.
MOST_A_DAY = 10
SHORTEST_OCCASION, LONGEST_OCCASION = 20, 1_000


class State(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"
    AGREED = "agreed"
    REFUSED = "refused"
    SHOWN = "shown"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Whose:
    """The pseudonym: a person's, or that of a member of staff."""

    person_id: UUID | None = None
    staff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One request for the name behind one pseudonym."""

    id: UUID
    whose: Whose
    reason: ResolutionReason
    purpose: ResolutionPurpose
    asked_by: str
    asked_at: datetime
    #: Until when the second person may answer; once she agreed, until when the name may be looked at.
    expires_at: datetime
    sealed: bytes
    answered_by: str | None = None
    answered_at: datetime | None = None
    refusal: ResolutionRefusal | None = None
    shown_at: datetime | None = None
    #: When it was told that nobody answered or looked in time.
    expired_at: datetime | None = None

    @property
    def pseudonym(self) -> str:
        return self.whose.staff or str(self.whose.person_id)

    def state(self, now: datetime) -> State:
        if self.shown_at is not None:
            return State.SHOWN
        if self.refusal is not None:
            return State.REFUSED
        if self.expires_at <= now:
            return State.EXPIRED
        return State.AGREED if self.answered_at is not None else State.WAITING

    @property
    def is_over(self) -> bool:
        return self.shown_at is not None or self.refusal is not None or self.expired_at is not None


def expect_occasion(words: str) -> None:
    """Two words are no occasion; a letter belongs elsewhere."""
    if not SHORTEST_OCCASION <= len(words) <= LONGEST_OCCASION:
        raise InvalidError("request.invalid", {"occasion": "20-to-1000-characters"})


def expect_another(whose: Whose, by: str) -> None:
    if whose.staff == by:
        raise RefusedError("resolution.about-yourself")


def expect_few(asked_today: int) -> None:
    if asked_today >= MOST_A_DAY:
        raise RefusedError("resolution.too-many", most=MOST_A_DAY)


def agree(one: Resolution, by: str, now: datetime) -> Resolution:
    """The second person has looked at the occasion and agrees; from now on it may be looked at for a day."""
    _expect_second(one, by, now)
    return replace(one, answered_by=by, answered_at=now, expires_at=now + HOLDS)


def refuse(one: Resolution, by: str, now: datetime, refusal: ResolutionRefusal) -> Resolution:
    """The second person refuses; that ends it, and another occasion is another request."""
    _expect_second(one, by, now)
    return replace(one, answered_by=by, answered_at=now, refusal=refusal)


def show(one: Resolution, by: str, now: datetime) -> Resolution:
    """Whoever asked looks, once."""
    if by != one.asked_by:
        raise RefusedError("resolution.asked-by-another")
    state = one.state(now)
    if state is not State.AGREED:
        raise RefusedError(f"resolution.{state.value}")
    return replace(one, shown_at=now)


def expire(one: Resolution, now: datetime) -> Resolution:
    """Its time is over; that is told once."""
    if one.is_over or one.state(now) is not State.EXPIRED:
        return one
    return replace(one, expired_at=now)


def _expect_second(one: Resolution, by: str, now: datetime) -> None:
    if by == one.asked_by:
        raise RefusedError("resolution.same-person")
    state = one.state(now)
    if state is not State.WAITING:
        raise RefusedError("resolution.answered-already" if state is State.AGREED else f"resolution.{state.value}")
