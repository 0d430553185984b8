"""The servers themselves: alarms, full disks, minutes away, power cuts. Broker and database are this module's own."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import uuid4

import psutil
import psycopg
import pytest
import urllib3

from deploy.demo.places import free_port
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.rabbitmq_server import RabbitServer
from lotse import topology
from services.chassis.db import AWAY_SECONDS, SILENCE_SECONDS, STATEMENT_MS
from tests.brokers import PASSWORDS
from tests.integration.audit.test_disk_full import small_disk
from tests.system.faults.conftest import Under, leave_out_notifications
from tests.system.faults.load import Load
from tests.system.faults.network import Network, running_network
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
VHOST = "faults"
DATABASE_DISK, BROKER_DISK = "400m", "600m"
SMALL_JOURNAL = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
#: A statement that was under way is given up; who comes then waits behind as many as there are threads for it.
FROZEN_SECONDS = STATEMENT_MS / 1000 + SILENCE_SECONDS + 4 * AWAY_SECONDS
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a small disk")


@dataclass(frozen=True)
class Servers:
    postgres: PostgresServer
    rabbit: RabbitServer
    #: Where their files lie: disks of their own, so small that they can be filled. None where nobody may mount one.
    disks: dict[str, Path]

    @contextmanager
    def full(self, disk: str) -> Iterator[None]:
        filling = fill(self.disks[disk])
        try:
            yield
        finally:
            filling.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    postgres, rabbit, disks = PostgresServer(folder, settings=SMALL_JOURNAL), RabbitServer(folder), {}
    with ExitStack() as mounted:
        postgres.start()
        mounted.callback(postgres.remove)
        if os.geteuid() == 0:
            (folder / "rabbitmq").mkdir()
            disks["rabbit"] = mounted.enter_context(small_disk(folder / "rabbitmq" / "mnesia", BROKER_DISK, 0))
            disks["postgres"] = mounted.enter_context(moved(postgres))
        try:
            rabbit.begin()
        except NoBrokerError as error:
            pytest.skip(f"no broker of our own can be started here: {error}")
        mounted.callback(rabbit.stop)
        rabbit._wait(90 * PATIENCE)
        rabbit.finish()
        topology.apply(rabbit.management_url, VHOST, PASSWORDS)
        yield Servers(postgres, rabbit, disks)


@contextmanager
def moved(postgres: PostgresServer) -> Iterator[Path]:
    """The same cluster on a small disk."""
    postgres.stop()
    data = postgres.home / "data"
    uid, aside = data.stat().st_uid, data.rename(data.with_name("aside"))
    with small_disk(data, DATABASE_DISK, uid):
        shutil.copytree(aside, data, dirs_exist_ok=True)
        for path in (data, *data.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")
        postgres.start()
        yield data
        postgres.stop()


@pytest.fixture(scope="module")
def network(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    uri = f"{servers.rabbit.amqp_uri}/{VHOST}"
    leave_out_notifications(uri)
    with running_network(servers.postgres.dsn, uri, tmp_path_factory.mktemp("network")) as network:
        yield network


def fill(folder: Path) -> Path:
    """To the last block."""
    with (folder / "filling").open("wb", buffering=0) as filling:
        for size in (1_048_576, 4_096, 1):
            with contextlib.suppress(OSError):
                while filling.write(bytes(size)):
                    pass
    return folder / "filling"


def rest(seconds: float) -> None:
    began = monotonic()
    eventually(lambda: monotonic() - began > seconds, timeout=seconds + 10, interval=0.5)


MEMORY = ("set_vm_memory_high_watermark", "0.00001", "0.4")
DISK = ("set_disk_free_limit", "900GB", "200MB")


@pytest.mark.parametrize(("limit", "alarming", "usual"), [MEMORY, DISK], ids=["memory", "disk"])
def test_the_broker_takes_nothing_while_it_is_alarmed(
    servers: Servers, network: Network, under: Under, limit: str, alarming: str, usual: str
) -> None:
    """Rows 12, 13: the relay waits, the service goes on, and the outbox empties when the alarm is over."""
    with under(f"broker alarmed: {limit}") as load:
        try:
            servers.rabbit.ctl(limit, alarming)
            eventually(lambda: network.announced() - network.confirmed() > 30, timeout=30)
            assert not load.troubles, "the service does not depend on the broker"
        finally:
            servers.rabbit.ctl(limit, usual)


def test_the_broker_is_stopped_and_started_three_times(servers: Servers, network: Network, under: Under) -> None:
    """Row 14: the application ends, the machine stays; everything unacknowledged comes again."""
    with under("broker stop_app and start_app, three times", timeout=120) as load:
        for _ in range(3):
            servers.rabbit.ctl("stop_app")
            load.goes_on(10)
            servers.rabbit.ctl("start_app")
            told = network.confirmed()
            eventually(lambda told=told: network.confirmed() > told, timeout=40)
    assert not load.troubles


def kill_broker(rabbit: RabbitServer) -> None:
    """Kill it and wait until the kernel has taken its ports back."""
    rabbit.kill()
    eventually(lambda: all(free_port(port) == port for port in rabbit.ports.values()))


def test_the_broker_is_away_for_a_minute(servers: Servers, network: Network, under: Under) -> None:
    with under("broker killed -9 and away for 60 s", timeout=180) as load:
        kill_broker(servers.rabbit)
        rest(60)
        servers.rabbit.start()
    assert not load.troubles


def test_the_database_is_killed_and_comes_back(servers: Servers, network: Network, under: Under) -> None:
    """Row 8: what was acknowledged had reached the disk."""
    with under("database killed -9 and started after 5 s", timeout=120) as load:
        servers.postgres.kill()
        eventually(lambda: load.troubles["503"] >= 4, timeout=30)
        servers.postgres.start()


def test_the_database_is_restarted(servers: Servers, network: Network, under: Under) -> None:
    with under("database shut down and started", timeout=120):
        servers.postgres.restart()


@contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def family(name: str) -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if process.name() == name]


def test_the_database_is_frozen_and_thaws(servers: Servers, network: Network, under: Under) -> None:
    """Row 24. Not gone: the kernel acknowledges every packet and no deadline of the server's is kept. Nobody hangs:
    who asks is told within seconds that we are not available and when to come back, however many ask."""
    with under("database frozen for 25 s", timeout=120) as load, stopped(family("postgres")):
        with Load(network.ports, clients=30, pause=0.0) as many:
            eventually(lambda: load.troubles["503"] and many.troubles["503"] >= 60, timeout=40)
            answer = a_step(network)
            ready = timed(f"http://127.0.0.1:{network.ports[0]}/directory/health/ready")
            many.give_up()
        rest(5)
    assert answer.status == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"].endswith("database.unavailable")
    assert ready[0] == 503
    assert ready[1] < FROZEN_SECONDS * PATIENCE
    assert max(load.slowest, many.slowest) < FROZEN_SECONDS * PATIENCE
    assert set(load.troubles) | set(many.troubles) == {"503"}


def a_step(network: Network) -> urllib3.BaseHTTPResponse:
    step = {"name": uuid4().hex, "subject": str(uuid4()), "number": 1}
    url = f"http://127.0.0.1:{network.ports[0]}/directory/faults/steps"
    return urllib3.request("POST", url, json=step, retries=False, timeout=60)


def timed(url: str) -> tuple[int, float]:
    began = monotonic()
    return urllib3.request("GET", url, retries=False, timeout=60).status, monotonic() - began


def test_a_frozen_broker_keeps_nobody_from_the_service(servers: Servers, network: Network, under: Under) -> None:
    """Nor from knowing that it can work: what is said meanwhile waits in the outbox."""
    with under("broker frozen for 10 s", timeout=120) as load, stopped(family("beam.smp")):
        ready = timed(f"http://127.0.0.1:{network.ports[0]}/directory/health/ready")
        rest(10)
    assert ready[0] == 200
    assert ready[1] < 1.0 * PATIENCE
    assert not load.troubles


def test_the_broker_is_frozen_longer_than_a_confirm_may_take(servers: Servers, network: Network, under: Under) -> None:
    """Row 11."""
    with under("broker frozen until the relay gave up", timeout=120) as load, stopped(family("beam.smp")):
        before = network["relay"].said("relay.interrupted")
        eventually(lambda: network["relay"].said("relay.interrupted") > before, timeout=40)
    assert not load.troubles


def brought_back(server: PostgresServer | RabbitServer) -> None:
    """What systemd, compose or Kubernetes do: whoever ended is started again, until it stays."""

    def up() -> bool:
        if not server.alive:
            server.kill()
            with contextlib.suppress(RuntimeError):
                server.start()
        return server.alive

    eventually(up, timeout=60, interval=1)


@needs_root
def test_the_databases_disk_is_full(servers: Servers, network: Network, under: Under) -> None:
    """Row 20: no room for data is 503, no room for its journal ends the server; nothing acknowledged is lost."""
    with under("database's disk full", timeout=120) as load:
        with servers.full("postgres"):
            eventually(lambda: load.troubles["503"] >= 8, timeout=60)
            with contextlib.suppress(psycopg.Error), psycopg.connect(servers.postgres.dsn, autocommit=True) as admin:
                for _ in range(8):
                    admin.execute("SELECT pg_switch_wal(), txid_current()")
            told = load.troubles["503"]
            eventually(lambda: load.troubles["503"] >= told + 8, timeout=30)
        brought_back(servers.postgres)


def restart_if_it_refuses(server: RabbitServer, network: Network) -> None:
    """As docs/operations.md says: queues whose journal met the end of the disk come back with the node."""
    brought_back(server)
    through = network.confirmed()
    try:
        eventually(lambda: network.confirmed() > through, timeout=15)
    except AssertionError:
        server.stop()
        brought_back(server)


@needs_root
def test_the_brokers_disk_is_full(servers: Servers, network: Network, under: Under) -> None:
    """Its alarm stops publishers before the last block is used; what was confirmed is there when there is room."""
    with under("broker's disk full", timeout=180) as load:
        with servers.full("rabbit"):
            eventually(lambda: network.announced() - network.confirmed() > 100, timeout=60)
            assert not load.troubles, "the service does not depend on the broker"
        restart_if_it_refuses(servers.rabbit, network)
