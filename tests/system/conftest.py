"""The whole network as processes, started once for the tests that look at it from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.system.collector import Collector, collecting
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningNetwork:
    """A demo that has played its story; `state` is what it wrote down."""

    dev: Path
    process: subprocess.Popen[bytes]

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.dev / "state.json").read_text()))

    @property
    def story(self) -> list[dict[str, Any]]:
        """The steps of the main job and whether they held."""
        return list(json.loads((self.dev / "result.json").read_text()))


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


def is_written(file: Path) -> bool:
    """To its end."""
    return file.exists() and file.read_text().rstrip().endswith("]")


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="package")
def network(collector: Collector) -> Iterator[RunningNetwork]:
    # of the package, not of the session: a network that only stands there takes a third of a core from who comes after
    dev = ROOT / ".dev" / "test-network"
    dev.mkdir(parents=True, exist_ok=True)
    played = dev / "result.json"
    played.unlink(missing_ok=True)
    command = [sys.executable, "-m", "deploy.demo.demo", "up", "--dev", str(dev)]
    with (dev / "demo.log").open("wb") as log:
        env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
    try:
        eventually(lambda: is_written(played) or process.poll() is not None, timeout=240, interval=0.5)
        assert process.poll() is None, (dev / "demo.log").read_text()[-3000:]
        yield RunningNetwork(dev, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


@pytest.fixture
def lotse(network: RunningNetwork) -> Callable[..., Told]:
    """The operator's command, as it is typed."""

    def call(*words: str, timeout: float = 120) -> Told:
        program = [sys.executable, "-m", "lotse", "--config", str(network.dev / "state.json"), *words]
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        return Told(done.returncode, done.stdout, done.stderr)

    return call
