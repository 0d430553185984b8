"""`make sandbox`: it says what a partner needs, waits for its system, plays every branch, leaves nothing running."""

import signal
import subprocess
import sys
import tomllib

import psutil
import pytest

from lotse.certify.cases import Word
from lotse.certify.rehearsal import BRANCHES
from tests.system.conftest import ROOT
from tests.system.sandbox import kit_takes_part
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(900)]
SLUG = "probe-rehearsed"


def test_a_partner_is_told_what_it_needs_and_every_branch_is_played():
    dev = ROOT / ".dev" / "test-sandbox"
    dev.mkdir(parents=True, exist_ok=True)
    (dev / "ready").unlink(missing_ok=True)
    command = [sys.executable, "-m", "deploy.demo.sandbox.sandbox", "--organization", SLUG, "--dev", str(dev)]
    with (dev / "said.log").open("wb") as log:
        sandbox = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: (dev / "ready").exists() or sandbox.poll() is not None, timeout=400, interval=0.5)
        folder = dev / "sandbox" / SLUG
        told = (dev / "said.log").read_text()
        for name, value in tomllib.loads((folder / "settings.toml").read_text()).items():
            assert name in told and str(value) in told, name
        assert all(word in told for word in Word)
        started = psutil.Process(sandbox.pid).children(recursive=True)

        with kit_takes_part(folder):
            eventually(lambda: "That was every branch" in (dev / "said.log").read_text(), timeout=300, interval=0.5)
    finally:
        sandbox.send_signal(signal.SIGTERM)
        ended = sandbox.wait(120)

    said = (dev / "said.log").read_text()
    assert said.count("seen:") == len(BRANCHES)
    assert ended == 0
    assert [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
