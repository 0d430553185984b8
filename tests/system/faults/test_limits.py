"""Too little of something: descriptors, a lock, room in a queue. And too much: load, and what is no letter."""

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from uuid import uuid4

import amqp
import psutil
import psycopg
import pytest
import urllib3
from prometheus_client.registry import CollectorRegistry

from contracts.envelope import MAX_BYTES
from contracts.topology import core
from lotse import topology
from lotse.broker import Broker as Manager
from services.chassis import broker, parking
from services.chassis.figures import StreamFigures
from tests.brokers import as_user
from tests.chassis.rig import Room
from tests.system.faults.conftest import Under, leave_out_notifications
from tests.system.faults.load import Client, Load
from tests.system.faults.network import Network, answers
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
INBOX = "referral.inbox.0"


@contextmanager
def at_most_files(pid: int, count: int) -> Iterator[None]:
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("role", ["web", "relay", "hearer", "log"])
def test_a_process_without_free_descriptors_goes_on_when_there_are_some(
    network: Network, under: Under, role: str
) -> None:
    """Row 22: connections are torn while no new one can be opened; nobody has to start anything again."""
    process = psutil.Process(network[role].process.pid)
    with under(f"{role} without file descriptors for 6 s") as load, at_most_files(process.pid, 3):
        for name, way in network.ways.items():
            if name.startswith(role):
                way.cut()
        began = monotonic()
        eventually(lambda: monotonic() - began > 6)
    assert network[role].alive
    assert network[role].process.pid == process.pid
    if role == "web":
        assert load.troubles


def test_a_lock_held_for_long_is_503_and_nobody_else_waits(network: Network, under: Under) -> None:
    """Row 23: whoever needs what somebody holds is told in three seconds; whoever does not is served."""
    with under("a lock on one table of the service held for 8 s") as load:
        with psycopg.connect(network.directory.owner_dsn) as holding:
            holding.execute("LOCK TABLE steps IN ACCESS EXCLUSIVE MODE")
            began = monotonic()
            while monotonic() - began < 8:
                asked = monotonic()
                assert answers(network.ports[0])
                assert monotonic() - asked < 2.0 * PATIENCE
            holding.rollback()
        eventually(lambda: load.troubles["503"] >= 4)
    assert load.slowest < 5.0 * PATIENCE


def test_an_old_transaction_left_open_stops_nobody(network: Network, under: Under) -> None:
    """Row 23, the other half: what is dead cannot be cleared away meanwhile, and that is all."""
    with under("a transaction left open for 8 s") as load, psycopg.connect(network.directory.owner_dsn) as idle:
        idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        idle.execute("SELECT count(*) FROM outbox")
        began = monotonic()
        eventually(lambda: monotonic() - began > 8)
        idle.rollback()
    assert not load.troubles


def manager(network: Network, broker_server: tuple[str, str]) -> Manager:
    return Manager(broker_server[1], network.amqp_uri.rpartition("/")[2])


def test_a_full_queue_refuses_and_the_outbox_keeps(
    network: Network, under: Under, broker_server: tuple[str, str]
) -> None:
    """Row 18: the broker's no is not a loss; the letters wait where they were written and leave when there is room."""
    here = manager(network, broker_server)
    path = f"/policies/{here.vhost}/small"
    with under("a full queue") as load:
        network["hearer"].pause()
        here.call("PUT", path, {"pattern": f"^{INBOX}$", "definition": {"max-length": 20}, "apply-to": "queues"})
        before = network["relay"].said("refused by the broker")
        eventually(lambda: network["relay"].said("refused by the broker") > before, timeout=30)
        waiting, began = network.announced() - network.confirmed(), monotonic()
        before = network["relay"].said("refused by the broker")
        eventually(lambda: monotonic() - began > 6)
        assert network["relay"].said("refused by the broker") - before <= 8, "it asks ever more rarely"
        load.goes_on(10)
        assert network.announced() - network.confirmed() > waiting, "the service works on, its outbox grows"
        here.call("DELETE", path)
        network["hearer"].go_on()


def test_events_nobody_is_bound_for_are_not_lost(
    network: Network, under: Under, broker_server: tuple[str, str]
) -> None:
    """Row 17: without its binding a queue misses letters; `unrouted` or the relay's refusal keeps them findable."""
    here = manager(network, broker_server)
    bindings = f"/bindings/{here.vhost}/e/directory.events/q/{INBOX}"
    with under("the hearer's binding deleted for a while"):
        here.call("DELETE", f"{bindings}/%23")
        told = network.announced()
        eventually(lambda: network.announced() > told + 20)
        here.call("POST", bindings, {"routing_key": "#"})
        republish(network)


def test_a_deleted_binding_is_noticed_while_another_queue_still_hears(
    network: Network, under: Under, broker_server: tuple[str, str]
) -> None:
    """Row 39: whoever is cut off says so by a figure, whatever others hear; the check names what is gone."""
    here = manager(network, broker_server)
    with under("the hearer's binding deleted until its figure told", timeout=120):
        here.call("DELETE", f"/bindings/{here.vhost}/e/directory.events/q/{INBOX}/%23")
        try:
            assert here.missing(core()) == [f"binding directory.events -> {INBOX} (#)", *NOT_BOUND_HERE]
            eventually(lambda: unheard(network.referral) > 75, timeout=120, interval=1)
            assert unheard(network.audit) < 60, "the log hears on, so that nobody's letter is returned to its relay"
        finally:  # or whatever comes after this test hears nothing either
            topology.apply_to(here)
            leave_out_notifications(network.amqp_uri)
        assert here.missing(core()) == NOT_BOUND_HERE
        republish(network)
    eventually(lambda: unheard(network.referral) < 60, timeout=90, interval=1)


