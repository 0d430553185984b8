"""A partner that rests or has left hears nothing by its feed, whatever token it holds."""

from flask import Flask

from services.chassis.access import Kind, caller_or_none
from services.chassis.room import room
from services.notifications.commands.participation import expect_taking_part


def prepare(app: Flask) -> None:
    """Before any view."""
    app.before_request(refuse)


def refuse() -> None:
    caller = caller_or_none()
    if caller is not None and caller.organization_id and caller.kind is Kind.PARTNER_SYSTEM:
        with room().unit.db.read() as connection:
            expect_taking_part(connection, caller.organization_id)
