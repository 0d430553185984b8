"""The main job, played by the command of the README."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.conftest import RunningNetwork

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.system
@pytest.mark.timeout(900)
def test_the_main_job_holds_step_by_step(network: RunningNetwork) -> None:
    assert len(network.story) >= 20
    assert [row["step"] for row in network.story if not row["held"]] == [], told_by_partners(network.dev)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_played_once_it_says_how_it_went_and_leaves_nothing_running() -> None:
    dev = ROOT / ".dev" / "test-story"
    command = [sys.executable, "-m", "deploy.demo.demo", "up", "--dev", str(dev), "--once", "--json"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=560, check=False)
    assert played.returncode == 0, told_by_partners(dev) + played.stdout[-4000:] + played.stderr[-2000:]
    rows = json.loads(played.stdout[played.stdout.index("[") :])
    assert len(rows) >= 20
    assert [row["step"] for row in rows if not row["held"]] == []


def told_by_partners(dev: Path) -> str:
    """How the partners' own systems saw it: where a step waits for one of them, the reason stands there."""
    logs = sorted((dev / "logs").glob("partner-*.log"))
    return "".join(f"{log.name}:\n{log.read_text()[-1500:]}\n" for log in logs)
