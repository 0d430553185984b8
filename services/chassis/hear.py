"""How a service says what it hears: marks on the methods of its service class, read by the worker.

Marks are plain data, so that `service.py` can be imported anywhere; only the worker process knows the framework.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from contracts.envelope import Envelope
from contracts.event import type_of
from services.chassis import telemetry

Door = TypeVar("Door", bound=Callable[..., None])
MARK = "__hears__"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as the broker handed it over, not looked into yet."""

    raw: bytes
    queue: str
    headers: Mapping[str, Any] = field(default_factory=dict)
    #: Who the broker says has sent it (it validates `user_id`); None if the sender did not say.
    user_id: str | None = None
    redelivered: bool = False

    @property
    def position(self) -> int | None:
        """The place in its stream that the sender's relay gave it; what a gap is recognized by."""
        position = self.headers.get("position")
        return position if isinstance(position, int) else None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event that was delivered and could be read."""

    envelope: Envelope
    queue: str
    position: int | None = None
    redelivered: bool = False

    @property
    def key(self) -> tuple[UUID, str]:
        return self.envelope.id, self.envelope.source


def heard(envelope: Envelope, queue: str) -> AbstractContextManager[str | None]:
    """The span of hearing one message; gives the `traceparent` for what follows from it."""
    told: telemetry.Attributes = {"messaging.system": "rabbitmq", "messaging.destination.name": queue}
    told |= {"messaging.message.id": str(envelope.id), "messaging.operation.type": "process"}
    return telemetry.span(envelope.traceparent, f"process {envelope.type}", telemetry.Kind.CONSUMER, told)


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str
    types: tuple[str, ...] = ()
    queue: str | None = None


def hears(*events: type) -> Callable[[Door], Door]:
    """This door takes these events: ``def service_published(self, work, event, envelope)``."""
    return _marked(Mark("event", tuple(_type(event) for event in events)))


def hears_everything(door: Door) -> Door:
    """This door takes whole batches, known types or not: ``def record(self, work, arrivals)``; no gap is waited for."""
    return _marked(Mark("batch"))(door)


def obeys(queue: str) -> Callable[[Door], Door]:
    """This door takes commands from a queue, each in transactions of its own: ``def command(self, unit, mail)``.

    It answers refusals itself; only `UnavailableError` (come back later) and mistakes in the program may leave it.
    """
    return _marked(Mark("command", queue=queue))


@dataclass(frozen=True, slots=True)
class Doors:
    """What a service class hears, as a table."""

    by_type: Mapping[str, str]
    batch: str | None
    by_queue: Mapping[str, str]


def doors_of(service: type) -> Doors:
    """Read the marks; two doors for one thing are a mistake."""
    by_type: dict[str, str] = {}
    by_queue: dict[str, str] = {}
    batches: list[str] = []
    for name, mark in _marks(service):
        batches += [name] if mark.kind == "batch" else []
        for table, keys in ((by_type, mark.types), (by_queue, (mark.queue,) if mark.queue else ())):
            for key in keys:
                if key in table:
                    raise ValueError(f"{service.__name__}: both {table[key]} and {name} want {key}")
                table[key] = name
    if len(batches) > 1 or (batches and by_type):
        raise ValueError(f"{service.__name__}: one door for everything, or one for each event")
    return Doors(by_type, batches[0] if batches else None, by_queue)


def _marks(service: type) -> list[tuple[str, Mark]]:
    names = [name for name in dir(service) if not name.startswith("__")]
    return [(name, mark) for name in names if isinstance(mark := getattr(getattr(service, name), MARK, None), Mark)]


def _marked(mark: Mark) -> Callable[[Door], Door]:
    def decorate(door: Door) -> Door:
        setattr(door, MARK, mark)
        return door

    return decorate


def _type(event: Any) -> str:
    return type_of(event)
