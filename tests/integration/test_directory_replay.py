"""A consumer that begins today comes to know the whole directory over the broker: what is, then what changes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts import envelope
from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired
from contracts.identity import id_of
from contracts.topology import inbox_queue
from deploy.demo.clocks import FixedClock
from services.chassis import broker as brokers
from services.chassis.db import Database
from services.chassis.work import Unit
from services.referral import handlers
from services.referral.store import directory as copies
from tests.brokers import as_user
from tests.chassis.rig import LEADS, ROOT, Process, running
from tests.conftest import Broker
from tests.integration.directory.conftest import NOW, REGION, Directory
from tests.unit.directory.rows import a_directory, a_service, a_source, an_area, an_organization
from tests.waiting import eventually

RECOGNITION = id_of("service", "a-recognition")
HEARD: dict[type, Callable[..., None]] = {
    OrganizationPublished: handlers.keep_organization,
    ServicePublished: handlers.keep_service,
    ServiceRetired: handlers.retire_service,
}


@pytest.fixture
def newcomer(make_database: Callable[[str], Any]) -> Iterator[Unit]:
    """Referral's database, empty."""
    with Database(make_database("referral").app_dsn) as db:
        yield Unit(db, FixedClock(NOW), "referral")


def environment(dsn: Any, vhost: Broker) -> dict[str, str]:
    return {
        **os.environ,
        "MODE": "demo",
        "DATABASE_URL": dsn.app_dsn,
        "MIGRATION_DATABASE_URL": dsn.owner_dsn,
        "AMQP_URI": as_user(vhost.amqp_uri, "directory"),
        "PUBLIC_URL": "http://127.0.0.1:8100",
        "ISSUER_URL": "http://127.0.0.1:8190",
        "OIDC_CLIENT_SECRET": "demo-secret",
        "DEPLOYMENT_KEY": "d3" * 32,
        "PYTHONPATH": str(ROOT),
    }


def unpublished(directory: Directory) -> int:
    with directory.db.read() as connection:
        row = connection.execute("SELECT count(*) AS n FROM outbox WHERE published_at IS NULL").fetchone()
    return int(row["n"]) if row else 0


def letters(vhost: Broker, last: set[tuple[type, UUID]]) -> list[Any]:
    """Everything that lies in referral's inbox, taken out in order, until these were among it."""
    link = brokers.connect(vhost.amqp_uri, "test")
    found: list[Any] = []

    def keep(message: Any) -> None:
        body = message.body
        found.append(envelope.read(body.encode() if isinstance(body, str) else body).data)

    try:
        link.channel().basic_consume(inbox_queue("referral"), no_ack=True, callback=keep)
        while not last <= {(type(one), getattr(one, "service_id", UUID(int=0))) for one in found}:
            link.drain_events(timeout=30)
        return found
    finally:
        brokers.close_quietly(link)


def hear(newcomer: Unit, events: list[Any]) -> None:
    for event in events:
        if type(event) in HEARD:
            with newcomer.work(actor="system:directory") as work:
                HEARD[type(event)](work, event)


def offered(newcomer: Unit) -> dict[str, tuple[int, str]]:
    with newcomer.db.read() as connection:
        return {
            str(one.service.service_id): (one.service.version, one.service.name["de"])
            for one in copies.offered(connection)
        }


def active(directory: Directory) -> dict[str, tuple[int, str]]:
    with directory.db.read() as connection:
        rows = connection.execute(
            "SELECT id, version, document #>> '{name,de}' AS name FROM services"
            " WHERE status NOT IN ('inactive', 'defunct')"
        ).fetchall()
    return {str(row["id"]): (row["version"], row["name"]) for row in rows}


def test_whoever_begins_today_knows_the_whole_directory_and_hears_every_change(
    make_database: Callable[[str], Any], make_vhost: Callable[[], Broker], newcomer: Unit, tmp_path: Path
) -> None:
    vhost, dsn = make_vhost(), make_database("directory")
    settings = environment(dsn, vhost)
    with Database(dsn.app_dsn) as db:
        directory = Directory(db)
        directory.take_in_bytes(REGION.read_bytes())
        rows = [a_source(), an_area(), an_organization(), a_service(), a_service(id="gone", status="defunct")]
        directory.take_in(*rows)
        with running(Process("services.directory", "relay", settings, tmp_path / "relay.log"), until=LEADS):
            eventually(lambda: unpublished(directory) == 0, timeout=60)
            before = letters(vhost, {(ServicePublished, RECOGNITION), (ServiceRetired, id_of("service", "gone"))})
            assert len(before) > 80  # told before the newcomer was there, and gone

            command = [sys.executable, "-m", "services.directory", "republish", "--snapshot"]
            done = subprocess.run(
                command, env=settings, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
            )
            assert "announced anew" in done.stdout, done.stderr
            directory.take_in(a_service(name={"de": "Neuer Name"}), a_service(id="fresh"))
            directory.take_in(a_service(id="fresh", status="inactive"))
            eventually(lambda: unpublished(directory) == 0, timeout=60)
            told = letters(vhost, {(ServiceRetired, id_of("service", "fresh"))})
        hear(newcomer, told)
        assert offered(newcomer) == active(directory)
        assert offered(newcomer)[str(RECOGNITION)] == (2, "Neuer Name")
        hear(newcomer, told)  # once more, from the beginning: nothing older replaces anything
        assert offered(newcomer) == active(directory)


@pytest.mark.long
def test_the_snapshot_of_a_large_directory_is_announced_in_batches(
    make_database: Callable[[str], Any],
) -> None:
    from services.directory.commands.applying import announce_everything

    with Database(make_database("directory").app_dsn) as db:
        directory = Directory(db)
        directory.take_in(*a_directory(), *(a_service(id=f"s-{number}") for number in range(1100)))
        before = len(directory.said())
        assert announce_everything(directory.unit) == 1102
        versions = [one.version for one in directory.said()[before:] if isinstance(one, ServicePublished)]
        assert versions == [1] * 1101
