"""``python -m services.directory web | relay | clock | all | migrate | republish``, and two to begin with.

``import FILE ...`` takes files in without a token, for whoever holds the database password anyway: the first filling of
an empty directory. Later files go through the operators' door, where they are signed for. ``flatten FILE SOURCE``
prints somebody else's HSDS as rows of a directory file, for an editor to complete; what was left out goes to standard
error.
"""

import json
import sys
from pathlib import Path

from services.chassis import config
from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError
from services.chassis.db import Database
from services.chassis.errors import InvalidError
from services.chassis.launch import main
from services.chassis.work import Unit
from services.directory.commands.imports import import_file
from services.directory.domain.flattening import flatten
from services.directory.domain.reading import UnreadableError, parse
from services.directory.service import DIRECTORY, HERE

MAX_FEED = 64 * 1024 * 1024
REGION = HERE / "data" / "aachen-muenster.ndjson"


def import_files(files: list[str], dry_run: bool) -> int:
    """Take in each file (by default the region's own) as a whole; says what changed, or what is wrong where."""
    with Database(config.load("directory").database_url, 1, 1, name="directory.import") as db:
        unit = Unit(db, SystemClock(), "directory")
        for file in files or [str(REGION)]:
            try:
                with Path(file).open("rb") as source, unit.work(actor="system:import") as work:
                    report = import_file(work, source.readline, dry_run=dry_run)
            except InvalidError as error:
                for problem in error.data["problems"]:
                    print(f"{file}:{problem['line']}: {problem['field']}: expected {problem['expected']}")
                return 1
            print(f"{file}: {report['rows']} rows, {len(report['changes'])} new or changed")
    return 0


def flatten_file(file: str, source: str) -> int:
    """Print the rows of an HSDS service, organization or page of them, each once; ``source`` says where it is from."""
    try:
        given = parse(Path(file).read_bytes(), MAX_FEED)
    except UnreadableError as error:
        sys.exit(f"{file}: expected {error}")
    seen = set()
    for document in given.get("contents", [given]):
        rows, left_out = flatten(document, source)
        for row in rows:
            if (row["object"], row["id"]) not in seen:
                seen.add((row["object"], row["id"]))
                print(json.dumps(row, ensure_ascii=False))
        for path, expected in left_out:
            print(f"{document.get('id')}: left out {path}: expected {expected}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["flatten"]:
        sys.exit(flatten_file(*sys.argv[2:4]) if len(sys.argv) == 4 else "flatten FILE SOURCE")
    if sys.argv[1:2] == ["import"]:
        options = [argument for argument in sys.argv[2:] if argument == "--dry-run"]
        try:
            sys.exit(import_files([argument for argument in sys.argv[2:] if argument not in options], bool(options)))
        except (ConfigError, OSError) as error:
            sys.exit(f"services.directory import: {error}")
    main(DIRECTORY)
