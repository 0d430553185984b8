"""Cases that pass from one member of a desk's staff to another, many at once: which do, which do not and why."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

#: Nobody looks through more than this before saying yes.
MOST = 500


class LeftOut(StrEnum):
    """Why a case stays where it is."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    NOT_HERS = "not_hers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides whether a case passes on."""

    enquiry_id: UUID
    owner: str
    closed_at: datetime | None
    #: She is responsible for the case itself, or for a referral in it.
    is_hers: bool


@dataclass(slots=True)
class Outcome:
    """How many passed on, and of those that did not, which and why."""

    handed: list[str] = field(default_factory=list)
    left_out: dict[LeftOut, list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"handed": self.handed, "left_out": {str(why): cases for why, cases in self.left_out.items()}}


def left_out(one: Standing) -> LeftOut | None:
    """The first reason to leave a case where it is; None if it passes on."""
    if one.closed_at is not None:
        return LeftOut.CLOSED
    return None if one.is_hers else LeftOut.NOT_HERS
