"""One leads, others stand by: a lock that lives and dies with a database session."""

from collections.abc import Callable
from threading import Event

from services.chassis.backoff import Backoff
from services.chassis.db import INFRASTRUCTURE_ERRORS, Connection, connect
from services.chassis.errors import UnavailableError
from services.chassis.logging import get_logger

RELAY = 7_301_946
CLOCK = 7_301_947
STANDBY_SECONDS = 0.5
Errors = tuple[type[Exception], ...]
Run = Callable[[Connection, Backoff], object]
TROUBLE: Errors = (UnavailableError, *INFRASTRUCTURE_ERRORS)


def lead(name: str, dsn: str, key: int, stop: Event, run: Run, also: Errors = ()) -> None:
    """Lead, or stand by to lead, as ``<service>.<role>``; after trouble (``also`` tells what it is) begin anew."""
    backoff = Backoff()
    while not stop.is_set():
        try:
            with connect(dsn, name=name) as session:
                if wait_to_lead(session, key, stop):
                    run(session, backoff)
        except (*TROUBLE, *also) as error:
            delay, reason = backoff.next(), str(error) if isinstance(error, also) else None
            event = f"{name.rpartition('.')[2]}.interrupted"
            get_logger().warning(event, error=type(error).__name__, reason=reason, retry_in=round(delay, 2))
            stop.wait(delay)


def wait_to_lead(connection: Connection, key: int, stop: Event) -> bool:
    """Ask for the lock until it is ours (True) or `stop` is set (False)."""
    while not stop.is_set():
        row = connection.execute("SELECT pg_try_advisory_lock(%s) AS leads", (key,)).fetchone()
        if row is not None and row["leads"]:
            return True
        stop.wait(STANDBY_SECONDS)
    return False
