"""The generated parts of the pages under `docs/partners`: tables read from the contracts and the code that decides."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import marshmallow

from contracts import codes as lists
from contracts import envelope, topology
from contracts.codes import END_REASONS, REJECTION_REASONS, DataCategory, NoticeKind, Reason
from contracts.describe.examples import all_examples
from contracts.describe.schemas import all_schemas
from contracts.partner import actions, dossier
from deploy.dev import fhir_parts, partner_errors, receipt_parts
from deploy.dev.markdown import codes, table
from deploy.dev.partner_api import openapi, partner_asyncapi
from deploy.dev.partner_life import deadline_table, statuses, transitions
from deploy.dev.schema_words import values_of, word
from services.chassis.config import Settings
from services.chassis.tokens import LEEWAY_SECONDS
from services.notifications import queries
from services.notifications.domain.endpoint import PATIENCE
from services.notifications.domain.ladder import STEPS
from services.notifications.web.feed import LONGEST_WAIT
from services.referral import sealing
from services.referral.commands.enclosing import MOST_PAPERS
from services.referral.web.callers import LONGEST_KEY

Json = Mapping[str, Any]

#: Why each notice comes and what a partner's system then does.
NOTICES: Mapping[NoticeKind, tuple[str, str]] = {
    NoticeKind.REFERRAL_REQUESTED: (
        "A referral was released to you.",
        "Say `receive`, fetch the dossier, put it before a clerk.",
    ),
    NoticeKind.QUESTION_ANSWERED: (
        "Your question was answered.",
        "Fetch referral and dossier anew: the answer is in the dossier.",
    ),
    NoticeKind.REFERRAL_STOPPED: (
        "Withdrawn, expired, or entered in error.",
        "Stop work. Say what `duties` of the referral lists; where it is empty (you never fetched), nothing.",
    ),
    NoticeKind.DUTY_OPENED: (
        "You owe a word about data you fetched (consent was withdrawn, perhaps in part).",
        "Say what `duties` of the referral lists; delete what it names first.",
    ),
    NoticeKind.DATA_CORRECTED: (
        "Data you fetched were corrected.",
        "Fetch the dossier anew (that settles it), or say `acknowledge_rectification`.",
    ),
    NoticeKind.DUTY_ESCALATED: (
        "A duty is overdue.",
        "Goes by mail to the contact of your agreement; your feed shows it, too, no queue or webhook does.",
    ),
    NoticeKind.REMINDER: ("You have not answered yet.", "Show it to a clerk; nothing else has changed."),
    NoticeKind.RECORDED_BY_HAND: (
        "A navigator wrote down what you told by telephone, letter or in person.",
        "Compare with your file (`by_hand`); if it is not so, say `dispute`.",
    ),
    NoticeKind.REFERRAL_CLOSED: ("The person said that contact took place.", "Close it; nothing is owed."),
    NoticeKind.DESK_LINK_RENEWED: ("A new link to the desk page.", "Light path only; ignore it."),
    NoticeKind.TEST: (
        "Somebody tries your channel. Its `referral_id` belongs to no referral.",
        "Acknowledge it; fetch nothing.",
    ),
}
#: What a partner reads in dossiers, notices and referrals, or chooses from.
LISTED: tuple[type[StrEnum], ...] = (
    lists.Topic, lists.Urgency, lists.BackLevel, lists.DataCategory, lists.QuestionCode, lists.PauseReason,
    lists.Outcome, lists.Obstacle, lists.Deletion, lists.RetentionGround, lists.Duty, lists.DutyCause,
    lists.Way, lists.Party, lists.GroundKind, lists.MediaType, lists.DocumentKind,
    lists.SafeChannel, lists.ContactTime, lists.ContactLimit,
)  # fmt: skip


# --- what travels ----------------------------------------------------------------------------------------------------


def answers() -> str:
    """Every action with each field of its body."""
    rows: list[tuple[str, ...]] = []
    for action, body in actions.BODIES.items():
        schema = actions.schema_of(action)
        about = (f"`{action}`", " ".join(str(body.__doc__).split()))
        fields = [
            (f"`{name}`", "yes" * (name in schema["required"]), values_of(one))
            for name, one in schema["properties"].items()
        ]
        for row, field in enumerate(fields or [("none", "", "")]):
            rows.append((*(about if row == 0 else ("", "")), *field))
    return table(("action", "meaning", "field", "required", "values"), rows)


def appointment_fields() -> str:
    """What the sealed text of an appointment says."""
    schema = all_schemas()["appointment"]
    meaning = {
        "starts_at": "when she is expected; from now on to a year ahead",
        "minutes": "how long; 60 unless said",
        "place": "where: address, room, or that it is by telephone",
        "bring": "what to bring",
    }
    rows = (
        (f"`{name}`", "yes" * (name in schema["required"]), values_of(one), meaning[name])
        for name, one in schema["properties"].items()
    )
    return table(("field", "required", "value", "meaning"), rows)


def notice_kinds() -> str:
    assert set(NOTICES) == set(NoticeKind), "every kind of notice is explained to partners"
    return table(("`kind`", "because", "then"), ((f"`{kind}`", *NOTICES[kind]) for kind in NoticeKind))


def envelope_fields() -> str:
    """The attributes a notice travels with, as its description has them."""
    schema = all_schemas()["envelope"]
    meaning = {
        "specversion": "CloudEvents version", "id": "names the notice for ever: **the key to notice a repetition by**",
        "source": "who says it", "type": "what it is; read only types you know and ignore others",
        "subject": "`referral/<referral_id>`", "time": "when it was said, UTC", "datacontenttype": "what `data` is",
        "data": "see below", "sequence": "not set on notices", "actor": "who said it", "correlationid": "conversation",
        "causationid": "what it answers", "traceparent": "W3C trace context", "consentref": "not set on notices",
        "dataclassification": "who may see it", "dataschema": "name of the schema of `data`", "dataref": "not set",
        "expirytime": "not set", "expectedversion": "**on your commands by queue:** the version you saw",
    }  # fmt: skip
    assert set(meaning) == set(schema["properties"]), "every attribute is explained"
    rows = (
        (f"`{name}`", "always" if name in schema["required"] else "", values_of(one), meaning[name])
        for name, one in schema["properties"].items()
    )
    return table(("attribute", "there", "value", "meaning"), rows)


def data_fields(name: str) -> Callable[[], str]:
    def made() -> str:
        schema = all_schemas()[name]
        return table(
            ("field", "there", "value"),
            (
                (f"`{field}`", "always" if field in schema["required"] else "may be missing", values_of(one))
                for field, one in schema["properties"].items()
            ),
        )

    return made


def example(name: str) -> Callable[[], str]:
    """A whole message as it travels, and is checked against its schema."""
    return lambda: f"```json\n{all_examples()[name].decode()}```\n"


def messages() -> str:
    """What goes through the partner's queue and exchange, from AsyncAPI."""
    document = partner_asyncapi()
    rows = []
    for name, channel in document["channels"].items():
        way = "you read" if name == "partnerNotices" else "you write"
        for key in channel["messages"]:
            one = document["components"]["messages"][key]
            rows.append((f"`{one['name']}`", way, f"`{channel['address']}`", one["summary"]))
    return table(("type", "", "where", "meaning"), rows)


