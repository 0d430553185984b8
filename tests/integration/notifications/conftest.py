"""Notifications on a real database: hears events as its doors do, and shows what it did."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import OKPKey

import contracts.partner.messages  # noqa: F401 - its types must be known
from contracts import envelope
from contracts import referral as said
from contracts.codes import AgreementKind, BackLevel, ChannelKind, DataProtectionLaw, Urgency
from contracts.directory import Agreement, Channel, OrganizationPublished
from contracts.event import Code, PublicContact, PublicText, PublicUrl, Reference
from deploy.demo.clocks import FixedClock
from services.chassis.db import Database
from services.chassis.hear import doors_of
from services.chassis.mail import MailServer
from services.chassis.work import Unit, new_id
from services.notifications import config, queries, webhook_secrets
from services.notifications.channels.desk_link import DeskLinks
from services.notifications.channels.mail import MailSender
from services.notifications.channels.webhook import WebhookSender
from services.notifications.commands import endpoints
from services.notifications.dispatcher import Dispatcher
from services.notifications.domain.ladder import Ladder
from services.notifications.service import NotificationsService

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PUBLIC_URL = "http://127.0.0.1:8100"
DEPLOYMENT_KEY = bytes(range(32))
SECRET = "whsec_" + "QUFB" * 8
LOOPBACK = (ip_network("127.0.0.0/8"),)


def requested(referral_id: UUID, organization_id: UUID) -> said.ReferralRequested:
    return said.ReferralRequested(
        referral_id=referral_id,
        reference=Reference("R-26-4F7KQ"),
        organization_id=organization_id,
        service_id=uuid4(),
        urgency=Urgency.NORMAL,
        back_level=BackLevel.OUTCOME,
        expires_on=NOW.date() + timedelta(days=14),
    )


def listing(
    kind: ChannelKind,
    organization_id: UUID | None = None,
    *,
    url: str | None = None,
    mailbox: str | None = None,
    contact: str | None = None,
) -> OrganizationPublished:
    """An organization as directory publishes it, reached in this way."""
    return OrganizationPublished(
        organization_id=organization_id or uuid4(),
        version=1,
        name=PublicText({"de": "Kammer"}),
        kind=Code("chamber"),
        sites=(),
        social_data_body=False,
        must_stand_alone=False,
        own_measure=False,
        channel=Channel(
            kind=kind,
            webhook_url=None if url is None else PublicUrl(url),
            unit_mailbox=None if mailbox is None else PublicContact(mailbox),
        ),
        agreement=None
        if contact is None
        else Agreement(
            kind=AgreementKind.INDEPENDENT,
            law=DataProtectionLaw.GDPR,
            signed_on=NOW.date(),
            valid_until=None,
            contact=PublicContact(contact),
        ),
        public_key=None,
        phone=None,
        email=None,
        website=None,
        address=None,
    )


@dataclass
class Notifications:
    """The service at work, without broker and threads."""

    db: Database
    clock: FixedClock
    unit: Unit
    service: NotificationsService = field(default_factory=NotificationsService)

    def hear(self, event: Any, event_id: UUID | None = None) -> None:
        """What the worker does with one event."""
        wrapped = envelope.write(
            event,
            id=event_id or uuid4(),
            source="/lotsennetz/referral",
            sequence=1,
            time=self.clock.now(),
            actor="system:clock",
            correlation_id=uuid4(),
        )
        door = getattr(self.service, doors_of(NotificationsService).by_type[wrapped.type])
        with self.unit.work(actor=wrapped.actor, correlation_id=wrapped.correlationid, causation_id=wrapped.id) as work:
            door(work, event, wrapped)

    @classmethod
    def of(cls, db: Database) -> "Notifications":
        clock = FixedClock(NOW)
        return cls(db, clock, Unit(db, clock, "notifications"))

    def an_organization(self, kind: ChannelKind, **more: Any) -> UUID:
        published = listing(kind, **more)
        self.hear(published)
        return published.organization_id

    def a_request(self, organization_id: UUID) -> UUID:
        referral_id = uuid4()
        self.hear(requested(referral_id, organization_id))
        return referral_id

    def keep_secret(self, organization_id: UUID, secret: str = SECRET, overlap: timedelta = timedelta(0)) -> None:
        with self.unit.work(actor="staff:op") as work:
            sealed = webhook_secrets.seal(secret, organization_id, DEPLOYMENT_KEY)
            endpoints.keep_secret(work, organization_id, sealed, overlap)

    def deliveries(self, referral_id: UUID) -> list[dict[str, Any]]:
        """Deliveries of a referral, oldest first, with their attempts."""
        with self.db.read() as connection:
            rows = queries.deliveries(connection, referral_id=referral_id)
            attempts = queries.attempts(connection, [row["delivery_id"] for row in rows])
        ordered = sorted(rows, key=lambda row: row["delivery_id"])
        return [{**row, "attempts": attempts.get(row["delivery_id"], [])} for row in ordered]

    def states(self, referral_id: UUID) -> list[str]:
        return [row["state"] for row in self.deliveries(referral_id)]

    def outbox(self) -> list[dict[str, Any]]:
        with self.db.read() as connection:
            return list(connection.execute("SELECT * FROM outbox ORDER BY number").fetchall())

    def said(self) -> list[str]:
        """The types of what was announced, in order."""
        return [row["routing_key"] for row in self.outbox() if row["exchange"] == "notifications.events"]

    def dispatcher(
        self, *, smtp: tuple[str, int] = ("127.0.0.1", 1), allowed: Sequence[Any] = LOOPBACK, **changes: Any
    ) -> Dispatcher:
        links = DeskLinks(OKPKey.generate_key("Ed25519", auto_kid=True), PUBLIC_URL, timedelta(days=14), DEPLOYMENT_KEY)
        parts: dict[str, Any] = {
            "unit": self.unit,
            "webhooks": WebhookSender(allowed, connect_seconds=0.5, total_seconds=1.0),
            "mails": MailSender(MailServer(*smtp, encrypted=False), "lotsen@netz.example", links, new_id),
            "ladder": Ladder(),
            "deployment_keys": (DEPLOYMENT_KEY,),
        }
        return Dispatcher(**{**parts, **changes})

    def dispatch(self, dispatcher: Dispatcher | None = None) -> int:
        """One turn, to its end."""
        with ThreadPoolExecutor(4) as pool:
            return (dispatcher or self.dispatcher()).turn(pool)


@pytest.fixture
def notifications(make_database: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Notifications]:
    monkeypatch.setenv("PUBLIC_URL", PUBLIC_URL)
    config.public_url.cache_clear()
    with Database(make_database("notifications").app_dsn) as db:
        yield Notifications.of(db)
