"""The steering group's tables in words: what stands in each column, and what is drawn beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from services.chassis.i18n import locale_of
from services.chassis.pages import label, language
from services.referral.domain.quarters import View, name_of
from services.referral.queries.steering import Row, Table
from services.referral.web.names import Names

#: What the codes of a row are, column by column.
COLUMNS: Mapping[Table, tuple[str, ...]] = MappingProxyType(
    {
        Table.FLOW_IN: ("topic", "organization"),
        Table.FLOW_OUT: ("organization", "flow_end"),
        Table.TIMES: ("waited_for", "organization"),
        Table.DECLINED: ("rejection_reason",),
        Table.FULL: ("topic",),
        Table.UNSERVED: ("topic",),
        Table.OBSTACLES: ("obstacle",),
        Table.OBSTACLE_TOPICS: ("topic", "obstacle"),
        Table.OBSTACLE_EFFECTS: ("obstacle", "obstacle_effect"),
        Table.OBSTACLE_SPHERES: ("legal_sphere", "obstacle"),
        Table.OBSTACLE_AREAS: ("area", "obstacle"),
        Table.OWN: ("own_because", "topic"),
        Table.LANGUAGES: ("language", "interpreter"),
    }
)
#: Tables whose rows are drawn as bars; flows have a picture of their own, and times are no amounts.
DRAWN = frozenset({Table.DECLINED, Table.FULL, Table.UNSERVED, Table.OBSTACLE_TOPICS, Table.OWN, Table.LANGUAGES})
BAR_WIDTH = 440
MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One row as it is drawn: its words, its number, and how long it is."""

    words: str
    often: int
    width: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as it stands on the page and in a file: heads of its columns, and rows of words and numbers."""

    table: Table
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    #: So many columns at the beginning say what the row is about.
    named: int
    bars: tuple[Bar, ...] = ()


class Words:
    """Codes of a steering table as a reader would say them."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def of(self, kind: str, code: str) -> str:
        if not code:
            return label(f"{kind}:all")
        if kind == "organization":
            return self._names.organization(UUID(code))
        if kind == "language":
            return str(locale_of(language()).languages.get(code.partition("-")[0], code))
        return label(f"{kind}:{code}")

    def row(self, table: Table, row: Row) -> tuple[str, ...]:
        return tuple(self.of(kind, code) for kind, code in zip(COLUMNS[table], (row.a, row.b), strict=False))


def shown(table: Table, rows: Sequence[Row], view: View, words: Words) -> Shown:
    heads = tuple(label(f"column:{kind}") for kind in COLUMNS[table])
    if table is Table.TIMES:
        body = [(*words.row(table, row), *spread(row)) for row in rows]
        ends = tuple(label(f"column:{name}") for name in ("often", "middle", "half"))
    elif table is Table.OBSTACLES:
        body = [(*words.row(table, row), *by_quarter(row, rows, view)) for row in once_each(rows)]
        ends = (*(name_of(quarter) for quarter in view.quarters), label("column:period"))
    else:
        body = [(*words.row(table, row), str(row.often)) for row in rows]
        ends = (label("column:often"),)
    bars = bars_of(table, rows, words) if table in DRAWN else ()
    return Shown(table, (*heads, *ends), tuple(body), len(heads), bars)


def spread(row: Row) -> tuple[str, str, str]:
    """How many, the median, and between which days the middle half lies; a dash where too few would say it."""
    half = f"{row.low}–{row.high}" if row.low is not None else "–"
    return str(row.often), str(row.middle) if row.middle is not None else "–", half


def once_each(rows: Sequence[Row]) -> list[Row]:
    """One row for each code, the most frequent first."""
    first = {row.a: row for row in rows}
    return sorted(first.values(), key=lambda row: (-total(row.a, rows), row.a))


def total(code: str, rows: Sequence[Row]) -> int:
    return sum(row.often for row in rows if row.a == code)


def by_quarter(asked: Row, rows: Sequence[Row], view: View) -> tuple[str, ...]:
    """Its number in each quarter, and in all of them together - which may be more: small quarters count by the year."""
    found = {row.quarter: row.often for row in rows if row.a == asked.a}
    quarters = (str(found[quarter]) if quarter in found else "–" for quarter in view.quarters)
    return (*quarters, str(total(asked.a, rows)))


def bars_of(table: Table, rows: Sequence[Row], words: Words) -> tuple[Bar, ...]:
    """The longest rows as bars, the longest of them as long as the picture is wide."""
    most = max((row.often for row in rows), default=1)
    return tuple(
        Bar(", ".join(words.row(table, row)), row.often, max(2, row.often * BAR_WIDTH // most))
        for row in rows[:MOST_BARS]
    )
