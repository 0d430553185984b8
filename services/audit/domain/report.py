"""A year in figures: small ones are hidden, and one that could be worked out from the total is hidden with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: measure -> codes -> how often
Tally = dict[str, Counter[tuple[str, ...]]]

#: Fewer than so many in a cell may point at somebody.
SMALL = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure; None where it is hidden."""

    codes: tuple[str, ...]
    n: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of one measure, the largest first; the total is exact or hidden, never a way to a hidden figure."""

    cells: tuple[Cell, ...]
    total: int | None


def table(counted: Mapping[tuple[str, ...], int]) -> Table:
    """Hide figures below `SMALL`; while the hidden ones are one or few together, the next smallest goes with them."""
    rows = sorted(((codes, n) for codes, n in counted.items() if n > 0), key=lambda row: (-row[1], row[0]))
    small = sum(1 for _, n in rows if n < SMALL)
    first = len(rows) - small
    while small and first > 0 and _points_at_somebody([n for _, n in rows[first:]]):
        first -= 1
    hidden = [n for _, n in rows[first:]]
    cells = tuple(Cell(codes, n if place < first else None) for place, (codes, n) in enumerate(rows))
    return Table(cells, None if _points_at_somebody(hidden) else sum(n for _, n in rows))


def _points_at_somebody(hidden: Sequence[int]) -> bool:
    """Whether a total would give away a hidden figure, or that all of them together are few."""
    return bool(hidden) and (len(hidden) == 1 or sum(hidden) < SMALL)


def grouped(counted: Mapping[tuple[str, ...], int], *places: int) -> Counter[tuple[str, ...]]:
    """The same figures by some of their codes only."""
    found: Counter[tuple[str, ...]] = Counter()
    for codes, n in counted.items():
        found[tuple(codes[place] for place in places)] += n
    return found
