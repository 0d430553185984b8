"""An inbox in several queues: workers share them out, each subject keeps its order, and the number may change."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pytest

from contracts.directory import ImportApplied
from contracts.event import type_of
from contracts.topology import core
from deploy.demo import databases
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_server import RabbitServer
from lotse import topology
from lotse.broker import Broker
from services.chassis.republish import send_kept
from tests.brokers import PASSWORDS, as_user
from tests.chassis.rig import (
    LEADS,
    NO_FAULTS,
    Process,
    Room,
    an_import,
    faults_in,
    furnish,
    relay_of,
    running,
    worker_of,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

VHOST, PARTITIONS = "partitions", 3


class Servers:
    """A broker that may share out, and two services with nothing in them."""

    def __init__(self, folder: Path) -> None:
        self.postgres, self.rabbit = PostgresServer(folder), RabbitServer(folder)
        self.rabbit.start()
        self.postgres.start()
        self.shape(PARTITIONS)
        self.manager = Broker(self.rabbit.management_url, VHOST)
        self.uri = f"{self.rabbit.amqp_uri}/{VHOST}"
        self.directory, self.referral = self.room("directory"), self.room("referral")

    def shape(self, partitions: int) -> list[str]:
        return topology.apply(self.rabbit.management_url, VHOST, PASSWORDS, partitions)

    def room(self, service: str) -> Room:
        passwords = databases.new_passwords()
        databases.ensure_roles(self.postgres.dsn, service, passwords)
        return furnish(service, databases.create_database(self.postgres.dsn, service, passwords))

    def tell(self, subjects: Sequence[UUID], times: int) -> None:
        """Something about each of them in turn, so many times."""
        for number in range(times):
            with self.directory.unit().work(actor="system:test") as work:
                for subject in subjects:
                    work.announce(an_import(subject, number + 1))

    def all_heard(self) -> None:
        eventually(lambda: self.directory.unpublished() == 0, timeout=60)
        told = int(
            str(self.directory.value("SELECT count(*) FROM outbox WHERE routing_key = %s", type_of(ImportApplied)))
        )
        eventually(lambda: self.referral.heard() == told, timeout=120, interval=0.5)
        assert faults_in(self.referral) == NO_FAULTS

    def queues(self) -> dict[str, int]:
        """How much each partition has taken in since the broker began."""
        rows = self.manager.call("GET", f"/queues/{VHOST}")
        counted = {row["name"]: row.get("message_stats", {}).get("publish", 0) for row in rows}
        return {name: count for name, count in counted.items() if name.startswith("referral.inbox.")}

    def shares(self, *workers: Process) -> list[int]:
        """How many partitions each of these listens to, as the broker sees it."""
        rows = self.manager.call("GET", f"/consumers/{VHOST}")
        active = {
            row["channel_details"]["peer_port"]
            for row in rows
            if row["active"] and "referral.inbox" in row["queue"]["name"]
        }
        return [len(active & ports_of(worker)) for worker in workers]


def ports_of(worker: Process) -> set[int]:
    return {one.laddr.port for one in psutil.Process(worker.process.pid).net_connections("tcp")}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    found = Servers(tmp_path_factory.mktemp("partitions"))
    yield found
    for room in (found.directory, found.referral):
        room.db.close()
    found.rabbit.stop()
    found.postgres.remove()


@pytest.fixture
def relay(servers: Servers, tmp_path: Path) -> Iterator[Process]:
    with running(relay_of(servers.directory, servers.uri, tmp_path), until=LEADS) as relay:
        yield relay


def a_worker(servers: Servers, folder: Path, partitions: int = PARTITIONS) -> Process:
    return worker_of(servers.referral, servers.uri, folder, INBOX_PARTITIONS=str(partitions))


@pytest.mark.usefixtures("relay")
def test_two_workers_share_three_partitions_and_each_subject_keeps_its_order(servers: Servers, tmp_path: Path) -> None:
    subjects = [uuid4() for _ in range(60)]
    with running(a_worker(servers, tmp_path)) as one:
        servers.tell(subjects, 10)
        eventually(lambda: servers.shares(one) == [3], timeout=120, interval=0.5)
        with running(a_worker(servers, tmp_path)) as two:
            servers.tell(subjects, 40)
            eventually(lambda: sorted(servers.shares(one, two)) == [1, 2], timeout=90, interval=0.5)
            servers.tell(subjects, 40)
            servers.all_heard()
            two.kill()
            servers.tell(subjects, 10)
            servers.all_heard()
    eventually(lambda: all(taken > 1_000 for taken in servers.queues().values()), timeout=10, interval=0.5)


def test_the_number_of_partitions_is_changed_while_relays_rest_and_order_is_kept(
    servers: Servers, tmp_path: Path
) -> None:
    subjects = [uuid4() for _ in range(30)]
    for partitions in (PARTITIONS, 1, 2):
        servers.shape(partitions)
        assert servers.manager.missing(core(partitions)) == []
        assert servers.manager.led_elsewhere(core(partitions)) == []
        with (
            running(relay_of(servers.directory, servers.uri, tmp_path), until=LEADS),
            running(a_worker(servers, tmp_path, partitions)),
        ):
            servers.tell(subjects, 10)
            servers.all_heard()


@pytest.mark.usefixtures("relay")
def test_what_is_said_again_finds_the_partition_of_its_subject(servers: Servers, tmp_path: Path) -> None:
    servers.shape(PARTITIONS)
    subjects = [uuid4() for _ in range(30)]
    with running(a_worker(servers, tmp_path)):
        servers.tell(subjects, 3)
        servers.all_heard()
        servers.referral.own("DELETE FROM heard; DELETE FROM inbox; DELETE FROM inbox_subjects")
        with servers.directory.session() as connection:
            uri = as_user(servers.uri, "directory")
            sent = send_kept(connection, uri, "directory", "referral.inbox.0", datetime(2000, 1, 1, tzinfo=UTC))
        assert sent >= 90
        servers.all_heard()