# --- the dossier -----------------------------------------------------------------------------------------------------


def dossier_fields(name: str) -> Callable[[], str]:
    """One object of the dossier: each field with the category that must be consented to."""

    def made() -> str:
        schema = all_schemas()["dossier"]["properties"][name]
        required = schema.get("required", [])
        rows = (
            (f"`{field}`", _category(one), "always" if field in required else "", _object_or(one))
            for field, one in schema["properties"].items()
        )
        return table(("field", "category", "there", "value"), rows)

    return made


def _category(schema: Json) -> str:
    return f"`{schema['x-category']}`" if "x-category" in schema else "–"


def _object_or(schema: Json) -> str:
    items = schema.get("items", {})
    if items.get("type") == "object":
        inside = ", ".join(f"`{name}`: {values_of(one)}" for name, one in items["properties"].items())
        return f"list of objects: {inside}"
    return values_of(schema)


def dossier_example() -> str:
    return f"```json\n{json.dumps(DOSSIER, ensure_ascii=False, indent=2)}\n```\n"


def categories() -> str:
    """Each category with the fields it lets through."""
    return table(
        ("category", "in words", "fields of a person", "fields of an employer"),
        (
            (f"`{one}`", word(one), codes(_marked(dossier.PERSON, one)), codes(_marked(dossier.EMPLOYER, one)))
            for one in DataCategory
        ),
    )


