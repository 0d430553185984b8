"""What operations sees of the log: its health, not its content."""

from typing import Any

from apiflask import APIBlueprint
from flask import current_app

from contracts.codes import StaffRole
from services.audit.queries.health import log_health
from services.audit.writer import Outside
from services.chassis.access import staff
from services.chassis.web import room


def outside() -> Outside:
    """This application's hold on the published checkpoints."""
    found: Outside = current_app.extensions["audit.outside"]
    return found


blueprint = APIBlueprint("audit_operator", __name__, url_prefix="/audit/operator")


@blueprint.get("/log")
@staff(StaffRole.OPERATIONS, StaffRole.DPO)
def log() -> dict[str, Any]:
    """How far the log reaches, how far it is signed, and which events never arrived."""
    here = room().unit
    with here.db.read() as connection:
        return log_health(connection, outside(), here.clock.now())
