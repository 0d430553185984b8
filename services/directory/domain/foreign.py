"""Somebody else's HSDS, one nested object per line or one document, as rows of ours.

Strictly, what does not fit is a problem like any other; leniently it is left out and named. Each object carries where
it was fetched from, unless it already says so itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.directory.domain.flattening import Unplaced, flat, flatten
from services.directory.domain.objects import FIELDS, Kind
from services.directory.domain.reading import (
    MAX_LINE,
    MAX_PROBLEMS,
    Row,
    RowProblem,
    UnreadableError,
    parse,
    read_object,
)
from services.directory.domain.shapes import Problems

ReadLine = Callable[[int], bytes]
Json = dict[str, Any]

#: A document that is not one object per line is read whole.
MAX_DOCUMENT = 64 * 1024 * 1024
#: An organization with all its services on one line is long.
MAX_NESTED_LINE = 8 * MAX_LINE


@dataclass(slots=True)
class Foreign:
    """Where objects come from, and what of them was left out."""

    source: str
    retrieved_at: str
    lenient: bool = False
    left_out: list[RowProblem] = field(default_factory=list)
    #: How many there are, also of those that are not kept one by one.
    left_out_count: int = 0

    def single(self, kind: Kind, value: Mapping[str, Any], line: int, file: str) -> Iterator[Row | RowProblem]:
        """One object of a package, whose parts say under `_at` in which file and line they stand."""
        made, left_out = flat(kind, value, self.source)
        yield from self._judged(left_out, lambda path, expected: _placed(value, path, expected))
        for row in made:
            yield from self.row(row, line, file)

    def rows(self, value: Mapping[str, Any], line: int, within: str = "") -> Iterator[Row | RowProblem]:
        """One nested object as rows; `within` says where in its line it stands."""
        made, left_out = flatten(value, self.source)
        yield from self._judged(left_out, lambda path, expected: RowProblem(line, within + path, expected))
        for row in made:
            mentioned = row["object"] == Kind.ORGANIZATION and "status" in value
            yield from self.row(row, line, mentioned=mentioned)

    def _judged(self, left_out: Problems, placed: Callable[[str, str], RowProblem]) -> Iterator[RowProblem]:
        """What has no place here is told; what does not fit is told, too, or strictly a mistake."""
        unplaced = [one for one in left_out if isinstance(one[1], Unplaced)]
        misfits = _causes([one for one in left_out if not isinstance(one[1], Unplaced)])
        if not self.lenient:
            yield from (placed(*one) for one in misfits)
        told = [placed(*one) for one in (*(misfits if self.lenient else ()), *unplaced)]
        self.left_out_count += len(told)
        self.left_out.extend(told[: MAX_PROBLEMS - len(self.left_out)])

    def row(self, given: Json, line: int, file: str = "", *, mentioned: bool = False) -> Iterator[Row | RowProblem]:
        """One row of ours that was made of something foreign; an area is only ever mentioned, by its German name."""
        kind = Kind(given.pop("object"))
        if "origin" in FIELDS[kind] and kind is not Kind.AREA:
            origin = {"system": self.source, "id": str(given["id"]), "retrieved_at": self.retrieved_at}
            given.setdefault("origin", origin)
        found = read_object(kind, given, line, file)
        yield from [replace(found, aside=mentioned or kind is Kind.AREA)] if isinstance(found, Row) else found


def _causes(left_out: Problems) -> Problems:
    """Without what was only left out because something in it was."""
    paths = [path for path, _ in left_out]
    return [
        (path, expected)
        for path, expected in left_out
        if not any(other.startswith((f"{path}.", f"{path}[")) for other in paths)
    ]


def _placed(value: Mapping[str, Any], path: str, expected: str) -> RowProblem:
    """A problem at the file, line and column of the part it is in."""
    inside: Any = value
    (file, line), rest = value["_at"], path.partition(".")[2]
    for name, index in re.findall(r"([a-z_]+)\[([0-9]+)\]\.?", rest):
        inside = inside.get(name, ())
        if int(index) >= len(inside):
            break
        inside = inside[int(index)]
        (file, line), rest = inside["_at"], rest.partition("].")[2]
    return RowProblem(line, rest or path, expected, file)


def read_hsds(read_line: ReadLine, foreign: Foreign) -> Iterator[Row | RowProblem]:
    """Everything in a file of nested HSDS objects, of pages of them, or of one per line."""
    problems = 0
    for line, within, value in _documents(read_line):
        if isinstance(value, RowProblem):
            found: Iterator[Row | RowProblem] = iter([value])
        else:
            found = foreign.rows(value, line, within)
        for one in found:
            problems += isinstance(one, RowProblem)
            yield one
        if problems >= MAX_PROBLEMS:
            return


def _documents(read_line: ReadLine) -> Iterator[tuple[int, str, Mapping[str, Any] | RowProblem]]:
    first = read_line(MAX_NESTED_LINE + 1)
    try:
        values = iter([(1, parse(first, MAX_NESTED_LINE))])
    except UnreadableError:
        yield from _whole(first, read_line)
        return
    for line, value in _and_lines(values, read_line):
        yield from ((line, within, one) for within, one in _inside(value, line))


def _and_lines(
    first: Iterator[tuple[int, Json]], read_line: ReadLine
) -> Iterator[tuple[int, Mapping[str, Any] | RowProblem]]:
    yield from first
    line = 1
    while raw := read_line(MAX_NESTED_LINE + 1):
        line += 1
        rest = raw
        while len(rest) > MAX_NESTED_LINE and not rest.endswith(b"\n"):
            rest = read_line(MAX_NESTED_LINE + 1)
        if not raw.strip():
            continue
        try:
            yield line, parse(raw, MAX_NESTED_LINE)
        except UnreadableError as error:
            yield line, RowProblem(line, "", str(error))


def _whole(first: bytes, read_line: ReadLine) -> Iterator[tuple[int, str, Mapping[str, Any] | RowProblem]]:
    parts, size = [first], len(first)
    while size <= MAX_DOCUMENT and (raw := read_line(MAX_LINE)):
        parts.append(raw)
        size += len(raw)
    try:
        value = parse(b"".join(parts), MAX_DOCUMENT)
    except UnreadableError as error:
        yield 1, "", RowProblem(1, "", str(error))
        return
    yield from ((1, within, one) for within, one in _inside(value, 1))


def _inside(value: Mapping[str, Any] | RowProblem, line: int) -> Iterator[tuple[str, Mapping[str, Any] | RowProblem]]:
    """The objects of a page, each with its place there, or the one object."""
    if not isinstance(value, Mapping) or "contents" not in value:
        yield "", value
        return
    contents = value["contents"]
    if not isinstance(contents, list):
        yield "", RowProblem(line, "contents", "a list of objects")
        return
    for index, one in enumerate(contents):
        place = f"contents[{index}]"
        yield f"{place}.", one if isinstance(one, Mapping) else RowProblem(line, place, "an object")
