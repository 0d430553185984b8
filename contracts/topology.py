"""Which exchanges, queues and bindings exist: a pure description that `lotse topology apply` applies.

directory.events --#--> referral.inbox.0, notifications.inbox.0, audit.inbox.0
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

SERVICES = ("directory", "referral", "notifications", "audit")

#: Who hears whom. Water only flows downhill: a service never stands left of one it is heard by.
HEARS: Mapping[str, tuple[str, ...]] = {
    "directory": (),
    "referral": ("directory",),
    "notifications": ("directory", "referral"),
    "audit": SERVICES,
}

#: Whose inbox may be several queues beside each other. Not the log's: it is one sequence, and has one writer.
PARTITIONED = ("referral", "notifications")
#: So many queues at most: more would only be kept, not read faster.
MOST_PARTITIONS = 8
#: By it a letter finds its partition: what is told of one subject stays in its order.
PARTITION_HEADER = "ce-subject"
#: The weight of a queue at that exchange, which it takes for the key of the binding.
ONE_SHARE = "1"

UNROUTED = "unrouted"
DEAD = "dead"
PARTNERS = "partners"
#: Where notices go that a partner did not take: bounded, so that a partner that sleeps fills nobody's disk.
PARTNERS_DEAD = "partners.dead"
#: Whoever looks at what lies in the three queues above, and puts it back where it belongs: no service, no partner.
OPERATIONS_USER = "operations"
#: What the broker calls the default exchange when it asks whether somebody may write to it.
DEFAULT_EXCHANGE = "amq.default"
COMMANDS_EXCHANGE = "referral.commands"
COMMANDS_QUEUE = "referral.commands.0"
DELIVERY_LIMIT = 20
PARTNER_MAX_LENGTH = 10_000
#: What all partners together may have said and we have not yet read: then they are refused, and say it again later.
COMMANDS_MAX_LENGTH = 10_000
COMMANDS_MAX_BYTES = 64 * 1024 * 1024
#: Two weeks: by then a request nobody took has expired.
PARTNER_MAX_AGE_MS = 14 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where messages are published to."""

    name: str
    type: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """Where messages wait for who reads them."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages flow from exchange `source` to `destination`, a queue or (`to_exchange`) another exchange."""

    source: str
    destination: str
    routing_key: str
    to_exchange: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a queue besides its arguments; unlike these it can be changed while letters lie in the queue."""

    queue: str
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a broker user may do; the patterns match whole names. Nobody but the topology command configures."""

    user: str
    write: str
    read: str
    configure: str = "^$"


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that has to exist together."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    permissions: tuple[Permissions, ...]
    policies: tuple[Policy, ...] = ()


def events_exchange(service: str) -> str:
    """The exchange a service tells its events on; nameko's own naming, so any nameko service can listen."""
    return f"{service}.events"


def again_exchange(service: str) -> str:
    """Where a service says once more, to the one listener whose queue the routing key names, what it has said."""
    return f"{service}.again"


def source_of(service: str) -> str:
    """What a service's envelopes name as their source."""
    return f"/lotsennetz/{service}"


def is_vouched_for(type_: str, source: str, user: str | None) -> bool:
    """Whether type, source and sender agree; the sender is whom the broker names, or None: somebody answers for it."""
    service = type_.partition(".")[0]
    return service in SERVICES and source == source_of(service) and user in (service, None)


def inbox_queue(service: str, partition: int = 0) -> str:
    """The queue a service hears from; partitions are numbered from the first day on."""
    return f"{service}.inbox.{partition}"


def inbox_exchange(service: str) -> str:
    """What shares a service's inbox out among its partitions, where there are several."""
    return f"{service}.inbox"


def inbox_queues(service: str, partitions: int) -> tuple[str, ...]:
    """All queues a service hears from."""
    return tuple(inbox_queue(service, number) for number in range(partitions if service in PARTITIONED else 1))


def partner_queue(organization_id: UUID) -> str:
    return f"partner.{organization_id}.notices"


def partner_exchange(organization_id: UUID) -> str:
    return f"partner.{organization_id}.commands"


def partner_user(organization_id: UUID) -> str:
    return f"partner.{organization_id}"


def organization_of_user(user: str) -> UUID | None:
    """The organization behind a broker user, or None if the user is no partner."""
    kind, _, identity = user.partition(".")
    try:
        return UUID(identity) if kind == "partner" else None
    except ValueError:
        return None


def inbox_arguments() -> dict[str, Any]:
    """Replicated, in order, never silently dropping: what is refused too often goes to the dead queue."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-single-active-consumer": True,
    }


def partner_arguments() -> dict[str, Any]:
    """Bounded by length and age, giving way at its old end: the oldest letters go to a dead queue that is bounded, too.

    Refusing new ones instead would be a nack to our relay, and one partner that never reads would silence us to all.
    Nothing is lost by it: a notice is only a hint, and the pull feed keeps every one of them.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": PARTNERS_DEAD,
        "x-overflow": "drop-head",
        "x-max-length": PARTNER_MAX_LENGTH,
        "x-message-ttl": PARTNER_MAX_AGE_MS,
    }


