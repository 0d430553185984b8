"""The servers themselves die: a broker and a database of this test's own, killed and started again.

What was confirmed survives in the replicated queue, what was committed survives in the database; everything else is
sent, heard and remembered anew.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deploy.demo import databases
from deploy.demo.places import free_port
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.rabbitmq_server import RabbitServer
from lotse import topology
from services.chassis.errors import UnavailableError
from tests.brokers import PASSWORDS
from tests.chassis.rig import (
    LEADS,
    LISTENS,
    NO_FAULTS,
    Process,
    Room,
    faults_in,
    furnish,
    relay_of,
    running,
    worker_of,
)
from tests.waiting import eventually

WORKS = 300
pytestmark = pytest.mark.long


@dataclass
class Network:
    """Two servers, two rooms, a relay and a worker."""

    postgres: PostgresServer
    rabbit: RabbitServer
    directory: Room
    referral: Room
    relay: Process
    worker: Process

    def tell(self) -> None:
        """Go on telling whatever happens; what the database did not take is told again."""
        done = 0
        while done < WORKS:
            with contextlib.suppress(UnavailableError):
                self.directory.tell(5, subjects=5)
                done += 1

    def told(self) -> int:
        return int(str(self.directory.value("SELECT count(*) FROM outbox")))

    def survives(self, *blows: object) -> None:
        teller = threading.Thread(target=self.tell)
        teller.start()
        eventually(lambda: self.referral.heard() > 50, timeout=30)
        for blow in blows:
            blow()  # type: ignore[operator]
        teller.join(90)
        eventually(lambda: self.directory.unpublished() == 0, timeout=60)
        eventually(lambda: self.referral.heard() >= self.told(), timeout=60)
        assert self.referral.heard() == self.told()
        assert faults_in(self.referral) == NO_FAULTS
        assert self.relay.alive
        assert self.worker.alive


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostgresServer, RabbitServer]]:
    folder = tmp_path_factory.mktemp("servers")
    postgres, rabbit = PostgresServer(folder), RabbitServer(folder)
    try:
        rabbit.start()
    except NoBrokerError as error:
        pytest.skip(f"no broker of our own can be started here: {error}")
    postgres.start()
    topology.apply(rabbit.management_url, "crash", PASSWORDS)
    yield postgres, rabbit
    rabbit.stop()
    postgres.remove()


@pytest.fixture
def network(servers: tuple[PostgresServer, RabbitServer], tmp_path: Path) -> Iterator[Network]:
    postgres, rabbit = servers
    passwords = databases.new_passwords()
    rooms = []
    for service in ("directory", "referral"):
        databases.ensure_roles(postgres.dsn, service, passwords)
        name = f"{service}_{os.urandom(4).hex()}"
        rooms.append(furnish(service, databases.create_database(postgres.dsn, service, passwords, name=name)))
    uri = f"{rabbit.amqp_uri}/crash"
    relay, worker = relay_of(rooms[0], uri, tmp_path), worker_of(rooms[1], uri, tmp_path)
    with running(relay, until=LEADS), running(worker, until=LISTENS):
        yield Network(postgres, rabbit, rooms[0], rooms[1], relay, worker)
        print(relay.log.read_text()[-3000:], worker.log.read_text()[-3000:])
    for room in rooms:
        room.db.close()


def kill_broker(rabbit: RabbitServer) -> None:
    """Kill it and wait until the kernel has taken its ports back, so that it can come again at the same address."""
    rabbit.kill()
    eventually(lambda: all(free_port(port) == port for port in rabbit.ports.values()))


def nodes() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.name() == "beam.smp"]


def test_broker_killed_and_started_again(network: Network) -> None:
    network.survives(lambda: kill_broker(network.rabbit), network.rabbit.start)


def test_broker_shut_down_and_started_again(network: Network) -> None:
    network.survives(network.rabbit.restart)


def test_broker_frozen_longer_than_a_confirm_may_take(network: Network) -> None:
    def freeze() -> None:
        for node in nodes():
            node.send_signal(signal.SIGSTOP)
        eventually(lambda: network.relay.said("relay.interrupted") >= 1, timeout=40)
        for node in nodes():
            node.send_signal(signal.SIGCONT)

    network.survives(freeze)


def test_database_killed_and_started_again(network: Network) -> None:
    network.survives(network.postgres.kill, network.postgres.start)


def test_both_killed_and_started_again(network: Network) -> None:
    network.survives(
        network.postgres.kill, lambda: kill_broker(network.rabbit), network.rabbit.start, network.postgres.start
    )
