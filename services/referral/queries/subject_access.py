"""Subject access (GDPR Art. 15): one document that says everything, from referral's own tables alone.

First what a person wants to know - what is recorded, what went to whom and why, who looked at it, how long it stays,
what she may do - then, under `recorded`, every row as it stands. The sheet she is handed is drawn from this document
and nothing else, so that paper and file never say different things.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, EnquirerKind, IdentityCheck
from contracts.fields import format_instant, parse_instant
from contracts.partner.dossier import categories_of, category_of
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.referral.config import ReferralSettings
from services.referral.consent_texts import filled
from services.referral.controllers import Contact, Controllers
from services.referral.domain.workdays import PLACE
from services.referral.keeping import told
from services.referral.queries.processing import third_countries
from services.referral.queries.recorded import rows_of
from services.referral.store import persons
from services.referral.store.enquiries import Enquiry
from services.referral.vault import PersonKey

FORMAT = "lotsennetz.subject-access.v1"
Json = dict[str, Any]
Rows = list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """Who hands it out, when, in which language, and how it was made sure who asks."""

    access_id: UUID
    person_id: UUID
    at: datetime
    language: str
    identity_check: IdentityCheck
    given_by: str


def document(connection: Connection, own: ReferralSettings, enquiry: Enquiry, handing: Handing) -> Json:
    """The whole of it. Whoever shows any of it has committed the view first."""
    key, record = _opened(connection, own, handing.person_id)
    recorded = rows_of(connection, handing.person_id, key, handing.at.astimezone(PLACE).date())
    names = _names(connection, recorded)
    return {
        "format": FORMAT,
        "access_id": str(handing.access_id),
        "made_at": format_instant(handing.at),
        "language": handing.language,
        "identity_check": handing.identity_check,
        "given_by": handing.given_by,
        "enquiry_id": str(enquiry.id),
        "person": {"id": str(handing.person_id), "erased": record is None},
        **_responsible(own.controllers, enquiry.organization_id),
        "data": _by_category(enquiry.enquirer, record),
        "words": _words(recorded),
        "appointments": [_appointment(one, recorded, names) for one in recorded["appointments"]],
        "documents": recorded["documents"],
        "purposes": _purposes(recorded),
        "sources": _sources(enquiry.enquirer, recorded),
        "consents": [_consent(own, one, names, handing.at) for one in recorded["consents"]],
        "enterprise_requests": recorded["enterprise_requests"],
        "referrals": [_referral(one, recorded, names) for one in recorded["referrals"]],
        "disclosures": [_decision(one, recorded, names) for one in recorded["decisions"] if one["disclosed"]],
        "told_outside": [_outside(one, names) for one in recorded["external_disclosures"]],
        "refusals": [_decision(one, recorded, names) for one in recorded["decisions"] if not one["allowed"]],
        "views": [{name: one.get(name) for name in VIEW} for one in recorded["views"]],
        "suggestions": _suggestions(recorded, names),
        "periods": [asdict(one) for one in told(own.retention.periods)],
        "third_countries": third_countries(_agreements(connection, recorded)),
        "automated_decisions": False,
        "rights": list(RIGHTS),
        "names": names,
        "recorded": recorded,
    }


VIEW = ("viewed_at", "role", "purpose", "categories", "actor")
#: What she may ask for, by article; the sheet says each in her language.
RIGHTS = ("7(3)", "15", "16", "17", "18", "20", "21", "77")


def as_file(found: Json) -> tuple[bytes, str]:
    """The bytes of the file, and their hash: the same wherever they are made."""
    content = (json.dumps(found, ensure_ascii=False, indent=2) + "\n").encode()
    return content, hashlib.sha256(content).hexdigest()


def categories(
    connection: Connection, own: ReferralSettings, kind: EnquirerKind, person_id: UUID
) -> tuple[DataCategory, ...]:
    """What whoever hands it out sees of her."""
    _, record = _opened(connection, own, person_id)
    return tuple(sorted(categories_of(kind, record or {})))


def _opened(
    connection: Connection, own: ReferralSettings, person_id: UUID
) -> tuple[PersonKey | None, Mapping[str, Any] | None]:
    """Her key and record, or neither where she has been erased: ids, codes and times are then all there is."""
    try:
        key = persons.key_of(connection, own.keys.vault, person_id)
        return key, persons.record_of(connection, own.keys.vault, person_id)
    except NotFoundError as missing:
        if missing.slug != "person.erased":
            raise
        return None, None


def _responsible(controllers: Controllers, organization_id: UUID) -> Json:
    found = controllers.of(organization_id)
    return {
        "controllers": [
            {
                "organization_id": str(one.organization_id),
                **_contact(one.contact),
                "dpo": _contact(one.dpo),
                "authority": one.authority,
            }
            for one in found
        ],
        "joint": None
        if controllers.joint is None
        else {"agreed_on": controllers.joint.agreed_on.isoformat(), "essence": dict(controllers.joint.essence)},
    }


def _contact(contact: Contact) -> Json:
    return {"name": contact.name, "address": contact.address, "email": contact.email, "phone": contact.phone}


def _by_category(kind: EnquirerKind, record: Mapping[str, Any] | None) -> Rows:
    """The record, each datum with its category; what tells nothing about a person has none."""
    return [
        {"category": category_of(kind, name), "field": name, "value": value}
        for name, value in (record or {}).items()
        if value not in (None, "", [])
    ]


#: What people wrote about her: in which table it lies, what it is, when it was written, and the words themselves.
WRITTEN = (
    ("questions", "question", "asked_at", "question"),
    ("questions", "answer", "answered_at", "answer"),
    ("comments", "comment", "made_at", "words"),
    ("case_notes", "note", "taken_at", "words"),
    ("obstacle_words", "obstacle", "kept_at", "words"),
    ("plan_goals", "goal", "added_at", "words"),
    ("plan_steps", "step", "added_at", "words"),
)


def _words(recorded: Mapping[str, Rows]) -> Rows:
    """What people wrote about her, in the order it was written."""
    said = (
        {"at": row[at], "kind": kind, "referral_id": row.get("referral_id"), "text": row[words]}
        for table, kind, at, words in WRITTEN
        for row in recorded[table]
        if row.get(words)
    )
    return sorted(said, key=lambda one: str(one["at"]))


def _appointment(row: Json, recorded: Mapping[str, Rows], names: Mapping[str, Any]) -> Json:
    """When and where a body expected her, as long as that is kept, and who was to come along."""
    beside = [one for one in recorded["helpers"] if one["appointment_id"] == row["id"]]
    return {
        "organization_id": row["organization_id"],
        "recipient": names.get(row["organization_id"]),
        "reference": _reference(recorded, row["referral_id"]),
        **(row.get("appointment") or {"starts_at": None, "minutes": None, "place": "", "bring": ""}),
        "called_off_at": row.get("cancelled_at"),
        "beside": [{name: one.get(name) for name in BESIDE} for one in beside],
    }


BESIDE = ("kind", "name", "invited_at", "declared_at", "ended_at")


def _reference(recorded: Mapping[str, Rows], referral_id: str) -> str | None:
    """The number people call a referral by."""
    return next((one["reference"] for one in recorded["referrals"] if one["id"] == referral_id), None)


def _purposes(recorded: Mapping[str, Rows]) -> list[str]:
    asked = (need["topic"] for need in recorded["needs"])
    agreed = (purpose for row in recorded["consents"] for one in row["recipients"] for purpose in one["purposes"])
    requested = (purpose for row in recorded["enterprise_requests"] for purpose in row["purposes"])
    return sorted({*asked, *agreed, *requested})


def _sources(kind: EnquirerKind, recorded: Mapping[str, Rows]) -> list[str]:
    """Where the data come from: whoever asked, partners' answers, and what the network computed itself."""
    partner = any(row["actor"].startswith("partner:") for row in recorded["timeline"]) or recorded["hand_records"]
    found = {str(kind): True, "partner": bool(partner), "computed": bool(recorded["matchings"])}
    return [name for name, is_one in found.items() if is_one]


