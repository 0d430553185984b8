"""A suite that writes down what came of it: its figures as JSON and as a page, kept where only a part was run again."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Found = Mapping[str, Mapping[str, Any]]


def run_and_keep(
    suite: Path, told: str | None, outcomes: Callable[[str], Found], page: Callable[[dict[str, Any]], str]
) -> int:
    """Run the suite of this folder; with ``--out`` write down what was found, named as the folder is."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.system.{suite.name}", description=told)
    parser.add_argument("--out", type=Path, help="write the result here, as JSON and as a page")
    parser.add_argument("rest", nargs="*", help="for pytest")
    options = parser.parse_args()
    os.environ.pop("PYTEST_ADDOPTS", None)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        code = pytest.main([str(suite), f"--junitxml={report}", "-o", "junit_family=xunit1", *options.rest])
        found = outcomes(report.read_text(encoding="utf-8"))
    if options.out:
        kept = options.out / f"{suite.name}.json"
        before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        everything = {**before, **found}
        kept.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        kept.with_suffix(".md").write_text(page(everything), encoding="utf-8")
    return int(code)
