"""The machine while something runs on it: what each component spends and holds, and what others take meanwhile."""

import os
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
SERVERS = {"postgres": "postgresql", "beam.smp": "rabbitmq"}
#: Of the machine's time; what our own processes leave to others before its figures count as disturbed.
BUSY = 0.10


def facts() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load1": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kernel": platform.release().partition("-")[0],
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def told(known: Mapping[str, Any]) -> str:
    """The same for a reader."""
    return (
        f"{known['cpus']} cores, {known['memory_gib']} GiB, Python {known['python']}, kernel {known['kernel']},"
        f" load {known['load1']}"
    )


class Watch:
    """Around a measured stretch: CPU milliseconds of each component, memory at its end, and the share others took."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self.spent: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self.load1 = 0.0
        self.others = 0.0

    def __enter__(self) -> "Watch":
        self._before, self._all, self._own = spent(self._pids), _machine_ms(), _family_ms()
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        after = spent(self._pids)
        self.spent = {name: after[name] - self._before.get(name, 0.0) for name in after}
        self.memory = held(self._pids)
        self.load1 = round(os.getloadavg()[0], 2)
        offered = (time.monotonic() - self._began) * 1000 * (os.cpu_count() or 1)
        taken = (_machine_ms() - self._all) - (_family_ms() - self._own)
        self.others = round(max(taken, 0.0) / offered, 3)


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU milliseconds so far: of each process named, and of the servers started below this one."""
    return {name: sum(map(_own, processes)) for name, processes in components(pids).items()}


def held(pids: Mapping[str, int]) -> dict[str, float]:
    """MiB of memory now, by component."""
    return {name: round(sum(map(_pss, processes)), 1) for name, processes in components(pids).items()}


def components(pids: Mapping[str, int]) -> dict[str, list[int]]:
    """Each process named with its children, and the servers started below this one with theirs."""
    found = {name: _tree(pid) for name, pid in pids.items()}
    for process in psutil.Process().children(recursive=True):
        try:
            component = SERVERS.get(process.name())
            above = SERVERS.get(process.parent().name()) if process.parent() else None  # type: ignore[union-attr]
        except psutil.NoSuchProcess:
            continue
        if component and above is None:
            found.setdefault(component, []).extend(_tree(process.pid))
    return found


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _own(pid: int) -> float:
    """A process, and the dead children it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) * TICK_MS


def _pss(pid: int) -> float:
    """Its memory in MiB, each page shared with others counted by its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _family_ms() -> float:
    """What this process, everything below it and everything it has waited for spent."""
    return sum(map(_own, _tree(os.getpid())))


def _machine_ms() -> float:
    """What all processors of the machine spent, and what its host took away (steal)."""
    user, nice, system, _, _, irq, softirq, steal, *_ = _processors()
    return (user + nice + system + irq + softirq + steal) * TICK_MS


def _processors() -> Iterator[int]:
    return map(int, Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:])
