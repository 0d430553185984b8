"""The second factor of the light path: a code that reaches the unit past its mailbox, once for each device."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.codes import Way

DIGITS = 8
#: How many wrong tries lock every code the unit has open at that time.
TRIES = 5
CODE_LIFE = timedelta(days=14)
DEVICE_LIFE = timedelta(days=180)


class Ending(StrEnum):
    """What became of a code that is not open any more; one that nobody used in time just expired."""

    USED = "used"
    LOCKED = "locked"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class DeskCode:
    """A code given to a unit; what is to be typed stands nowhere."""

    id: UUID
    organization_id: UUID
    way: Way
    issued_at: datetime
    expires_at: datetime
    wrong: int = 0
    ending: Ending | None = None

    def is_open(self, now: datetime) -> bool:
        return self.ending is None and self.expires_at > now

    @property
    def tries_left(self) -> int:
        return max(TRIES - self.wrong, 0)


@dataclass(frozen=True, slots=True)
class DeskDevice:
    """A device of a unit that a code made known."""

    id: UUID
    organization_id: UUID
    known_at: datetime
    seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def opens(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was typed opens nothing. No code open: how often one tries makes no difference."""

    tries_left: int | None

    @property
    def is_locked(self) -> bool:
        return self.tries_left == 0


def digits_of(digest: str) -> str:
    """The code as it is printed and said, from a keyed digest in hexadecimal."""
    number = f"{int(digest, 16) % 10**DIGITS:0{DIGITS}d}"
    return f"{number[: DIGITS // 2]} {number[DIGITS // 2 :]}"


def as_typed(text: str) -> str:
    """What somebody typed, without the gaps and dashes people put in."""
    return "".join(letter for letter in text[:40] if letter.isdecimal())