def partners_dead_arguments() -> dict[str, Any]:
    """To be looked at for a while, and then gone; of all partners together no more than of one."""
    return {
        "x-queue-type": "quorum",
        "x-overflow": "drop-head",
        "x-max-length": PARTNER_MAX_LENGTH,
        "x-message-ttl": PARTNER_MAX_AGE_MS,
    }


def commands_policy() -> Policy:
    """A bound by which `reject-publish` bites: the partner's broker confirm is a no, and nothing said is dropped.

    A policy, not arguments: the broker refuses other arguments for a queue that exists, and this one is never empty
    for certain.
    """
    return Policy(COMMANDS_QUEUE, {"max-length": COMMANDS_MAX_LENGTH, "max-length-bytes": COMMANDS_MAX_BYTES})


_ALTERNATE = {"alternate-exchange": UNROUTED}


def core(partitions: int = 1) -> Topology:
    """Everything that exists before the first partner joins; inboxes that may be are divided into so many queues."""
    events = tuple(Exchange(events_exchange(service), "topic", _ALTERNATE) for service in SERVICES)
    again = tuple(Exchange(again_exchange(service), "direct", _ALTERNATE) for service in SERVICES)
    hearers = tuple(service for service in SERVICES if HEARS[service])
    return Topology(
        exchanges=(
            Exchange(UNROUTED, "fanout"),
            Exchange(DEAD, "fanout"),
            Exchange(PARTNERS_DEAD, "fanout"),
            *events,
            *again,
            *(_sharing(service) for service in hearers if is_shared(service, partitions)),
            Exchange(PARTNERS, "direct", _ALTERNATE),
            Exchange(COMMANDS_EXCHANGE, "fanout"),
        ),
        queues=(
            Queue(UNROUTED, {"x-queue-type": "quorum"}),
            Queue(DEAD, {"x-queue-type": "quorum"}),
            Queue(PARTNERS_DEAD, partners_dead_arguments()),
            *(Queue(name, inbox_arguments()) for service in hearers for name in inbox_queues(service, partitions)),
            Queue(COMMANDS_QUEUE, inbox_arguments()),
        ),
        bindings=(
            Binding(UNROUTED, UNROUTED, ""),
            Binding(DEAD, DEAD, ""),
            Binding(PARTNERS_DEAD, PARTNERS_DEAD, ""),
            *(binding for service in hearers for binding in inbox_bindings(service, partitions)),
            Binding(COMMANDS_EXCHANGE, COMMANDS_QUEUE, ""),
        ),
        permissions=(*(_service_permissions(service, partitions) for service in SERVICES), _operations_permissions()),
        policies=(commands_policy(),),
    )


def is_shared(service: str, partitions: int) -> bool:
    """Whether an exchange stands before the inbox, which shares letters out."""
    return len(inbox_queues(service, partitions)) > 1


def inbox_bindings(service: str, partitions: int) -> tuple[Binding, ...]:
    """All that leads into a service's inbox; what is said again is addressed to its first queue, wherever it ends."""
    queues, shared = inbox_queues(service, partitions), is_shared(service, partitions)
    door = inbox_exchange(service) if shared else queues[0]
    return (
        *(Binding(events_exchange(told), door, "#", shared) for told in HEARS[service]),
        *(Binding(again_exchange(told), door, queues[0], shared) for told in HEARS[service]),
        *(Binding(door, queue, ONE_SHARE) for queue in queues if shared),
    )


def _sharing(service: str) -> Exchange:
    return Exchange(inbox_exchange(service), "x-consistent-hash", {"hash-header": PARTITION_HEADER, **_ALTERNATE})


def for_partner(organization_id: UUID) -> Topology:
    """What one partner on the queue has: its own queue to read, its own exchange to write, nothing else."""
    queue, exchange = partner_queue(organization_id), partner_exchange(organization_id)
    return Topology(
        exchanges=(Exchange(exchange, "topic"),),
        queues=(Queue(queue, partner_arguments()),),
        bindings=(
            Binding(PARTNERS, queue, str(organization_id)),
            Binding(exchange, COMMANDS_EXCHANGE, "#", to_exchange=True),
        ),
        permissions=(Permissions(partner_user(organization_id), write=_only(exchange), read=_only(queue)),),
    )


def _service_permissions(service: str, partitions: int) -> Permissions:
    writes = [events_exchange(service), again_exchange(service)]
    reads = [*inbox_queues(service, partitions)] if HEARS[service] else []
    if service in ("referral", "notifications"):
        writes.append(PARTNERS)
    if service == "referral":
        reads.append(COMMANDS_QUEUE)
    return Permissions(service, write=_only(*writes), read=_only(*reads))


def _operations_permissions() -> Permissions:
    """Putting a letter back is writing to the one queue it came from, which only the default exchange can do."""
    return Permissions(OPERATIONS_USER, write=_only(DEFAULT_EXCHANGE), read=_only(UNROUTED, DEAD, PARTNERS_DEAD))


def _only(*names: str) -> str:
    alternatives = "|".join(name.replace(".", r"\.") for name in names)
    return f"^({alternatives})$" if names else "^$"
