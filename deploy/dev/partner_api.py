"""The partners' interface as OpenAPI and AsyncAPI: only what a partner can call, hear and say, made from the routes."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIFlask

from contracts.describe import asyncapi
from contracts.describe.schemas import message_schema
from contracts.partner.receipts import MEDIA_TYPE as RECEIPT
from services.notifications.web import feed
from services.referral.web import api_partner, api_receipts
from services.referral.web.description import complete

Json = dict[str, Any]

#: Everything under `/partner`, whichever service answers it; one address for the partner.
BLUEPRINTS = (feed.blueprint, api_partner.blueprint, api_receipts.blueprint)
VERSION = "1.0.0"
#: Repeating these changes nothing, so they need no key of their own.
KEYLESS = ("/partner/v1/acknowledgements", "/partner/v1/receipts")
HAND_IN = "/partner/v1/receipts"
JWE: Json = {"application/jose": {"schema": {"type": "string", "description": "Compact JWE, five parts."}}}
JWK_SET: Json = {
    "type": "object",
    "required": ["keys"],
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
}
#: What the views answer by hand, without a schema of their own.
ANSWERS: Mapping[str, Json] = {
    "/partner/v1/referrals/{referral_id}/dossier": JWE,
    "/partner/v1/referrals/{referral_id}/documents/{document_id}": JWE,
    "/partner/.well-known/jwks.json": {"application/jwk-set+json": {"schema": JWK_SET}},
}
TAGS = {
    "Receipts": "Signed proof of what was handed out and said; your own in return.",
    "Partner": "Look at a referral, fetch its sealed dossier and papers, answer.",
    "Partner feed": "Own notices by cursor; whichever channel you have, the feed keeps every notice.",
}
RATE_HEADERS = {
    f"RateLimit-{name}": {"description": words, "schema": {"type": "integer"}}
    for name, words in (
        ("Limit", "Requests allowed in this minute"),
        ("Remaining", "Of these, left"),
        ("Reset", "Seconds until the count begins anew"),
    )
}


def openapi() -> Json:
    """The partner-facing description, valid by itself and without a path that is not a partner's."""
    app = APIFlask("partner", title="Lotsennetz for partners", version=VERSION, json_errors=False)
    app.config.update(OPENAPI_VERSION="3.1.0")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.spec_processor(complete)  # type: ignore[arg-type]  # ours is a mapping, never YAML text
    with app.app_context():
        spec: Any = app.spec
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            _finish(path, method, operation)
    unused = ("ValidationError", "HTTPError")  # the framework's own; ours is Problem
    schemas = {name: one for name, one in spec["components"]["schemas"].items() if name not in unused}
    schemas["Notices"] = _notices()
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "https://network.lotsennetz.example", "description": "The one address of the network."}],
        "security": [{"client": []}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": spec["paths"],
        "components": {"schemas": schemas, "securitySchemes": _sign_in(), "responses": _noes()},
    }


def _info() -> Json:
    return {
        "title": "Lotsennetz for partners",
        "version": VERSION,
        "summary": "What a partner's own system calls.",
        "description": "Every path, header, field and answer a partner meets. How they are used: docs/partners.",
        "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    }


def _sign_in() -> Json:
    flow = {"tokenUrl": "https://issuer.lotsennetz.example/token", "scopes": {}}
    words = "Client credentials, by `private_key_jwt` (RFC 7523) or a secret; then `Authorization: Bearer`."
    return {"client": {"type": "oauth2", "description": words, "flows": {"clientCredentials": flow}}}


def _noes() -> Json:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    wait = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    headers = {**RATE_HEADERS, **wait}
    return {
        "TooMany": {"description": "Too often; come again after `Retry-After`", "headers": headers, "content": problem}
    }


def _finish(path: str, method: str, operation: Json) -> None:
    words = path.removeprefix("/partner/").replace("v1/", "").replace(".well-known/", "").replace(".json", "")
    parts = [part for part in words.split("/") if not part.startswith("{")]
    operation["operationId"] = "_".join([method, *parts]).replace("-", "_")
    _ids(operation)
    if path in ANSWERS:
        operation["responses"]["200"] |= {"content": ANSWERS[path]}
    if path.startswith("/partner/.well-known/"):
        operation["security"] = []
        operation["responses"]["503"] = {"description": "Something of ours does not answer; try again later"}
        return
    next(one for status, one in operation["responses"].items() if status < "300")["headers"] = RATE_HEADERS
    operation["responses"]["429"] = {"$ref": "#/components/responses/TooMany"}
    if path in KEYLESS:
        operation["parameters"] = []
    if path == HAND_IN:
        token = {RECEIPT: {"schema": {"type": "string", "description": "A compact JWS."}}}
        operation["requestBody"] = {"required": True, "content": token}
    if path.endswith("/events"):
        schema = {"$ref": "#/components/schemas/Notices"}
        operation["responses"]["200"]["content"] = {"application/json": {"schema": schema}}


def _ids(operation: Json) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["schema"] = {"type": "string", "format": "uuid"}


def _notices() -> Json:
    return {
        "type": "object",
        "required": ["events", "cursor"],
        "properties": {
            "events": {"type": "array", "items": _plain_notice()},
            "cursor": {"type": "integer", "description": "Where to go on: the `after` of the next request."},
        },
    }


def _plain_notice() -> Json:
    """A notice by its own description, without the reference that only AsyncAPI resolves."""
    own = message_schema("partner.notice.v1")["allOf"][1]
    required = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"]
    more: Json = {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
    }
    return {"type": "object", "required": required, "properties": more | own["properties"]}


def partner_asyncapi() -> Json:
    """The part of the network's AsyncAPI that a partner's queue and exchange are."""
    whole = asyncapi.document()
    channels = asyncapi.partner_channels()
    used = {key for channel in channels.values() for key in channel["messages"]}
    info = whole["info"] | {
        "title": "Lotsennetz for partners",
        "description": "Your own queue and your own exchange. The same notices come by webhook and by pull.",
    }
    return {
        **whole,
        "info": info,
        "channels": channels,
        "operations": {name: whole["operations"][name] for name in ("partnerIsTold", "partnerCommands")},
        "components": {
            "schemas": whole["components"]["schemas"],
            "messages": {key: one for key, one in whole["components"]["messages"].items() if key in used},
        },
    }
