"""Row 33: replicas are asked to stop one after the other under load; what is cut off is asked again and done once."""

import http.client
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

import pytest

from deploy.demo.places import free_port
from services.chassis.leader import RELAY
from tests.chassis.rig import Process
from tests.system.faults.conftest import Under
from tests.system.faults.network import Network, answers
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
ROUNDS = 2
#: What a quiet machine needs at most until a role has ended what it is at.
STOP_SECONDS = 10


@dataclass
class Door:
    """A proxy before two replicas, with what it told its clients: a connection per request; whoever does not open, or
    hangs up before the first word, is passed over for the other one. What changes something carries a key, so that may
    be asked twice."""

    ports: list[int]
    told: Counter[str] = field(default_factory=Counter)
    hung_up: int = 0
    done: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, client: int) -> None:
        at, number, subject = client, 0, str(uuid4())
        while not self._over.wait(0.02):
            at, number = at + 1, number + 1
            step = {"name": uuid4().hex, "subject": subject, "number": number}
            while (told := self.ask(at, step)) != "201":
                self.told[told] += 1
                at += 1
            self.told[told] += 1
            self.done.append(str(step["name"]))

    def ask(self, at: int, step: dict[str, object]) -> str:
        for port in (self.ports[at % 2], self.ports[(at + 1) % 2]):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.connect()
            except ConnectionRefusedError:
                continue
            try:
                headers = {"Content-Type": "application/json", "Connection": "close"}
                connection.request("POST", "/directory/faults/steps", json.dumps(step), headers)
                return str(connection.getresponse().status)
            except (ConnectionError, http.client.RemoteDisconnected):
                self.hung_up += 1
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
            finally:
                connection.close()
        return "nobody"

    @contextmanager
    def open(self) -> Iterator["Door"]:
        threads = [threading.Thread(target=self.run, args=(client,)) for client in range(6)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join(60)


@pytest.fixture
def second(network: Network) -> Iterator[tuple[Process, int]]:
    """Another replica of the service, beside the network's own."""
    port = free_port()
    process = network.process("web", HTTP_ADDRESS=f"127.0.0.1:{port}").start()
    try:
        eventually(lambda: answers(port), timeout=30)
        yield process, port
    finally:
        process.kill()


def restarted(replica: Process, ready: Callable[[], object]) -> None:
    """Asked to stop, gone within seconds with what it had in hand done, and started again."""
    began = monotonic()
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(STOP_SECONDS * PATIENCE) == 0
    assert monotonic() - began < STOP_SECONDS * PATIENCE
    replica.start()
    eventually(ready, timeout=60)


def test_replicas_restarted_one_after_the_other_do_everything_once(
    network: Network, second: tuple[Process, int], under: Under, record_property: Callable[[str, object], None]
) -> None:
    """Nobody who asks at their door notices: every step is done at the first try as far as its client can see."""
    door = Door([network.ports[0], second[1]])
    replicas = [network["web"], second[0]]
    with under("two replicas asked to stop in turn, twice each") as load:
        with door.open():
            for turn in range(2 * ROUNDS):
                restarted(replicas[turn % 2], lambda at=turn % 2: answers(door.ports[at]))
        load.acknowledged.extend(door.done)
    record_property("told", json.dumps({**door.told, "hung up": door.hung_up}))
    assert door.told["201"] > 20 * ROUNDS
    assert set(door.told) == {"201"}, door.told
    assert door.hung_up <= 2 * ROUNDS, "whoever had come in was answered"


def test_every_replica_of_every_role_is_restarted_under_load(
    network: Network,
    second: tuple[Process, int],
    under: Under,
    at_work: Callable[[str], int],
    record_property: Callable[[str, object], None],
) -> None:
    """An upgrade: two of each role, hearers before those they hear, one after the other, twice."""
    beside = {role: network.process(role).start() for role in ("log", "hearer", "relay")}
    door = Door([network.ports[0], second[1]])
    try:
        eventually(lambda: {role: at_work(role) for role in beside} == dict.fromkeys(beside, 2), timeout=60)
        with under("every replica of every role restarted in turn, twice", timeout=120) as load:
            with door.open():
                for _ in range(ROUNDS):
                    for role, other in beside.items():
                        for replica in (network[role], other):
                            restarted(replica, lambda role=role: at_work(role) == 2)
                    for at, web in enumerate((network["web"], second[0])):
                        restarted(web, lambda at=at: answers(door.ports[at]))
            load.acknowledged.extend(door.done)
    finally:
        for other in beside.values():
            other.kill()
    record_property("told", json.dumps({**door.told, "hung up": door.hung_up}))
    assert set(door.told) == {"201"}, door.told
    assert door.hung_up <= 2 * ROUNDS


#: Relays that lead, and that ask for it.
RELAYS = """
WITH leads AS (
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), asks AS (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND query LIKE 'SELECT pg_try_advisory_lock%%' AND pid NOT IN (SELECT pid FROM leads)
)
SELECT (SELECT count(*) FROM leads) + (SELECT count(*) FROM asks)"""


@pytest.fixture
def at_work(network: Network, listeners: Callable[[str], int]) -> Callable[[str], int]:
    """How many of a role are at work or stand by."""
    queues = {"hearer": "referral.inbox.0", "log": "audit.inbox.0"}
    return lambda role: listeners(queues[role]) if role in queues else int(str(network.directory.value(RELAYS, RELAY)))


@pytest.mark.parametrize("role", ["relay", "hearer", "log"])
def test_other_roles_are_asked_to_stop_beside_their_successor(network: Network, under: Under, role: str) -> None:
    """The successor starts first, as in a rolling update; the one that leaves ends what it holds."""
    successor = network.process(role).start()
    with under(f"{role} replaced by its successor"):
        began = monotonic()
        assert network[role].stop(10 * PATIENCE) == 0
        assert monotonic() - began < 10 * PATIENCE
        network.processes[role] = successor
