"""What a container is asked about itself: a web role that answers, a role that was heard of lately."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest

from deploy.demo import databases
from deploy.stack import healthy

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:A3B4 0200007F:{port} {state} 00000000:00000000 00:00000000 00000000 10001 0 1 1 0 100 0 0 10 0
"""


@pytest.fixture
def web() -> Iterator[Callable[[int], int]]:
    """A web role that says what it is told to say."""
    servers = []

    def standing(status: int) -> int:
        class Role(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/audit/health/ready" else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Role)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield standing
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_a_web_role_is_well_if_it_says_that_it_can_work(web: Callable[[int], int], status: int, expected: bool) -> None:
    assert healthy.answers("audit", web(status)) is expected


def test_a_web_role_nobody_hears_is_not_well() -> None:
    assert healthy.answers("audit", 1) is False


@pytest.mark.parametrize(
    ("port", "state", "expected"), [("1538", "01", True), ("1538", "06", False), ("1627", "01", False)]
)
def test_the_database_is_asked_once_the_role_has_come_to_it(
    tmp_path: Path, port: str, state: str, expected: bool
) -> None:
    (tmp_path / "tcp").write_text(TABLE.format(port=port, state=state))
    assert healthy.has_come_to_its_database(str(tmp_path / "tcp")) is expected


def test_a_role_is_well_while_it_was_heard_of_lately(make_database: Callable[..., databases.DatabaseAddresses]) -> None:
    dsn = make_database("audit").app_dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert healthy.beats("relay", dsn) is False
        connection.execute("INSERT INTO beats (role, beaten_at, figures) VALUES ('relay', now(), '{}')")
        assert healthy.beats("relay", dsn) is True
        connection.execute("UPDATE beats SET beaten_at = now() - interval '1 minute'")
        assert healthy.beats("relay", dsn) is False


def test_a_database_that_does_not_answer_is_no_proof_of_life() -> None:
    assert healthy.beats("relay", "postgresql://nobody@127.0.0.1:1/nowhere") is False
