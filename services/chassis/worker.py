"""The worker role: the service class as nameko runs it, one batch entrypoint per queue. Only this process is green."""

import signal
from collections.abc import Callable
from typing import Any

import eventlet
from nameko.extensions import register_entrypoint
from nameko.runners import ServiceRunner

from contracts.topology import inbox_queues
from services.chassis import green
from services.chassis.backoff import Backoff
from services.chassis.consumer import Batches, Hearer
from services.chassis.errors import UnavailableError
from services.chassis.hear import Mail, doors_of
from services.chassis.inbox import Inbox
from services.chassis.inlet import Inlet
from services.chassis.logging import get_logger
from services.chassis.work import Unit

MAX_WORKERS = 10


def run(doors_class: type, unit: Unit, amqp_uri: str, partitions: int = 1) -> None:
    """Listen until SIGTERM; then finish and acknowledge the batch under way."""
    _prove(unit)
    runner = ServiceRunner({"AMQP_URI": amqp_uri, "max_workers": MAX_WORKERS})
    runner.add_service(nameko_class(unit.service, hearers(doors_class, unit, partitions), amqp_uri))
    stop = _once(lambda: eventlet.spawn_n(runner.stop))
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.start()
    _wait(runner)


def _prove(unit: Unit) -> None:
    """Prove that queries overlap, as soon as there is a database to prove it on."""
    backoff = Backoff()
    while True:
        try:
            return green.prove(unit.db)
        except UnavailableError as error:
            delay = backoff.next()
            get_logger().warning("worker.waits", error=type(error).__name__, retry_in=round(delay, 2))
            eventlet.sleep(delay)


def hearers(doors_class: type, unit: Unit, partitions: int = 1) -> dict[str, Hearer]:
    """What handles each queue this service reads."""
    doors, service = doors_of(doors_class), doors_class()
    found: dict[str, Hearer] = {}
    if doors.by_type or doors.batch:
        for queue in inbox_queues(unit.service, partitions):
            found[queue] = Inbox(unit, service, doors, queue)
    for queue, door in doors.by_queue.items():
        found[queue] = Inlet(unit, service, door, queue)
    return found


def nameko_class(name: str, by_queue: dict[str, Hearer], amqp_uri: str) -> type:
    """A nameko service with one method per queue; an idle service has none and just waits."""
    members: dict[str, Any] = {"name": name}
    for queue, hearer in by_queue.items():
        method = _method(hearer)
        is_shared = isinstance(hearer, Inbox) and sum(isinstance(one, Inbox) for one in by_queue.values()) > 1
        register_entrypoint(method, Batches(queue, hearer, amqp_uri, is_shared))
        members["hear_" + queue.replace(".", "_")] = method
    return type(f"{name.capitalize()}Worker", (), members)


def _method(hearer: Hearer) -> Callable[[Any, list[Mail] | None], None]:
    def hear(_: Any, mails: list[Mail] | None) -> None:
        if mails is None:
            hearer.tick()
        else:
            hearer.hear(mails)

    return hear


def _once(action: Callable[[], object]) -> Callable[..., None]:
    asked: list[bool] = []

    def handle(*_: object) -> None:
        if not asked:
            asked.append(True)
            action()

    return handle


def _wait(runner: ServiceRunner) -> None:
    """A signal interrupts whatever greenlet waits; look again, as nameko's own launcher does."""
    waiting = eventlet.spawn(runner.wait)
    while True:
        try:
            waiting.wait()
        except InterruptedError:
            continue
        return
