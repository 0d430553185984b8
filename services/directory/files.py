"""Files by command line, for whoever holds the database password anyway: in, out, and somebody else's looked at."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.chassis import config
from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError
from services.chassis.db import Database
from services.chassis.errors import InvalidError, LotsennetzError
from services.chassis.work import Unit
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import Progress
from services.directory.domain.flattening import flatten
from services.directory.domain.foreign import MAX_DOCUMENT
from services.directory.domain.reading import UnreadableError, parse
from services.directory.queries import exports
from services.directory.queries.packages import package

REGION = Path(__file__).parent / "data" / "aachen-muenster.ndjson"
EXPORTS = {"rows": exports.rows, "hsds": exports.nested, "json": exports.document}
TOLD_EVERY = 10_000


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; one clear line for what is wrong with the setting."""
    options = _parse(arguments)
    if options.command == "flatten":
        return flatten_file(options.file, options.source)
    try:
        with Database(config.load("directory").database_url, 1, 1, name="directory.files") as db:
            return export_file(db, options) if options.command == "export" else import_files(db, options)
    except (ConfigError, OSError) as error:
        sys.exit(f"services.directory {options.command}: {error}")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.directory")
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("import", help="take files in, each as a whole or not at all")
    taking.add_argument("--dry-run", action="store_true", help="only say what would change")
    taking.add_argument("--format", choices=[one.value for one in Format], default="rows")
    taking.add_argument("--source", default="", help="the source to cite, for foreign formats")
    taking.add_argument("--lenient", action="store_true", help="leave out what does not fit, and name it")
    taking.add_argument("--plan", help="refuse to do anything else than what this dry run showed")
    taking.add_argument("files", nargs="*", type=Path, default=[REGION])
    giving = commands.add_parser("export", help="write everything that is public")
    giving.add_argument("--format", choices=(*EXPORTS, "csv"), default="rows")
    giving.add_argument("file", type=Path)
    flattening = commands.add_parser("flatten", help="show somebody else's HSDS as rows")
    flattening.add_argument("file", type=Path)
    flattening.add_argument("source")
    return parser.parse_args(arguments)


def import_files(db: Database, options: argparse.Namespace) -> int:
    """Take in each file (by default the region's own); says what changed, or what is wrong where."""
    unit = Unit(db, SystemClock(), "directory")
    for file in options.files or [REGION]:
        try:
            report = _import_file(unit, file, options)
        except InvalidError as error:
            _tell_problems(file, error)
            return 1
        except LotsennetzError as error:
            _say(f"{file}: {error.slug}")
            return 1
        _tell_report(file, report)
    return 0


def _import_file(unit: Unit, file: Path, options: argparse.Namespace) -> dict[str, Any]:
    with file.open("rb") as stream, unit.work(actor="system:import") as work:
        arrival = Arrival(
            stream,
            Format(options.format),
            options.source,
            lenient=options.lenient,
            dry_run=options.dry_run,
            expected_plan=options.plan,
        )
        report: dict[str, Any] = {}
        for progress in _steps(take_in(unit, work, arrival), report):
            if progress.done % TOLD_EVERY == 0 and progress.done:
                _aside(f"{file}: {progress.step} {progress.done:,}")
        return report


def _steps(steps: Any, report: dict[str, Any]) -> Iterator[Progress]:
    report |= yield from steps


def _tell_problems(file: Path, error: InvalidError) -> None:
    for problem in error.data.get("problems", ()):
        place = f"{file}:{problem['file']}" if "file" in problem else str(file)
        _say(f"{place}:{problem['line']}: {problem['field']}: expected {problem['expected']}")
    if "problems" not in error.data:
        _say(f"{file}: {error.slug}: {dict(error.fields)}")


def _tell_report(file: Path, report: dict[str, Any]) -> None:
    for left in report["left_out"]:
        _aside(f"{file}:{left['line']}: left out {left['field']}: expected {left['expected']}")
    if more := report["left_out_count"] - len(report["left_out"]):
        _aside(f"{file}: left out {more} more")
    if report["dry_run"]:
        for change in report["changes"]:
            _say(f"{change['effect']:>9} {change['object']} {change['id']}")
            for name, values in change["diff"].items():
                _say(f"{'':>11}{name}: {_short(values['before'])} -> {_short(values['after'])}")
        if report["changes_not_shown"]:
            _say(f"{'':>9} and {report['changes_not_shown']} more")
        _say(f"     plan {report['plan']}")
    _say(f"{file}: {report['rows']} rows, {report['changed']} new or changed")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _aside(line: str) -> None:
    sys.stderr.write(line + "\n")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def export_file(db: Database, options: argparse.Namespace) -> int:
    """Write everything that is public."""
    if options.format == "csv":
        with db.read() as connection, options.file.open("wb") as archive:
            package(connection, archive)
        return 0
    with db.read() as connection, options.file.open("w", encoding="utf-8") as target:
        target.writelines(EXPORTS[options.format](connection))
    return 0


def flatten_file(file: Path, source: str) -> int:
    """Print the rows of an HSDS service, organization or page of them, each once; ``source`` says where it is from."""
    try:
        given = parse(file.read_bytes(), MAX_DOCUMENT)
    except UnreadableError as error:
        sys.exit(f"{file}: expected {error}")
    seen = set()
    for document in given.get("contents", [given]):
        rows, left_out = flatten(document, source)
        for row in rows:
            if (row["object"], row["id"]) not in seen:
                seen.add((row["object"], row["id"]))
                _say(json.dumps(row, ensure_ascii=False))
        for path, expected in left_out:
            _aside(f"{document.get('id')}: left out {path}: expected {expected}")
    return 0
