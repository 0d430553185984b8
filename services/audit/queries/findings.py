"""Findings as the officer sees them: the newest facts of each, what she made of them, and where that leaves it.

State is what facts and assessments come to: open until assessed, open again when the facts changed after that, settled
when they no longer hold; one that settled before anybody had looked says so. Nothing disappears. The database puts it
together as they come, a row for each finding (`finding_standing`), and it can be put together anew from them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.codes import FindingJudgement, LogFindingKind
from services.audit.queries.controllers import FINDING_OF_CONTROLLER
from services.audit.queries.rules import ENDED
from services.audit.queries.search import FoundEntry, entries_at
from services.audit.queries.staff_rules import ABOUT_STAFF
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError

PAGE = 50


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    REOPENED = "reopened"
    ASSESSED = "assessed"
    SIGNED_OFF = "signed_off"
    SETTLED = "settled"
    #: The facts went before anybody had looked, and it does not vanish.
    SETTLED_UNSEEN = "settled_unseen"


#: What is to be done whatever it is about.
WAITING = (FindingState.OPEN, FindingState.REOPENED)


class Turn(StrEnum):
    """What a row of facts changed."""

    NOTICED = "noticed"
    MORE = "more"
    CHANGED = "changed"
    NO_LONGER = "no_longer"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the entries it rests on, what was made of it, and where it stands."""

    finding_id: UUID
    number: int
    kind: LogFindingKind
    anchor: int
    entry: FoundEntry
    because: FoundEntry | None
    entries: int
    last: int
    holds: bool
    noticed_at: datetime
    state: FindingState
    assessment: int
    judgement: FindingJudgement | None
    assessed_at: datetime | None

    @property
    def is_about_staff(self) -> bool:
        return self.kind in ABOUT_STAFF

    @property
    def waits(self) -> bool:
        return waits(self.kind, self.state)

    @property
    def whose(self) -> str | None:
        """Under which pseudonym it was done; that an access ended was told by operations, and names whose."""
        return self.entry.data.get("staff") if self.entry.type == ENDED else self.entry.actor


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a finding's history: facts that changed, or an assessment."""

    at: datetime
    turn: Turn | None = None
    position: int | None = None
    because: int | None = None
    entries: int = 0
    judgement: FindingJudgement | None = None
    signed_off: bool = False
    by: str | None = None
    note: bytes | None = None
    note_sha256: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are listed, for whom."""

    kind: LogFindingKind | None = None
    #: None is what waits.
    states: Sequence[FindingState] | None = None
    #: Whose cases alone; what is about staff is then left out.
    controller: UUID | None = None


#: As `waits`, of what stands.
WAITS = f"""
(state IN ({", ".join(f"'{one}'" for one in WAITING)})
    OR state = '{FindingState.SETTLED_UNSEEN}' AND kind IN ({", ".join(f"'{one}'" for one in sorted(ABOUT_STAFF))}))
"""
#: An auditor sees her controller's, and nothing about staff.
LIMITED = f"kind <> ALL(%s) AND {FINDING_OF_CONTROLLER}"
HISTORY = """
SELECT noticed_at AS at, number, position, because, entries, holds, lag(holds) OVER steps AS held,
    lag(because) OVER steps AS was_because, lag(entries) OVER steps AS had_entries
