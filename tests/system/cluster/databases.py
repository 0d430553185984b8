"""Three PostgreSQL servers: one that writes, two that follow, and no commit is answered before one of these has it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from deploy.demo.places import free_port, is_root, write_state
from deploy.demo.postgres_server import PostgresServer
from tests.waiting import eventually

SERVERS = 3
#: A server that is gone is missed within seconds.
SETTINGS = {
    "synchronous_standby_names": "ANY 1 (*)",
    "wal_keep_size": "512MB",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
}


@dataclass
class DatabaseCluster:
    """The servers by number, and which of them writes."""

    folder: Path
    servers: list[PostgresServer] = field(default_factory=list)
    first: PostgresServer = field(init=False)

    def start(self) -> None:
        self.servers = [PostgresServer(self.folder / f"server-{n}", port=free_port()) for n in range(1, SERVERS + 1)]
        self.first = self.servers[0]
        for server in self.servers:
            server.password = self.first.password
            server.settings = {**SETTINGS, "primary_conninfo": self._to_whoever_writes(server)}
        self.first.start()
        for server in self.servers[1:]:
            self.copy(server)
        eventually(lambda: self.followers() == SERVERS - 1, timeout=60)

    def stop(self) -> None:
        for server in self.servers:
            if server.alive:
                kill(server)
            server.remove()

    def _to_whoever_writes(self, server: PostgresServer) -> str:
        """Where a follower looks: at all of them, and it takes the one that writes."""
        hosts, ports = ",".join(["127.0.0.1"] * SERVERS), ",".join(str(one.port) for one in self.servers)
        return (
            f"host={hosts} port={ports} user=postgres password={self.first.password} target_session_attrs=primary"
            f" connect_timeout=3 application_name={server.folder.name}"
        )

    def everywhere(self, dsn: str) -> str:
        """The address of a database, at whichever of the servers writes."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.servers)
        login, _, place = dsn.rpartition("@")
        return f"{login}@{hosts}/{place.partition('/')[2]}?target_session_attrs=primary"

    def copy(self, server: PostgresServer) -> None:
        """Make it a copy of the one that writes, which it then follows; whatever it held is gone."""
        binaries = server._settle()
        data = server.home / "data"
        shutil.rmtree(data, ignore_errors=True)
        source = f"host=127.0.0.1 port={self.first.port} user=postgres password={self.first.password}"
        command = [str(binaries / "pg_basebackup"), "-D", str(data), "-d", source, "-X", "stream", "-c", "fast"]
        if data.parent.stat().st_uid == 0 and is_root():  # nobody may write there: make the place for it
            data.mkdir(mode=0o700)
            shutil.chown(data, "nobody", "nogroup")
        stepping_down = server._stepping_down(command)
        done = subprocess.run(stepping_down, check=False, cwd=server.home, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        signal_file = data / "standby.signal"
        signal_file.touch()
        if is_root():
            shutil.chown(signal_file, "nobody", "nogroup")
        write_state({"postgres": {"port": server.port, "password": server.password}}, server.folder)
        server.start()

    # --- what an operator does ---------------------------------------------------------------------------------------

    def followers(self) -> int:
        """How many follow the one that writes, without a gap."""
        return int(self._ask(self.first, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"))

    def promote(self) -> PostgresServer:
        """Of those that are left the one that has most becomes the one that writes: it has all that was answered."""
        left = [server for server in self.servers if server.alive]
        far = "SELECT pg_wal_lsn_diff(coalesce(pg_last_wal_receive_lsn(), '0/0'), '0/0')"
        self.first = max(left, key=lambda server: self._ask(server, far))
        assert self._ask(self.first, "SELECT pg_promote(true, 60)")
        return self.first

    def _ask(self, server: PostgresServer, sql: str) -> Any:
        with psycopg.connect(server.dsn, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute(sql.encode()).fetchone()
        assert row is not None
        return row[0]


def kill(server: PostgresServer) -> None:
    """Every process of it at once; they would outlive their first one by a moment."""
    assert server._child is not None and server._child.pid is not None
    father = psutil.Process(server._child.pid)
    family = [father, *father.children(recursive=True)]
    for process in family:
        process.kill()
    server.kill()
    psutil.wait_procs(family, timeout=20)


@contextmanager
def running_databases(folder: Path) -> Iterator[DatabaseCluster]:
    cluster = DatabaseCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
