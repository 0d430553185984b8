"""The navigators' interface to papers that go along with a referral."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from marshmallow import fields

from contracts.codes import StaffRole
from contracts.fields import Identifier
from services.chassis.access import staff
from services.chassis.web import room
from services.chassis.work import Work
from services.referral.commands import enclosing
from services.referral.store import enclosures, referrals
from services.referral.store.enclosures import Enclosure
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor

Json = dict[str, Any]
blueprint = APIBlueprint("api_enclosures", __name__, url_prefix="/referral/api/v1/referrals", tag="Enclosures")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


class EnclosureIn(bodies.Body):
    document_id = Identifier(required=True)


class EnclosureOut(Schema):
    """A paper that goes along, and when the partner first fetched it."""

    id = fields.String()
    kind = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    fetched_at = fields.String(allow_none=True)


class EnclosuresOut(Schema):
    documents = fields.List(fields.Nested(EnclosureOut()))


def shown(one: Enclosure) -> Json:
    return {
        "id": str(one.paper.id),
        "kind": one.paper.kind,
        "media_type": one.paper.media_type,
        "size": one.paper.size,
        "fetched_at": one.fetched_at.isoformat() if one.fetched_at else None,
    }


@blueprint.get("/<uuid:referral_id>/documents")
@blueprint.output(EnclosuresOut)
@navigators
def enclosed(referral_id: UUID) -> Json:
    """Which papers go along, and which of them the partner has."""
    with room().unit.db.read() as connection:
        referral = referrals.load(connection, referral_id, visible_to=staff_actor())
        return {"documents": [shown(one) for one in enclosures.of_referral(connection, referral.id)]}


@blueprint.post("/<uuid:referral_id>/documents")
@blueprint.input(EnclosureIn)
@navigators
def enclose(referral_id: UUID, json_data: Json) -> tuple[Json, int]:
    """Let a paper of this person go along. It leaves only if she has consented to DOCUMENTS for this body."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        enclosing.enclose(work, house().keys, by, referral_id, json_data["document_id"])
        return 201, {"id": str(json_data["document_id"])}

    return once(run)


@blueprint.post("/<uuid:referral_id>/documents/<uuid:document_id>/removals")
@navigators
def take_out(referral_id: UUID, document_id: UUID) -> tuple[Json, int]:
    """Let it go along no longer. What the partner has fetched stays with the partner."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        enclosing.take_out(work, house().keys, by, referral_id, document_id)
        return 201, {"id": str(document_id)}

    return once(run)
