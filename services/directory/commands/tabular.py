"""A package of CSV files: each row finds its parent in the database, each mistake its file, line and column."""

import csv
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from services.chassis.db import Connection
from services.directory.domain.foreign import Foreign
from services.directory.domain.objects import Kind
from services.directory.domain.reading import MAX_LINE, MAX_PROBLEMS, Row, RowProblem
from services.directory.domain.tabular import TABLES, parents_of, value_of
from services.directory.store import tabular

Json = dict[str, Any]
MAX_FILES = 60
MAX_UNPACKED = 4 * 1024**3
IN_MEMORY = 1024 * 1024

#: Which files hold objects of ours; everything else hangs below one of them.
HEADS = {
    "organizations": Kind.ORGANIZATION,
    "locations": Kind.LOCATION,
    "services": Kind.SERVICE,
    "service_at_location": Kind.SERVICE_AT_LOCATION,
}


def read_package(tx: Connection, read: Callable[[int], bytes], foreign: Foreign) -> Iterator[Row | RowProblem]:
    """Every object of a zipped tabular data package."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        while part := read(IN_MEMORY):
            kept.write(part)
        kept.seek(0)
        try:
            with zipfile.ZipFile(kept) as package:
                problems = list(_put_down(tx, package))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):  # the last: encrypted, or packed unknown ways
            problems = [RowProblem(0, "", "a zip archive of CSV files")]
    yield from problems
    if not problems:
        yield from _objects(tx, foreign)


def _put_down(tx: Connection, package: zipfile.ZipFile) -> Iterator[RowProblem]:
    """Read every file into the database; what is wrong with its form is found on the way."""
    files = {PurePosixPath(one.filename).name.removesuffix(".csv"): one for one in package.infolist()}
    found = {name: one for name, one in files.items() if name in TABLES and one.filename.endswith(".csv")}
    if len(package.infolist()) > MAX_FILES or sum(one.file_size for one in found.values()) > MAX_UNPACKED:
        yield RowProblem(0, "", f"at most {MAX_FILES} files of {MAX_UNPACKED} bytes together")
        return
    if not {"organizations", "services"} & found.keys():
        yield RowProblem(0, "", "organizations.csv or services.csv among the files")
        return
    problems: list[RowProblem] = []
    with tabular.cells(tx) as copy:
        for name, entry in found.items():
            with package.open(entry) as raw:
                for line, one in _lines(raw, f"{name}.csv", TABLES[name]):
                    if isinstance(one, RowProblem):
                        problems.append(one)
                    else:
                        tabular.put(copy, name, line, parents_of(one), one)
                    if len(problems) >= MAX_PROBLEMS:
                        break
    yield from problems


def _lines(raw: IO[bytes], file: str, columns: tuple[str, ...]) -> Iterator[tuple[int, Json | RowProblem]]:
    """The rows of one file, or what keeps them from being read."""
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    rows = csv.reader(_bounded(text), strict=True)
    try:
        header = next(rows, [])
        if unknown := [one for one in header if one not in columns] or (not header and ["nothing"]):
            expected = f"the columns {', '.join(columns)}; not {', '.join(unknown)[:100]}"
            yield 1, RowProblem(1, "", expected, file)
            return
        for cells in rows:
            if len(cells) > len(header):
                yield rows.line_num, RowProblem(rows.line_num, "", f"{len(header)} columns", file)
            elif any(cells):
                given = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
                yield rows.line_num, {name: value_of(name, cell) for name, cell in given.items()}
    except UnicodeDecodeError:
        yield rows.line_num, RowProblem(rows.line_num + 1, "", "text in UTF-8", file)
    except (csv.Error, ValueError) as error:
        yield rows.line_num, RowProblem(rows.line_num + 1, "", f"a row of CSV: {error}", file)


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"a line of at most {MAX_LINE} characters")
        if "\0" in line:
            raise ValueError("text without the character zero")
        yield line


def _objects(tx: Connection, foreign: Foreign) -> Iterator[Row | RowProblem]:
    for table, kind in HEADS.items():
        for rows in tabular.of_kind(tx, table):
            made = {row["id"]: _marked(row) for row in rows}
            _hang_below(tx, made)
            for value in made.values():
                yield from foreign.single(kind, value, value["_at"][1], value["_at"][0])


def _marked(row: Json) -> Json:
    """A row's object, with the file and line it stands in."""
    return {**row["document"], "_at": (f"{row['kind']}.csv", row["line"])}


def _hang_below(tx: Connection, made: dict[str, Json]) -> None:
    """Contacts, phones, languages ... each below its object, three levels deep."""
    level = made
    for _ in range(3):
        rows = [row for row in tabular.below(tx, level) if row["kind"] not in HEADS] if level else []
        terms = tabular.named(tx, "taxonomy_terms", {row["document"].get("taxonomy_term_id", "") for row in rows})
        following: dict[str, Json] = {}
        for row in rows:
            value = _marked(row)
            if (term := value.get("taxonomy_term_id")) in terms:
                value["taxonomy_term"] = terms[term]
            for parent in set(row["parents"]) & level.keys():
                level[parent].setdefault(row["kind"], []).append(value)
            following[row["id"]] = value
        level = following