def _marked(schema: marshmallow.Schema, category: DataCategory) -> list[str]:
    return [name for name, field in schema.fields.items() if field.metadata.get(dossier.CATEGORY) is category]


# --- lists, errors, limits -------------------------------------------------------------------------------------------


def code_lists() -> str:
    parts = []
    for found in LISTED:
        rows = ((f"`{one}`", word(one), word(one, "de")) for one in found)
        about = " ".join((found.__doc__ or "").split())
        parts.append(f"### {found.__name__}\n\n{about}\n\n" + table(("code", "English", "German"), rows))
    return "\n".join(parts)


def reasons(found: Mapping[str, Reason]) -> Callable[[], str]:
    def made() -> str:
        rows = (
            (f"`{one.code}`", word(one.code), word(one.code, "de"), "yes" * one.needs_comment, one.cause, one.next_step)
            for one in found.values()
        )
        return table(("code", "English", "German", "needs words", "cause lies with", "what the sender then does"), rows)

    return made


def errors() -> str:
    rows = ((status, f"`{slug}`", words, what) for slug, status, words, what in partner_errors.met())
    return table(("status", "slug", "`title`", "what to do"), rows)


def limits() -> str:
    steps = ", ".join(_span(step.total_seconds()) for step in STEPS)
    rows = [
        ("requests of one partner", f"{_default('partner_requests_per_minute')} in a minute, told in `RateLimit-*`"),
        ("events in one page (`limit`)", f"1 to {queries.LARGEST_PAGE}, 100 unless said"),
        ("waiting for an event (`wait`)", f"0 to {LONGEST_WAIT} seconds; two of your programs may wait at once"),
        ("a request's body", f"{_default('max_request_bytes'):,} bytes"),
        ("`Idempotency-Key`", f"1 to {LONGEST_KEY} printable characters"),
        ("a sealed comment", f"{sealing.LARGEST_COMMENT:,} characters as JWE"),
        ("papers of one referral", str(MOST_PAPERS)),
        ("your clock and ours", f"{LEEWAY_SECONDS} seconds apart at most"),
        ("your queue", f"{topology.PARTNER_MAX_LENGTH:,} notices, {topology.PARTNER_MAX_AGE_MS // 86_400_000} days"),
        (
            "a notice taken and given back by queue",
            f"{topology.DELIVERY_LIMIT} times, then it lies in `partners.dead`, from where operations can put it back",
        ),
        ("a webhook's attempts, after", steps),
        ("a webhook where nothing arrives", f"switched off after {PATIENCE.days} days"),
        ("a message by queue", f"{envelope.MAX_BYTES:,} bytes"),
    ]
    return table(("what", "how much"), rows)


def _default(name: str) -> int:
    """What the services are set to if nobody says otherwise."""
    found: int = next(one.default for one in dataclasses.fields(Settings) if one.name == name)  # type: ignore[assignment]
    return found


def _span(seconds: float) -> str:
    for size, name in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {name}"
    return f"{seconds:g} s"


def algorithms() -> str:
    rows = [(f"`{kind}`", f"`{alg}`", f"`{sealing.CONTENT}`") for kind, alg in sealing.KEY_WRAPPING.items()]
    return table(("`kty` of the key", "`alg`", "`enc`"), rows)


def operations() -> str:
    """Every door, with what it takes and gives."""
    document = openapi()
    rows = []
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            rows.append((f"`{method.upper()} {path}`", one["summary"].rstrip("."), _takes(one), _gives(one)))
    return table(("door", "what it is for", "takes", "answers"), rows)


def _takes(operation: Json) -> str:
    named = [
        f"{one['in']} `{one['name']}`{'' if one.get('required') else ' (optional)'}"
        for one in operation.get("parameters", [])
        if one["in"] != "path"
    ]
    return ", ".join([*named, *(["JSON"] if "requestBody" in operation else [])]) or "–"


def _gives(operation: Json) -> str:
    well, *noes = sorted(operation["responses"])
    return f"{well} {codes(operation['responses'][well].get('content', {}))}; {', '.join(noes)}"


def referral_fields() -> str:
    properties = openapi()["components"]["schemas"]["PartnerReferralOut"]["properties"]
    missing = ("reason", "waiting_for", "deletion", "by_hand", "better_service_id", "outcome", "appointment_id")
    named = openapi()["components"]["schemas"]
    rows = []
    for name, one in properties.items():
        nullable = "null" in one.get("type", ()) or "anyOf" in one or name.endswith(("_on", "_by")) or name in missing
        rows.append((f"`{name}`", "or `null`" * nullable, _nested(one, named), SEEN.get(name, "")))
    return table(("field", "", "value", "meaning"), rows)


