"""What a partner's step costs: statements sent, and CPU of our process and of the database, per step.

    python -m tests.benchmarks.partner_step --rounds 5 --cases 40

One thread, one connection, the real command on a fresh database. CPU counts: it stays the same on a busy machine.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg

from contracts.codes import Action, PauseReason
from contracts.partner import actions
from deploy.demo import databases
from services.chassis.db import Database
from services.chassis.migrate import migrate, migrate_only
from services.referral.commands import partners
from services.referral.domain.referral import Referral
from tests.benchmarks.stage import ROOT
from tests.integration.referral.scene import NOW, Scene, partner, somebody_else

STEPS: tuple[tuple[Action, Any], ...] = (
    (Action.ACCEPT, actions.Accept(contact_by=None)),
    (Action.START, actions.Start(first_contact_on=NOW.date())),
    (Action.PAUSE, actions.Pause(reason=PauseReason.VISA)),
    (Action.RESUME, actions.Resume()),
)


def main() -> int:
    options = parse()
    with fresh_database(os.environ["LOTSENNETZ_TEST_POSTGRES"]) as dsn, Database(dsn, max_size=1) as db:
        scene = Scene(db).told_directory()
        rounds = [play(scene, options.cases) for _ in range(options.rounds)]
    found = {
        "steps": options.rounds * options.cases * len(STEPS),
        "statements_per_step": rounds[0]["statements"],
        "cpu_ms_python": round(median(one["python"] for one in rounds), 3),
        "cpu_ms_postgres": round(median(one["postgres"] for one in rounds), 3),
        "elapsed_ms": round(median(one["elapsed"] for one in rounds), 3),
    }
    print(json.dumps(found, indent=2))
    return 0


@contextmanager
def fresh_database(admin: str) -> Iterator[str]:
    name = f"bench_referral_{uuid4().hex[:8]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    dsn = databases.at_database(admin, name)
    migrate_only(dsn, ROOT / "services" / "referral" / "keystore" / "migrations")
    migrate(dsn, ROOT / "services" / "referral" / "migrations")
    yield dsn
    databases.drop_database(admin, name)


def play(scene: Scene, cases: int) -> dict[str, float]:
    """Every step on every case; what is measured is only the step itself."""
    waiting = [scene.requested(**somebody_else()) for _ in range(cases)]
    for one in waiting:
        scene.fetched(one)
    ready = [scene.now(one.id) for one in waiting]
    with scene.db.session() as connection:
        backend, before = connection.info.backend_pid, SENT["count"]
    cpu, server, started = time.process_time(), ticks(backend), time.monotonic()
    for referral in ready:
        version = referral.version
        for action, body in STEPS:
            version = do(scene, referral, action, body, version).version
    count = cases * len(STEPS)
    return {
        "statements": (SENT["count"] - before) / count,
        "python": (time.process_time() - cpu) * 1000 / count,
        "postgres": (ticks(backend) - server) / count,
        "elapsed": (time.monotonic() - started) * 1000 / count,
    }


def do(scene: Scene, referral: Referral, action: Action, body: Any, version: int) -> Referral:
    by = partner(referral.organization_id)
    done: list[Referral] = []

    def run(work: Any) -> tuple[int, dict[str, Any]]:
        done.append(partners.perform(work, scene.keys, referral.id, by, action, body, version).referral)
        return 200, {}

    scene.unit.idempotent(by.actor, str(uuid4()), "digest", run, actor=by.actor)
    return done[0]


SENT = {"count": 0}


def count_statements() -> None:
    """Count every round trip, at the driver."""
    plain = psycopg.Connection.execute

    def execute(self: Any, *args: Any, **named: Any) -> Any:
        SENT["count"] += 1
        return plain(self, *args, **named)

    psycopg.Connection.execute = execute  # type: ignore[method-assign]


def ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:13]) * 1000 / os.sysconf("SC_CLK_TCK")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.partner_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    count_statements()
    sys.exit(main())
