"""Light-path units with their codes and devices, for the welcome center."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.codes import ChannelKind
from contracts.directory import OrganizationPublished
from contracts.event import from_dict
from services.chassis.db import Connection
from services.referral.domain.desk_devices import DeskCode, DeskDevice
from services.referral.store.desk_devices import code_of, device_of

UNITS = """
SELECT snapshot FROM organizations WHERE snapshot #>> '{channel,kind}' = %s
ORDER BY lower(snapshot #>> '{name,de}'), id"""
#: Of each unit the newest: what is older is in the log.
CODES = """
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY organization_id ORDER BY issued_at DESC) AS place
    FROM desk_codes) AS ranked WHERE place <= 5 ORDER BY issued_at DESC"""
DEVICES = """
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY organization_id
        ORDER BY revoked_at IS NOT NULL, known_at DESC) AS place
    FROM desk_devices WHERE expires_at > %s) AS ranked WHERE place <= 20 ORDER BY revoked_at NULLS FIRST, known_at"""
WAITING = """
SELECT DISTINCT r.organization_id FROM tasks t JOIN referrals r ON r.id = t.referral_id
WHERE t.kind = 'desk_code_wanted' AND t.closed_at IS NULL"""


@dataclass(frozen=True, slots=True)
class DeskUnit:
    """A unit that works by mail and desk page: what opens dossiers there, and whether it waits for a code."""

    organization: OrganizationPublished
    codes: tuple[DeskCode, ...]
    devices: tuple[DeskDevice, ...]
    is_waiting: bool

    @property
    def id(self) -> UUID:
        return self.organization.organization_id


def desk_units(connection: Connection, now: datetime) -> list[DeskUnit]:
    """Those that wait for a code first."""
    codes: dict[UUID, list[DeskCode]] = defaultdict(list)
    devices: dict[UUID, list[DeskDevice]] = defaultdict(list)
    for row in connection.execute(CODES):
        codes[row["organization_id"]].append(code_of(row))
    for row in connection.execute(DEVICES, (now,)):
        devices[row["organization_id"]].append(device_of(row))
    waiting = {row["organization_id"] for row in connection.execute(WAITING)}
    found = [
        DeskUnit(
            one, tuple(codes[one.organization_id]), tuple(devices[one.organization_id]), one.organization_id in waiting
        )
        for one in (_published(row["snapshot"]) for row in connection.execute(UNITS, (ChannelKind.LIGHT,)))
    ]
    return sorted(found, key=lambda unit: not unit.is_waiting)


def _published(snapshot: dict[str, object]) -> OrganizationPublished:
    event: OrganizationPublished = from_dict("directory.organization_published.v1", snapshot)
    return event
