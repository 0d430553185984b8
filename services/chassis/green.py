"""Starts a role on eventlet: patched before anything else is imported, and checked before anything is done.

    python -m services.chassis.green services.referral worker

psycopg's own wait function is written in C and blocks the whole hub: ten half-second queries then take five seconds,
and no timeout fires. `wait_select` cooperates, but only if it is chosen before psycopg is imported.
"""

import os
import runpy
import sys
import warnings
from time import monotonic
from typing import Any

WAIT = "wait_select"
PROBE_SECONDS = 0.1


class NotGreenError(RuntimeError):
    """This process would block on every query."""


def is_green() -> bool:
    """Whether this process was started through this module."""
    return getattr(sys, "_lotsennetz_green", False)


def patch() -> None:
    """Make sockets, locks and sleeps cooperate, and tell psycopg how to wait."""
    if "psycopg" in sys.modules:
        raise NotGreenError("psycopg was imported before the process was patched")
    os.environ["PSYCOPG_WAIT_FUNC"] = WAIT
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated.*")
    import eventlet  # noqa: PLC0415 - only here does this process become green

    eventlet.monkey_patch()
    sys._lotsennetz_green = True  # type: ignore[attr-defined]


def prove(database: Any) -> None:
    """Two queries that sleep must sleep at the same time; a process that cannot do that must not start."""
    import eventlet  # noqa: PLC0415 - after the patch, never before
    import psycopg.waiting  # noqa: PLC0415

    chosen = getattr(psycopg.waiting.wait, "__name__", "?")
    if chosen != WAIT:
        raise NotGreenError(f"psycopg waits with {chosen}, not {WAIT}")
    with database.session() as one, database.session() as two:
        sleeps = [eventlet.spawn(_sleep_in, connection) for connection in (one, two)]
        (began, ended), (other_began, other_ended) = (sleep.wait() for sleep in sleeps)
    if max(began, other_began) >= min(ended, other_ended):
        raise NotGreenError("two queries did not overlap")


def _sleep_in(connection: Any) -> tuple[float, float]:
    began = monotonic()
    connection.execute("SELECT pg_sleep(%s)", (PROBE_SECONDS,))
    return began, monotonic()


def main() -> None:
    """Run a package's `__main__` in a patched process, as if it had been started itself."""
    package, *arguments = sys.argv[1:]
    sys.argv = [package, *arguments]
    patch()
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
