"""The interface to what staff told outside: looked at, confirmed, and for how long it is kept from the person."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from marshmallow import fields

from contracts.codes import StaffRole
from contracts.fields import Day, format_instant
from services.chassis.access import staff
from services.chassis.web import room
from services.chassis.work import Work
from services.referral.commands import external_disclosures as commands
from services.referral.domain.external_disclosure import ExternalDisclosure
from services.referral.store import external_disclosures as store
from services.referral.web import bodies
from services.referral.web.callers import once, staff_actor

Json = dict[str, Any]
blueprint = APIBlueprint(
    "api_external_disclosures", __name__, url_prefix="/referral/api/v1/external-disclosures", tag="Told outside"
)
leads = staff(StaffRole.LEAD)


class ConfirmationIn(bodies.Body):
    """The last day on which it is not told to the person herself, where telling would endanger somebody."""

    withheld_until = Day(load_default=None, allow_none=True)


class HoldBackIn(bodies.Body):
    """The new last day, half a year away at most; null: she hears of it now."""

    withheld_until = Day(required=True, allow_none=True)


class DisclosureOut(Schema):
    """One of them, without the words."""

    id = fields.String()
    enquiry_id = fields.String()
    ground = fields.String()
    categories = fields.List(fields.String())
    told_at = fields.String()
    recipient_id = fields.String(allow_none=True)
    confirm_by = fields.String()
    confirmed_at = fields.String(allow_none=True)
    withheld_until = fields.String(allow_none=True)
    told_to_the_person = fields.Boolean()


class DisclosuresOut(Schema):
    disclosures = fields.List(fields.Nested(DisclosureOut()))


def shown(one: ExternalDisclosure) -> Json:
    return {
        "id": str(one.id),
        "enquiry_id": str(one.enquiry_id),
        "ground": one.ground,
        "categories": list(one.categories),
        "told_at": format_instant(one.told_at),
        "recipient_id": str(one.recipient_id) if one.recipient_id else None,
        "confirm_by": one.confirm_by.isoformat(),
        "confirmed_at": format_instant(one.confirmed_at) if one.confirmed_at else None,
        "withheld_until": one.withheld_until.isoformat() if one.withheld_until else None,
        "told_to_the_person": one.may_be_told_to_her(room().unit.clock.today()),
    }


@blueprint.get("")
@blueprint.output(DisclosuresOut)
@leads
def listed() -> Json:
    """Those of the own desk: first what is to be confirmed, then what has been."""
    by = staff_actor()
    with room().unit.db.read() as connection:
        found = [one for is_open in (True, False) for one in store.listed(connection, by, is_open=is_open)]
    return {"disclosures": [shown(one) for one in found]}


@blueprint.post("/<uuid:disclosure_id>/confirmations")
@blueprint.input(ConfirmationIn)
@leads
def confirm(disclosure_id: UUID, json_data: Json) -> tuple[Json, int]:
    """A second person looked at it."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(commands.confirm(work, by, disclosure_id, json_data["withheld_until"]))

    return once(run)


@blueprint.post("/<uuid:disclosure_id>/hold-backs")
@blueprint.input(HoldBackIn)
@leads
def hold_back(disclosure_id: UUID, json_data: Json) -> tuple[Json, int]:
    """Keep it from the person longer, or let her hear of it: never by whoever decided that last."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        return 201, shown(commands.hold_back(work, by, disclosure_id, json_data["withheld_until"]))

    return once(run)
