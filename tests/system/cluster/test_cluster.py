"""Each broker and each database server is lost in turn while steps are done all the time; what was promised holds."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import psutil
import pytest

from tests.system.cluster.brokers import NODES, Node
from tests.system.cluster.conftest import FIGURES, Servers
from tests.system.cluster.databases import SERVERS, kill
from tests.system.faults.conftest import Under
from tests.system.faults.load import Load
from tests.system.faults.network import Network
from tests.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
INBOX = "referral.inbox.0"
#: Of the letters written since then, how long the one waited that waited longest until a broker had confirmed it.
WAITED = """
SELECT coalesce(max(extract(epoch FROM published_at - written_at)), 0)::float8 FROM outbox
WHERE written_at > now() - make_interval(secs => %s)"""


@dataclass
class Watch:
    """Seconds since something was done, and what was noted of them."""

    load: Load
    began: float = field(default_factory=monotonic)
    figures: dict[str, float] = field(default_factory=dict)

    def note(self, name: str) -> None:
        self.figures[name] = round(monotonic() - self.began, 1)


@pytest.fixture
def lost(under: Under, network: Network, record_property: Callable[[str, object], None]) -> Callable[..., object]:
    """`under`, and what is noted meanwhile goes into the record."""

    @contextmanager
    def lost(fault: str) -> Iterator[Watch]:
        with under(fault, timeout=180) as load:
            watch = Watch(load)
            yield watch
            load.goes_on(20, timeout=60)
        waited = network.directory.value(WAITED, monotonic() - watch.began)
        watch.figures |= {"longest_pause": round(load.longest_pause, 1), "longest_wait": round(float(str(waited)), 1)}
        record_property(FIGURES, json.dumps(watch.figures))

    return lost


def is_confirmed(network: Network) -> Callable[[], bool]:
    """Whether what is written from now on is confirmed by a broker, some of it."""
    told = network.announced()
    return lambda: network.confirmed() > told


def leads_elsewhere(servers: Servers, node: Node) -> Callable[[], bool]:
    return lambda: servers.brokers.leader(INBOX) not in ("", node.name)


@pytest.mark.parametrize("number", range(NODES))
def test_a_broker_is_killed_and_comes_back(
    servers: Servers, network: Network, lost: Callable[..., object], number: int
) -> None:
    """Two of three have every letter that was confirmed; nobody who works at a page notices."""
    node = servers.brokers.nodes[number]
    with lost(f"broker {number + 1} of {NODES} killed -9") as watch:
        servers.brokers.kill(node)
        eventually(leads_elsewhere(servers, node), timeout=60)
        watch.note("leader_again")
        eventually(is_confirmed(network), timeout=60)
        watch.note("confirmed_again")
        watch.load.goes_on(20)
        node.start()
        eventually(lambda: servers.brokers.is_whole(INBOX), timeout=120, interval=0.5)
        watch.note("whole_again")
    assert not watch.load.troubles, "the service does not depend on the broker"


def test_a_broker_freezes_and_thaws(servers: Servers, network: Network, lost: Callable[..., object]) -> None:
    """The first address: it takes connections and never answers, so whoever comes goes on to the next."""
    node = servers.brokers.nodes[0]
    with lost(f"broker 1 of {NODES} frozen") as watch:
        frozen = machines_of(node)
        for process in frozen:
            process.send_signal(signal.SIGSTOP)
        try:
            eventually(is_confirmed(network), timeout=90)
            watch.note("confirmed_again")
        finally:
            for process in frozen:
                process.send_signal(signal.SIGCONT)
        eventually(lambda: servers.brokers.is_whole(INBOX), timeout=120, interval=0.5)
        watch.note("whole_again")
    assert not watch.load.troubles


def machines_of(node: Node) -> list[psutil.Process]:
    """The virtual machine of that node."""
    assert node._node is not None
    family = psutil.Process(node._node.pid).children(recursive=True)
    found = [process for process in family if process.name() == "beam.smp"]
    assert found
    return found


def test_brokers_are_restarted_one_after_the_other(
    servers: Servers, network: Network, lost: Callable[..., object]
) -> None:
    """As for an upgrade: each is back in full before the next one goes."""
    with lost("every broker shut down and started in turn") as watch:
        for node in servers.brokers.nodes:
            node.stop()
            eventually(is_confirmed(network), timeout=60)
            node.start()
            eventually(lambda: servers.brokers.is_whole(INBOX), timeout=120, interval=0.5)
        watch.note("whole_again")
    assert not watch.load.troubles


def test_a_standby_is_killed_and_comes_back(servers: Servers, network: Network, lost: Callable[..., object]) -> None:
    """The other one still has every commit, so nobody waits."""
    standby = next(server for server in servers.databases.servers if server is not servers.databases.first)
    with lost("a database server that follows killed -9") as watch:
        kill(standby)
        watch.load.goes_on(60)
        standby.start()
        eventually(lambda: servers.databases.followers() == SERVERS - 1, timeout=60)
        watch.note("whole_again")
    assert not watch.load.troubles


@pytest.mark.parametrize("time", ["once", "and the one that took over"])
def test_the_first_database_is_killed_and_another_takes_over(
    servers: Servers, network: Network, lost: Callable[..., object], time: str
) -> None:
    """Of the two left, the one that has more has all that anybody was told is done."""
    former = servers.databases.first
    with lost(f"the database server that writes killed -9, {time}") as watch:
        kill(former)
        servers.databases.promote()
        watch.note("promoted")
        watch.load.goes_on(4, timeout=120)
        watch.note("acknowledged_again")
        eventually(is_confirmed(network), timeout=60)
        watch.note("confirmed_again")
        servers.databases.copy(former)
        eventually(lambda: servers.databases.followers() == SERVERS - 1, timeout=60)
        watch.note("whole_again")
    assert former is not servers.databases.first
    assert all(network[role].alive for role in ("web", "relay", "hearer", "log", "clock"))
