"""Everything public as HSDS's tabular data package: a zip archive of CSV files, written to a file, never to memory."""

import csv
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from services.chassis.db import Connection
from services.directory.domain import hsds
from services.directory.domain.tabular import TABLES, rows_of
from services.directory.queries import Filter, entries
from services.directory.queries.exports import ORGANIZATIONS, stream


def package(connection: Connection, target: IO[bytes]) -> None:
    """Write the archive."""
    with tempfile.TemporaryDirectory() as folder:
        _write_tables(connection, Path(folder))
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in TABLES:
                archive.write(Path(folder) / name, f"{name}.csv")


def _write_tables(connection: Connection, folder: Path) -> None:
    terms: set[str] = set()
    with ExitStack() as stack:
        writers = {}
        for name, columns in TABLES.items():
            file = stack.enter_context((folder / name).open("w", encoding="utf-8", newline=""))
            writers[name] = csv.writer(file)
            writers[name].writerow(columns)
        for table, row in _rows(connection):
            if table == "taxonomy_terms" and row[0] in terms:
                continue
            if table == "taxonomy_terms":
                terms.add(row[0])
            writers[table].writerow(row)


def _rows(connection: Connection) -> Iterator[tuple[str, list[str]]]:
    for row in stream(connection, ORGANIZATIONS):
        body: dict[str, Any] = hsds.organization_full(row["document"], row["locations"])
        yield from rows_of("organizations", body)
        for place in body["locations"]:
            yield from rows_of("locations", place, {"organization_id": body["id"]})
    for service in entries.every_service(connection, Filter()):
        yield from rows_of("services", service)
