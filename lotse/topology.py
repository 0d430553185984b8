"""Applying the network's topology and the partners' share of it; idempotent, and told in words what was done."""

from collections.abc import Mapping
from uuid import UUID

from contracts.codes import LetterPlace
from contracts.topology import core, for_partner, partner_user
from lotse.broker import Broker


def apply(
    management_url: str, vhost: str = "/", passwords: Mapping[str, str] | None = None, partitions: int = 1
) -> list[str]:
    """`apply_to` the virtual host named, which is created first."""
    broker = Broker(management_url, vhost)
    broker.ensure_vhost()
    return apply_to(broker, passwords, partitions)


def apply_to(broker: Broker, passwords: Mapping[str, str] | None = None, partitions: int = 1) -> list[str]:
    """Make each exchange, queue and binding exist, with `passwords` the services' users; returns what was missing.

    What led into an inbox when it had another number of partitions leads there no more; its queues stay.
    """
    topology = core(partitions)
    missing = broker.missing(topology)
    broker.apply(topology)
    for binding in broker.led_elsewhere(topology):
        broker.unbind(binding)
    broker.lift_delivery_limit([place.value for place in LetterPlace])
    if passwords:
        known = broker.users()
        missing += [f"user {wanted.user}" for wanted in topology.permissions if wanted.user not in known]
    for wanted in topology.permissions:
        if passwords or broker.permissions_of(wanted.user) is not None:
            broker.ensure_user(wanted, passwords[wanted.user] if passwords else None)
    return missing


def differences(broker: Broker, partitions: int = 1) -> list[str]:
    """Where what exists is not what `apply` would have made; it mends the bindings, the rest is done by hand."""
    topology = core(partitions)
    return [
        *(f"arguments of queue {name}" for name in broker.different(topology)),
        *(f"binding {one.source} -> {one.destination} ({one.routing_key})" for one in broker.led_elsewhere(topology)),
        *(f"queue {name} lies on {kept} of {nodes} nodes" for name, kept, nodes in broker.thin(topology)),
    ]


def onboard(broker: Broker, organization_id: UUID, password: str | None) -> list[str]:
    """Give a partner its queue, its exchange and its user, with exactly the rights it needs."""
    topology = for_partner(organization_id)
    missing = broker.missing(topology)
    for queue in broker.different(topology):
        broker.drop_empty(queue)
    broker.apply(topology)
    for wanted in topology.permissions:
        broker.ensure_user(wanted, password)
        broker.confine(wanted.user)
    return missing


def suspend(broker: Broker, organization_id: UUID) -> None:
    """Close the door: no rights, no open connection; notices wait in the queue for its return."""
    broker.bar(partner_user(organization_id))


def offboard(broker: Broker, organization_id: UUID) -> None:
    """Take everything away, waiting notices too."""
    broker.remove(partner_user(organization_id), for_partner(organization_id))


def drift(broker: Broker, organization_id: UUID) -> list[str]:
    """What differs from what onboarding would have made; empty when all is in order."""
    topology = for_partner(organization_id)
    found = [f"missing: {item}" for item in broker.missing(topology)]
    found += [f"differs: arguments of queue {name}" for name in broker.different(topology)]
    for wanted in topology.permissions:
        seen = broker.permissions_of(wanted.user)
        if seen is None:
            found.append(f"missing: permissions of {wanted.user}")
        elif seen != wanted:
            found.append(f"differs: permissions of {wanted.user}")
        found += [f"too much: {item} of {wanted.user}" for item in broker.beyond(wanted.user)]
    return found
