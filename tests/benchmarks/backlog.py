"""A hundred thousand events that nobody has heard yet: how fast relay and audit log catch up, and on how much memory.

They lie in the outbox, as after a night without a broker. Then relay and consumer start.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deploy.demo import databases
from deploy.demo.keys import KeyFiles
from services.chassis.migrate import migrate
from tests.benchmarks import drain, machine
from tests.benchmarks.contestants import SPINE
from tests.benchmarks.stage import (
    ROOT,
    Servers,
    databases_of_the_spine,
    environment,
    new_database,
    stopped,
    virtual_host,
)
from tests.brokers import as_user

SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Caught:
    """How it went; memory in MiB, sampled until everything was heard."""

    events: int
    seconds: float
    memory: dict[str, list[float]]
    #: Seconds from one sample to the next.
    every: float = SAMPLE_SECONDS

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    def growth(self, component: str) -> float:
        """The most it held in the second half of the time, over what it held after the first quarter."""
        held = self.memory[component]
        return max(held[len(held) // 2 :]) / held[len(held) // 4]


def measure(servers: Servers, logs: Path, events: int) -> Caught:
    audit = new_database(servers.dsn, "audit")
    try:
        migrate(audit, ROOT / "services" / "audit" / "migrations")
        with databases_of_the_spine(servers, "referral") as dsns, virtual_host(servers) as amqp_uri:
            drain.fill(dsns["referral"], events)
            return _catch_up(dsns["referral"], audit, amqp_uri, logs, events)
    finally:
        databases.drop_database(servers.dsn, audit.rpartition("/")[2])


def _catch_up(sender: str, audit: str, amqp_uri: str, logs: Path, events: int) -> Caught:
    keys, checkpoints = KeyFiles(logs / "backlog-keys"), logs / "backlog-checkpoints"
    checkpoints.mkdir()
    own = {"CHECKPOINT_KEY_FILE": str(keys.checkpoint), "CHECKPOINT_DIR": str(checkpoints)}
    consumer = {**environment("audit", audit, as_user(amqp_uri, "audit"), 0), **own}
    relay = environment("referral", sender, as_user(amqp_uri, "referral"), 0)
    commands = (([sys.executable, "-m", "services.audit", "worker"], consumer), ([*SPINE.command, "relay"], relay))
    processes: list[subprocess.Popen[bytes]] = []
    with (logs / "backlog.log").open("ab") as log:
        try:
            for command, env in commands:
                processes.append(subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log, cwd=ROOT))
            pids = {name: one.pid for name, one in zip(("consumer", "relay"), processes, strict=True)}
            return _watched(audit, pids, events)
        finally:
            stopped(processes)


def _watched(audit: str, pids: dict[str, int], events: int) -> Caught:
    memory: dict[str, list[float]] = {name: [] for name in (*pids, "postgresql", "rabbitmq")}
    deadline = time.monotonic() + 600
    with psycopg.connect(audit, autocommit=True) as looker:
        while time.monotonic() < deadline:
            row = looker.execute(
                "SELECT count(*), extract(epoch FROM max(recorded_at) - min(recorded_at))::float8 FROM entries"
            ).fetchone()
            assert row is not None
            if row[0]:
                for name, held in machine.held(pids).items():
                    memory[name].append(held)
            if row[0] >= events:
                _prove(looker, events)
                return Caught(events, row[1], memory)
            time.sleep(SAMPLE_SECONDS)
    raise AssertionError(f"{row[0]} of {events} were heard in time")


def _prove(looker: psycopg.Connection[tuple[int, ...]], events: int) -> None:
    """Each once, in the order of the stream."""
    row = looker.execute(
        "SELECT count(DISTINCT event_id), count(*) FILTER (WHERE stream_position <> position + 1) FROM entries"
        " WHERE source = '/lotsennetz/referral'"
    ).fetchone()
    assert row is not None and row[0] >= events and row[1] == 0, row
