"""Whoever watches over the running network goes on watching when a server does not come back at once."""

from dataclasses import dataclass
from pathlib import Path

from deploy.demo.network import Network
from tests.waiting import eventually


@dataclass
class Slow:
    """A server that died and comes back at the second try, as after a crash on a busy disk."""

    tries: int = 0
    alive: bool = False

    def kill(self) -> None:
        self.alive = False

    def start(self) -> None:
        self.tries += 1
        if self.tries == 1:
            raise RuntimeError("PostgreSQL did not start: not yet accepting connections\nand the end of its log")
        self.alive = True


def test_a_server_that_does_not_come_back_in_time_is_tried_again(tmp_path: Path) -> None:
    told: list[str] = []
    network = Network(tmp_path, tell=told.append)
    server = Slow()
    network.postgres = network.rabbit = server  # type: ignore[assignment]
    network.watch()
    eventually(lambda: server.alive)
    network._stopping.set()
    assert server.tries == 2
    assert told == ["PostgreSQL did not start: not yet accepting connections"]
