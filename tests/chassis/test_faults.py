"""Processes killed, connections cut, servers frozen: nothing lost, nothing twice, nothing out of order.

Every test lets a relay and a consumer run as processes of their own while events are told, and hurts them meanwhile.
"""

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psycopg
import pytest
import urllib3

from tests.chassis.rig import LEADS, LISTENS, NO_FAULTS, Process, Room, faults_in, relay_of, running, worker_of
from tests.conftest import Broker
from tests.waiting import PATIENCE, eventually

COUNT = 3_000


@dataclass
class Line:
    """Directory tells, referral hears, and somebody interferes."""

    directory: Room
    referral: Room
    vhost: Broker
    folder: Path
    relay: Process = field(init=False)
    worker: Process = field(init=False)

    def __post_init__(self) -> None:
        self.relay = relay_of(self.directory, self.vhost.amqp_uri, self.folder)
        self.worker = worker_of(self.referral, self.vhost.amqp_uri, self.folder)

    def tell_while(self, hurt: Callable[[], None], count: int = COUNT) -> None:
        """Tell steadily; begin to hurt when a part has been heard."""
        teller = threading.Thread(target=self.directory.tell, args=(count,), kwargs={"per_work": 5})
        teller.start()
        eventually(lambda: self.referral.heard() > 100, timeout=20)
        hurt()
        teller.join(60)

    def arrived(self, count: int = COUNT) -> None:
        eventually(lambda: self.referral.heard() >= count, timeout=40)
        assert self.referral.heard() == count
        assert faults_in(self.referral) == NO_FAULTS
        eventually(lambda: self.directory.unpublished() == 0)


@pytest.fixture
def line(directory: Room, referral: Room, vhost: Broker, tmp_path: Path) -> Iterator[Line]:
    line = Line(directory, referral, vhost, tmp_path)
    with running(line.relay, until=LEADS), running(line.worker, until=LISTENS):
        yield line
    if line.referral.heard() == 0:
        print(line.relay.log.read_text(), line.worker.log.read_text())


def manage(vhost: Broker, method: str, path: str) -> urllib3.BaseHTTPResponse:
    url = urllib3.util.parse_url(vhost.management_url)
    headers = {**urllib3.make_headers(basic_auth=url.auth), "X-Reason": "test"}
    return urllib3.request(method, f"{url.scheme}://{url.host}:{url.port}{path}", headers=headers, timeout=10)


def connections(vhost: Broker) -> list[str]:
    return [connection["name"] for connection in manage(vhost, "GET", f"/api/vhosts/{vhost.vhost}/connections").json()]


def again(process: Process) -> None:
    process.kill()
    process.start()


def terminate(room: Room) -> None:
    room.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name NOT LIKE '%%test'"
        " AND %s::int = 1",
        1,
    )


def test_undisturbed_everything_arrives_once_and_in_order(line: Line) -> None:
    line.tell_while(lambda: None)
    line.arrived()


def test_relay_killed_mid_batch(line: Line) -> None:
    line.tell_while(lambda: [again(line.relay) for _ in range(3)] and None)
    line.arrived()


@pytest.mark.long
def test_consumer_killed_mid_batch(line: Line) -> None:
    line.tell_while(lambda: [again(line.worker) for _ in range(2)] and None)
    line.arrived()


@pytest.mark.long
def test_relay_and_consumer_killed_together(line: Line) -> None:
    def both() -> None:
        line.relay.kill()
        line.worker.kill()
        line.relay.start()
        line.worker.start()

    line.tell_while(both)
    line.arrived()


@pytest.mark.long
def test_all_broker_connections_closed_by_the_operator(line: Line) -> None:
    def close() -> None:
        names = eventually(lambda: connections(line.vhost), timeout=15)
        for name in names:
            manage(line.vhost, "DELETE", "/api/connections/" + urllib3.util.parse_url(f"/{name}").path[1:])  # type: ignore[index]

    line.tell_while(close)
    line.arrived()
    assert line.relay.alive
    assert line.worker.alive
    assert line.relay.said("relay.interrupted") + line.worker.said("consumer.interrupted") >= 1


