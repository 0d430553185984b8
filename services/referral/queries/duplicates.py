"""Duplicate care as the data-protection officer sees it: what was asked, what came of it, and both sides of a matter.

Every figure is counted from the rows that asking, answering and clarifying left; none is kept beside them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import (
    CareResolution,
    DuplicateAnswer,
    DuplicateRefusal,
    DuplicateSide,
    MatterState,
    PersonOnCare,
    Site,
    Topic,
)
from services.chassis.db import Connection
from services.referral.domain.workdays import start_of
from services.referral.store import pseudonyms
from services.referral.store.duplicates import OWN_SIDES

#: What "lately" is on the page.
LATELY = timedelta(days=30)
LONGEST_LIST = 200
ASKED: LiteralString = """
SELECT q.answer, q.refusal, q.asked_id <> e.organization_id AS is_outside, count(*) AS in_all,
       count(*) FILTER (WHERE q.asked_at >= %s) AS lately
FROM duplicate_questions q JOIN enquiries e ON e.id = q.enquiry_id GROUP BY 1, 2, 3"""
SAID: LiteralString = """
SELECT person_says, count(*) AS count FROM (
    SELECT DISTINCT ON (matter_id, side) person_says FROM duplicate_statements WHERE person_says IS NOT NULL
    ORDER BY matter_id, side, said_at DESC, id DESC) AS last GROUP BY 1"""
PERIODS: LiteralString = "SELECT period, count(*) AS persons FROM pseudonyms GROUP BY period ORDER BY period DESC"


@dataclass(frozen=True, slots=True)
class Count:
    """How often, since the beginning and lately."""

    in_all: int = 0
    lately: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.in_all + other.in_all, self.lately + other.lately)


@dataclass(frozen=True, slots=True)
class Period:
    """A key of pseudonyms: how many persons it knows, and whether it still answers."""

    name: str
    persons: int
    answers: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Side:
    """What one desk wrote down."""

    enquiry_id: UUID
    site: Site
    organization_id: UUID
    person_says: PersonOnCare | None
    resolution: CareResolution | None
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Matter:
    """Two cases that may be the same care, with both sides."""

    id: UUID
    topic: Topic
    opened_at: datetime
    state: MatterState
    settled_at: datetime | None
    asking: Side
    found: Side


@dataclass(frozen=True, slots=True)
class DuplicateFigures:
    """Everything the page shows."""

    answers: dict[DuplicateAnswer, Count]
    refusals: dict[DuplicateRefusal, Count]
    #: Of the answered ones, how many another controller was asked.
    outside: Count
    matters: dict[MatterState, int]
    said: dict[PersonOnCare, int]
    periods: list[Period]
    open: list[Matter]
    settled: list[Matter]

    @property
    def asked(self) -> Count:
        """Questions that were answered, with whatever word."""
        return sum((one for answer, one in self.answers.items() if answer is not DuplicateAnswer.REFUSED), Count())


def duplicate_figures(connection: Connection, today: date) -> DuplicateFigures:
    rows = connection.execute(ASKED, (start_of(today - LATELY),)).fetchall()
    states = connection.execute("SELECT state, count(*) AS count FROM duplicate_matters GROUP BY state").fetchall()
    said = connection.execute(SAID).fetchall()
    return DuplicateFigures(
        answers={one: _count(rows, answer=one) for one in DuplicateAnswer},
        refusals={one: _count(rows, refusal=one) for one in DuplicateRefusal},
        outside=_count(rows, is_outside=True, refusal=None),
        matters={one: sum(row["count"] for row in states if row["state"] == one) for one in MatterState},
        said={one: sum(row["count"] for row in said if row["person_says"] == one) for one in PersonOnCare},
        periods=periods(connection, today),
        open=_matters(connection, is_settled=False),
        settled=_matters(connection, is_settled=True),
    )


def _count(rows: list[dict[str, Any]], **wanted: Any) -> Count:
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return sum((Count(row["in_all"], row["lately"]) for row in found), Count())


def periods(connection: Connection, today: date) -> list[Period]:
    """The keys something still hangs on, and the current one even before it knows anybody."""
    current = pseudonyms.current(today)
    held = {row["period"]: row["persons"] for row in connection.execute(PERIODS).fetchall()}
    names = sorted({*held, current[0]}, reverse=True)
    return [Period(name, held.get(name, 0), name in current, name == current[0]) for name in names]


def _matters(connection: Connection, *, is_settled: bool) -> list[Matter]:
    """With both sides; what does not fit together first, then the oldest. Of the settled the newest."""
    order: LiteralString = "m.settled_at DESC, m.id" if is_settled else "m.state = 'open', m.opened_at, m.id"
    rows = connection.execute(
        OWN_SIDES  # noqa: S608 - fixed parts
        + " WHERE (m.state = 'settled') = %s AND m.id IN (SELECT m.id FROM duplicate_matters m"
        + " WHERE (m.state = 'settled') = %s ORDER BY "
        + order
        + " LIMIT %s) ORDER BY "
        + order
        + ", s.side",
        (is_settled, is_settled, LONGEST_LIST),
    ).fetchall()
    return [_matter(asking, found) for asking, found in zip(rows[::2], rows[1::2], strict=True)]


def _matter(asking: dict[str, Any], found: dict[str, Any]) -> Matter:
    assert (asking["side"], found["side"]) == (DuplicateSide.ASKING, DuplicateSide.FOUND)
    return Matter(
        id=asking["matter_id"],
        topic=Topic(asking["topic"]),
        opened_at=asking["opened_at"],
        state=MatterState(asking["state"]),
        settled_at=asking["settled_at"],
        asking=_side(asking),
        found=_side(found),
    )


def _side(row: dict[str, Any]) -> Side:
    return Side(
        enquiry_id=row["enquiry_id"],
        site=Site(row["site"]),
        organization_id=row["organization_id"],
        person_says=PersonOnCare(row["person_says"]) if row["person_says"] else None,
        resolution=CareResolution(row["resolution"]) if row["resolution"] else None,
        said_at=row["said_at"],
    )
