"""The local copy of the directory: kept from its events, read by matching, consent and sealing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import ChannelKind, KeyUse, Participation, Topic
from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired, Terms
from contracts.event import from_dict, to_dict
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Work
from services.referral.domain import partner_keys
from services.referral.domain.footing import Footing
from services.referral.domain.grounds import Recipient

KEEP_ORGANIZATION = """
INSERT INTO organizations (id, version, snapshot, kept_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version, snapshot = EXCLUDED.snapshot, kept_at = EXCLUDED.kept_at
WHERE organizations.version < EXCLUDED.version"""

KEEP_SERVICE = """
INSERT INTO services (id, organization_id, version, topics, snapshot, retired, kept_at)
VALUES (%s, %s, %s, %s, %s, false, %s)
ON CONFLICT (id) DO UPDATE SET organization_id = EXCLUDED.organization_id, version = EXCLUDED.version,
    topics = EXCLUDED.topics, snapshot = EXCLUDED.snapshot, retired = false, kept_at = EXCLUDED.kept_at
WHERE services.version < EXCLUDED.version"""

LISTING = """
SELECT services.snapshot AS service, services.retired, organizations.snapshot AS organization
FROM services JOIN organizations ON organizations.id = services.organization_id"""


@dataclass(frozen=True, slots=True)
class Listing:
    """A service with its organization, as last published."""

    service: ServicePublished
    organization: OrganizationPublished
    retired: bool

    @property
    def organization_id(self) -> UUID:
        return self.service.organization_id

    @property
    def terms(self) -> Terms:
        return self.service.terms

    @property
    def channel(self) -> ChannelKind:
        return self.organization.channel.kind

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.organization_id, self.service.service_id, self.organization.must_stand_alone)

    @property
    def footing(self) -> Footing:
        return Footing(
            channel=self.channel,
            agreement=self.organization.agreement,
            has_terms=bool(self.terms.categories_accepted),
            keys=tuple(one for one in partner_keys.life(self.organization) if one.use is KeyUse.ENC),
            assured_on=self.service.assured_on,
            retired=self.retired,
            participation=self.organization.participation,
        )


def keep_organization(work: Work, event: OrganizationPublished) -> bool:
    """Keep it unless a newer version is here already; true if something changed."""
    params = (event.organization_id, event.version, Jsonb(to_dict(event)), work.now)
    return work.tx.execute(KEEP_ORGANIZATION, params).rowcount == 1


def keep_service(work: Work, event: ServicePublished) -> bool:
    params = (
        event.service_id,
        event.organization_id,
        event.version,
        [str(topic) for topic in event.topics],
        Jsonb(to_dict(event)),
        work.now,
    )
    return work.tx.execute(KEEP_SERVICE, params).rowcount == 1


def retire_service(work: Work, event: ServiceRetired) -> bool:
    """Offered no more; the entry stays, because running referrals still point at it."""
    return (
        work.tx.execute(
            "UPDATE services SET retired = true, version = %s, kept_at = %s WHERE id = %s AND version < %s",
            (event.version, work.now, event.service_id, event.version),
        ).rowcount
        == 1
    )


def is_retired(connection: Connection, service_id: UUID) -> bool:
    """Is it known, and offered no more?"""
    row = connection.execute("SELECT retired FROM services WHERE id = %s", (service_id,)).fetchone()
    return row is not None and row["retired"]


def back_level_of(connection: Connection, service_id: UUID) -> str | None:
    """How much the terms kept so far let back; None for a service not known yet."""
    row = connection.execute(
        "SELECT snapshot #>> '{terms,back_level}' AS level FROM services WHERE id = %s", (service_id,)
    ).fetchone()
    return row["level"] if row else None


def channel_of(connection: Connection, organization_id: UUID) -> ChannelKind:
    """How an organization is reached."""
    row = connection.execute(
        "SELECT snapshot #>> '{channel,kind}' AS kind FROM organizations WHERE id = %s", (organization_id,)
    ).fetchone()
    if row is None:
        raise NotFoundError("organization.unknown")
    return ChannelKind(row["kind"])


def participation_of(connection: Connection, organization_id: UUID) -> Participation:
    """Whether an organization takes part; one nobody has told of yet is not kept out."""
    row = connection.execute(
        "SELECT snapshot ->> 'participation' AS participation FROM organizations WHERE id = %s", (organization_id,)
    ).fetchone()
    return Participation((row and row["participation"]) or Participation.TAKING_PART)


def listing(connection: Connection, service_id: UUID) -> Listing:
    row = connection.execute(LISTING + " WHERE services.id = %s", (service_id,)).fetchone()
    if row is None:
        raise NotFoundError("service.unknown")
    return _listing(row)


def expect(connection: Connection, organization_id: UUID, service_id: UUID) -> Listing:
    """The listing somebody named in a request; a wrong name is a mistake in the request."""
    try:
        found = listing(connection, service_id)
    except NotFoundError:
        raise InvalidError("directory.service-unknown", {"service_id": "a-published-service"}) from None
    if found.organization_id != organization_id:
        raise InvalidError("directory.service-of-other-organization", {"organization_id": "the-services-own"})
    return found


def found_on_topic(connection: Connection, topic: Topic, words: str, most: int) -> tuple[list[UUID], int]:
    """What is offered on a topic anywhere under a name with these words: by name up to so many, and how many it is."""
    like = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = connection.execute(
        """
        SELECT s.id, count(*) OVER () AS many FROM services s JOIN organizations o ON o.id = s.organization_id
        WHERE s.topics @> ARRAY[%(topic)s] AND NOT s.retired AND (%(words)s::text IS NULL
            OR s.snapshot ->> 'name' ILIKE %(words)s OR o.snapshot ->> 'name' ILIKE %(words)s)
        ORDER BY o.snapshot #>> '{name,de}', s.snapshot #>> '{name,de}', s.id LIMIT %(most)s""",
        {"topic": topic, "words": f"%{like}%" if words else None, "most": most},
    ).fetchall()
    return [row["id"] for row in rows], rows[0]["many"] if rows else 0


def organizations(connection: Connection) -> list[OrganizationPublished]:
    """Every organization as last published, whether it offers something or not."""
    rows = connection.execute("SELECT snapshot FROM organizations ORDER BY id").fetchall()
    return [from_dict("directory.organization_published.v1", row["snapshot"]) for row in rows]


def organization(connection: Connection, organization_id: UUID) -> OrganizationPublished | None:
    row = connection.execute("SELECT snapshot FROM organizations WHERE id = %s", (organization_id,)).fetchone()
    return from_dict("directory.organization_published.v1", row["snapshot"]) if row else None


def offered(connection: Connection) -> list[Listing]:
    """Everything that is not retired."""
    rows = connection.execute(LISTING + " WHERE NOT services.retired ORDER BY services.id")
    return [_listing(row) for row in rows.fetchall()]


def _listing(row: Mapping[str, Any]) -> Listing:
    return Listing(
        from_dict("directory.service_published.v1", row["service"]),
        from_dict("directory.organization_published.v1", row["organization"]),
        row["retired"],
    )
