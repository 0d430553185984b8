"""The real processes over a real broker: an event goes in at one end, a notice comes out at the partner's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest
from joserfc.jwk import OKPKey

from contracts import envelope
from contracts.codes import ChannelKind
from contracts.topology import events_exchange, for_partner, inbox_queue, partner_queue
from lotse.broker import Broker as Manager
from services.chassis.config import DEMO_DEPLOYMENT_KEY
from services.chassis.db import Database
from services.notifications import webhook_secrets
from services.notifications.commands import endpoints
from tests.brokers import as_user
from tests.conftest import Broker
from tests.integration.notifications.conftest import NOW, PUBLIC_URL, Notifications, listing, requested
from tests.integration.notifications.receiver import Receiver, running
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
ROLES = ("worker", "relay", "dispatcher")


class Outside:
    """What stands around notifications: the two services it hears, and a partner at its queue."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.manager = Manager(broker.management_url, broker.vhost)
        address = amqp_address(broker.amqp_uri)
        self.connection = amqp.Connection(**address, virtual_host=broker.vhost, confirm_publish=True)
        self.connection.connect()
        self.channel = self.connection.channel()
        self._speakers: dict[str, amqp.Connection] = {}
        self._sequence: dict[str, int] = {}

    def say(self, service: str, event: Any) -> None:
        """Publish as the relay of that service would."""
        subject = f"{event.__event__.subject_kind}/{getattr(event, event.__event__.subject_field)}"
        self._sequence[subject] = self._sequence.get(subject, 0) + 1
        wrapped = envelope.write(
            event,
            id=uuid4(),
            source=f"/lotsennetz/{service}",
            sequence=self._sequence[subject],
            time=NOW,
            actor="system:test",
            correlation_id=uuid4(),
        )
        message = amqp.Message(
            wrapped.raw,
            application_headers=envelope.headers(wrapped),
            delivery_mode=2,
            message_id=str(wrapped.id),
            user_id=service,
        )
        self.speaker(service).channel(1).basic_publish(message, events_exchange(service), wrapped.type)

    def speaker(self, service: str) -> amqp.Connection:
        """That service's own connection, with its own user."""
        if service not in self._speakers:
            address = amqp_address(as_user(self.broker.amqp_uri, service))
            made = amqp.Connection(**address, virtual_host=self.broker.vhost, confirm_publish=True)
            made.connect()
            made.channel(1)
            self._speakers[service] = made
        return self._speakers[service]

    def take(self, queue: str, *, refuse: bool = False) -> Any:
        """One message, by consuming: an inbox has one reader and lets nobody fetch. Refused, it is laid aside."""
        got: list[Any] = []
        channel = self.connection.channel()
        channel.basic_qos(0, 1, False)
        channel.basic_consume(queue, callback=got.append)
        while not got:
            self.connection.drain_events(timeout=20)
        if refuse:
            channel.basic_reject(got[0].delivery_tag, requeue=False)
        else:
            channel.basic_ack(got[0].delivery_tag)
        channel.close()
        return got[0]

    def notice_for(self, organization_id: UUID) -> envelope.Envelope:
        message = eventually(lambda: self.channel.basic_get(partner_queue(organization_id), no_ack=True), 30)
        return envelope.read(message.body if isinstance(message.body, bytes) else message.body.encode())


def amqp_address(uri: str) -> dict[str, Any]:
    login, _, rest = uri.removeprefix("amqp://").rpartition("@")
    user, _, password = login.partition(":")
    return {"host": rest.split("/")[0], "userid": user or "guest", "password": password or "guest"}


