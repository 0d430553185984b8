"""Ways between processes and servers that fall silent, crawl, tear or end slowly, while everything is in use."""

import os
import shutil
from collections.abc import Callable
from time import monotonic

import pytest

from tests.chassis.rig import LISTENS, running
from tests.system.faults.conftest import Under
from tests.system.faults.network import Network
from tests.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
#: The kernel can be told to throw packets away.
needs_firewall = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("iptables") is None, reason="packets are dropped by root with iptables"
)
#: What a client is promised: an answer, if only that we are not available.
DATABASE_SECONDS = 5.0 + 3.0  # an unanswered packet, then an attempt at a new connection


@needs_firewall
def test_between_service_and_database_every_packet_is_lost(network: Network, under: Under) -> None:
    """Row 24: the kernel gives up in five seconds, who asks is told 503, and it goes on when packets arrive again."""
    with under("no packet between service and database") as load:
        with network.ways["web-db"].dropping():
            eventually(lambda: load.troubles["503"] >= 4, timeout=30)
        assert load.slowest < DATABASE_SECONDS * PATIENCE


@needs_firewall
@pytest.mark.parametrize("role", ["relay", "hearer", "log"])
def test_between_a_role_and_its_database_every_packet_is_lost(network: Network, under: Under, role: str) -> None:
    said = "relay.interrupted" if role == "relay" else "consumer.interrupted"
    with under(f"no packet between {role} and its database"):
        before = network[role].said(said)
        with network.ways[f"{role}-db"].dropping():
            eventually(lambda: network[role].said(said) > before, timeout=40)
    assert network[role].alive


@needs_firewall
@pytest.mark.parametrize("role", ["relay", "hearer"])
def test_between_a_role_and_the_broker_every_packet_is_lost(network: Network, under: Under, role: str) -> None:
    said = "relay.interrupted" if role == "relay" else "consumer.interrupted"
    with under(f"no packet between {role} and broker"):
        before = network[role].said(said)
        with network.ways[f"{role}-broker"].dropping():
            eventually(lambda: network[role].said(said) > before, timeout=60)
    assert network[role].alive


def test_of_a_half_open_consumer_the_broker_hears_nothing_and_another_takes_over(
    network: Network, under: Under, listeners: Callable[[str], int]
) -> None:
    """Row 25: letters still reach it, its words and heartbeats do not; what both of them handle has one effect."""
    with running(network.process("hearer", direct=True), until=LISTENS) as second:
        eventually(lambda: listeners("referral.inbox.0") == 2, timeout=30, interval=0.5)
        with under("half-open: the broker hears nothing of the consumer", timeout=90):
            network.ways["hearer-broker"].there.hold()
            eventually(lambda: listeners("referral.inbox.0") == 1, timeout=60, interval=0.5)
            heard = network.referral.heard()
            eventually(lambda: network.referral.heard() > heard + 20, timeout=30)
        assert second.alive


def test_of_a_half_open_broker_the_consumer_hears_nothing_and_lets_go(network: Network, under: Under) -> None:
    """Row 25, the other way: nothing comes, so its heart does not beat, so it connects anew."""
    with under("half-open: the consumer hears nothing of the broker", timeout=90):
        way = network.ways["hearer-broker"]
        before = network["hearer"].said("consumer.interrupted")
        way.back.hold()
        eventually(lambda: network["hearer"].said("consumer.interrupted") > before, timeout=45)
        way.cut()
        way.mend()


def test_of_a_half_open_broker_the_relay_waits_no_longer_than_for_a_confirm(network: Network, under: Under) -> None:
    with under("half-open: the relay hears nothing of the broker", timeout=90):
        way = network.ways["relay-broker"]
        before = network["relay"].said("relay.interrupted")
        way.back.hold()
        eventually(lambda: network["relay"].said("relay.interrupted") > before, timeout=30)
        way.cut()
        way.mend()


def test_every_way_is_slow(network: Network, under: Under) -> None:
    with under("every way 50 ms and 256 kB/s for 20 s", timeout=120) as load:
        for way in network.ways.values():
            for direction in (way.there, way.back):
                direction.delay, direction.bytes_per_second = 0.05, 256_000
        began = monotonic()
        eventually(lambda: monotonic() - began > 20)
        assert len(load.acknowledged) > 40
        for way in network.ways.values():
            way.mend()


def test_every_connection_is_reset_again_and_again(network: Network, under: Under) -> None:
    with under("every connection reset, five times") as load:
        for _ in range(5):
            for way in network.ways.values():
                way.cut()
            load.goes_on(10)
    assert all(network[role].alive for role in ("web", "relay", "hearer", "log"))


def test_ends_take_their_time_and_new_ones_are_refused(network: Network, under: Under) -> None:
    """A server whose old connections linger while it takes no new ones: what a failover looks like from outside."""
    with under("servers refuse for 5 s, old connections end slowly") as load:
        for way in network.ways.values():
            way.linger, way.refuses = 2.0, True
        for way in network.ways.values():
            way.cut()
        began = monotonic()
        eventually(lambda: monotonic() - began > 5)
        for way in network.ways.values():
            way.mend()
    assert load.troubles["503"]
