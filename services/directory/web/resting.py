"""Whoever rests or has left is heard no more here, by program, clerk or link; the entry itself stays public."""

from uuid import UUID

from flask import Flask

from contracts.codes import Participation, StaffRole
from services.chassis.access import Kind, caller_or_none
from services.chassis.errors import ForbiddenError
from services.chassis.room import room
from services.directory.store import standings


def prepare(app: Flask) -> None:
    """Before any view."""
    app.before_request(_refuse)


def _refuse() -> None:
    caller = caller_or_none()
    if caller is None:
        return
    clerk_of = caller.employer if caller.role is StaffRole.PARTNER_CLERK else None
    whose = caller.organization_id if caller.kind is Kind.PARTNER_SYSTEM else clerk_of
    if whose is not None:
        expect_taking_part(whose)


def expect_taking_part(organization_id: UUID) -> None:
    with room().unit.db.read() as connection:
        found = standings.of(connection, organization_id)
    if found is Participation.SUSPENDED:
        raise ForbiddenError("partner.suspended")
    if found is Participation.ENDED:
        raise ForbiddenError("partner.left")