FROM finding_facts WHERE finding_id = %s WINDOW steps AS (ORDER BY number) ORDER BY number
"""
ASSESSMENTS = """
SELECT number, judgement, signed_off, note, note_sha256, assessed_by, assessed_at FROM finding_assessments
WHERE finding_id = %s ORDER BY number
"""


def waits(kind: LogFindingKind, state: FindingState) -> bool:
    """Whether an officer has to look: what staff can clear up by doing something more waits until one has."""
    return state in WAITING or (state is FindingState.SETTLED_UNSEEN and kind in ABOUT_STAFF)


def how_many(
    counted: Mapping[tuple[str, str], int], states: Sequence[FindingState] | None, kinds: Collection[LogFindingKind]
) -> int:
    """How many of these kinds are in one of the states, or wait."""
    told = ((LogFindingKind(kind), FindingState(state), n) for (kind, state), n in counted.items())
    return sum(
        n for kind, state, n in told if kind in kinds and (waits(kind, state) if states is None else state in states)
    )


def counts(connection: Connection, controller: UUID | None = None) -> dict[tuple[str, str], int]:
    """How many findings there are of each kind in each state."""
    conditions, values = _limits(controller)
    query = f"SELECT kind, state, count(*) AS n FROM finding_standing {_where(conditions)} GROUP BY kind, state"  # noqa: S608 - the text above
    rows = connection.execute(query.encode(), values, prepare=False).fetchall()
    return {(row["kind"], row["state"]): row["n"] for row in rows}


def findings(
    connection: Connection, wanted: Wanted, before: int | None = None, limit: int = PAGE
) -> tuple[list[Finding], int | None]:
    """Those whose facts changed last come first; and after which the next page begins."""
    conditions, values = _limits(wanted.controller)
    if wanted.states is None:
        conditions.append(WAITS)
    else:
        conditions.append("state = ANY(%s)")
        values.append([str(state) for state in wanted.states])
    if wanted.kind is not None:
        conditions.append("kind = %s")
        values.append(str(wanted.kind))
    if before is not None:
        conditions.append("number < %s")
        values.append(before)
    query = f"SELECT * FROM finding_standing {_where(conditions)} ORDER BY number DESC LIMIT %s"  # noqa: S608 - the text above
    rows = connection.execute(query.encode(), [*values, limit + 1], prepare=False).fetchall()
    found = _with_entries(connection, rows[:limit], wanted.controller)
    return found, found[-1].number if len(rows) > limit else None


def finding_of(connection: Connection, finding_id: UUID, controller: UUID | None = None) -> Finding:
    """One finding; one that is not the caller's to see is not there."""
    conditions, values = _limits(controller)
    where = _where(["finding_id = %s", *conditions])
    query = f"SELECT * FROM finding_standing {where}"  # noqa: S608 - the text above
    rows = connection.execute(query.encode(), [finding_id, *values], prepare=False).fetchall()
    if not rows:
        raise NotFoundError("audit.finding-unknown")
    return _with_entries(connection, rows, controller)[0]


def anchored_at(connection: Connection, position: int, controller: UUID | None = None) -> list[Finding]:
    """The findings that hang on an entry."""
    kinds = [kind for kind in LogFindingKind if controller is None or kind not in ABOUT_STAFF]
    query = "SELECT DISTINCT finding_id FROM finding_facts WHERE kind = ANY(%s) AND anchor = %s"
    rows = connection.execute(query, ([str(kind) for kind in kinds], position), prepare=False)
    return [finding_of(connection, row["finding_id"], controller) for row in rows]


def history(connection: Connection, finding_id: UUID) -> list[Step]:
    """Everything that became of a finding, the oldest first."""
    told = [
        Step(row["at"], _turn(row), row["position"], row["because"], row["entries"])
        for row in connection.execute(HISTORY, (finding_id,), prepare=False)
    ]
    said = [
        Step(
            row["assessed_at"],
            judgement=FindingJudgement(row["judgement"]),
            signed_off=row["signed_off"],
            by=row["assessed_by"],
            note=row["note"],
            note_sha256=row["note_sha256"],
            number=row["number"],
        )
        for row in connection.execute(ASSESSMENTS, (finding_id,), prepare=False)
    ]
    return sorted([*told, *said], key=lambda step: step.at)


def _turn(row: Mapping[str, Any]) -> Turn:
    if row["held"] is None:
        return Turn.NOTICED
    if row["held"] != row["holds"]:
        return Turn.AGAIN if row["holds"] else Turn.NO_LONGER
    return Turn.MORE if row["entries"] > row["had_entries"] else Turn.CHANGED


def _limits(controller: UUID | None) -> tuple[list[str], list[Any]]:
    if controller is None:
        return [], []
    return [LIMITED], [[str(kind) for kind in sorted(ABOUT_STAFF)], controller, controller]


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _with_entries(connection: Connection, rows: Sequence[Mapping[str, Any]], controller: UUID | None) -> list[Finding]:
    """What made an entry remarkable may be another controller's, and then is not shown to this one's auditor."""
    entries = entries_at(connection, sorted({row["position"] for row in rows}))
    reasons = entries_at(connection, sorted({row["because"] for row in rows} - {None}), controller)
    return [
        Finding(
            finding_id=row["finding_id"],
            number=row["number"],
            kind=LogFindingKind(row["kind"]),
            anchor=row["anchor"],
            entry=entries[row["position"]],
            because=reasons.get(row["because"]),
            entries=row["entries"],
            last=row["last"],
            holds=row["holds"],
            noticed_at=row["noticed_at"],
            state=FindingState(row["state"]),
            assessment=row["assessment"],
            judgement=FindingJudgement(row["judgement"]) if row["judgement"] else None,
            assessed_at=row["assessed_at"],
        )
        for row in rows
    ]
