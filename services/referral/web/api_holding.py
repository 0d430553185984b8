"""The interface to the end of a case: closed, opened again, held back from deletion."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from marshmallow import fields, validate

from contracts.codes import HoldReason, StaffRole
from contracts.fields import Day
from services.chassis.access import staff
from services.chassis.web import room
from services.chassis.work import Work
from services.referral.commands import closing, holds
from services.referral.store import holds as store
from services.referral.store.holds import Hold
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor

Json = dict[str, Any]
blueprint = APIBlueprint("api_holding", __name__, url_prefix="/referral/api/v1", tag="Deletion and holds")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
leads = staff(StaffRole.LEAD)


class HoldIn(bodies.Body):
    """Why somebody's data must not be deleted yet, and until when (`HOLD_MOST_MONTHS`, 12, at most)."""

    reason = bodies.code(HoldReason, required=True)
    words = fields.String(required=True, validate=validate.Length(min=1, max=holds.LONGEST_WORDS))
    until = Day(required=True)
    #: Whose, of a household; without one, whoever asked first.
    person_id = fields.UUID(load_default=None)


class HoldOut(Schema):
    """A hold, without its words."""

    id = fields.String()
    enquiry_id = fields.String()
    person_id = fields.String()
    reason = fields.String()
    until = fields.String()


class HoldsOut(Schema):
    holds = fields.List(fields.Nested(HoldOut()))


def shown(hold: Hold) -> Json:
    return {
        "id": str(hold.id),
        "enquiry_id": str(hold.enquiry_id),
        "person_id": str(hold.person_id),
        "reason": hold.reason,
        "until": hold.until.isoformat(),
    }


@blueprint.post("/enquiries/<uuid:enquiry_id>/closings")
@navigators
def close(enquiry_id: UUID) -> tuple[Json, int]:
    """Nothing more to do: from now on the case is restricted. All its referrals have to have ended."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        closing.close(work, by, enquiry_id)
        return 201, {"id": str(enquiry_id)}

    return once(run)


@blueprint.post("/enquiries/<uuid:enquiry_id>/resumptions")
@leads
def resume(enquiry_id: UUID) -> tuple[Json, int]:
    """The person has come back: the case is open again, and its time counts anew."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        closing.resume(work, by, enquiry_id)
        return 201, {"id": str(enquiry_id)}

    return once(run)


@blueprint.get("/holds")
@blueprint.output(HoldsOut)
@leads
def standing() -> Json:
    """Whom a hold keeps at the own desk today."""
    by, today = staff_actor(), room().unit.clock.today()
    with room().unit.db.read() as connection:
        found = store.standing(connection, today, site=by.site, organization_id=by.employer)
    return {"holds": [shown(hold) for hold in found]}


@blueprint.post("/enquiries/<uuid:enquiry_id>/holds")
@blueprint.input(HoldIn)
@leads
def put(enquiry_id: UUID, json_data: Json) -> tuple[Json, int]:
    """Nothing of this person is deleted up to and including that day."""
    by, own = staff_actor(), house()

    def run(work: Work) -> tuple[int, Json]:
        months = own.retention.hold_months
        return 201, shown(holds.put(work, own.keys.vault, by, enquiry_id, **json_data, most_months=months))

    return once(run)


@blueprint.post("/holds/<uuid:hold_id>/liftings")
@leads
def lift(hold_id: UUID) -> tuple[Json, int]:
    """It is needed no longer; what is past its period goes with the next run."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        holds.lift(work, by, hold_id)
        return 201, {"id": str(hold_id)}

    return once(run)
