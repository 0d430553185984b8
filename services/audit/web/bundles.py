"""A part of the log to hand over: signed entries, a report to read and print, and the program that verifies them.

Whoever gets it needs nothing of ours: the verifier and how to use it lie beside the entries. The report is a page that
prints well, and a PDF for those who read with a program, where `typst` is installed; what proves something are the
entries.
"""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from apiflask import APIBlueprint
from flask import Response, request, stream_template

from contracts.codes import StaffRole
from services.audit import pdf
from services.audit.config import load_keys
from services.audit.exports import extract_lines
from services.audit.queries import tree
from services.audit.queries.search import FoundEntry, Search, entries_at, positions
from services.audit.web.asking import SearchAsked
from services.audit.web.looking import export
from services.audit.web.printing import selection
from services.audit.web.wanted import search_of
from services.chassis.access import fresh, staff
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.web import room

VERIFIER = Path(__file__).resolve().parents[1] / "verifier" / "lotsennetz_verify.py"
STYLES = Path(__file__).resolve().parents[2] / "chassis" / "static" / "sheet.css"
MOST_BUNDLED = 100_000
#: Setting so many takes half a second and 100 MiB, and both grow with them; of more the page is there.
MOST_IN_PDF = 1_000
IN_MEMORY = 8 << 20
PIECE = 1_000
HOW_TO_VERIFY = """How to verify this folder
=========================

1. That nothing in it was changed:   sha256sum --check MANIFEST.sha256
2. That the log says this (Python 3.11 and `cryptography`; take program and key from somewhere else than this folder):
       python lotsennetz_verify.py --export audit-extract.ndjson --checkpoint checkpoint.note --key audit.pub

Each entry carries its own proof. Where the program says that all neighboring entries are there, nothing was left out
between the first and the last; otherwise this is a selection, and only the whole log shows that it is complete.
report.html and report.pdf (if there is one) are to be read and printed; they prove nothing by themselves.
"""

blueprint = APIBlueprint("audit_bundles", __name__, url_prefix="/audit/api/v1")


@blueprint.get("/bundle")
@fresh
@staff(StaffRole.DPO, StaffRole.AUDITOR)
@blueprint.input(SearchAsked, location="query", arg_name="_")
def bundle(_: dict[str, object]) -> Response:
    """Everything that fits a search (a period, a person, a controller), to hand over: entries, report and verifier."""
    wanted = search_of(request.args)
    with room().unit.db.read() as connection:
        found = sorted(positions(connection, wanted, MOST_BUNDLED))
        signed = tree.latest_checkpoint(connection)
    covered = [position for position in found if signed and position < signed.size]
    if not covered:
        raise NotFoundError("audit.nothing-to-export")
    export("bundle", covered[0], len(covered), wanted)
    file = _packed(covered, wanted)
    headers = {"Content-Disposition": "attachment; filename=lotsennetz-audit.zip"}
    return Response(_pieces(file), headers=headers, content_type="application/zip")


def _packed(found: Sequence[int], wanted: Search) -> IO[bytes]:
    file = cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - closed when it was sent
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder, room().unit.db.read() as connection:
        lines = [f"{digest}  {name}\n" for name, digest in _written(folder, connection, found, wanted)]
        folder.writestr("MANIFEST.sha256", "".join(lines))
    file.seek(0)
    return file


def _written(
    folder: zipfile.ZipFile, connection: Connection, found: Sequence[int], wanted: Search
) -> Iterator[tuple[str, str]]:
    """The parts of the folder, each with its digest."""
    signed = tree.latest_checkpoint(connection)
    assert signed is not None
    yield _add(folder, "audit-extract.ndjson", extract_lines(connection, found))
    yield _add(folder, "report.html", (piece.encode() for piece in _report(connection, found, wanted, signed.note)))
    if pdf.is_possible() and len(found) <= MOST_IN_PDF:
        yield _add(folder, "report.pdf", [_paper(connection, found, wanted, signed.note)])
    yield _add(folder, "checkpoint.note", [tree.witnessed_note(connection, signed).encode()])
    yield _add(folder, "audit.pub", [load_keys(room().settings).text().encode()])
    yield _add(folder, "lotsennetz_verify.py", [VERIFIER.read_bytes()])
    yield _add(folder, "HOW-TO-VERIFY.txt", [HOW_TO_VERIFY.encode()])


def _add(folder: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> tuple[str, str]:
    digest = hashlib.sha256()
    with folder.open(name, "w", force_zip64=True) as part:
        for piece in pieces:
            digest.update(piece)
            part.write(piece)
    return name, digest.hexdigest()


def _report(connection: Connection, found: Sequence[int], wanted: Search, note: str) -> Iterator[str]:
    return stream_template(
        "audit/report.html",
        entries=_entries(connection, found),
        count=len(found),
        wanted=wanted,
        note=note,
        made_at=room().unit.clock.now(),
        styles=STYLES.read_text(encoding="utf-8"),
    )


def _paper(connection: Connection, found: Sequence[int], wanted: Search, note: str) -> bytes:
    made_at = room().unit.clock.now()
    return pdf.written(selection(_entries(connection, found), wanted, note, made_at), made_at, "selection.typ")


def _entries(connection: Connection, found: Sequence[int]) -> Iterator[FoundEntry]:
    for start in range(0, len(found), PIECE):
        part = found[start : start + PIECE]
        read = entries_at(connection, part)
        yield from (read[position] for position in part)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(1 << 16):
            yield piece
