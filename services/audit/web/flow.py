"""The way of a case's messages as a drawing: who told whom, in order; the same as a list below it."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import StaffRole
from services.audit.domain.flow import arrows, lanes
from services.audit.queries.search import CASES, of_case, search, with_referrals
from services.audit.web.looking import look, own_controller
from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.room import room

blueprint = APIBlueprint("audit_flow", __name__, url_prefix="/audit", enable_openapi=False)
#: Messages in one drawing: more do not fit a sheet.
MOST = 60


@blueprint.get("/cases/<kind>/<uuid:identity>/flow")
@staff(StaffRole.DPO, StaffRole.AUDITOR)
def flow(kind: str, identity: UUID) -> str:
    """The newest messages of a case, and further back page by page."""
    if kind not in CASES:
        raise NotFoundError("audit.entry-unknown")
    wanted = of_case(kind, identity, own_controller())
    look("case", wanted)
    with room().unit.db.read() as connection:
        page = search(connection, with_referrals(connection, wanted), request.args.get("cursor"), MOST)
    if not page.entries:
        raise NotFoundError("audit.entry-unknown")
    steps = [(entry, arrows(entry.source, entry.type, entry.actor)) for entry in reversed(page.entries)]
    return render_template(
        "audit/flow.html",
        kind=kind,
        identity=identity,
        steps=steps,
        lanes=lanes(way for _, way in steps),
        earlier=f"?cursor={page.cursor}" if page.cursor else "",
        newest="?" if "cursor" in request.args else "",
    )
