"""Twenty days of deadlines on the running network, played by the command of the README."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_twenty_days_pass_and_every_deadline_ends_on_a_desk() -> None:
    dev = ROOT / ".dev" / "test-lapse"
    command = [sys.executable, "-m", "deploy.demo.demo", "up", "--dev", str(dev), "--time-lapse", "--once", "--json"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800, check=False)
    assert played.returncode == 0, played.stdout[-4000:] + played.stderr[-3000:]
    told = json.loads(played.stdout[played.stdout.index("{") :])
    assert [day["number"] for day in told["days"]] == list(range(1, 21))
    tasks = [line for day in told["days"] for line in day["lines"] if line["due_on"]]
    assert {line["unit"].rpartition(": ")[2] for line in tasks} == {"Navigator", "Lead"}
    assert all("Aachen" in line["unit"] for line in tasks)
