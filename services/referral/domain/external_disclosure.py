"""What staff told outside the system on a statutory ground: written down, confirmed by a second, opening nothing.

Nothing here is a ground for the consent engine, and nothing there asks for it (a test tries every channel).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from contracts.codes import DataCategory, ExternalGround, Site
from services.chassis.errors import InvalidError, RefusedError
from services.referral.domain.workdays import Moment

#: A second person looks at it within so many working days of its being written down [law].
CONFIRM_WORKING_DAYS = 1
#: So long at most it is not told to the person herself, where telling would endanger somebody (§ 34 BDSG, § 83 SGB X)
#: [law].
WITHHELD_MOST_DAYS = 183


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What whoever told it writes down; the recipient is a body of the directory, or sealed words."""

    ground: ExternalGround
    categories: tuple[DataCategory, ...]
    told_at: datetime
    recipient_id: UUID | None = None
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalDisclosure:
    """One disclosure outside the system, about one person."""

    id: UUID
    enquiry_id: UUID
    person_id: UUID
    site: Site
    organization_id: UUID
    ground: ExternalGround
    categories: tuple[DataCategory, ...]
    told_at: datetime
    recipient_id: UUID | None
    recorded_by: str
    recorded_at: datetime
    confirm_by: date
    sealed: bytes | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    task_id: UUID | None = None
    #: The last day on which it is not told to her, and who said so last.
    withheld_until: date | None = None
    withheld_by: str | None = None
    #: Of an employer, whom facts never name.
    is_contact: bool = False

    @property
    def is_open(self) -> bool:
        return self.confirmed_at is None

    @property
    def named_person_id(self) -> UUID | None:
        """The person as facts name her."""
        return None if self.is_contact else self.person_id

    def may_be_told_to_her(self, today: date) -> bool:
        """Before a second person has looked at it nobody knows whether telling her would endanger somebody."""
        return not self.is_open and (self.withheld_until is None or self.withheld_until < today)

    def is_overdue(self, today: date) -> bool:
        return self.is_open and today > self.confirm_by


def check(told: Told, at: datetime) -> None:
    """Each thing that is missing or cannot be is named."""
    wrong: dict[str, str] = {}
    if told.told_at > at:
        wrong["told_at"] = "now-or-earlier"
    if not told.categories:
        wrong["categories"] = "at-least-one"
    if (told.recipient_id is None) == (not told.recipient):
        wrong["recipient"] = "one-recipient"
    if wrong:
        raise InvalidError("request.invalid", wrong)


def confirm_by(moment: Moment) -> date:
    """The last day on which a second person confirms in time."""
    return moment.in_working_days(CONFIRM_WORKING_DAYS)


def confirm(
    disclosure: ExternalDisclosure, by: str, moment: Moment, withheld_until: date | None = None
) -> ExternalDisclosure:
    """A second person confirms, and says whether the person herself may hear of it yet.

    Too late is still better than never, and stays visible as too late.
    """
    if not disclosure.is_open:
        raise RefusedError("external-disclosure.confirmed-already")
    if by == disclosure.recorded_by:
        raise RefusedError("external-disclosure.same-person")
    if withheld_until:
        _check_day(withheld_until, moment.on)
    return replace(
        disclosure,
        confirmed_by=by,
        confirmed_at=moment.at,
        withheld_until=withheld_until,
        withheld_by=by if withheld_until else None,
    )


def hold_back(disclosure: ExternalDisclosure, by: str, today: date, until: date | None) -> ExternalDisclosure:
    """Keep it from her longer, or let her hear of it now: never decided twice in a row by the same person [law].

    What she may hear already is not taken back.
    """
    if disclosure.is_open or disclosure.may_be_told_to_her(today):
        raise RefusedError("external-disclosure.not-held-back")
    if by == disclosure.withheld_by:
        raise RefusedError("external-disclosure.decided-by-the-same")
    if until is not None:
        _check_day(until, today)
    return replace(disclosure, withheld_until=until, withheld_by=by)


def _check_day(until: date, today: date) -> None:
    if not 0 < (until - today).days <= WITHHELD_MOST_DAYS:
        raise InvalidError("request.invalid", {"withheld_until": "a-day-within-half-a-year"})