#: Nobody reads the queue of notifications in this network.
NOT_BOUND_HERE = ["binding directory.events -> notifications.inbox.0 (#)"]


def unheard(room: Room) -> float:
    """What the service tells whoever watches it: seconds since it heard anything of the directory."""
    registry = CollectorRegistry()
    registry.register(StreamFigures(room.db, room.name))
    labels = {"service": room.name, "source": "/lotsennetz/directory"}
    return registry.get_sample_value("lotsennetz_stream_heard_age_seconds", labels) or 0.0


def republish(network: Network) -> None:
    """What an operator does: `republish --all --to referral`."""
    env = network.process("relay", direct=True).env
    command = [sys.executable, "-m", "tests.system.faults.teller", "republish", "--all", "--to", "referral"]
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_whole_days_events_said_again_change_nothing(network: Network, under: Under) -> None:
    with under("everything said again to a hearer that knows it, under load"):
        republish(network)


POISON: dict[str, bytes] = {
    "not JSON": b"\x00\xff\xfe",
    "no envelope": b"{}",
    "broken UTF-8": b'{"specversion": "1.0", "id": "\xc3\x28"}',
    "nested deeply": b"[" * 50_000,
    "too large": b'{"specversion": "1.0", "x": "' + b"x" * MAX_BYTES + b'"}',
}


def test_what_is_no_letter_is_put_aside_and_letters_flow(network: Network, under: Under) -> None:
    """Row 19: garbage in the inbox is parked with its reason; everything else goes its way beside it."""
    with under("poison and oversize messages among the letters") as load:
        for body in POISON.values():
            publish_raw(network, body)
            load.goes_on(5)
        for room in (network.referral, network.audit):
            eventually(lambda room=room: len(parked(room)) == len(POISON), timeout=30)
            assert {item.reason for item in parked(room)} == {"envelope.invalid"}
        give_up(network.referral)
        give_up(network.audit)


def parked(room: Room) -> list[parking.Parked]:
    with room.session() as session:
        return parking.parked(session)


def give_up(room: Room) -> None:
    """What an operator does with what nobody can read."""
    with room.session() as session, session.transaction():
        for item in parking.parked(session):
            parking.discard(session, item.parked_id, by="staff:" + "ab" * 16)


def publish_raw(network: Network, body: bytes) -> None:
    """As the directory's own user: a broken program of ours, not a stranger's."""
    link = broker.connect(as_user(network.amqp_uri, "directory"), "test")
    channel = link.channel()
    channel.confirm_select()
    message = amqp.Message(body, user_id="directory", delivery_mode=2, message_id=str(uuid4()))
    channel.basic_publish_confirm(message, "directory.events", "directory.import_applied.v1")
    link.close()


def memory(network: Network) -> dict[str, int]:
    """Resident megabytes of each role."""
    return {
        role: psutil.Process(process.process.pid).memory_info().rss // 2**20
        for role, process in network.processes.items()
    }


@pytest.mark.timeout(900)
def test_ten_times_the_load_is_borne_in_bounded_memory(
    network: Network, under: Under, record_property: Any, long_seconds: int
) -> None:
    """Forty clients that never rest, where four do: answers get slower or are 503, and nothing is lost or swells up."""
    with under(f"ten times the load for {long_seconds} s", timeout=300) as load:
        before = memory(network)
        usual = rate(load, 5)
        with Load(network.ports, clients=40, pause=0.0) as many:
            began = monotonic()
            eventually(lambda: monotonic() - began > long_seconds, timeout=long_seconds + 60, interval=0.5)
            after = memory(network)
        load.acknowledged.extend(many.acknowledged)
    swollen = {role: after[role] - before[role] for role in after}
    figures = {"usual": usual, "overloaded": round(len(many.acknowledged) / long_seconds), "swollen_mb": swollen}
    record_property("overload", json.dumps({**figures, "slowest": round(many.slowest, 1), **dict(many.troubles)}))
    print(figures, dict(many.troubles), f"slowest {many.slowest:.1f} s")
    assert max(swollen.values()) < 150, swollen
    assert many.slowest < 10 * PATIENCE


def rate(load: Load, seconds: float) -> int:
    before, began = len(load.acknowledged), monotonic()
    eventually(lambda: monotonic() - began > seconds)
    return round((len(load.acknowledged) - before) / seconds)


@pytest.fixture
def long_seconds() -> int:
    return 120


def test_the_same_step_from_fifty_clients_at_once_has_one_effect(network: Network, under: Under) -> None:
    """Row 31, through the door: parallel repetitions get one answer."""
    step = {"name": uuid4().hex, "subject": str(uuid4()), "number": 1}
    told: list[str] = []
    with under("one step from fifty clients at once"):
        clients = [threading.Thread(target=lambda: told.append(Client(network.ports).ask(step))) for _ in range(50)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert set(told) == {"201"}, told
    rows = network.directory.rows("SELECT count(*) AS count FROM steps WHERE name = %s", step["name"])
    assert rows == [{"count": 1}]
    assert urllib3.request("GET", f"http://127.0.0.1:{network.ports[0]}/directory/health/live").status == 200
