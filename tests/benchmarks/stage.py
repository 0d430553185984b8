"""A stage for one contestant: two fresh databases, a virtual host, and its three processes."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from deploy.demo import databases
from lotse import topology
from lotse.broker import Broker
from services.chassis import broker
from services.chassis.migrate import migrate
from tests.benchmarks.contestants import Contestant
from tests.brokers import PASSWORDS, as_user
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Servers:
    """Where PostgreSQL and RabbitMQ are."""

    dsn: str
    amqp_uri: str
    management_url: str


@dataclass
class Stage:
    """A contestant at work."""

    contestant: Contestant
    sender_dsn: str
    listener_dsn: str
    amqp_uri: str
    port: int
    pids: dict[str, int]
    acknowledged: int = 0

    def make_cases(self, count: int) -> list[str]:
        ids = [str(uuid4()) for _ in range(count)]
        copying = "COPY cases (id, version, status) FROM STDIN"
        with psycopg.connect(self.sender_dsn) as connection, connection.cursor().copy(copying) as copy:
            for case_id in ids:
                copy.write_row((case_id, 0, "new"))
        return ids

    def load(self, ids: Sequence[str], clients: int, steps: int, per_second: float = 0.0) -> dict[str, object]:
        """Move each case on step by step, as fast as it goes or so many steps a second."""
        told = map(str, (self.port, clients, steps, per_second))
        command = [sys.executable, "-m", "tests.benchmarks.load", "127.0.0.1", *told]
        done = subprocess.run(command, input="\n".join(ids), capture_output=True, text=True, cwd=ROOT, check=True)
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def heard(self) -> int:
        """Our relay tells once a minute how far its stream goes; that is no transition."""
        return int(_value(self.listener_dsn, "SELECT count(*) FROM chain WHERE subject LIKE 'referral/%'"))


@contextlib.contextmanager
def stage(contestant: Contestant, servers: Servers, logs: Path) -> Iterator[Stage]:
    """Set it up, start it, wait until it answers and listens; take everything down at the end."""
    with virtual_host(servers) as amqp_uri, databases_of_the_spine(servers) as dsns:
        port = free_port()
        processes: list[subprocess.Popen[bytes]] = []
        try:
            with (logs / f"{contestant.name.replace(' ', '-')}.log").open("ab") as log:
                for role, service in (("api", "referral"), ("relay", "referral"), ("consumer", "audit")):
                    env = environment(service, dsns[service], as_user(amqp_uri, service), port)
                    command = [*contestant.command, contestant.roles[role]]
                    processes.append(subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=ROOT))
            pids = dict(zip(("api", "relay", "consumer"), (process.pid for process in processes), strict=True))
            made = Stage(contestant, dsns["referral"], dsns["audit"], amqp_uri, port, pids)
            eventually(lambda: all_live(processes) and answers(port), timeout=30)
            eventually(lambda: all_live(processes) and listened(amqp_uri), timeout=30)
            yield made
        finally:
            stopped(processes)


def all_live(processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    """A process that has ended will never answer; its log says why."""
    for process in processes:
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args} ended with {process.returncode}")
    return True


def stopped(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask all, then wait for each; who does not go is ended."""
    for process in processes:
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@contextlib.contextmanager
def bare_stage(servers: Servers) -> Iterator[tuple[str, str]]:
    """One empty database and one empty virtual host, and nobody on them."""
    with virtual_host(servers) as amqp_uri, databases_of_the_spine(servers, "referral") as dsns:
        yield dsns["referral"], amqp_uri


@contextlib.contextmanager
def virtual_host(servers: Servers) -> Iterator[str]:
    """The network's topology, with one queue to fill: all contestants have no more."""
    vhost = f"bench-{uuid4().hex[:8]}"
    topology.apply(servers.management_url, vhost, PASSWORDS)
    amqp_uri = f"{servers.amqp_uri.rstrip('/')}/{vhost}"
    _only_one_listener(amqp_uri)
    try:
        yield amqp_uri
    finally:
        Broker(servers.management_url, vhost).call("DELETE", f"/vhosts/{vhost}")


@contextlib.contextmanager
def databases_of_the_spine(servers: Servers, *services: str) -> Iterator[dict[str, str]]:
    """The chassis's tables and what spine and peers work on, one database for each service."""
    dsns = {service: new_database(servers.dsn, service) for service in services or ("referral", "audit")}
    try:
        for dsn in dsns.values():
            migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute((HERE / "0001_spine.sql").read_bytes())
        yield dsns
    finally:
        for dsn in dsns.values():
            databases.drop_database(servers.dsn, dsn.rpartition("/")[2])


def _only_one_listener(amqp_uri: str) -> None:
    """All contestants have one queue to fill, so ours has no more."""
    link = broker.connect(amqp_uri, "bench")
    link.channel().queue_unbind("notifications.inbox.0", "referral.events", "#")
    link.close()


def new_database(admin: str, service: str, template: str = "template0") -> str:
    """An empty one, or a copy of one nobody is connected to."""
    name = f"bench_{service}_{uuid4().hex[:8]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2]}".encode())
    return databases.at_database(admin, name)


def environment(service: str, dsn: str, amqp_uri: str, port: int) -> dict[str, str]:
    """What a process of ours or of a peer is told."""
    return {
        **os.environ,
        "SPINE_SERVICE": service,
        "MODE": "demo",
        "DATABASE_URL": dsn,
        "AMQP_URI": amqp_uri,
        "HTTP_ADDRESS": f"127.0.0.1:{port}",
        "PUBLIC_URL": "http://127.0.0.1:8100",
        "ISSUER_URL": "http://127.0.0.1:8190",
        "OIDC_CLIENT_SECRET": "demo-secret",
        "DEPLOYMENT_KEY": "d3" * 32,
        "LOG_LEVEL": "INFO",
    }


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def listened(amqp_uri: str) -> bool:
    link = broker.connect(amqp_uri, "bench")
    consumers = int(link.channel().queue_declare("audit.inbox.0", passive=True).consumer_count)
    link.close()
    return consumers > 0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _value(dsn: str, sql: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return int(row[0])
