"""Who does the same work, and with what: ours, and its peers in environments of their own.

Peers are prepared once under `.dev/bench-peers`, from lock files; nothing of them is installed beside the services.
"""

import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).parent / "peers"
HOME = ROOT / ".dev" / "bench-peers"
PYTHON = HOME / "venv" / "bin" / "python"
LOCK = PEERS / "requirements.lock"
NODE_SOURCE, NODE_HOME = PEERS / "node_batched", HOME / "node"
ROLES = {"api": "api", "relay": "relay", "consumer": "consumer"}


@dataclass(frozen=True)
class Contestant:
    """How to start one way of doing the work."""

    name: str
    command: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=lambda: ROLES)
    #: Whether it promises to keep the order of a case's events; one message a transaction, many at a time, does not.
    ordered: bool = True


def _module(python: str | Path, name: str) -> tuple[str, ...]:
    return (str(python), "-m", f"tests.benchmarks.{name}")


SPINE = Contestant("spine", _module(sys.executable, "spine"), {"api": "web", "relay": "relay", "consumer": "worker"})
NAMEKO = Contestant("nameko per message", _module(sys.executable, "peers.nameko_per_message"), ordered=False)
FASTSTREAM = Contestant("FastAPI + FastStream", _module(PYTHON, "peers.fastapi_faststream"), ordered=False)
FASTAPI = Contestant("FastAPI + aio-pika batched", _module(PYTHON, "peers.fastapi_batched"))
NODE = Contestant("Node batched", ("node", str(NODE_HOME / "peer.mjs")))
PEERS_OF_PYTHON = (FASTSTREAM, FASTAPI)


@cache
def missing() -> dict[str, str]:
    """Whom this machine cannot play, and why."""
    found = {}
    if not shutil.which("node") or not shutil.which("npm"):
        found[NODE.name] = "node or npm is not installed here"
    return found


def present() -> list[Contestant]:
    """Everybody who can be played here, ours first."""
    return [one for one in (SPINE, NAMEKO, FASTSTREAM, FASTAPI, NODE) if one.name not in missing()]


def prepare() -> None:
    """Bring what the peers stand on; what was brought before is not brought again."""
    HOME.mkdir(parents=True, exist_ok=True)
    if _changed(LOCK):
        venv.create(HOME / "venv", with_pip=False, clear=True)
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(PYTHON),
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)
        _remember(LOCK)
    if NODE.name not in missing():
        _prepare_node()


def _prepare_node() -> None:
    NODE_HOME.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", "peer.mjs"):
        shutil.copy(NODE_SOURCE / name, NODE_HOME / name)
    lock = NODE_SOURCE / "package-lock.json"
    if _changed(lock):
        subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], check=True, cwd=NODE_HOME
        )
        _remember(lock)


def _changed(lock: Path) -> bool:
    stamp = HOME / f"{lock.name}.installed"
    return not stamp.exists() or stamp.read_text() != _digest(lock)


def _remember(lock: Path) -> None:
    (HOME / f"{lock.name}.installed").write_text(_digest(lock))


def _digest(lock: Path) -> str:
    return sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


def versions() -> dict[str, str]:
    """What the peers are made of, for whoever reads the figures."""
    found = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if name in {"aio-pika", "asyncpg", "fastapi", "faststream", "uvicorn"}:
            found[name] = version.split()[0]
    if NODE.name not in missing():
        found["node"] = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return found
