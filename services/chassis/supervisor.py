"""Role `all`: one process per role under one roof. A role that dies is started again, ever more patiently."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

from services.chassis.backoff import Backoff
from services.chassis.logging import get_logger

SUPERVISED = "LOTSENNETZ_SUPERVISOR"
STEADY_SECONDS = 30.0
STOP_SECONDS = 8.0
LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Child:
    """One role's process and when it may be started again."""

    role: str
    command: Sequence[str]
    backoff: Backoff = field(default_factory=lambda: Backoff(first=0.2, most=10.0))
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0

    def look(self) -> None:
        """Start what is not running and due."""
        now = monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            if now - self.started_at > STEADY_SECONDS:
                self.backoff.reset()
            delay = self.backoff.next()
            get_logger().error("supervisor.role-died", kind=self.role, status=code, retry_in=round(delay, 2))
            self.process, self.start_at = None, now + delay
        if now >= self.start_at:
            self.started_at = now
            self.process = subprocess.Popen(self.command, env={**os.environ, SUPERVISED: str(os.getpid())})  # noqa: S603
            get_logger().info("supervisor.role-started", kind=self.role, pid=self.process.pid)


def supervise(package: str, roles: Sequence[str]) -> None:
    """Run every role of a service until SIGTERM or SIGINT, then stop them all and wait."""
    stop = stop_on_signals()
    children = [Child(role, [sys.executable, "-m", package, role]) for role in roles]
    while not stop.is_set():
        for child in children:
            child.look()
        stop.wait(LOOK_SECONDS)
    _stop([child.process for child in children if child.process is not None])


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_on_signals() -> Event:
    """An event that SIGTERM and SIGINT set."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def leave_with_supervisor() -> None:
    """A role whose supervisor was killed must not live on beside the one that the next supervisor starts."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor and int(supervisor) == os.getppid():
        Thread(target=_watch, args=(int(supervisor),), daemon=True).start()


def _watch(supervisor: int) -> None:
    never = Event()
    while os.getppid() == supervisor:
        never.wait(0.3)
    os.kill(os.getpid(), signal.SIGTERM)
