"""A process we started: it writes to its own log, dies with us, and can be stopped politely or killed."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Child:
    """One program under our care. `start` may be called again after `stop` or `kill`."""

    name: str
    command: list[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def alive(self) -> bool:
        """Whether the process runs right now."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us alone and we stop things in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                dying_with_parent(self.command, self.stop_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )

    def stop(self, patience: float = 20) -> None:
        """Ask it to end; after `patience` seconds stop asking."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self.kill()
        self._signal_rest(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Send the signal and do not wait; `stop` waits."""
        if self._process is not None and self.alive:
            self._process.send_signal(self.stop_signal)

    def wait(self, seconds: float) -> int:
        """Wait for its own end; its exit code."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it at once, with everything it started: what a power cut would do."""
        if self._process is not None:
            self._signal_rest(signal.SIGKILL)
            self._process.wait(20)

    def tail(self, lines: int = 15) -> str:
        """The end of its log, for error messages."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal_rest(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


def dying_with_parent(command: list[str], number: signal.Signals = signal.SIGTERM) -> list[str]:
    """Let the kernel send `number` when we vanish without a word (kill -9); Linux only, elsewhere unchanged."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    if command[0] == "setpriv":
        return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), *command[1:]]
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--", *command]
