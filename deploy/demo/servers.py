"""The two servers the network stands on, as a library for demo and tests, and as a program:

`python -m deploy.demo.servers` starts both under `.dev/` and keeps them up until Ctrl-C.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.demo.places import DEV
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.rabbitmq_server import RabbitServer


@dataclass(slots=True)
class ForeignBroker:
    """A RabbitMQ somebody else runs ($AMQP_URI); we neither start nor stop it."""

    amqp_uri: str
    management_url: str
    alive: bool = True

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Not ours to stop."""

    kill = restart = begin = finish = stop


def choose_broker(folder: Path) -> RabbitServer | ForeignBroker:
    """$AMQP_URI if set (its management: $RABBITMQ_MANAGEMENT_URL or port 15672 there), else a node of our own."""
    uri = os.environ.get("AMQP_URI")
    if not uri:
        return RabbitServer(folder)
    parts = urlsplit(uri)
    login = parts.netloc.rpartition("@")[0] or "guest:guest"
    management = os.environ.get("RABBITMQ_MANAGEMENT_URL") or f"http://{login}@{parts.hostname}:15672"
    return ForeignBroker(f"{parts.scheme}://{parts.netloc}", management)


@contextmanager
def running_postgres(folder: Path = DEV) -> Iterator[PostgresServer]:
    """PostgreSQL for the length of a `with` block."""
    server = PostgresServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def running_rabbitmq(folder: Path = DEV) -> Iterator[RabbitServer | ForeignBroker]:
    """RabbitMQ for the length of a `with` block."""
    server = choose_broker(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def main() -> int:
    """Start both, say where they are, wait for Ctrl-C."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    try:
        with running_postgres() as postgres, running_rabbitmq() as rabbit:
            print(f"PostgreSQL  {postgres.dsn}\nRabbitMQ    {rabbit.amqp_uri}\n            {rabbit.management_url}")
            ended.wait()
    except NoBrokerError as error:
        print(f"No RabbitMQ here. Type:\n  {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
