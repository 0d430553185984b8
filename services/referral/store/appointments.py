"""Appointments: that there is one in the open, when and where under the person's key."""

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import Status
from contracts.partner.appointment import read, write
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.appointments import VOID, Appointment, Kept
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.store.referrals import visible
from services.referral.vault import PersonKey

FOUND: LiteralString = "SELECT a.*, r.service_id, r.status FROM appointments a JOIN (SELECT * FROM referrals WHERE "
OF_PERSON: LiteralString = ") r ON r.id = a.referral_id WHERE a.person_id = %s AND a.sealed IS NOT NULL"
OF_REFERRAL: LiteralString = ") r ON r.id = a.referral_id WHERE a.referral_id = %s AND a.sealed IS NOT NULL"


def place(appointment_id: UUID) -> str:
    """What a sealed appointment is bound to."""
    return f"appointments/{appointment_id}"


def keep(work: Work, key: PersonKey, referral: Referral, what: Appointment) -> None:
    """The referral's appointment as it is now; one that was moved keeps its number, and its former time is gone."""
    assert referral.appointment_id is not None, "the verb has just named it"
    work.tx.execute(
        "INSERT INTO appointments (id, referral_id, person_id, organization_id, sealed, set_at, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET"
        " (sealed, changed_at, sequence) = (EXCLUDED.sealed, EXCLUDED.changed_at, appointments.sequence + 1)",
        (
            referral.appointment_id,
            referral.id,
            referral.person_id,
            referral.organization_id,
            key.seal(place(referral.appointment_id), write(what).encode()),
            work.now,
            work.now,
        ),
    )


def one(connection: Connection, key: PersonKey, appointment_id: UUID) -> Appointment | None:
    """One by its number; nothing where its words are gone."""
    row = connection.execute("SELECT sealed FROM appointments WHERE id = %s", (appointment_id,)).fetchone()
    if row is None or row["sealed"] is None:
        return None
    return Appointment(**read(key.open(place(appointment_id), row["sealed"]).decode()))


def cancel(work: Work, appointment_id: UUID) -> None:
    work.tx.execute(
        "UPDATE appointments SET cancelled_at = %s, sequence = sequence + 1 WHERE id = %s", (work.now, appointment_id)
    )


def of_person(connection: Connection, key: PersonKey, person_id: UUID, *, visible_to: Actor) -> list[Kept]:
    """Her appointments in the referrals this actor may see, in their order."""
    condition, params = visible(visible_to)
    rows = connection.execute(FOUND + condition + OF_PERSON, (*params, person_id)).fetchall()
    return _opened(rows, key)


def of_referral(connection: Connection, key: PersonKey, referral_id: UUID, *, visible_to: Actor) -> list[Kept]:
    condition, params = visible(visible_to)
    rows = connection.execute(FOUND + condition + OF_REFERRAL, (*params, referral_id)).fetchall()
    return _opened(rows, key)


def _opened(rows: list[dict[str, Any]], key: PersonKey) -> list[Kept]:
    found = [opened(row, key) for row in rows]
    return sorted(found, key=lambda one: (one.what.starts_at, one.id))


def opened(row: Mapping[str, Any], key: PersonKey) -> Kept:
    """One row, with what its referral says beside it."""
    return Kept(
        id=row["id"],
        referral_id=row["referral_id"],
        organization_id=row["organization_id"],
        service_id=row["service_id"],
        sequence=row["sequence"],
        changed_at=row["changed_at"],
        cancelled_at=row["cancelled_at"],
        is_void=Status(row["status"]) in VOID,
        what=Appointment(**read(key.open(place(row["id"]), row["sealed"]).decode())),
    )
