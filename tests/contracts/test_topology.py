"""The topology as a description: who hears whom, and who may do what."""

import re
from uuid import UUID

import pytest

from contracts import topology
from contracts.topology import SERVICES, core, for_partner

HWK = UUID(int=1)
IHK = UUID(int=2)


def test_water_only_flows_downhill() -> None:
    order = list(SERVICES)
    for service, heard in topology.HEARS.items():
        assert all(order.index(told) <= order.index(service) for told in heard)


def test_each_hearer_is_bound_to_what_it_hears_with_everything() -> None:
    bound = {(one.source, one.destination) for one in core().bindings if one.routing_key == "#"}
    assert bound == {
        ("directory.events", "referral.inbox.0"),
        ("directory.events", "notifications.inbox.0"),
        ("referral.events", "notifications.inbox.0"),
        *((f"{service}.events", "audit.inbox.0") for service in SERVICES),
    }


def test_an_inbox_in_several_queues_has_an_exchange_that_keeps_each_subject_in_one_of_them() -> None:
    three = core(3)
    shared = {one.name: one for one in three.exchanges if one.type == "x-consistent-hash"}
    assert set(shared) == {"referral.inbox", "notifications.inbox"}
    assert all(one.arguments["hash-header"] == "ce-subject" for one in shared.values())
    into = {(one.source, one.destination, one.routing_key) for one in three.bindings if "inbox" in one.destination}
    assert {one for one in into if one[1].startswith("referral")} == {
        ("directory.events", "referral.inbox", "#"),
        ("directory.again", "referral.inbox", "referral.inbox.0"),
        *(("referral.inbox", f"referral.inbox.{number}", "1") for number in range(3)),
    }
    (referral,) = [one for one in three.permissions if one.user == "referral"]
    assert all(may(referral.read, f"referral.inbox.{number}") for number in range(3))


def test_the_log_has_one_queue_however_many_others_have() -> None:
    names = {queue.name for queue in core(3).queues if queue.name.startswith("audit.")}
    assert names == {"audit.inbox.0"}
    assert [one for one in core(3).bindings if one.destination == "audit.inbox.0"] == [
        one for one in core().bindings if one.destination == "audit.inbox.0"
    ]


def test_every_binding_leads_somewhere_that_exists() -> None:
    for known in (core(), core(4), for_partner(HWK)):
        exchanges = {one.name for one in (*core().exchanges, *known.exchanges)}
        queues = {one.name for one in known.queues}
        for binding in known.bindings:
            assert binding.source in exchanges
            assert binding.destination in (exchanges if binding.to_exchange else queues)


def test_what_is_unroutable_or_dead_is_kept() -> None:
    for exchange in core().exchanges:
        if exchange.type in ("topic", "direct"):
            assert exchange.arguments == {"alternate-exchange": "unrouted"}
    inbox = next(queue for queue in core().queues if queue.name == "referral.inbox.0")
    assert inbox.arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": "dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-single-active-consumer": True,
    }


def test_a_partners_queue_is_bounded_and_may_have_several_readers() -> None:
    (queue,) = for_partner(HWK).queues
    assert queue.arguments["x-max-length"] == 10_000
    assert queue.arguments["x-overflow"] == "drop-head"
    assert "x-single-active-consumer" not in queue.arguments


def may(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name) is not None


def services_permissions() -> list[topology.Permissions]:
    return [one for one in core().permissions if one.user in SERVICES]


def test_operations_reads_what_lies_undelivered_and_nothing_else() -> None:
    (operations,) = [one for one in core().permissions if one.user not in SERVICES]
    readable = {one.name for one in (*core().queues, *for_partner(HWK).queues) if may(operations.read, one.name)}
    assert readable == {"unrouted", "dead", "partners.dead"}
    assert not any(may(operations.write, one.name) for one in (*core().exchanges, *for_partner(HWK).exchanges))
    assert not any(may(one.read, name) for one in services_permissions() for name in readable)


def test_nobody_configures_and_everybody_writes_only_its_own() -> None:
    everybody = (*core().permissions, *for_partner(HWK).permissions)
    assert {one.configure for one in everybody} == {"^$"}
    for one in services_permissions():
        assert may(one.write, f"{one.user}.events")
        assert not any(may(one.write, f"{other}.events") for other in SERVICES if other != one.user)
        assert not may(one.write, f"{one.user}xevents")
        assert not any(may(one.read, f"{other}.inbox.0") for other in SERVICES if other != one.user)


def test_a_service_says_again_to_one_listener_alone_and_in_its_own_name() -> None:
    again = {(one.source, one.routing_key, one.destination) for one in core().bindings if one.source.endswith(".again")}
    assert again == {
        (f"{told}.again", f"{service}.inbox.0", f"{service}.inbox.0")
        for service, heard in topology.HEARS.items()
        for told in heard
    }
    for one in services_permissions():
        assert [other for other in SERVICES if may(one.write, f"{other}.again")] == [one.user]


@pytest.mark.parametrize(
    ("type_", "source", "user", "believed"),
    [
        ("directory.service_published.v1", "/lotsennetz/directory", "directory", True),
        ("directory.service_published.v1", "/lotsennetz/directory", "audit", False),
        ("directory.service_published.v1", "/lotsennetz/audit", "directory", False),
        ("referral.requested.v1", "/lotsennetz/directory", "directory", False),
        ("partner.accept.v1", "/partner/x", "partner", False),
        ("directory.of_tomorrow.v9", "/lotsennetz/directory", "directory", True),
    ],
)
def test_an_event_is_its_services_if_type_source_and_sender_agree(
    type_: str, source: str, user: str, *, believed: bool
) -> None:
    assert topology.is_vouched_for(type_, source, user) is believed


def test_only_referral_reads_commands_and_directory_hears_nothing() -> None:
    readers = {one.user for one in core().permissions if may(one.read, "referral.commands.0")}
    assert readers == {"referral"}
    assert next(one for one in core().permissions if one.user == "directory").read == "^$"


def test_a_partner_reads_its_own_queue_and_no_other() -> None:
    (mine,) = for_partner(HWK).permissions
    assert may(mine.read, topology.partner_queue(HWK))
    assert may(mine.write, topology.partner_exchange(HWK))
    assert not may(mine.read, topology.partner_queue(IHK))
    assert not may(mine.write, topology.partner_exchange(IHK))
    assert not may(mine.write, "partners")


@pytest.mark.parametrize(
    ("user", "organization"),
    [(f"partner.{HWK}", HWK), ("partner.hwk", None), ("guest", None), ("partner", None), (f"other.{HWK}", None)],
)
def test_the_organization_is_read_from_the_broker_user(user: str, organization: UUID | None) -> None:
    assert topology.organization_of_user(user) == organization


def test_a_partners_user_leads_back_to_it() -> None:
    assert topology.organization_of_user(topology.partner_user(HWK)) == HWK
