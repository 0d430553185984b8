"""Where the demo keeps its things: everything under `.dev/`, addresses and secrets in `.dev/state.json`."""

import hashlib
import json
import os
import random
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".dev"
NOBODY = "nobody"
SERVER_PORTS = range(20_000, 32_000)
#: What this process has given out.
GIVEN: set[int] = set()


def free_port(preferred: int | None = None) -> int:
    """The preferred port if nobody listens there, else one from below those the kernel lends to outgoing connections.

    A server's port taken from that range may be lent to somebody else while the server restarts. None is given twice
    by one process: servers start one after another, and a port nobody listens at yet would be drawn again.
    """
    candidates = [port for port in random.sample(SERVER_PORTS, 200) if port not in GIVEN]
    for candidate in (*([preferred] if preferred else []), *candidates):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            GIVEN.add(candidate)
            return candidate
    raise OSError("no free port on 127.0.0.1")


def read_state(folder: Path = DEV) -> dict[str, Any]:
    """What the last start wrote down; empty before the first."""
    path = folder / "state.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write_state(changes: Mapping[str, Any], folder: Path = DEV) -> dict[str, Any]:
    """Merge `changes` into the state file, which only its owner may read: it holds passwords."""
    state = {**read_state(folder), **changes}
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "state.json", json.dumps(state, indent=2, sort_keys=True))
    return state


def write_private(path: Path, text: str) -> None:
    """Put a file in place as a whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def is_root() -> bool:
    """PostgreSQL refuses to run as root, so some things must step down."""
    return os.geteuid() == 0


def reachable_by_nobody(path: Path) -> bool:
    """Whether an unprivileged user can walk to `path`; a checkout in /root is out of its reach."""
    return subprocess.run(as_nobody(["test", "-x", str(path)]), check=False, capture_output=True).returncode == 0


def as_nobody(command: list[str]) -> list[str]:
    """The same command, run without any privilege of ours."""
    return ["setpriv", f"--reuid={NOBODY}", "--regid=nogroup", "--clear-groups", "--", *command]


def public_twin(folder: Path) -> Path:
    """A folder outside the checkout, named after it, for when the checkout is closed to unprivileged users.

    Root owns it and everyone may pass through; what lies inside belongs to one unprivileged user. A symbolic link at
    `folder` points to it, so that everything can still be found (and removed) under `.dev/`.
    """
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    twin = Path("/var/tmp") / f"lotsennetz-{name}"  # noqa: S108 - root-owned, mode 711, refused if anyone else made it
    twin.mkdir(mode=0o711, exist_ok=True)
    if twin.is_symlink() or twin.stat().st_uid != os.geteuid():
        raise PermissionError(f"{twin} belongs to somebody else")
    twin.chmod(0o711)
    if not folder.is_symlink():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(twin)
    return twin
