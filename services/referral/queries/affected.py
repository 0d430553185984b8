"""Which referrals a change in the directory concerns."""

from collections.abc import Collection
from uuid import UUID

from contracts.codes import TaskKind
from services.chassis.db import Connection
from services.referral.domain.lifecycle import OPEN, RUNNING

SEALED_TO_OTHER_KEY = """
SELECT dossiers.referral_id FROM dossiers JOIN referrals ON referrals.id = dossiers.referral_id
WHERE referrals.organization_id = %s AND NOT dossiers.custodial AND dossiers.key_id <> ALL(%s)
ORDER BY dossiers.referral_id"""


def sealed_to_other_key(connection: Connection, organization_id: UUID, key_ids: Collection[str]) -> list[UUID]:
    """Referrals whose dossier waits for this partner, sealed to another key than those that count."""
    rows = connection.execute(SEALED_TO_OTHER_KEY, (organization_id, sorted(key_ids))).fetchall()
    return [row["referral_id"] for row in rows]


def waiting_for_a_key(connection: Connection, organization_id: UUID) -> list[UUID]:
    """Referrals to this partner of which a desk was told that nothing can be sealed."""
    return kept_back_for(connection, organization_id, TaskKind.PARTNER_KEY_MISSING)


def open_at(connection: Connection, service_id: UUID) -> list[UUID]:
    """Referrals to a service that have not ended, those its sender has not let go of among them."""
    rows = connection.execute(
        "SELECT id FROM referrals WHERE service_id = %s AND status = ANY(%s) ORDER BY id",
        (service_id, [str(status) for status in OPEN]),
    ).fetchall()
    return [row["id"] for row in rows]


def running_with(connection: Connection, organization_id: UUID) -> list[UUID]:
    """Referrals a partner is still busy with."""
    rows = connection.execute(
        "SELECT id FROM referrals WHERE organization_id = %s AND status = ANY(%s) ORDER BY id",
        (organization_id, [str(status) for status in RUNNING]),
    ).fetchall()
    return [row["id"] for row in rows]


def kept_back_for(connection: Connection, organization_id: UUID, *kinds: TaskKind) -> list[UUID]:
    """Referrals to this partner of which one of these lies on a desk."""
    rows = connection.execute(
        "SELECT DISTINCT r.id FROM referrals r JOIN tasks ON tasks.referral_id = r.id WHERE r.organization_id = %s"
        " AND tasks.kind = ANY(%s) AND tasks.closed_at IS NULL ORDER BY r.id",
        (organization_id, [str(kind) for kind in kinds]),
    ).fetchall()
    return [row["id"] for row in rows]


def kept_back_at(connection: Connection, service_id: UUID, *kinds: TaskKind) -> list[UUID]:
    """Referrals to this service of which one of these lies on a desk."""
    rows = connection.execute(
        "SELECT DISTINCT r.id FROM referrals r JOIN tasks ON tasks.referral_id = r.id WHERE r.service_id = %s"
        " AND tasks.kind = ANY(%s) AND tasks.closed_at IS NULL ORDER BY r.id",
        (service_id, [str(kind) for kind in kinds]),
    ).fetchall()
    return [row["id"] for row in rows]


def persons_at(connection: Connection, service_id: UUID) -> list[tuple[UUID, UUID]]:
    """Referrals a service is still busy with and their persons, in the order in which locks are taken."""
    rows = connection.execute(
        "SELECT person_id, id FROM referrals WHERE service_id = %s AND status = ANY(%s) ORDER BY person_id, id",
        (service_id, [str(status) for status in RUNNING]),
    ).fetchall()
    return [(row["person_id"], row["id"]) for row in rows]
