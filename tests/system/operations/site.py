"""The network of an operation: started in a folder of its own, asked and handled as its operator would."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from deploy.demo import databases, stage
from deploy.demo.databases import DATABASES
from deploy.demo.network import Network
from deploy.demo.places import read_state
from tests.system.conftest import ROOT, Told
from tests.waiting import eventually


@dataclass
class Site:
    """Where it all stands, however often it is started."""

    network: Network

    @property
    def dev(self) -> Path:
        return self.network.dev

    @property
    def state(self) -> dict[str, Any]:
        return read_state(self.dev)

    def lotse(self, *words: str, environment: Mapping[str, str] | None = None) -> Told:
        """The operator's command, as it is typed."""
        return self.typed(["-m", "lotse", "--config", str(self.dev / "state.json"), *words], environment)

    def typed(self, words: list[str], environment: Mapping[str, str] | None = None) -> Told:
        env = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def rows(self, database: str, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.state["databases"][database]) as connection:
            return connection.execute(sql.encode(), given).fetchall()

    def values(self, database: str, sql: str, *given: Any) -> set[str]:
        return {str(row[0]) for row in self.rows(database, sql, *given)}

    def lose_everything(self) -> None:
        """Every table and every queue; databases are there again, empty as for an installation."""
        self.network.stop()
        postgres = self.network.postgres
        postgres.start()
        for name in DATABASES:
            databases.drop_database(postgres.dsn, name)
            databases.create_database(postgres.dsn, name, self.network.secrets)
        shutil.rmtree(self.dev / "rabbitmq")

    def is_quiet(self, *verify: str) -> bool:
        """Nothing waits anywhere, the log holds, and everybody is well."""
        queues = self.lotse("status", "--json").data["queues"]
        assert not any(queue["messages"] for queue in queues if ".inbox." in queue["name"])
        verified = self.lotse("audit", "verify", *verify)
        assert verified.code == 0, verified.out + verified.err
        status = self.lotse("status")
        assert status.code == 0, status.out
        return True


@contextmanager
def furnished(network: Network) -> Iterator[Site]:
    """A new network with the directory known and the stand-in partners at work; nothing is left of it."""
    os.environ.pop("AMQP_URI", None)  # a broker of its own: it will be killed
    network.postgres.remove()
    shutil.rmtree(network.dev, ignore_errors=True)
    site = Site(network)
    try:
        network.start()
        stage.furnish(network)
        network.start_partners()
        yield site
    finally:
        site.network.stop()
        site.network.postgres.remove()


def settle(site: Site, *verify: str, seconds: float = 180) -> None:
    """Wait until it is quiet."""
    eventually(lambda: site.is_quiet(*verify), timeout=seconds, interval=2)
