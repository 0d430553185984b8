"""A network of real processes on three brokers and three database servers, none of which it can tell apart."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from deploy.demo.places import free_port
from deploy.demo.rabbitmq_install import NoBrokerError
from tests.chassis.rig import Room
from tests.system.cluster.brokers import BrokerCluster, running_brokers
from tests.system.cluster.databases import DatabaseCluster, running_databases
from tests.system.faults.conftest import Under, leave_out_notifications, watched
from tests.system.faults.network import Network, rooms, running

#: What the page of results tells beside what every fault has.
FIGURES = "figures"


@dataclass(frozen=True)
class Servers:
    brokers: BrokerCluster
    databases: DatabaseCluster


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("cluster")
    with contextlib.ExitStack() as standing:
        try:
            brokers = standing.enter_context(running_brokers(folder / "brokers"))
        except NoBrokerError as error:
            pytest.skip(f"no broker of our own can be started here: {error}")
        yield Servers(brokers, standing.enter_context(running_databases(folder / "databases")))


@pytest.fixture(scope="package")
def network(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    everywhere = servers.databases.everywhere
    made = [
        Room(room.name, everywhere(room.dsn), everywhere(room.owner_dsn)) for room in rooms(servers.databases.first.dsn)
    ]
    leave_out_notifications(servers.brokers.amqp_uri)
    folder = tmp_path_factory.mktemp("network")
    with running(Network(*made, servers.brokers.amqp_uri, folder, {}, [free_port()], direct=True)) as network:
        yield network


@pytest.fixture
def under(network: Network, record_property: Callable[[str, object], None]) -> Iterator[Under]:
    yield lambda fault, **more: watched(network, fault, record_property, **more)
    network.mend()
