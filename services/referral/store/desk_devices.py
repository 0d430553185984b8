"""Codes of light-path units and the devices they made known: ids, times and a hash."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.codes import TaskKind, Way
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.desk_devices import DeskCode, DeskDevice, Ending

#: What opens nothing any more is kept for questions that come late; what happened stays in the log.
KEPT = timedelta(days=400)
#: A look is written at most this often: reading a page is not a write.
SEEN_EVERY = timedelta(hours=1)


def code_of(row: Mapping[str, Any]) -> DeskCode:
    return DeskCode(
        row["id"],
        row["organization_id"],
        Way(row["way"]),
        row["issued_at"],
        row["expires_at"],
        row["wrong"],
        Ending(row["ending"]) if row["ending"] else None,
    )


def device_of(row: Mapping[str, Any]) -> DeskDevice:
    return DeskDevice(
        row["id"], row["organization_id"], row["known_at"], row["seen_at"], row["expires_at"], row["revoked_at"]
    )


def add_code(work: Work, code: DeskCode) -> None:
    """Keep a new code, and forget what is long over."""
    for table in ("desk_codes", "desk_devices"):
        work.tx.execute(f"DELETE FROM {table} WHERE expires_at < %s", (work.now - KEPT,))  # noqa: S608 - the two above
    work.tx.execute(
        "INSERT INTO desk_codes (id, organization_id, way, issued_by, issued_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (code.id, code.organization_id, code.way, work.actor, code.issued_at, code.expires_at),
    )


def code(connection: Connection, code_id: UUID) -> DeskCode:
    row = connection.execute("SELECT * FROM desk_codes WHERE id = %s", (code_id,)).fetchone()
    if row is None:
        raise NotFoundError("desk.code-unknown")
    return code_of(row)


def open_codes(work: Work, organization_id: UUID) -> list[DeskCode]:
    """The unit's open codes, locked until the work ends: of two tries at once the second counts after the first."""
    rows = work.tx.execute(
        "SELECT * FROM desk_codes WHERE organization_id = %s AND ended_at IS NULL AND expires_at > %s"
        " ORDER BY issued_at FOR UPDATE",
        (organization_id, work.now),
    )
    return [code_of(row) for row in rows]


def last_ending(connection: Connection, organization_id: UUID) -> Ending | None:
    """What became of the newest code that is over, so that the page can say why nothing works."""
    row = connection.execute(
        "SELECT ending FROM desk_codes WHERE organization_id = %s ORDER BY issued_at DESC LIMIT 1", (organization_id,)
    ).fetchone()
    return Ending(row["ending"]) if row and row["ending"] else None


def count_wrong(work: Work, code: DeskCode) -> None:
    work.tx.execute("UPDATE desk_codes SET wrong = wrong + 1 WHERE id = %s", (code.id,))


def end_code(work: Work, code_id: UUID, ending: Ending) -> bool:
    """It opens nothing any more; False if it did not before."""
    return (
        work.tx.execute(
            "UPDATE desk_codes SET ended_at = %s, ending = %s WHERE id = %s AND ended_at IS NULL",
            (work.now, ending, code_id),
        ).rowcount
        == 1
    )


def add_device(work: Work, device: DeskDevice, unit: str, code_id: UUID, token_sha256: bytes) -> None:
    work.tx.execute(
        "INSERT INTO desk_devices (id, organization_id, unit, code_id, token_sha256, known_at, seen_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(device.id, device.organization_id, unit, code_id, token_sha256),
            *(device.known_at, device.seen_at, device.expires_at),
        ),
    )


def find_device(connection: Connection, organization_id: UUID, unit: str, token_sha256: bytes) -> DeskDevice | None:
    """The device of this unit that holds this token."""
    row = connection.execute(
        "SELECT * FROM desk_devices WHERE token_sha256 = %s AND organization_id = %s AND unit = %s",
        (token_sha256, organization_id, unit),
    ).fetchone()
    return device_of(row) if row else None


def device(work: Work, device_id: UUID) -> DeskDevice:
    row = work.tx.execute("SELECT * FROM desk_devices WHERE id = %s FOR UPDATE", (device_id,)).fetchone()
    if row is None:
        raise NotFoundError("desk.device-unknown")
    return device_of(row)


def touch(connection: Connection, device: DeskDevice, now: datetime) -> None:
    """Remember that it was used."""
    if now - device.seen_at > SEEN_EVERY:
        connection.execute("UPDATE desk_devices SET seen_at = %s WHERE id = %s", (now, device.id))


def revoke(work: Work, device: DeskDevice) -> bool:
    return (
        work.tx.execute(
            "UPDATE desk_devices SET revoked_at = %s, revoked_by = %s WHERE id = %s AND revoked_at IS NULL",
            (work.now, work.actor, device.id),
        ).rowcount
        == 1
    )


def referrals_waiting(work: Work, organization_id: UUID) -> list[UUID]:
    """Referrals to this unit for which somebody at the welcome center was asked for a code."""
    rows = work.tx.execute(
        "SELECT t.referral_id FROM tasks t JOIN referrals r ON r.id = t.referral_id"
        " WHERE t.kind = %s AND t.closed_at IS NULL AND r.organization_id = %s",
        (TaskKind.DESK_CODE_WANTED, organization_id),
    )
    return [row["referral_id"] for row in rows]
