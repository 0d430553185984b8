"""What `docs/security.md` says of each requirement of OWASP ASVS 5.0.0, levels 1 and 2, and its summary, counted.

A row of the page names one requirement or several that stand or fall together (``6.2.1-6.2.12``), how it is met or what
is missing, its state, and what shows it. The table at the top of the page is made of these rows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.dev.markdown import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
MET, OPEN, FALLS_AWAY = "met", "open", "not applicable"
STATES = (MET, OPEN, FALLS_AWAY)

#: Every requirement of the two levels, as the standard numbers them: chapter.section:numbers.
LEVELS = {
    1: "1.2:1,2,3,4,5 1.3:1,2 1.5:1 2.1:1 2.2:1,2 2.3:1 3.2:1,2 3.3:1 3.4:1,2 3.5:1,2,3 4.1:1 4.4:1 5.2:1,2 5.3:1,2"
    " 6.1:1 6.2:1,2,3,4,5,6,7,8 6.3:1,2 6.4:1,2 7.2:1,2,3,4 7.4:1,2 8.1:1 8.2:1,2 8.3:1 9.1:1,2,3 9.2:1 10.4:1,2,3,4,5"
    " 11.3:1,2 11.4:1 12.1:1 12.2:1,2 13.4:1 14.2:1 14.3:1 15.1:1 15.2:1 15.3:1",
    2: "1.1:1,2 1.2:6,7,8,9 1.3:3,4,5,6,7,8,9,10,11 1.4:1,2,3 1.5:2 2.1:2,3 2.2:3 2.3:2,3,4 2.4:1 3.3:2,3,4"
    " 3.4:3,4,5,6 3.5:4,5 3.7:1,2 4.1:2,3 4.2:1 4.3:1,2 4.4:2,3,4 5.1:1 5.2:3 5.4:1,2,3 6.1:2,3 6.2:9,10,11,12 6.3:3,4"
    " 6.4:3,4 6.5:1,2,3,4,5 6.6:1,2,3 6.8:1,2,3,4 7.1:1,2,3 7.3:1,2 7.4:3,4,5 7.5:1,2 7.6:1,2 8.1:2 8.2:3 8.4:1"
    " 9.2:2,3,4 10.1:1,2 10.2:1,2 10.3:1,2,3,4 10.4:6,7,8,9,10,11 10.5:1,2,3,4,5 10.6:1,2 10.7:1,2,3 11.1:1,2"
    " 11.2:1,2,3 11.3:3 11.4:2,3,4 11.5:1 11.6:1 12.1:2,3 12.3:1,2,3,4 13.1:1 13.2:1,2,3,4,5 13.3:1,2 13.4:2,3,4,5"
    " 14.1:1,2 14.2:2,3,4 14.3:2,3 15.1:2,3 15.2:2,3 15.3:2,3,4,5,6,7 16.1:1 16.2:1,2,3,4,5 16.3:1,2,3,4 16.4:1,2,3"
    " 16.5:1,2,3 17.1:1 17.2:1,2,3,4 17.3:1,2",
}
CHAPTER = re.compile(r"^## V(\d+) (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| (\d+\.\d+\.\d+[^|]*) \|(.+)\|$", re.MULTILINE)
#: How a row says that somebody has to look: no test shows it.
BY_HAND = "by hand:"


def in_order(number: str) -> tuple[int, ...]:
    return tuple(map(int, number.split(".")))


def _levels() -> dict[str, int]:
    found = {
        f"{section}.{number}": level
        for level, text in LEVELS.items()
        for section, _, numbers in (part.partition(":") for part in text.split())
        for number in numbers.split(",")
    }
    return {number: found[number] for number in sorted(found, key=in_order)}


LEVEL = _levels()


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says of one requirement, or of several at once."""

    numbers: tuple[str, ...]
    told: str
    state: str
    shown: str

    @property
    def is_by_hand(self) -> bool:
        return self.state == MET and "::" not in self.shown


def numbers_of(text: str) -> tuple[str, ...]:
    """``1.2.6, 6.2.1-6.2.12``: a stretch holds what the two levels ask for between its ends."""
    named: list[str] = []
    for part in text.split(", "):
        first, _, last = part.strip().partition("-")
        between = [one for one in LEVEL if in_order(first) <= in_order(one) <= in_order(last)] if last else [first]
        named += between
    return tuple(named)


def rows(text: str) -> Iterator[Row]:
    for found in ROW.finditer(text):
        *told, state, shown = (cell.strip() for cell in found[2].split(" | "))
        yield Row(numbers_of(found[1]), " | ".join(told), state, shown)


def summary_of(text: str) -> str:
    """The table at the top: how many requirements of each chapter are met, open, or fall away."""
    stated = {number: row for row in rows(text) for number in row.numbers}
    lines: list[tuple[object, ...]] = []
    for chapter, name in CHAPTER.findall(text):
        here = [number for number in LEVEL if number.partition(".")[0] == chapter]
        lines.append((f"V{chapter} {name}", *_counts(here, stated)))
    lines.append(("**all**", *_counts(list(LEVEL), stated)))
    return table(
        ("chapter", "asked for", "met", "of these by hand", "open", "of these level 1", "not applicable"), lines
    )


def _counts(numbers: list[str], stated: dict[str, Row]) -> tuple[int, ...]:
    known = [number for number in numbers if number in stated]
    still = [number for number in known if stated[number].state == OPEN]
    return (
        len(numbers),
        sum(stated[number].state == MET for number in known),
        sum(stated[number].is_by_hand for number in known),
        len(still),
        sum(LEVEL[number] == 1 for number in still),
        sum(stated[number].state == FALLS_AWAY for number in known),
    )


def summary() -> str:
    return summary_of(PAGE.read_text(encoding="utf-8"))
