"""Processes killed at every step of the way of an event: before and after each promise they make to each other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import psycopg
import pytest

from tests.chassis.rig import Room
from tests.system.faults.conftest import Under
from tests.system.faults.network import Network
from tests.system.faults.way import Way
from tests.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def again(network: Network, role: str) -> None:
    network[role].kill()
    network.start(role)


def test_relay_killed_after_sending_and_before_it_heard_of_a_confirm(network: Network, under: Under) -> None:
    way = network.ways["relay-broker"]
    with under("relay killed -9 before the confirm"):
        way.back.hold()
        eventually(lambda: network.referral.heard() > network.confirmed(), timeout=20)
        network["relay"].kill()
        way.mend()
        network.start("relay")


def is_caught(network: Network, way: Way) -> bool:
    """Whether the relay is held with a window that has arrived and is not marked: it may as well be asking for one."""
    way.there.hold()
    began = monotonic()
    while monotonic() - began < 1.0:
        if network.referral.heard() > network.confirmed():
            return True
    way.there.let_go()
    return False


def test_relay_killed_after_a_confirm_and_before_it_wrote_that_down(network: Network, under: Under) -> None:
    way = network.ways["relay-db"]
    with under("relay killed -9 between confirm and mark"):
        eventually(lambda: is_caught(network, way), timeout=60)
        network["relay"].kill()
        way.cut()
        way.mend()
        network.start("relay")


@contextmanager
def in_the_way(room: Room, table: str) -> Iterator[Callable[[], bool]]:
    """Somebody holds a table; tells whether another waits for it."""
    waits = (
        "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
        " WHERE relname = %s AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    with psycopg.connect(room.owner_dsn) as holding:
        holding.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield lambda: bool(room.value(waits, table))
        holding.rollback()


@pytest.mark.parametrize(("role", "table"), [("hearer", "heard"), ("log", "entries")], ids=["hearer", "log"])
def test_consumer_killed_within_a_batch_before_its_commit(
    network: Network, under: Under, role: str, table: str
) -> None:
    room = network.referral if role == "hearer" else network.audit
    with under(f"{role} killed -9 before its commit"):
        with in_the_way(room, table) as somebody_waits:
            eventually(somebody_waits, timeout=20, interval=0.01)
            network[role].kill()
        network.start(role)


@pytest.mark.parametrize("role", ["hearer", "log"])
def test_consumer_killed_after_its_commit_and_before_it_acknowledged(network: Network, under: Under, role: str) -> None:
    way = network.ways[f"{role}-broker"]
    count = network.referral.heard if role == "hearer" else network.logged
    with under(f"{role} killed -9 between commit and acknowledgement"):
        way.there.hold()
        before = count()
        eventually(lambda: count() > before, timeout=20)
        network[role].kill()
        way.cut()
        way.mend()
        network.start(role)


def test_relay_and_both_consumers_killed_at_once(network: Network, under: Under) -> None:
    with under("relay and both consumers killed -9 at once"):
        for role in ("relay", "hearer", "log"):
            network[role].kill()
        network.start("relay", "hearer", "log")


def test_the_service_is_killed_and_clients_ask_for_the_same_again(network: Network, under: Under) -> None:
    with under("service killed -9 under load, three times") as load:
        for _ in range(3):
            again(network, "web")
            load.goes_on(10)
    assert load.troubles, "nobody was interrupted"


def test_the_service_is_killed_after_its_commit_and_before_its_answer(network: Network, under: Under) -> None:
    way = network.ways["web-db"]
    with under("service killed -9 between commit and answer") as load:
        way.back.hold()
        before = len(load.acknowledged)
        steps = network.announced()
        network["web"].kill()
        way.cut()
        way.mend()
        network.start("web")
        assert steps >= before
    assert load.troubles


def test_kills_in_random_order(network: Network, under: Under) -> None:
    """Two at a time, so that what one left half done meets another that begins anew."""
    with under("relay, consumers and service killed -9 in pairs") as load:
        for pair in (("relay", "hearer"), ("log", "web"), ("hearer", "log"), ("web", "relay")):
            together = [threading.Thread(target=network[role].kill) for role in pair]
            for one in together:
                one.start()
            for one in together:
                one.join()
            network.start(*pair)
            load.goes_on(5)
