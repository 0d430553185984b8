"""What a figure for a funder is: something of a source that bears a tag, counted by cases or by persons."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """What can be counted, by the day on which it was recorded or sent."""

    ENQUIRIES = "enquiries"
    NEEDS = "needs"
    REFERRALS = "referrals"
    OBSTACLES = "obstacles"
    CONSENTS = "consents"


class Counts(StrEnum):
    """Whether cases are counted or the different persons in them."""

    CASES = "cases"
    PERSONS = "persons"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whatever of a source bears one of these tags."""

    source: Source
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """How many cases and how many different persons; none of both where they were none or too few."""

    cases: int | None = None
    persons: int | None = None

    def figure(self, counts: Counts) -> int | None:
        return self.cases if counts is Counts.CASES else self.persons
