"""Which referrals a change in the directory concerns."""

from uuid import UUID

from services.chassis.db import Connection
from services.referral.domain.lifecycle import RUNNING

SEALED_TO_OTHER_KEY = """
SELECT dossiers.referral_id FROM dossiers JOIN referrals ON referrals.id = dossiers.referral_id
WHERE referrals.organization_id = %s AND NOT dossiers.custodial AND dossiers.key_id IS DISTINCT FROM %s
ORDER BY dossiers.referral_id"""


def sealed_to_other_key(connection: Connection, organization_id: UUID, key_id: str | None) -> list[UUID]:
    """Referrals whose dossier waits for this partner, sealed to another key than the one it has now."""
    rows = connection.execute(SEALED_TO_OTHER_KEY, (organization_id, key_id)).fetchall()
    return [row["referral_id"] for row in rows]


def running_at(connection: Connection, service_id: UUID) -> list[UUID]:
    """Referrals a service is still busy with."""
    rows = connection.execute(
        "SELECT id FROM referrals WHERE service_id = %s AND status = ANY(%s) ORDER BY id",
        (service_id, [str(status) for status in RUNNING]),
    ).fetchall()
    return [row["id"] for row in rows]


def persons_at(connection: Connection, service_id: UUID) -> list[tuple[UUID, UUID]]:
    """The same with their persons, in the order in which locks are taken."""
    rows = connection.execute(
        "SELECT person_id, id FROM referrals WHERE service_id = %s AND status = ANY(%s) ORDER BY person_id, id",
        (service_id, [str(status) for status in RUNNING]),
    ).fetchall()
    return [(row["person_id"], row["id"]) for row in rows]
