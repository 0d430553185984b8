"""Which organizations rest or have left; whoever is not named here takes part."""

from uuid import UUID

from contracts.codes import Participation
from services.chassis.db import Connection
from services.chassis.work import Work


def of(connection: Connection, organization_id: str | UUID) -> Participation:
    row = connection.execute(
        "SELECT participation FROM standings WHERE organization_id = %s", (organization_id,)
    ).fetchone()
    return Participation(row["participation"]) if row else Participation.TAKING_PART


def keep(work: Work, organization_id: str, participation: Participation) -> None:
    work.tx.execute(
        """
        INSERT INTO standings (organization_id, participation, changed_by, changed_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (organization_id) DO UPDATE SET participation = EXCLUDED.participation,
            changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at""",
        (organization_id, participation.value, work.actor, work.now),
    )
