"""A web role that is told to go: whoever has come in is answered, whoever comes then finds no door."""

import http.client
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from deploy.demo.places import free_port
from services.chassis import web
from services.chassis.config import load
from tests.chassis.test_config import GOOD
from tests.waiting import eventually


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@dataclass
class Served:
    """A role with one page that takes its time, answered by so many threads."""

    port: int
    app: Any = field(default_factory=lambda: Flask("test"))
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        clock, refusals = SimpleNamespace(now=lambda: datetime.now(UTC)), SimpleNamespace(flush=lambda _: None)
        room = SimpleNamespace(largest_request=1_000_000, refusals=refusals, unit=SimpleNamespace(clock=clock))
        self.app.extensions["lotsennetz"] = room
        self.app.add_url_rule("/slow", "slow", self.slow)

    def slow(self) -> str:
        self.asked.release()
        self.go_on.wait(10)
        return "the answer"

    def asking(self) -> http.client.HTTPConnection:
        """A connection on which the page was asked for; it may stand before the door still."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/slow")
        return connection

    def is_open(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    def is_shut(self) -> bool:
        return not self.is_open()


def while_served(do: Callable[[Served], object], threads: int = 4) -> object:
    """Serve here, as signals ask for, and do it elsewhere; what came of it."""
    served, found = Served(free_port()), []

    def tell() -> None:
        try:
            eventually(served.is_open)
            found.append(do(served))
        finally:
            served.go_on.set()
            os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=tell)
    teller.start()
    web.serve(
        served.app, replace(load("referral", GOOD), http_address=f"127.0.0.1:{served.port}", http_threads=threads)
    )
    teller.join(30)
    return found[0] if found else None


def told_to_go(served: Served) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    eventually(served.is_shut)


@pytest.mark.usefixtures("handlers")
def test_who_has_come_in_is_answered_even_if_her_turn_had_not_come() -> None:
    """One thread answers, five wait for it; nobody finds a door any more, and all six get their answer."""

    def do(served: Served) -> list[bytes]:
        guests = [served.asking() for _ in range(6)]
        served.asked.acquire(timeout=10)
        told_to_go(served)
        served.go_on.set()
        return [guest.getresponse().read() for guest in guests]

    assert while_served(do, threads=1) == [b"the answer"] * 6


@pytest.mark.usefixtures("handlers")
def test_a_kept_connection_is_told_that_this_was_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LAST_WORD_SECONDS", 20.0)
    monkeypatch.setattr(web, "LEAVE_SECONDS", 25.0)

    def do(served: Served) -> tuple[str | None, bytes, str | None]:
        served.go_on.set()
        kept = served.asking()
        before = kept.getresponse()
        before.read()
        told_to_go(served)
        kept.request("GET", "/slow")
        last = kept.getresponse()
        return before.getheader("Connection"), last.read(), last.getheader("Connection")

    assert while_served(do) == (None, b"the answer", "close")


@pytest.mark.usefixtures("handlers")
def test_a_kept_connection_nobody_asks_on_holds_nobody_up() -> None:
    def do(served: Served) -> bytes:
        served.go_on.set()
        kept = served.asking()
        kept.getresponse().read()
        told_to_go(served)
        assert kept.sock is not None
        return kept.sock.recv(1)  # the end of the connection

    assert while_served(do) == b""