@pytest.mark.long
@pytest.mark.parametrize("whose", ["directory", "referral"])
def test_database_sessions_terminated(line: Line, whose: str) -> None:
    room: Room = getattr(line, whose)
    line.tell_while(lambda: [terminate(room) for _ in range(3)] and None)
    line.arrived()
    assert line.relay.alive
    assert line.worker.alive


@pytest.mark.long
def test_relay_frozen_while_another_stands_by(line: Line) -> None:
    standby = relay_of(line.directory, line.vhost.amqp_uri, line.folder)

    def freeze() -> None:
        line.relay.pause()
        began = monotonic()
        eventually(lambda: monotonic() - began > 2.0)
        line.relay.go_on()

    with running(standby):
        line.tell_while(freeze)
        line.arrived()
    assert standby.said(LEADS) == 0, "a frozen leader still leads"


@pytest.mark.long
def test_a_leader_that_dies_is_followed(line: Line) -> None:
    standby = relay_of(line.directory, line.vhost.amqp_uri, line.folder)
    with running(standby):
        line.tell_while(line.relay.kill)
        line.arrived()
    assert standby.said(LEADS) == 1


@pytest.mark.long
def test_a_second_consumer_stands_by_and_takes_over_in_order(line: Line) -> None:
    second = worker_of(line.referral, line.vhost.amqp_uri, line.folder)
    with running(second, until=LISTENS):
        line.tell_while(line.worker.kill)
        line.arrived()


@pytest.mark.long
def test_a_database_that_is_away_costs_no_deliveries_and_no_busy_loop(line: Line, postgres: str) -> None:
    """Listening again only when the database answers: the delivery limit must not eat messages in an outage."""
    name = line.referral.dsn.rpartition("/")[2]

    def away() -> None:
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            eventually(lambda: line.worker.said("consumer.interrupted") >= 3, timeout=40)
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())

    line.tell_while(away)
    line.arrived()
    assert line.worker.said(LISTENS) <= 3
    assert line.worker.said("consumer.interrupted") < 10


@pytest.mark.long
def test_a_worker_started_while_the_database_is_away_waits_for_it(
    referral: Room, vhost: Broker, tmp_path: Path, postgres: str
) -> None:
    name = referral.dsn.rpartition("/")[2]
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        with running(worker_of(referral, vhost.amqp_uri, tmp_path), until="worker.waits") as worker:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
            eventually(lambda: worker.said(LISTENS), timeout=30)


@pytest.mark.long
def test_a_worker_asked_to_stop_finishes_its_batch_before_anybody_kills_it(line: Line) -> None:
    def stop() -> None:
        began = monotonic()
        assert line.worker.stop() == 0
        assert monotonic() - began < 10 * PATIENCE  # a supervisor waits ten seconds on a machine that is not busy
        line.worker.start()

    line.tell_while(stop)
    line.arrived()


@pytest.mark.long
def test_a_relay_asked_to_stop_leaves_nothing_half_sent(line: Line) -> None:
    def stop() -> None:
        began = monotonic()
        assert line.relay.stop() == 0
        assert monotonic() - began < 10 * PATIENCE  # a supervisor waits ten seconds on a machine that is not busy
        placed = line.directory.value("SELECT count(*) FROM outbox WHERE position > 0 AND published_at IS NULL")
        assert placed == 0
        line.relay.start()

    line.tell_while(stop)
    eventually(lambda: line.referral.heard() >= COUNT, timeout=40)
    assert faults_in(line.referral) == NO_FAULTS


@pytest.mark.long
def test_random_kills(line: Line) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    chance = random.Random(seed)

    def hurt() -> None:
        for _ in range(6):
            chance.choice(
                [
                    lambda: again(line.relay),
                    lambda: again(line.worker),
                    lambda: terminate(line.directory),
                    lambda: terminate(line.referral),
                ]
            )()
            heard = line.referral.heard()
            with contextlib.suppress(AssertionError):
                eventually(lambda heard=heard: line.referral.heard() > heard, timeout=5)

    line.tell_while(hurt, count=COUNT)
    line.arrived()
