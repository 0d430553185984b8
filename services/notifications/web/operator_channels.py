"""The operators' door to a partner's channel: try it, send again what it lost, change its secret, switch it on."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Range

from services.chassis.web import request_work, room
from services.notifications import config, queries, webhook_secrets
from services.notifications.commands import endpoints, resending
from services.notifications.web.operator import operators, plain

Json = dict[str, Any]
FURTHEST = 2**63 - 1


class WebhookSecret(Schema):
    """A secret in the form of Standard Webhooks; left out, one is made and shown once."""

    secret = fields.String()
    #: How long the secret before signs, too; 0: not at all, because it is known to others.
    overlap_hours = fields.Integer(load_default=24, validate=Range(0, 720))


class Since(Schema):
    """Everything made since this moment; `after` is where the last answer said to go on."""

    since = fields.AwareDateTime(required=True)
    after = fields.Integer(load_default=0, validate=Range(0, FURTHEST))


def blueprint(deployment_key: bytes) -> APIBlueprint:
    """The door, knowing the key under which secrets are kept."""
    door = APIBlueprint("operator_channels", __name__, url_prefix="/notifications/operator", tag="Channels")

    @operators
    def keep_secret(organization_id: UUID, json_data: Json) -> Json:
        """Keep the secret sealed; what was handed in is never shown again."""
        given = json_data.get("secret")
        secret = webhook_secrets.new_secret() if given is None else webhook_secrets.checked(given)
        sealed = webhook_secrets.seal(secret, organization_id, deployment_key)
        with request_work() as work:
            overlap = timedelta(hours=json_data["overlap_hours"])
            old_until = endpoints.keep_secret(work, organization_id, sealed, overlap)
        shown = {"secret": secret} if given is None else {}
        return {"organization_id": str(organization_id), "old_until": old_until and old_until.isoformat(), **shown}

    of = "/organizations/<uuid:organization_id>"
    door.get("/webhooks")(webhooks)
    door.put(f"{of}/webhook-secret")(door.input(WebhookSecret)(keep_secret))
    door.post(f"{of}/webhook/enable")(enable)
    door.post(f"{of}/test")(send_test)
    door.post(f"{of}/replay")(door.input(Since)(send_since))
    return door


@operators
def webhooks() -> Json:
    """Webhooks where nothing arrives at the moment, those switched off first."""
    with room().unit.db.read() as connection:
        return {"webhooks": [plain(row) for row in queries.troubled_webhooks(connection)]}


@operators
def enable(organization_id: UUID) -> Json:
    """Call the webhook again; what waited for that leaves."""
    with request_work() as work:
        leaving = endpoints.enable(work, organization_id)
    return {"organization_id": str(organization_id), "leaving": leaving}


@operators
def send_test(organization_id: UUID) -> Json:
    """Send a notice about nothing; its delivery shows whether it arrived."""
    with request_work() as work:
        delivery_id = resending.send_test(work, organization_id, config.public_url())
    return {"delivery_id": str(delivery_id)}


@operators
def send_since(organization_id: UUID, json_data: Json) -> Json:
    """Send once more what was made since a moment; `next`, if any, goes into `after` of the next call."""
    with request_work() as work:
        sent, go_on = resending.send_since(work, organization_id, json_data["since"], json_data["after"])
    return {"organization_id": str(organization_id), "leaving": sent, "next": go_on}
