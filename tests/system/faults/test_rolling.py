"""Row 33: replicas are asked to stop one after the other under load; what is cut off is asked again and done once."""

import http.client
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

import pytest

from deploy.demo.places import free_port
from tests.system.faults.conftest import Under
from tests.system.faults.network import Network, answers
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
ROUNDS = 2


@dataclass
class Door:
    """A proxy before two replicas: a connection per request, the other one if nobody opens. Its clients ask again."""

    ports: list[int]
    told: Counter[str] = field(default_factory=Counter)
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
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
            finally:
                connection.close()
        return "nobody opened"

    def close(self, threads: list[threading.Thread]) -> None:
        self._over.set()
        for thread in threads:
            thread.join(60)


def test_replicas_restarted_one_after_the_other_do_everything_once(
    network: Network, under: Under, record_property: Callable[[str, object], None]
) -> None:
    other = free_port()
    replicas = [network["web"], network.process("web", HTTP_ADDRESS=f"127.0.0.1:{other}").start()]
    door = Door([network.ports[0], other])
    try:
        eventually(lambda: answers(other), timeout=30)
        with under("two replicas asked to stop in turn, twice each") as load:
            threads = [threading.Thread(target=door.run, args=(client,)) for client in range(6)]
            for thread in threads:
                thread.start()
            for turn in range(2 * ROUNDS):
                replica, port = replicas[turn % 2], door.ports[turn % 2]
                began = monotonic()
                replica.process.send_signal(signal.SIGTERM)
                assert replica.process.wait(5 * PATIENCE) == 0
                assert monotonic() - began < 5 * PATIENCE
                replica.start()
                eventually(lambda port=port: answers(port), timeout=30)
            door.close(threads)
            load.acknowledged.extend(door.done)
        record_property("told", json.dumps(door.told))
        assert door.told["201"] > 20 * ROUNDS
        assert "nobody opened" not in door.told, "one of the two is always there"
    finally:
        replicas[1].kill()


@pytest.mark.parametrize("role", ["relay", "hearer", "log"])
def test_other_roles_are_asked_to_stop_beside_their_successor(network: Network, under: Under, role: str) -> None:
    """The successor starts first, as in a rolling update; the one that leaves ends what it holds."""
    successor = network.process(role).start()
    with under(f"{role} replaced by its successor"):
        began = monotonic()
        assert network[role].stop(10 * PATIENCE) == 0
        assert monotonic() - began < 10 * PATIENCE
        network.processes[role] = successor
