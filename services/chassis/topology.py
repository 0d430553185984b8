"""Looks whether the exchanges and queues that contracts describe are really there; nothing here may create them."""

from collections.abc import Iterable
from typing import Any

import amqp

from contracts.topology import core


class TopologyError(Exception):
    """Something that must be there is missing; run `lotse topology apply`."""


def require(connection: Any, exchanges: Iterable[str], queues: Iterable[str]) -> None:
    """Declare passively: the broker says no if it does not know the name."""
    for name in exchanges:
        _look(connection, "exchange", name)
    for name in queues:
        _look(connection, "queue", name)


def listeners_of(exchange: str) -> list[str]:
    """The queues that hear an exchange: where one of them is missing, events would be lost for its reader.

    Of an inbox in several queues the first, which is always there; the others are looked for by who reads them.
    """
    topology = core()
    names = {queue.name for queue in topology.queues}
    return [b.destination for b in topology.bindings if b.source == exchange and b.destination in names]


def _look(connection: Any, kind: str, name: str) -> None:
    channel = connection.channel()
    try:
        if kind == "exchange":
            channel.exchange_declare(name, "topic", passive=True)
        else:
            channel.queue_declare(name, passive=True)
    except amqp.NotFound as error:
        raise TopologyError(f"{kind} {name} is missing: run `lotse topology apply`") from error
    channel.close()
