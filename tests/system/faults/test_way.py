"""The ways of the fault suite do to a connection what they say, and nothing otherwise."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.system.faults.way import Way, ways
from tests.waiting import eventually


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """Somebody who says back what he hears."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(accepted,), daemon=True).start()

    def answer(accepted: socket.socket) -> None:
        with accepted:
            try:
                while piece := accepted.recv(65_536):
                    accepted.sendall(piece)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.fixture
def way(echo: int) -> Iterator[Way]:
    with ways() as lay:
        yield lay(echo)


def to(way: Way) -> socket.socket:
    return socket.create_connection(("127.0.0.1", way.port), timeout=5)


def said_back(connection: socket.socket, words: bytes = b"hello") -> bytes:
    connection.sendall(words)
    heard = b""
    while len(heard) < len(words):
        heard += connection.recv(65_536)
    return heard


def test_undisturbed_it_is_not_there(way: Way) -> None:
    with to(way) as connection:
        assert said_back(connection) == b"hello"
        assert said_back(connection, bytes(range(256)) * 4000) == bytes(range(256)) * 4000


def test_slow_is_slow_and_all_arrives(way: Way) -> None:
    way.back.delay = 0.1
    with to(way) as connection:
        began = time.monotonic()
        assert said_back(connection) == b"hello"
        assert time.monotonic() - began >= 0.1
        way.back.delay, way.there.bytes_per_second = 0.0, 100_000
        began = time.monotonic()
        assert len(said_back(connection, bytes(20_000))) == 20_000
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("direction", ["there", "back"])
def test_what_is_held_arrives_when_it_is_let_go(way: Way, direction: str) -> None:
    with to(way) as connection:
        assert said_back(connection) == b"hello"
        getattr(way, direction).hold()
        connection.sendall(b"later")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        getattr(way, direction).let_go()
        connection.settimeout(5)
        assert connection.recv(10) == b"later"


def test_a_cut_is_a_reset_and_a_new_connection_works(way: Way) -> None:
    with to(way) as connection:
        assert said_back(connection) == b"hello"
        way.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(10)
    with to(way) as connection:
        assert said_back(connection) == b"hello"


def test_who_is_refused_is_hung_up_on(way: Way) -> None:
    way.refuses = True
    with pytest.raises(ConnectionError), to(way) as connection:
        said_back(connection) or connection.recv(1)
    way.mend()
    with to(way) as connection:
        assert said_back(connection) == b"hello"


def test_one_byte_is_spoilt_and_no_more(way: Way) -> None:
    way.there.spoil = 1
    with to(way) as connection:
        assert said_back(connection) == b"heLlo"
        assert said_back(connection) == b"hello"


def test_an_end_may_take_its_time(way: Way) -> None:
    way.linger = 0.3
    connection = to(way)
    assert said_back(connection) == b"hello"
    began = time.monotonic()
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b""
    assert time.monotonic() - began >= 0.3
    eventually(lambda: not way._ends)
