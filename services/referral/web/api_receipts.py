"""Receipts for partners: read again what the network signed, hand in what the partner signs in return."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import DateTime, List, Nested, String
from flask import Response, request

from contracts.partner.receipts import CONFIRMED, MEDIA_TYPE
from services.chassis.access import partner_system
from services.chassis.errors import InvalidError
from services.chassis.web import request_work, room
from services.referral.commands import receipts as commands
from services.referral.store import receipts, referrals
from services.referral.store.receipts import NETWORK, Receipt
from services.referral.web.callers import house, partner_actor

Json = dict[str, Any]
TOKEN: Any = {
    200: {"description": "The token as it was signed", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}

blueprint = APIBlueprint("api_receipts", __name__, url_prefix="/partner/v1", tag="Receipts")


class ReceiptOut(Schema):
    """A signed token (RFC 8417) with what its claims say, to find it by."""

    number = String(metadata={"description": "The token's `jti`; for the network's, the fact's id in the audit log."})
    issuer = String(metadata={"enum": ["network", "partner"]})
    referral_id = String()
    event = String()
    sha256 = String(metadata={"description": "Of the sealed bytes that were handed out."})
    key_id = String()
    signed_at = DateTime()
    token = String()


class ReceiptsOut(Schema):
    receipts = List(Nested(ReceiptOut()))


@blueprint.get("/referrals/<uuid:referral_id>/receipts")
@blueprint.output(ReceiptsOut)
@partner_system
def of_referral(referral_id: UUID) -> Json:
    """All receipts of a referral: the network's own for this partner, and those the partner handed in."""
    by = partner_actor()
    with room().unit.db.read() as connection:
        referral = referrals.load(connection, referral_id, visible_to=by)
        found = receipts.of_referral(connection, referral.id, referral.organization_id)
    return {"receipts": [shown(one) for one in found]}


@blueprint.get("/receipts/<uuid:number>")
@blueprint.doc(responses=TOKEN)
@partner_system
def one(number: UUID) -> Response:
    """One of the network's receipts by its number, as it was signed."""
    by = partner_actor()
    assert by.organization_id is not None
    with room().unit.db.read() as connection:
        found = receipts.load(connection, by.organization_id, NETWORK, str(number))
    return Response(found.token, content_type=MEDIA_TYPE)


@blueprint.post("/receipts")
@blueprint.output(ReceiptOut, status_code=201)
@blueprint.doc(
    summary="Hand in a receipt of your own",
    description=f"A token signed with a registered signing key; its one event is `{CONFIRMED}`. Its `jti` is its"
    " idempotency key: the same token again is answered the same.",
)
@partner_system
def hand_in() -> tuple[Json, int]:
    by = partner_actor()
    if request.mimetype != MEDIA_TYPE:
        raise InvalidError("receipt.unreadable", {"Content-Type": MEDIA_TYPE})
    token = request.get_data(cache=False).decode("ascii", "replace").strip()
    with request_work() as work:
        kept = commands.take(work, house().keys.receipts, by, token)
    return shown(kept), 201


def shown(receipt: Receipt) -> Json:
    values = {
        "number": receipt.number,
        "issuer": receipt.issuer,
        "referral_id": str(receipt.referral_id),
        "event": receipt.event,
        "key_id": receipt.key_id,
        "signed_at": receipt.signed_at,
        "token": receipt.token,
    }
    return values | ({"sha256": receipt.sha256} if receipt.sha256 else {})