def _consent(own: ReferralSettings, row: Json, names: Mapping[str, Any], at: datetime) -> Json:
    """One version with its words, if the library still holds exactly those that were agreed to."""
    recipients = [{**one, "name": names.get(one["organization_id"])} for one in row["recipients"]]
    text, language = text_of(own, row)
    agreed = max((one["signed_on"] for one in row["signatures"]), default=_day(row["given_at"]))
    return {
        **row,
        **_state(row, at),
        "agreed_on": agreed,
        "recipients": recipients,
        "text": text,
        "text_language": language,
    }


def _day(instant: str) -> str:
    return parse_instant(instant).astimezone(PLACE).date().isoformat()


def _state(row: Json, at: datetime) -> Json:
    """How this version stands on the day of the answer, and until when it held or holds."""
    today = at.astimezone(PLACE).date().isoformat()
    last_day = (
        row["valid_until"] if row.get("confirmed_at") else min(row["valid_until"], row.get("lapses_on") or "9999")
    )
    if row.get("withdrawn_at"):
        state = "withdrawn"
    elif row.get("superseded_at"):
        state = "superseded"
    elif last_day < today:
        state = "expired"
    else:
        state = "ahead" if row["valid_from"] > today else "given"
    return {"state": state, "last_day": last_day}


def text_of(own: ReferralSettings, row: Json) -> tuple[str | None, str | None]:
    """The words she agreed to: in her language or, with an interpreter, in German; found by their hash."""
    for language in dict.fromkeys((row["language"], "de")):
        try:
            printed = own.texts.printed(row["text_id"], language)
        except InvalidError:
            continue
        if printed.text.sha256 == row["text_sha256"]:
            return filled(printed, own.controllers, [UUID(one) for one in row["controllers"]]).body, language
    return None, None


