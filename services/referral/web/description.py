"""What the generated description cannot know by itself: headers, the bodies of actions, and how a no looks."""

from typing import Any

from contracts.codes import Action
from contracts.partner import actions
from services.referral.web import bodies

Json = dict[str, Any]

KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "Names this request for ever: repeated under the same key it has one effect and one answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
VERSION = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The version that was seen; 412 if it has changed since.",
    "schema": {"type": "string", "pattern": '^"?[0-9]{1,9}"?$'},
}
PROBLEM: Json = {
    "type": "object",
    "required": ["type", "title", "status", "slug", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "slug": {"type": "string", "description": "Stable; the key of its sentence in every language."},
        "instance": {"type": "string", "description": "The number to quote."},
        "fields": {"type": "object", "description": "Each wrong field with what was expected there."},
    },
}
NOES = {
    "401": "No caller we know",
    "403": "Not for this caller",
    "404": "Nothing of that id is visible to this caller",
    "409": "The domain says no, with its reason",
    "422": "Not as described; each wrong field is named",
    "503": "Something outside does not answer; try again later",
}
STALE = {"412": "Changed since it was seen", "428": "If-Match is missing"}
#: Sends nothing twice that matters, and keeps no answer: what these show stands nowhere else in the open. A receipt
#: has its own number.
UNKEYED = ("/prints", "/searches", "/receipts")


def complete(spec: Json) -> Json:
    """Add what every path of this kind has in common."""
    spec["components"]["schemas"]["Problem"] = PROBLEM
    for path, operations in spec["paths"].items():
        if not path.startswith(("/referral/api/", "/partner/v1/")):
            continue
        for method, operation in operations.items():
            _describe(path, method, operation)
    return spec


def _describe(path: str, method: str, operation: Json) -> None:
    acts = path.endswith("/actions/{action}")
    for status, words in {**NOES, **(STALE if acts else {})}.items():
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        operation["responses"][status] = {"description": words, "content": {"application/problem+json": problem}}
    if method == "post" and not path.endswith(UNKEYED):
        operation.setdefault("parameters", []).append(KEY)
    if acts:
        operation["parameters"].append(VERSION)
        known = list(actions.BODIES) if path.startswith("/partner/") else list(bodies.ACTIONS)
        _describe_action(path, operation, known)


def _describe_action(path: str, operation: Json, known: list[Action]) -> None:
    for parameter in operation["parameters"]:
        if parameter["name"] == "action":
            parameter["schema"] = {"type": "string", "enum": [str(action) for action in known]}
    schema: Json = {"type": "object"}
    if path.startswith("/partner/"):
        schema = {"anyOf": [{"title": str(action), **actions.schema_of(action)} for action in known]}
    operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
