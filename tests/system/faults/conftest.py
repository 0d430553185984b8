"""A small network of real processes, and `under`: a steady load, a fault, and what has to hold afterwards."""

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import monotonic

import pytest

from lotse.broker import Broker as Manager
from services.chassis import broker as amqp
from tests.conftest import Broker
from tests.system.faults.load import Load
from tests.system.faults.network import Network, running_network

#: What the page of results is made of; see `__main__`.
OUTCOME = "fault"

Under = Callable[..., AbstractContextManager[Load]]


@pytest.fixture(scope="package")
def network(
    postgres: str, make_vhost: Callable[[], Broker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    """One for all: its start costs more than most faults. Each fault leaves it whole, or the next one says so."""
    vhost = make_vhost()
    leave_out_notifications(vhost.amqp_uri)
    with running_network(postgres, vhost.amqp_uri, tmp_path_factory.mktemp("network")) as network:
        yield network


def leave_out_notifications(amqp_uri: str) -> None:
    """Nobody reads its queue here."""
    link = amqp.connect(amqp_uri, "test")
    link.channel().queue_unbind("notifications.inbox.0", "directory.events", "#")
    link.close()


@pytest.fixture
def under(network: Network, record_property: Callable[[str, object], None]) -> Iterator[Under]:
    yield lambda fault, **more: watched(network, fault, record_property, **more)
    network.mend()


@pytest.fixture
def listeners(network: Network, broker_server: tuple[str, str]) -> Callable[[str], int]:
    """How many listen to a queue, with those who stand by: of them a passive declaration knows nothing."""
    manager = Manager(broker_server[1], network.amqp_uri.rpartition("/")[2])
    return lambda queue: next(row["consumers"] for row in manager.queues() if row["name"] == queue)


@contextlib.contextmanager
def watched(
    network: Network, fault: str, record: Callable[[str, object], None], *, timeout: float = 60
) -> Iterator[Load]:
    """Steps are done all the time; in the end all that was acknowledged has gone the whole way, once, in order."""
    before, own = network.announced(), Load(network.ports)
    with own as load:
        load.goes_on(40)
        yield load
        over = monotonic()
        load.goes_on(10, timeout=timeout)
    network.settle(load, timeout)
    recovered = monotonic() - over
    found = network.verdict(load.acknowledged)
    told = {
        "fault": fault,
        "events": found.events - before,
        "repeated_by_clients": sum(load.troubles.values()),
        "lost": found.lost,
        "twice": found.twice,
        "out_of_order": found.out_of_order,
        "recovery_seconds": round(recovered, 1),
    }
    record(OUTCOME, json.dumps(told))
    assert found.wrong == []
