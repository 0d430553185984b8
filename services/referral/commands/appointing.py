"""An appointment from a partner's sealed word to the person's own key, and back to whoever may look."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import marshmallow

from contracts.codes import Status
from contracts.partner.appointment import read
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Work
from services.referral.commands import clashing
from services.referral.config import Keys
from services.referral.domain.appointments import Appointment, Kept
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.store import appointments, persons
from services.referral.vault import Vault

SEALED = "sealed_appointment"


def told(keys: Keys, sealed: str) -> Appointment:
    """What a partner sealed to us; whatever it is wrong in is named, never what it said."""
    try:
        return Appointment(**read(keys.own.open_comment(sealed, field=SEALED)))
    except marshmallow.ValidationError as error:
        messages = error.messages if isinstance(error.messages, dict) else {}
        fields = {str(name): "as-described" for name in messages} or {SEALED: "as-described"}
        raise InvalidError("partner.appointment-invalid", fields) from error


def details(work: Work, vault: Vault, referral: Referral, appointment: Appointment) -> dict[str, Any]:
    """The appointment as a verb wants it: with the one it may take the place of."""
    return {"appointment": appointment, "former": _former(work, vault, referral)}


def _former(work: Work, vault: Vault, referral: Referral) -> Appointment | None:
    if referral.appointment_id is None:
        return None
    key = persons.key_of(work.tx, vault, referral.person_id)
    return appointments.one(work.tx, key, referral.appointment_id)


def keep(work: Work, vault: Vault, before: Referral, after: Referral, what: Mapping[str, Any]) -> None:
    """What the verb decided: kept under the person's key, or called off."""
    appointment = what.get("appointment")
    if appointment is not None:
        appointments.keep(work, persons.key_of(work.tx, vault, after.person_id), after, appointment)
        clashing.compare(work, vault, after, appointment, what.get("former"))
    elif before.appointment_id is not None and after.appointment_id is None:
        if not after.status.is_terminal:
            appointments.cancel(work, before.appointment_id)
        if after.status is not Status.COMPLETED:
            clashing.gone(work, before)


def of_person(connection: Connection, vault: Vault, person_id: UUID, *, visible_to: Actor) -> list[Kept]:
    """Her appointments, as far as this actor may see the referrals they belong to; none once she is erased."""
    try:
        key = persons.key_of(connection, vault, person_id)
    except NotFoundError:
        return []
    return appointments.of_person(connection, key, person_id, visible_to=visible_to)


def of_this(connection: Connection, vault: Vault, referral: Referral, by: Actor) -> Kept | None:
    """The appointment that stands in this referral, for whoever may see the referral."""
    if referral.appointment_id is None:
        return None
    found = of_person(connection, vault, referral.person_id, visible_to=by)
    return next((one for one in found if one.id == referral.appointment_id), None)


def one_of(found: list[Kept], appointment_id: UUID) -> Kept:
    """One of those that were found for this caller; any other looks like a missing one."""
    for one in found:
        if one.id == appointment_id:
            return one
    raise NotFoundError("appointment.unknown")
