"""A directory file: NDJSON, one object per line, so that whatever is wrong has a line to be named by.

Nothing is believed: the file may be huge, deeply nested, in another encoding, full of duplicates. It is read line by
line with bounds, and every problem found is a `RowProblem`; after `MAX_PROBLEMS` the rest is not worth reading.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from services.directory.domain.formats import as_id
from services.directory.domain.meaning import contradictions
from services.directory.domain.objects import FIELDS, READERS, Kind
from services.directory.domain.shapes import Problems

#: Objects without an id of their own: there is one for each object they speak of.
OWNED = {Kind.PARTICIPATION: "organization_id", Kind.REPORT: "service_id"}

MAX_LINE = 256 * 1024
MAX_LINES = 5_000_000
MAX_DEPTH = 24
MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One well-formed object of a file. Its id is a UUID, an area's official key or a source's slug, as text."""

    line: int
    kind: Kind
    id: str
    document: dict[str, Any]
    #: Which file of a package; empty where there is one file only.
    file: str = ""
    #: Only mentioned by another object: nothing is changed by it, but it may be what there is to begin with.
    aside: bool = False


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong: in which line, at which field, and what was expected there."""

    line: int
    field: str
    expected: str
    file: str = ""


class UnreadableError(Exception):
    """A line that is no JSON object; the message says what was expected."""


def read_rows(read_line: Callable[[int], bytes]) -> Iterator[Row | RowProblem]:
    """Everything in a file, line by line; `read_line(limit)` is the bounded ``readline`` of a binary stream."""
    problems = 0
    for line, raw in _lines(read_line):
        for found in _read_line(line, raw):
            problems += isinstance(found, RowProblem)
            yield found
        if problems >= MAX_PROBLEMS or line > MAX_LINES:
            yield RowProblem(line, "", "fewer lines or fewer mistakes: the rest was not read")
            return


def read_object(kind: Kind, value: Any, line: int = 1, file: str = "") -> Row | list[RowProblem]:
    """One object from its JSON value."""
    problems: Problems = []
    document = READERS[kind](value, "", problems)
    if not problems:
        problems.extend(contradictions(kind, document))
    if problems:
        return [RowProblem(line, field, expected, file) for field, expected in problems]
    return Row(line, kind, _id_of(kind, document, value), document, file)


def _lines(read_line: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty; one that is too long is passed on cut, and the rest of it skipped."""
    line = 0
    while raw := read_line(MAX_LINE + 1):
        line += 1
        rest = raw
        while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
            rest = read_line(MAX_LINE + 1)
        if raw.strip():
            yield line, raw


def _read_line(line: int, raw: bytes) -> Iterator[Row | RowProblem]:
    try:
        value = parse(raw)
    except UnreadableError as error:
        yield RowProblem(line, "", str(error))
        return
    kind = value.pop("object", None)
    if kind not in list(Kind):
        yield RowProblem(line, "object", f"one of {', '.join(Kind)}")
        return
    found = read_object(Kind(kind), value, line)
    yield from [found] if isinstance(found, Row) else found


def parse(raw: bytes, limit: int = MAX_LINE) -> dict[str, Any]:
    """One JSON object out of bytes that may be anything."""
    if len(raw) > limit:
        raise UnreadableError(f"a line of at most {limit} bytes")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_number)
        if b"\\u" in raw:
            _refuse_half_characters(value)
    except UnicodeError:
        raise UnreadableError("text in UTF-8") from None
    except RecursionError:
        raise UnreadableError(f"at most {MAX_DEPTH} levels of nesting") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"a JSON object; column {error.colno}: {error.msg}") from None
    except ValueError:  # a number of thousands of digits
        raise UnreadableError("a JSON object with numbers of a sensible size") from None
    if not isinstance(value, dict):
        raise UnreadableError("a JSON object")
    _refuse_depth(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableError(f"each name once in an object; twice: {twice[:60]}")
    return made


def _refuse_half_characters(value: Any) -> None:
    """Escapes can write what is no character: half of a pair, or the zero that no database keeps in a text."""
    written = json.dumps(value, ensure_ascii=False)
    written.encode("utf-8")
    if "\\u0000" in written:
        raise UnreadableError("text without the character zero")


def _no_number(word: str) -> NoReturn:
    raise UnreadableError(f"a JSON number, not {word}")


def _refuse_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise UnreadableError(f"at most {MAX_DEPTH} levels of nesting")
        level = [inner for item in level for inner in _inside(item)]


def _inside(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _id_of(kind: Kind, document: dict[str, Any], given: dict[str, Any]) -> str:
    """The object's id; a slug it was named by is kept beside the id it stands for."""
    if kind in OWNED:
        return str(document[OWNED[kind]])
    if "slug" in FIELDS[kind] and str(as_id(kind, given["id"])) != str(given["id"]).lower():
        document["slug"] = given["id"]
    return str(document["id"])
