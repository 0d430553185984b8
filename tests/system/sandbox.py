"""A sandbox laid over the running network: its gate beside the front, and partners' systems that join it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.keys import KeyFiles
from deploy.demo.places import free_port
from deploy.demo.sandbox.handing_out import Wish
from deploy.demo.sandbox.joining import join, open_sandbox
from deploy.demo.sandbox.opening import gate_settings, new_token, signing_keys
from tests.system.conftest import ROOT, RunningNetwork
from tests.waiting import eventually


@dataclass(frozen=True)
class OpenSandbox:
    """Where its gate stands."""

    network: RunningNetwork
    gate: str

    def let_in(self, wish: Wish) -> Path:
        """The folder with what the partner is handed."""
        return join(self.network.dev, wish)


@contextmanager
def opened(network: RunningNetwork) -> Iterator[OpenSandbox]:
    token, port = new_token(), free_port()
    settings = {
        **gate_settings(network.state, token),
        "HTTP_ADDRESS": f"127.0.0.1:{port}",
        "MODE": "demo",
    }
    with (network.dev / "logs" / "gate.log").open("ab") as log:
        command = [sys.executable, "-m", "deploy.demo.sandbox.gate"]
        gate = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **settings})
    try:
        keys = signing_keys(KeyFiles(network.dev / "keys"))
        open_sandbox(network.dev, f"http://127.0.0.1:{port}", token, keys)
        yield OpenSandbox(network, f"http://127.0.0.1:{port}")
    finally:
        gate.terminate()
        gate.wait(20)


PROGRAMS = Path(__file__).parent / "partners"


@contextmanager
def kit_takes_part(folder: Path, via: str = "rest") -> Iterator[None]:
    """The kit listens in this folder and hands every file to the small answering program."""
    let_answer(folder)
    with running(folder, "-m", "lotsennetz_partner", "--settings", "settings.toml", "listen", "--via", via):
        eventually((folder / "inbox").is_dir, timeout=30)
        yield


def let_answer(folder: Path) -> None:
    """From now on every new file is handed to the program that answers as the person's name says."""
    with (folder / "settings.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'command = "{sys.executable} {ROOT / "deploy/demo/sandbox/answering.py"}"\n')


@contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A partner's program in its own folder; of ours only the kit is found there."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "partner_kit")}
    with (folder / "system.log").open("ab") as log:
        program = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        yield program
    finally:
        assert program.poll() is None, (folder / "system.log").read_text()[-2000:]
        program.send_signal(signal.SIGTERM)
        program.wait(60)