def _nested(schema: Json, named: Json) -> str:
    target = schema.get("items", {}).get("$ref") or schema.get("$ref")
    if target is None and "anyOf" in schema:
        target = next((one["$ref"] for one in schema["anyOf"] if "$ref" in one), None)
    if target is None:
        return values_of(schema)
    inside = named[target.rpartition("/")[2]]["properties"]
    shown = ", ".join(f"`{name}`: {values_of(one)}" for name, one in inside.items())
    return f"{'list of ' * (schema.get('type') == 'array')}{{ {shown} }}"


SEEN: Mapping[str, str] = {
    "id": "as in notices and paths",
    "reference": "the number people use; letters and telephone calls name it",
    "appointment_id": "there is an appointment, and which; when and where stands nowhere in the open",
    "version": "grows with every change; goes into `If-Match` or `expectedversion`",
    "status": "see *Life of a referral*",
    "fhir_status": "the same as FHIR `Task.status`",
    "organization_id": "you",
    "service_id": "which of your services, by the directory",
    "back_level": "how much you may tell back",
    "waiting_for": "with whom the ball lies",
    "due_on": "the next deadline",
    "reason": "why it was rejected, paused or ended",
    "duties": "what you owe; without a category it is about all you fetched",
    "allowed_actions": "**what you may do now; offer your clerks nothing else**",
    "dossier": "path of the sealed dossier",
    "receipts": "in the answer to an action alone: see [receipts.md](receipts.md)",
    "notice": "this is no application and no decision of an authority (§ 16 SGB I)",
    "by_hand": "what a navigator wrote down for you and nobody has contradicted",
    "questions": "yours, not answered yet",
}

#: What a partner opens, about somebody who does not exist.
DOSSIER: Json = {
    "referral": {
        "id": "01a2174f-158d-74dd-b64f-9e0317b09d0f",
        "reference": "R-26-4F7KQ",
        "organization_id": "69a21838-e7ea-5378-8a01-de6833b2c774",
        "service_id": "5f0c6f0e-58a9-4c54-9a3f-0c5b8d6f0a01",
        "topic": "ANERKENNUNG",
        "urgency": "normal",
        "back_level": "outcome",
    },
    "ground": {"kind": "consent", "id": "01a2174e-793c-715b-9d86-f8b75112f2d7", "version": 1},
    "sealed_at": "2026-11-26T10:03:10.416756Z",
    "person": {
        "given_name": "Amira",
        "family_name": "Beispiel-Mustermann",
        "birth_date": "1994-03-17",
        "phone": "+49 241 5550101",
        "languages": ["ar", "fr"],
        "interpreter": "ar",
        "occupation": "Elektronikerin",
        "qualification_country": "TN",
        "qualification_year": 2016,
        "documents": [{"kind": "CERTIFICATE", "language": "fr", "translated": False}],
    },
}

PARTS: dict[str, Callable[[], str]] = {
    "transitions": transitions,
    "statuses": statuses,
    "deadlines": deadline_table,
    "answers": answers,
    "appointment-fields": appointment_fields,
    "notice-kinds": notice_kinds,
    "envelope-fields": envelope_fields,
    "notice-example": example("partner.notice.v1"),
    "command-example": example("partner.accept.v1"),
    "result-example": example("partner.command_result.v1"),
    "messages": messages,
    "dossier-example": dossier_example,
    "notice-fields": data_fields("partner.notice.v1"),
    "result-fields": data_fields("partner.command_result.v1"),
    "dossier-head": dossier_fields("referral"),
    "dossier-ground": dossier_fields("ground"),
    "dossier-person": dossier_fields("person"),
    "dossier-employer": dossier_fields("employer"),
    "categories": categories,
    "code-lists": code_lists,
    "rejection-reasons": reasons(REJECTION_REASONS),
    "end-reasons": reasons(END_REASONS),
    "errors": errors,
    "limits": limits,
    "algorithms": algorithms,
    "operations": operations,
    "referral-fields": referral_fields,
    "signed-facts": receipt_parts.receipts,
    "fhir-status": fhir_parts.fhir_status,
}
