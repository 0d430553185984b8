"""What operators ask about referrals: codes, times and ids, never a person."""

from typing import Any

from apiflask import APIBlueprint

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.config import Mode
from services.chassis.errors import NotFoundError
from services.chassis.web import room
from services.referral.queries import referrals as queries
from services.referral.web.callers import house

blueprint = APIBlueprint("operator_referral", __name__, url_prefix="/referral/operator", tag="Operator")


@blueprint.get("/referrals/<name>")
@staff(StaffRole.OPERATIONS)
def referral(name: str) -> dict[str, Any]:
    """One referral by its id or by the reference people use."""
    with room().unit.db.read() as connection:
        found = queries.found(connection, name)
    if found is None:
        raise NotFoundError("referral.unknown")
    return found


@blueprint.get("/mode")
@staff(StaffRole.OPERATIONS)
def mode() -> dict[str, str]:
    """Whether sample consent texts count here. Only then may made-up persons be sent through the network."""
    return {"mode": str(Mode.DEMO if house().texts.samples_count else Mode.PRODUCTION)}
