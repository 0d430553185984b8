"""What Open Referral's own schemas say to our answers: ``python -m tests.benchmarks.hsds`` writes docs/results/hsds.md.

The region's directory and one in which every field says something are taken in, each in a database of its own; every
list, every entry and every example of the specification that comes in is judged by the published OpenAPI.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from deploy.demo import databases
from deploy.demo.servers import running_postgres
from services.chassis.db import Database
from services.chassis.migrate import migrate
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import finished
from services.directory.service import HERE as DIRECTORY
from services.directory.web.app import create_app
from tests.benchmarks.stage import ROOT
from tests.chassis.web_rig import settings
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.full_rows import a_full_directory
from tests.integration.directory.test_conformance import IDS, compiled, published
from tests.unit.directory.rows import a_source

RESULTS = ROOT / "docs" / "results"
EXAMPLES = ROOT / "tests" / "data" / "hsds-3.0" / "examples"
COME_IN = ("service_full", "service_list", "organization_full")


def answers(reader: Any) -> Iterator[tuple[str, Any]]:
    """Every answer of a directory: its path in the published OpenAPI, and what was said."""
    yield "/", reader.get("/hsds/").json
    for kind in IDS:
        page = reader.get(f"/hsds/{kind}?per_page=200").json
        yield f"/{kind}", page
        for one in page["contents"]:
            yield f"/{kind}/{{id}}", reader.get(f"/hsds/{kind}/{one['id']}").json


def judged(reader: Any) -> tuple[Counter[str], Counter[str]]:
    """How many answers there were at each path, and how many problems were found."""
    described, judges = compiled("openapi"), {}
    seen: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    for path, answer in answers(reader):
        if path not in judges:
            said = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            document = {**said, "components": described["components"]}
            judges[path] = jsonschema_rs.validator_for(document, retriever=published, validate_formats=True)
        seen[path] += 1
        problems[path] += sum(1 for _ in judges[path].iter_errors(answer))
    return seen, problems


def fill(directory: Directory, name: str) -> list[str]:
    """Take in what a name stands for; what was left out of the examples is named."""
    if name == "the region":
        directory.take_in_bytes(REGION.read_bytes())
        return []
    if name == "every field":
        directory.take_in(*a_full_directory())
        return []
    directory.take_in(a_source())
    left_out = []
    for example in COME_IN:
        with directory.unit.work(actor="system:import") as work, (EXAMPLES / f"{example}.json").open("rb") as file:
            report = finished(take_in(directory.unit, work, Arrival(file, Format.HSDS, "a-paper", lenient=True)))
        left_out += [f"{example}: `{one['field']}` ({one['expected']})" for one in report["left_out"]]
    return left_out


def main() -> int:
    passwords = {"directory": "bench", "directory_owner": "bench"}
    lines = [
        "# HSDS 3: what the specification's own schemas say",
        "",
        f"Made by `python -m tests.benchmarks.hsds`, {time.strftime('%Y-%m-%d')}. Every answer is judged by Open",
        "Referral's OpenAPI (version 3.0) with its compiled schemas, formats included;",
        "`tests/integration/directory/test_conformance.py` does the same in small, and shows that a planted",
        "mistake is found.",
        "",
    ]
    with running_postgres(ROOT / ".dev" / "bench-hsds") as postgres:
        databases.ensure_roles(postgres.dsn, "directory", passwords)
        for number, name in enumerate(("the region", "every field", "the specification's examples")):
            database = f"hsds_bench_{os.getpid()}_{number}"
            made = databases.create_database(postgres.dsn, "directory", passwords, name=database)
            migrate(made.owner_dsn, DIRECTORY / "migrations")
            with Database(made.app_dsn) as db:
                directory = Directory(db)
                left_out = fill(directory, name)
                seen, problems = judged(create_app(settings(), directory.unit).test_client())
            lines += [f"## {name[0].upper()}{name[1:]}", "", "| path | answers | problems |", "|---|---:|---:|"]
            lines += [f"| `{path}` | {seen[path]} | {problems[path]} |" for path in seen]
            lines += ["", *([f"Left out on the way in: {'; '.join(left_out)}.", ""] if left_out else [])]
    (RESULTS / "hsds.md").write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(json.dumps(lines[-12:], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
