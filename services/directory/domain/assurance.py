"""When an organization is asked whether its entries are still true, how often, and what an answer is about."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from services.chassis.errors import InvalidError
from services.directory.domain.freshness import WARNED_AFTER

#: Whoever is asked about one entry is asked along about those that will be due so soon, and not again before.
ASK_AGAIN = timedelta(days=60)
REMIND_AFTER = timedelta(days=14)
UNANSWERED_AFTER = timedelta(days=28)
#: By hand, somebody is asked once more only when the last mail has had its chance.
BY_HAND_AGAIN = timedelta(days=1)
WORDS_AT_MOST = 2000

#: What says nothing about whether the rest is true: capacity has a day of its own.
OF_THE_DAY = ("assured_date", "capacity", "capacity_reported_on")


class Step(StrEnum):
    """How far it is with an organization that has entries to confirm, what needs an editor first."""

    NOBODY = "nobody"
    UNANSWERED = "unanswered"
    REMINDED = "reminded"
    ASKED = "asked"
    NEXT = "next"


def due_before(today: date) -> date:
    """Whoever gave her word before this day is asked for it anew."""
    return today - WARNED_AFTER


def along_before(today: date) -> date:
    """Whoever gave it before this day is asked along."""
    return today - (WARNED_AFTER - ASK_AGAIN)


@dataclass(frozen=True, slots=True)
class Asked:
    """When an organization was asked last, and reminded."""

    asked_at: datetime | None
    reminded_at: datetime | None
    has_mailbox: bool

    @property
    def latest(self) -> datetime | None:
        return max(filter(None, (self.asked_at, self.reminded_at)), default=None)


def step(asked: Asked, now: datetime) -> Step:
    """What comes next for an organization with entries to confirm."""
    asked_at, latest = asked.asked_at, asked.latest
    if asked_at is None or latest is None or now - latest >= ASK_AGAIN:
        return Step.NEXT if asked.has_mailbox else Step.NOBODY
    if now - asked_at >= UNANSWERED_AFTER:
        return Step.UNANSWERED
    return Step.REMINDED if asked.reminded_at else Step.ASKED


def may_be_asked_by_hand(asked: Asked, now: datetime) -> bool:
    return asked.has_mailbox and (asked.latest is None or now - asked.latest >= BY_HAND_AGAIN)


def print_of(row: Mapping[str, Any]) -> str:
    """A short sum over all that a reader was shown of an entry; another one means that it was changed meanwhile."""
    document = {name: value for name, value in row["document"].items() if name not in OF_THE_DAY}
    seen = {"document": document, **{name: row[name] for name in ("organization", "areas", "places")}}
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


def words_of(text: str) -> str:
    """What somebody says is wrong, as it is kept."""
    words = "\n".join(line.strip() for line in text.replace("\x00", "").splitlines()).strip()
    if not 1 <= len(words) <= WORDS_AT_MOST:
        raise InvalidError("directory.doubt-invalid", {"words": "some-words"})
    return words
