"""What a partner owes about data it fetched, and how it settled that: values, so that a referral can hold them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.codes import DataCategory, Duty, DutyCause, DutyState, RetentionGround, Way

#: Owed together whenever a referral is stopped.
ON_STOP = (Duty.ACKNOWLEDGE_STOP, Duty.STATE_DELETION)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDuty:
    """What the partner still owes; without a category it is about everything the partner fetched."""

    id: UUID
    duty: Duty
    cause: DutyCause
    category: DataCategory | None = None
    opened_at: datetime
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDuty:
    """What became of a duty; a word that a navigator wrote down is marked with the way it came."""

    was: OpenDuty
    state: DutyState
    settled_at: datetime
    ground: RetentionGround | None = None
    by_hand: Way | None = None
