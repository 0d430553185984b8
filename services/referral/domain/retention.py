"""Time runs out: how long each kind of thing is kept, from when it counts, and what stands in the way.

The periods are the network's defaults and configuration; each needs a lawyer's confirmation **[law]**. What is past its
period goes; what is still being worked on, owed to somebody or held stays, however old it is.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from uuid import UUID

from contracts.codes import RetentionKind

SPELLED = re.compile(r"(\d{1,3})([dmy])")
MONTHS = {"m": 1, "y": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """So many months or days; a month later is the same day, or the last one the month has."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """The first day on which the period is over."""
        month = day.month - 1 + self.months
        year, month = day.year + month // 12, month % 12 + 1
        last = calendar.monthrange(year, month)[1]
        return date(year, month, min(day.day, last)) + timedelta(days=self.days)

    def latest_start(self, on: date) -> date:
        """The latest day whose period is over on this one; whatever began by then is due."""
        start = Period(-self.months, -self.days).after(on)
        while self.after(start + timedelta(days=1)) <= on:
            start += timedelta(days=1)
        return start

    def __str__(self) -> str:
        return f"{self.months}m" if self.months else f"{self.days}d"


def period(spelled: str) -> Period:
    """``90d``, ``6m`` or ``3y``; ValueError if it is none of these, or nothing at all."""
    found = SPELLED.fullmatch(spelled.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError(spelled)
    number, unit = int(found[1]), found[2]
    return Period(days=number) if unit == "d" else Period(months=number * MONTHS[unit])


DEFAULTS: Mapping[RetentionKind, Period] = MappingProxyType(
    {
        RetentionKind.RESTRICTION: Period(days=30),
        RetentionKind.ENQUIRY_DRAFT: Period(days=14),
        RetentionKind.REFERRAL_DRAFT: Period(days=90),
        RetentionKind.CONSENT_DRAFT: Period(days=90),
        RetentionKind.CUSTODIAL_DOSSIER: Period(days=30),
        RetentionKind.PARTNER_WORDS: Period(months=12),
        RetentionKind.PERSON_LINK: Period(days=90),
        RetentionKind.DOCUMENT: Period(months=12),
        RetentionKind.ENQUIRY_WITHOUT_REFERRAL: Period(months=6),
        RetentionKind.CLOSED_CASE: Period(months=12),
        RetentionKind.PERSON_WITHOUT_CASE: Period(months=6),
        RetentionKind.CONSENT_RECORD: Period(months=36),
        RetentionKind.RIGHTS_RECORD: Period(months=36),
        RetentionKind.ACCESS_RECORD: Period(months=36),
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """One enquiry as deletion looks at it."""

    enquiry_id: UUID
    last_contact_on: date
    closed_on: date | None = None
    #: Closed because nobody came for a while, not because somebody said that it is over.
    is_closed_by_itself: bool = False
    #: The days on which its referrals ended.
    ended_on: tuple[date, ...] = ()
    #: A referral that has not ended, a draft included.
    is_open: bool = False
    #: Somebody still owes something about it: a partner its statement, we a breach check, an answer, a second look.
    is_owed: bool = False

    @property
    def rests(self) -> bool:
        """Nothing goes on and nothing is owed."""
        return not (self.is_open or self.is_owed)

    @property
    def kind(self) -> RetentionKind:
        return RetentionKind.CLOSED_CASE if self.ended_on else RetentionKind.ENQUIRY_WITHOUT_REFERRAL


@dataclass(frozen=True, slots=True)
class Periods:
    """How long each kind is kept here."""

    of: Mapping[RetentionKind, Period] = field(default_factory=lambda: DEFAULTS)

    def case_due_on(self, case: Case) -> date | None:
        """When a case is to be deleted; never while something goes on.

        Twelve months after its last referral ended - but whoever came again since then, for something else, is not
        forgotten in the middle of it: unless somebody closed the case, the time since the last contact counts as well.
        """
        if not case.rests:
            return None
        forgotten = self.of[RetentionKind.ENQUIRY_WITHOUT_REFERRAL].after(case.last_contact_on)
        if not case.ended_on:
            return forgotten
        ended = self.of[RetentionKind.CLOSED_CASE].after(max(case.ended_on))
        is_over = case.closed_on is not None and not case.is_closed_by_itself
        return ended if is_over else max(ended, forgotten)

    def person_due_on(self, cases: tuple[Case, ...]) -> tuple[RetentionKind, date] | None:
        """When a person is to be erased: when the last of her cases is; never while one of them has no day."""
        days = [(self.case_due_on(case), case.kind) for case in cases]
        due = [(day, kind) for day, kind in days if day is not None]
        if not due or len(due) < len(days):
            return None
        day, kind = max(due)
        return kind, day

    def restriction_due_on(self, case: Case) -> date | None:
        """When a case that nobody closed is restricted all the same: all ended, and nobody came for a while."""
        if case.closed_on is not None or not case.ended_on or not case.rests:
            return None
        return self.of[RetentionKind.RESTRICTION].after(max(*case.ended_on, case.last_contact_on))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is due, and until when a hold keeps it all the same."""

    kind: RetentionKind
    id: UUID
    due_on: date
    person_id: UUID | None = None
    held_until: date | None = None

    @property
    def is_held(self) -> bool:
        return self.held_until is not None
