"""Whole directories in and out: files are taken in by editors, what is public is given to everybody."""

import json
import tempfile
from collections.abc import Iterator
from typing import Any

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import OneOf, Regexp
from flask import Response, request, send_file, stream_with_context
from marshmallow import EXCLUDE

from contracts.codes import StaffRole
from services.chassis.access import public, staff
from services.chassis.errors import LotsennetzError
from services.chassis.web import request_work, room
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import Progress, finished
from services.directory.queries import exports
from services.directory.queries.packages import package
from services.directory.web import limits

Json = dict[str, Any]
NDJSON = "application/x-ndjson"
FALSE = ("", "0", "false")
EXPORTS = {"rows": exports.rows, "hsds": exports.nested, "json": exports.document}

blueprint = APIBlueprint("interchange", __name__)
editors = staff(StaffRole.DIRECTORY_EDITOR, StaffRole.OPERATIONS)


class Wanted(Schema):
    """How a file is to be taken in."""

    class Meta:
        unknown = EXCLUDE

    format = fields.String(load_default="rows", validate=OneOf([one.value for one in Format]))
    source = fields.String(load_default="", validate=Regexp("[a-z0-9-]*$"))
    plan = fields.String(validate=Regexp("[0-9a-f]{64}$"))


class Given(Schema):
    """What the directory is to be given away as."""

    class Meta:
        unknown = EXCLUDE

    format = fields.String(load_default="rows", validate=OneOf((*EXPORTS, "csv")))


@blueprint.post("/directory/operator/imports")
@blueprint.input(Wanted, location="query")
@editors
def import_file(query_data: Json) -> Json | Response:
    """Take in a file as a whole, also compressed with gzip; with ``?dry_run=1`` only say what it would do.

    ``plan``, from the report of a dry run, refuses to do anything else than what was looked at. Who accepts
    ``application/x-ndjson`` is told how far it is, a line at a time; the last one is the report or the problem.
    """
    arrival = Arrival(
        request.stream,
        Format(query_data["format"]),
        query_data["source"],
        lenient=_flag("lenient"),
        dry_run=_flag("dry_run"),
        expected_plan=query_data.get("plan"),
    )
    if NDJSON in request.accept_mimetypes.values():
        return Response(stream_with_context(_told(arrival)), mimetype=NDJSON)
    with request_work() as work:
        return finished(take_in(room().unit, work, arrival))


@blueprint.before_request
def begin() -> None:
    """An export is made so often and no more, and before anything of the question is read."""
    if request.endpoint == "interchange.export":
        limits.EXPORTS.expect_patience()


@blueprint.get("/hsds/export")
@blueprint.input(Given, location="query")
@public
def export(query_data: Json) -> Response:
    """All that is public: rows that fill an empty directory, nested HSDS per line, one JSON document, or CSV files."""
    kind = query_data["format"]
    if kind == "csv":
        return _packed()

    def lines() -> Iterator[str]:
        with room().unit.db.read() as connection:
            yield from EXPORTS[kind](connection)

    mimetype = "application/json" if kind == "json" else NDJSON
    return Response(stream_with_context(lines()), mimetype=mimetype)


def _packed() -> Response:
    """The archive is written to a file that vanishes with the answer."""
    kept = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer, which is sent after this function
    with room().unit.db.read() as connection:
        package(connection, kept)
    size = kept.tell()
    kept.seek(0)
    answer = send_file(kept, mimetype="application/zip", download_name="hsds.zip", as_attachment=True)
    answer.content_length = size
    return answer


def _told(arrival: Arrival) -> Iterator[str]:
    """Each step as a line. The status was sent long before the end is known, so the last line says how it ended."""
    try:
        with request_work() as work:
            steps = take_in(room().unit, work, arrival)
            report: Json = {}
            for progress in _steps(steps, report):
                yield _line({"step": progress.step, "done": progress.done})
        yield _line({"report": report})
    except LotsennetzError as error:
        yield _line({"problem": {"slug": error.slug, **getattr(error, "data", {})}})


def _steps(steps: Any, report: Json) -> Iterator[Progress]:
    report |= yield from steps


def _flag(name: str) -> bool:
    return request.args.get(name, "0") not in FALSE


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
