"""All services with the areas they are held against, for gaps and overlaps."""

from collections.abc import Collection
from typing import Any

from contracts.codes import Participation
from services.chassis.clock import Clock
from services.chassis.db import Connection
from services.directory.domain import channel_life
from services.directory.domain.key_life import KeyName
from services.directory.domain.reach import is_referable
from services.directory.store import key_confirmations

Json = dict[str, Any]

SERVICES = """
    SELECT s.document, p.document AS participation, c.in_force AS reached_by, s.organization_id,
        coalesce(r.document ->> 'assured_date', s.document ->> 'assured_date') AS assured_on,
        (SELECT st.participation FROM standings st WHERE st.organization_id = s.organization_id) AS standing
    FROM services s LEFT JOIN participations p ON p.organization_id = s.organization_id
        LEFT JOIN channel_confirmations c ON c.organization_id = s.organization_id
        LEFT JOIN reports r ON r.service_id = s.id
    ORDER BY s.document -> 'name' ->> 'de', s.id"""


def coverage(connection: Connection, clock: Clock) -> tuple[list[Json], list[Json]]:
    """All services, each marked whether anything can be referred to it; areas of districts and cities of none."""
    rows = connection.execute(SERVICES).fetchall()
    taking_part = {str(row["organization_id"]) for row in rows if row["participation"]}
    confirmed = key_confirmations.confirmed(connection, taking_part)
    areas = connection.execute("SELECT document FROM areas WHERE length(id) = 5 ORDER BY id").fetchall()
    return [_marked(row, confirmed, clock) for row in rows], [row["document"] for row in areas]


def _marked(row: Json, confirmed: Collection[tuple[str, KeyName]], clock: Clock) -> Json:
    service, whose = row["document"], str(row["organization_id"])
    keys = {name for organization_id, name in confirmed if organization_id == whose}
    standing = Participation(row["standing"] or Participation.TAKING_PART)
    assured_on, now, today = row["assured_on"], clock.now(), clock.today()
    told = row["participation"] and channel_life.used(row["participation"], row["reached_by"])
    found = is_referable(service["id"], told, standing, assured_on, keys, now, today)
    return {**service, "is_referable": found}
