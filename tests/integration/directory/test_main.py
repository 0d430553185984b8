"""``python -m services.directory import``: the first filling, as a program."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chassis.web_rig import SETTINGS
from tests.integration.directory.conftest import REGION, ROOT


@pytest.fixture
def run(make_database: Callable[[str], Any]) -> Callable[..., subprocess.CompletedProcess[str]]:
    settings = {**os.environ, **SETTINGS, "DATABASE_URL": make_database("directory").app_dsn}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.directory", "import", *arguments]
        return subprocess.run(command, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_the_region_is_taken_in_and_the_second_time_nothing_changes(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    rows = len(REGION.read_text(encoding="utf-8").splitlines())
    first, second = run(), run()
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout.endswith(f"{rows} rows, {rows} new or changed\n")
    assert second.stdout.endswith(f"{rows} rows, 0 new or changed\n")


def test_a_wrong_file_is_refused_line_by_line(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    file = tmp_path / "wrong.ndjson"
    file.write_text('{"object": "area", "id": "5334", "name": {"de": "Aachen"}, "sources": ["a"]}\nnonsense\n')
    answer = run("--dry-run", str(file))
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        f"{file}:1: id: expected an official regional key (ARS) of 2, 3, 5, 9 or 12 digits",
        f"{file}:2: : expected a JSON object; column 1: Expecting value",
    ]


def test_foreign_hsds_becomes_rows_and_says_what_was_left_out() -> None:
    example = ROOT / "tests" / "data" / "hsds-3.0" / "examples" / "service_full.json"
    command = [sys.executable, "-m", "services.directory", "flatten", str(example), "a-paper"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    kinds = [json.loads(line)["object"] for line in answer.stdout.splitlines()]
    assert kinds == ["organization", "location", "service", "service_at_location"]
    assert "left out location.latitude: expected a number from -90 to 90" in answer.stderr


def test_a_file_that_is_not_there_is_named(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    answer = run("/nowhere.ndjson")
    assert answer.returncode == 1
    assert "No such file" in answer.stderr
