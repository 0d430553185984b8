"""CPU time by component, from /proc: what a transition costs, whatever else the machine does meanwhile."""

import os
from collections.abc import Mapping
from pathlib import Path

import psutil

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
SERVERS = {"postgres": "postgresql", "beam.smp": "rabbitmq"}


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU milliseconds so far: of each process named, and of the servers started below this one."""
    found = {name: _tree(pid) for name, pid in pids.items()}
    for process in psutil.Process().children(recursive=True):
        try:
            component = SERVERS.get(process.name())
            above = SERVERS.get(process.parent().name()) if process.parent() else None  # type: ignore[union-attr]
        except psutil.NoSuchProcess:
            continue
        if component and above is None:
            found[component] = found.get(component, 0.0) + _tree(process.pid)
    return found


def _tree(pid: int) -> float:
    """A process, its living children, and the dead ones it has waited for."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_own(child) for child in (pid, *(child.pid for child in children)))


def _own(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) * TICK_MS
