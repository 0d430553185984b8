"""The network as AsyncAPI 3.1: who says what on which exchange, what a partner reads and may say."""

from typing import Any

from contracts import topology
from contracts.describe.schemas import all_schemas, envelope_schema, message_schema
from contracts.envelope import CONTENT_TYPE
from contracts.event import REGISTRY, spec_of
from contracts.partner.actions import BODIES, type_of_action

Json = dict[str, Any]
ORGANIZATION = {"organizationId": {"description": "The id of the partner's organization."}}


def document() -> Json:
    """The whole document, in an order that does not depend on anything but the contracts."""
    partner = partner_channels()
    channels = {f"{service}Events": _service_channel(service) for service in topology.SERVICES}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Lotsennetz",
            "version": "1.0.0",
            "description": "Events of the four services, notices to partners and partners' commands. "
            "Ids, codes and times only; what concerns a person is fetched sealed by HTTPS.",
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": {"host": "broker.lotsennetz.example", "protocol": "amqp", "protocolVersion": "0-9-1"}},
        "channels": channels | partner,
        "operations": _operations(),
        "components": {"schemas": {"envelope": _plain(envelope_schema())}, "messages": _messages()},
    }


def _service_channel(service: str) -> Json:
    exchange = {"name": topology.events_exchange(service), "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": topology.events_exchange(service),
        "description": f"Everything {service} says; the routing key is the type.",
        "messages": _references(name for name in sorted(REGISTRY) if spec_of(REGISTRY[name]).service == service),
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def partner_channels() -> Json:
    notices = [name for name in sorted(REGISTRY) if spec_of(REGISTRY[name]).service == "partner"]
    exchange = {"name": "partner.{organizationId}.commands", "type": "topic", "durable": True, "autoDelete": False}
    queue = {"name": "partner.{organizationId}.notices", "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "partnerNotices": {
            "address": "partner.{organizationId}.notices",
            "description": "What one partner is told; the same bytes come by webhook and by pull.",
            "parameters": ORGANIZATION,
            "messages": _references(notices),
            "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}},
        },
        "partnerCommands": {
            "address": "partner.{organizationId}.commands",
            "description": "What one partner may say. Who it is, the broker knows by its user.",
            "parameters": ORGANIZATION,
            "messages": _references(sorted(type_of_action(action) for action in BODIES)),
            "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
        },
    }


def _references(names: Any) -> Json:
    return {_key(name): {"$ref": f"#/components/messages/{_key(name)}"} for name in names}


def _key(name: str) -> str:
    return name.replace(".", "_")


def _operations() -> Json:
    operations: Json = {}
    for service in topology.SERVICES:
        operations[f"{service}Says"] = {"action": "send", "channel": {"$ref": f"#/channels/{service}Events"}}
    for service, heard in topology.HEARS.items():
        for told in heard:
            key = f"{service}Hears{told.capitalize()}"
            operations[key] = {"action": "receive", "channel": {"$ref": f"#/channels/{told}Events"}}
    operations["partnerIsTold"] = {"action": "send", "channel": {"$ref": "#/channels/partnerNotices"}}
    operations["partnerCommands"] = {"action": "receive", "channel": {"$ref": "#/channels/partnerCommands"}}
    return operations


def _messages() -> Json:
    schemas = all_schemas()
    commands = {type_of_action(action) for action in BODIES}
    return {
        _key(name): {
            "name": name,
            "title": name,
            "summary": schemas[name]["description"],
            "contentType": CONTENT_TYPE,
            "payload": _command_schema(name, schemas[name]) if name in commands else message_schema(name),
        }
        for name in sorted([*REGISTRY, *commands])
    }


def _command_schema(name: str, body: Json) -> Json:
    narrowed = {"type": {"type": "string", "const": name}, "data": _plain(body)}
    required = ["subject", "type", "data"]
    own = {"type": "object", "properties": narrowed, "required": required}
    return {"allOf": [{"$ref": "#/components/schemas/envelope"}, own]}


def _plain(schema: Json) -> Json:
    """A schema inside another document names neither itself nor its dialect."""
    return {key: item for key, item in schema.items() if key not in ("$schema", "$id")}