@contextmanager
def processes(
    environment: dict[str, str], log: Path, roles: tuple[str, ...] = ROLES
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    with log.open("wb") as sink:
        started = {
            role: subprocess.Popen(
                [sys.executable, "-m", "services.notifications", role],
                cwd=ROOT,
                env=environment,
                stdout=sink,
                stderr=sink,
            )
            for role in roles
        }
        try:
            yield started
        finally:
            for process in started.values():
                process.terminate()
            codes = [process.wait(20) for process in started.values()]
    assert set(codes) <= {0, -signal.SIGTERM, -signal.SIGKILL}, log.read_text()[-3000:]


def settings_of(database: str, amqp_uri: str, folder: Path) -> dict[str, str]:
    """What the roles of notifications are told."""
    key = folder / "desk.json"
    key.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    return {
        **os.environ,
        "MODE": "demo",
        "DATABASE_URL": database,
        "AMQP_URI": amqp_uri,
        "PUBLIC_URL": PUBLIC_URL,
        "ISSUER_URL": "http://127.0.0.1:1",
        "OIDC_CLIENT_SECRET": "demo",
        "DEPLOYMENT_KEY": DEMO_DEPLOYMENT_KEY,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "lotsen@netz.example",
        "DESK_LINK_KEY_FILE": str(key),
        "WEBHOOK_ALLOW_NETS": "127.0.0.0/8",
        "LADDER_SCALE": "0.01",
    }


@pytest.fixture
def environment(
    make_database: Callable[[str], Any], make_vhost: Callable[[], Broker], tmp_path: Path
) -> dict[str, str]:
    broker = make_vhost()
    own = settings_of(make_database("notifications").app_dsn, broker.amqp_uri, tmp_path)
    return {**own, "TEST_VHOST": broker.vhost, "TEST_MANAGEMENT": broker.management_url}


@pytest.mark.long
@pytest.mark.timeout(120)
def test_notices_leave_by_queue_and_webhook_even_if_every_process_is_killed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    outside = Outside(Broker(environment["AMQP_URI"], environment["TEST_MANAGEMENT"], environment["TEST_VHOST"]))
    queue, hook = listing(ChannelKind.AMQP), uuid4()
    outside.manager.apply(for_partner(queue.organization_id))
    with running(Receiver([503, 204])) as receiver, Database(environment["DATABASE_URL"]) as db:
        with processes(environment, tmp_path / "first.log") as started:
            outside.say("directory", queue)
            outside.say("directory", listing(ChannelKind.WEBHOOK, hook, url=receiver.url))
            outside.say("referral", requested(uuid4(), queue.organization_id))
            assert outside.notice_for(queue.organization_id).type == "partner.notice.v1"
            for process in started.values():
                process.kill()
        keep_secret(db, hook)
        late = requested(uuid4(), hook)
        outside.say("referral", late)
        with processes(environment, tmp_path / "second.log"):
            eventually(lambda: len(receiver.got) >= 2, 40)
            eventually(lambda: state_of(db, late.referral_id) == "confirmed", 20)
            eventually(lambda: waiting(outside, inbox_queue("notifications")) == 0, 20)
            eventually(lambda: unpublished(db) == 0, 20)
    first, second = (headers["webhook-id"] for headers, _ in receiver.got[:2])
    assert first == second


def keep_secret(db: Database, organization_id: UUID) -> None:
    with Notifications.of(db).unit.work(actor="staff:op") as work:
        sealed = webhook_secrets.seal("whsec_" + "QUFB" * 8, organization_id, bytes.fromhex(DEMO_DEPLOYMENT_KEY))
        endpoints.keep_secret(work, organization_id, sealed, timedelta(0))


def state_of(db: Database, referral_id: UUID) -> str | None:
    with db.read() as connection:
        row = connection.execute("SELECT state FROM deliveries WHERE referral_id = %s", (referral_id,)).fetchone()
    return row and row["state"]


def unpublished(db: Database) -> int:
    with db.read() as connection:
        row = connection.execute("SELECT count(*) AS n FROM outbox WHERE published_at IS NULL").fetchone()
    return int(row["n"]) if row else 0


def waiting(outside: Outside, queue: str) -> int:
    return int(outside.channel.queue_declare(queue, passive=True).message_count)