def _referral(row: Json, recorded: Mapping[str, Rows], names: Mapping[str, Any]) -> Json:
    """Where one referral stands, and what the partner stated about deletion."""
    stated = [
        one["at"]
        for one in recorded["timeline"]
        if one["referral_id"] == row["id"] and one["type"] == "referral.deletion_stated.v1"
    ]
    return {
        **{name: row.get(name) for name in REFERRAL},
        "recipient": names.get(row["organization_id"]),
        "service": names.get(row["service_id"]),
        "deletion_stated_at": stated[-1] if stated else None,
    }


REFERRAL = (
    "id", "reference", "status", "topic", "urgency", "organization_id", "service_id", "back_level", "drafted_on",
    "requested_on", "fetched_at", "received_at", "first_contact_on", "ended_on", "rejection", "end_reason", "outcome",
    "deletion", "retention_ground", "duties",
)  # fmt: skip


def _decision(row: Json, recorded: Mapping[str, Rows], names: Mapping[str, Any]) -> Json:
    """One answer of the consent engine: to whom, what, why, on what ground - or why not."""
    return {
        "decision_id": row["id"],
        "at": row["decided_at"],
        "organization_id": row["organization_id"],
        "recipient": names.get(row["organization_id"]),
        "service": names.get(row["service_id"]),
        "reference": _reference(recorded, row["referral_id"]),
        "purpose": row["purpose"],
        "categories": row["categories"],
        "point": row["point"],
        "ground": row.get("ground"),
        "ground_id": row.get("ground_id"),
        "ground_version": row.get("ground_version"),
        "refusal": row.get("refusal"),
    }


def _outside(row: Json, names: Mapping[str, Any]) -> Json:
    """What staff told somebody without her consent: a body of the directory, or whoever was written down."""
    return {
        "at": row["told_at"],
        "recipient": names.get(row["recipient_id"]) if "recipient_id" in row else row.get("recipient"),
        "categories": row["categories"],
        "ground": row["ground"],
    }


def _agreements(connection: Connection, recorded: Mapping[str, Rows]) -> dict[str, Json | None]:
    """What is agreed today with each body that was told something of her."""
    told = {one["organization_id"] for one in recorded["decisions"] if one["disclosed"]}
    told |= {one["recipient_id"] for one in recorded["external_disclosures"] if one.get("recipient_id")}
    rows = connection.execute(
        "SELECT id, snapshot -> 'agreement' AS agreement FROM organizations WHERE id = ANY(%s) ORDER BY id",
        ([UUID(one) for one in told],),
    )
    found = {str(row["id"]): row["agreement"] for row in rows.fetchall()}
    return {one: found.get(one) for one in sorted(told)}


def _suggestions(recorded: Mapping[str, Rows], names: Mapping[str, Any]) -> Rows:
    """Which services were computed to fit which need; a person chose."""
    topics = {need["id"]: need["topic"] for need in recorded["needs"]}
    return [
        {
            "at": row["made_at"],
            "topic": topics.get(row["need_id"]),
            "services": [names.get(one["service_id"], one["service_id"]) for one in row["suggestions"]],
        }
        for row in recorded["matchings"]
    ]


def _names(connection: Connection, recorded: Mapping[str, Rows]) -> Json:
    """The public names of every organization and service that occurs, by id and language."""
    ids = sorted(set(_ids(recorded)))
    rows = connection.execute(
        "SELECT id, snapshot -> 'name' AS name FROM organizations WHERE id = ANY(%(ids)s)"
        " UNION ALL SELECT id, snapshot -> 'name' FROM services WHERE id = ANY(%(ids)s)",
        {"ids": [UUID(one) for one in ids]},
    )
    return {str(row["id"]): row["name"] for row in rows.fetchall()}


def _ids(value: Any) -> Iterable[str]:
    """Every organization's or service's id, however deep it lies."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name in NAMED and isinstance(item, str):
                yield item
            elif name in NAMED and isinstance(item, list):
                yield from (one for one in item if isinstance(one, str))
            else:
                yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


NAMED = frozenset({"organization_id", "service_id", "better_service_id", "sender_id", "alternatives", "recipient_id"})


def same_person_elsewhere(connection: Connection, person_id: UUID) -> list[Json]:
    """Other cases of exactly this name and birth date: whoever answers has to look whether they are hers too."""
    rows = connection.execute(
        "SELECT e.id, e.site, e.organization_id, e.recorded_at FROM enquiries e"
        " JOIN enquiry_persons m ON m.enquiry_id = e.id JOIN persons p ON p.id = m.person_id"
        " WHERE p.id <> %(person)s AND p.blind_index = (SELECT blind_index FROM persons WHERE id = %(person)s)"
        " AND e.organization_id IN (SELECT x.organization_id FROM enquiries x"
        " JOIN enquiry_persons own ON own.enquiry_id = x.id WHERE own.person_id = %(person)s)"
        " ORDER BY e.recorded_at",
        {"person": person_id},
    )
    return [dict(row) for row in rows.fetchall()]
