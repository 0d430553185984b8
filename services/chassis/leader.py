"""One leads, others stand by: a lock that lives and dies with a database session."""

from threading import Event

from services.chassis.db import Connection

RELAY = 7_301_946
CLOCK = 7_301_947
STANDBY_SECONDS = 0.5


def wait_to_lead(connection: Connection, key: int, stop: Event) -> bool:
    """Ask for the lock until it is ours (True) or `stop` is set (False)."""
    while not stop.is_set():
        row = connection.execute("SELECT pg_try_advisory_lock(%s) AS leads", (key,)).fetchone()
        if row is not None and row["leads"]:
            return True
        stop.wait(STANDBY_SECONDS)
    return False
