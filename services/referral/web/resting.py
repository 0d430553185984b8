"""A partner that rests or has left is heard no more: no program, no unit of it, whatever token or link they hold."""

from uuid import UUID

from apiflask import APIFlask

from services.chassis.access import Kind, caller_or_none
from services.chassis.room import room
from services.referral.commands.resting import expect_taking_part


def prepare(app: APIFlask) -> None:
    """Before any view."""
    app.before_request(_refuse)


def _refuse() -> None:
    caller = caller_or_none()
    if caller is not None and caller.organization_id and caller.kind in (Kind.PARTNER_SYSTEM, Kind.DESK):
        expect(caller.organization_id)


def expect(organization_id: UUID) -> None:
    with room().unit.db.read() as connection:
        expect_taking_part(connection, organization_id)
