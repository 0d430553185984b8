"""The worker process cooperates; the web process knows nothing of it."""

import subprocess
import sys

import pytest

from tests.chassis.rig import ROOT, Room

SLEEPERS = """
from services.chassis import green
green.patch()
import sys, time, eventlet, psycopg.waiting
from services.chassis.db import Database
assert psycopg.waiting.wait.__name__ == "wait_select"
with Database(sys.argv[1], 2, 6) as db:
    green.prove(db)
    pool = eventlet.GreenPool(5)
    began = time.monotonic()
    def sleep(_):
        with db.session() as connection:
            connection.execute("SELECT pg_sleep(0.4)")
    list(pool.imap(sleep, range(5)))
    took = time.monotonic() - began
    assert took < 1.2, took
    ticks = []
    def tick():
        while True:
            ticks.append(1)
            eventlet.sleep(0.02)
    ticker = eventlet.spawn(tick)
    with db.session() as connection:
        connection.execute("SELECT pg_sleep(0.4)")
    assert len(ticks) >= 10, len(ticks)
    try:
        with eventlet.Timeout(0.2), db.session() as connection:
            connection.execute("SELECT pg_sleep(3)")
    except eventlet.Timeout:
        pass
    else:
        raise AssertionError("a timeout must fire during a query")
    with db.session() as connection:
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}
"""

BLOCKING = """
import eventlet
eventlet.monkey_patch()
import sys
from services.chassis import green
from services.chassis.db import Database
with Database(sys.argv[1], 2, 4) as db:
    green.prove(db)
"""

WEB = """
import sys
import services.chassis.launch, services.chassis.web, services.chassis.relay, services.chassis.inbox
assert "eventlet" not in sys.modules, "the web role must not know eventlet"
assert "nameko" not in sys.modules
"""

TOO_LATE = """
import psycopg
from services.chassis import green
green.patch()
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_queries_sleep_side_by_side_and_timeouts_fire(referral: Room) -> None:
    done = run(SLEEPERS, referral.dsn)
    assert done.returncode == 0, done.stderr


def test_a_process_that_would_block_does_not_start(referral: Room) -> None:
    done = run(BLOCKING, referral.dsn)
    assert "NotGreenError" in done.stderr, "psycopg's own wait function must be noticed"


def test_patching_after_psycopg_was_imported_is_refused() -> None:
    assert "NotGreenError" in run(TOO_LATE).stderr


@pytest.mark.parametrize("code", [WEB])
def test_everything_but_the_worker_is_free_of_eventlet(code: str) -> None:
    done = run(code)
    assert done.returncode == 0, done.stderr
