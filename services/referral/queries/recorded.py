"""Every row that is kept about one person, table by table, as it stands: what subject access is drawn from (Art. 15).

The list below is the whole of it. A test compares it with the database: a table or a sealed column that somebody adds
and nobody lists here fails it, so that no answer to a person is ever less than what is recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.fields import format_instant
from services.chassis.db import Connection
from services.referral.vault import PersonKey

OWN: LiteralString = "person_id = %(person)s"
OF_REFERRALS: LiteralString = "referral_id IN (SELECT id FROM referrals WHERE person_id = %(person)s)"
#: What belongs to an enquiry as a whole is told to whoever asked; of a household each hears only her own.
OF_ENQUIRIES: LiteralString = "enquiry_id IN (SELECT id FROM enquiries WHERE person_id = %(person)s)"
#: In a household what was done for a need is about whoever has it; what names no need is about the one who asked.
OF_NEEDS: LiteralString = (
    "(need_id IN (SELECT id FROM needs WHERE person_id = %(person)s) OR need_id IS NULL"
    " AND enquiry_id IN (SELECT id FROM enquiries WHERE person_id = %(person)s))"
)
OF_CONSENTS: LiteralString = (
    "consent_id IN (SELECT id FROM consents WHERE person_id = %(person)s"
    " UNION SELECT id FROM drafted_consents WHERE person_id = %(person)s)"
)

#: What was told outside, once a second person has seen that telling her of it endangers nobody [law].
TOLD_TO_HER: LiteralString = "confirmed_at IS NOT NULL AND (withheld_until IS NULL OR withheld_until < %(today)s)"
HER_MATTERS: LiteralString = "SELECT matter_id FROM duplicate_sides WHERE person_id = %(person)s"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is opened with her key: the place its value is bound to, what it is called then, words or a record."""

    place: str
    shown_as: str = "words"
    is_record: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: which rows are hers, in which order, what is opened for her, and what is left out for a reason."""

    name: LiteralString
    hers: LiteralString
    order: LiteralString
    sealed: Mapping[str, Sealed] = field(default_factory=dict)
    #: Column -> why she is not shown it: it says nothing, or only what stands beside it.
    omitted: Mapping[str, str] = field(default_factory=dict)


TABLES: tuple[Table, ...] = (
    Table(
        "persons",
        "id = %(person)s",
        "id",
        omitted={
            "sealed": "the record, opened by itself",
            "blind_index": "keyed hash of name and birth date; finds the record again, says nothing",
            "consent_epoch": "counts changes",
        },
    ),
    Table(
        "enquiries",
        "id IN (SELECT enquiry_id FROM enquiry_persons WHERE person_id = %(person)s)",
        "recorded_at, id",
        omitted={
            "person_id": "who asked first; how she belongs to it stands in `enquiry_persons`",
            "owner": "`handed_to`, or `recorded_by`",
        },
    ),
    Table("enquiry_persons", OWN, "added_at, enquiry_id"),
    Table("needs", OWN, "recorded_at, id"),
    Table("contact_cards", OF_NEEDS, "issued_at, id"),
    Table("matchings", OF_NEEDS, "made_at, id"),
    Table("choices", OF_REFERRALS, "made_at, referral_id"),
    Table("consents", OWN, "given_at, version"),
    Table(
        "drafted_consents",
        OWN,
        "prepared_at, version",
        sealed={"sealed": Sealed("drafted_consents/{id}/{version}", "names", is_record=True)},
    ),
    Table("enterprise_requests", OWN, "recorded_at, id"),
    Table(
        "referrals",
        OWN,
        "drafted_on, id",
        omitted={
            "deadlines": "stands in `deadlines`",
            "is_over": "nobody is waited for",
            "sort_on": "`due_on`, or the end of the calendar",
            "owner": "`handed_to`, or `drafted_by`",
        },
    ),
    Table("timeline", OF_REFERRALS, "at, event_id"),
    Table(
        "questions",
        OF_REFERRALS,
        "asked_at, id",
        sealed={
            "sealed_question": Sealed("questions/{id}", "question"),
            "sealed_answer": Sealed("answers/{id}", "answer"),
        },
    ),
    Table("comments", OF_REFERRALS, "made_at, id", sealed={"sealed": Sealed("comments/{id}")}),
    Table(
        "appointments",
        OWN,
        "set_at, id",
        sealed={"sealed": Sealed("appointments/{id}", "appointment", is_record=True)},
    ),
    Table(
        "appointment_clashes",
        OWN,
        "found_at, id",
        omitted={
            "other_person_id": "herself, or another record of hers",
            "other_referral_id": "one of her referrals, at this desk or another",
            "other_appointment_id": "stands in `appointments`, or in what that desk hands out",
        },
    ),
    Table("helpers", OWN, "invited_at, id", sealed={"sealed": Sealed("helpers/{id}", "name")}),
    Table("dossiers", OF_REFERRALS, "sealed_at", omitted={"sealed": "her record once more, sealed to the partner"}),
    Table("decisions", OWN, "decided_at, id"),
    Table("views", f"({OWN} OR person_id IS NULL AND ({OF_ENQUIRIES} OR {OF_REFERRALS}))", "viewed_at, id"),
    Table(
        "tasks",
        f"({OF_REFERRALS} OR {OF_CONSENTS} OR referral_id IS NULL AND consent_id IS NULL AND {OF_ENQUIRIES})"
        f" AND NOT EXISTS (SELECT FROM external_disclosures WHERE task_id = tasks.id AND NOT ({TOLD_TO_HER}))",
        "opened_at, id",
    ),
    Table("hand_records", OF_REFERRALS, "recorded_at, id"),
    Table(
        "receipts",
        OF_REFERRALS,
        "signed_at, number",
        omitted={"token": "a signature; what it says stands beside"},
    ),
    Table("deadlines", OF_REFERRALS, "due_at, kind"),
    Table("ledger", OF_REFERRALS, "opened_at, id"),
    Table("breach_checks", OF_REFERRALS, "opened_at, id", sealed={"sealed": Sealed("breach_checks/{id}", "note")}),
    Table(
        "documents",
        OWN,
        "added_at, id",
        omitted={
            "sealed": "the paper itself; a copy is handed over on request, from the enquiry's page",
            "digest": "keyed hash of the paper",
        },
    ),
    Table("referral_documents", OF_REFERRALS, "enclosed_at, document_id"),
    Table(
        "legal_holds", OWN, "set_at, id", omitted={"sealed": "the words of whoever set it; the reason stands beside"}
    ),
    Table("retention_items", OWN, "done_at, item_id"),
    Table("person_links", OWN, "issued_at, id", omitted={"code_digest": "keyed hash of a code"}),
    Table("person_letters", "link_id IN (SELECT id FROM person_links WHERE person_id = %(person)s)", "made_at, id"),
    Table("subject_requests", OWN, "recorded_at, id"),
    Table("subject_accesses", OWN, "given_at, id", omitted={"request_key": "tells one form from another"}),
    Table(
        "external_disclosures",
        f"{OWN} AND {TOLD_TO_HER}",
        "told_at, id",
        sealed={"sealed": Sealed("external_disclosures/{id}", "recipient")},
    ),
    Table(
        "resolutions",
        OWN,
        "asked_at, id",
        omitted={"sealed": "the words of whoever asked; reason and purpose stand beside"},
    ),
    Table("pseudonyms", OWN, "period", omitted={"kept": "keyed codes of name and birth date; say nothing"}),
    Table("obstacles", OWN, "recorded_at, id"),
    Table("obstacle_words", OWN, "kept_at, id", sealed={"sealed": Sealed("obstacle_words/{id}")}),
    Table("case_notes", OWN, "taken_at, id", sealed={"sealed": Sealed("case_notes/{id}")}),
    Table("plan_goals", OWN, "added_at, id", sealed={"sealed": Sealed("plan_goals/{id}")}),
    Table("plan_steps", OWN, "due_on, id", sealed={"sealed": Sealed("plan_steps/{id}")}),
    Table("plan_handovers", OWN, "handed_at, id"),
    Table("funding_hints", OWN, "hinted_at, id"),
    Table("duplicate_questions", OWN, "asked_at, id"),
    Table("duplicate_matters", f"id IN ({HER_MATTERS})", "opened_at, id"),
    Table("duplicate_sides", OWN, "matter_id, side"),
    Table(
        "duplicate_statements",
        "(matter_id, side) IN (SELECT matter_id, side FROM duplicate_sides WHERE person_id = %(person)s)",
        "said_at, id",
    ),
    Table("deletions", OWN, "erased_at"),
)
#: Tables that name a person and are not for her, with the reason.
NOT_FOR_HER: Mapping[str, str] = {
    "person_keys": "the key itself; handing it out would open every backup",
    "enquiry_drafts": "what a member of staff has begun to take down; nobody's yet, gone within days",
    "kept_forms": "what a member of staff had typed when her sign-in ran out; only her browser opens it, for minutes",
    "staff_names": "names of staff behind their pseudonyms, for two persons and an occasion",
}


def rows_of(
    connection: Connection, person_id: UUID, key: PersonKey | None, today: date
) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables; sealed words are opened, or stay away where her key is destroyed."""
    whose = {"person": person_id, "today": today}
    return {table.name: _rows(connection, table, whose, key) for table in TABLES}


def _rows(
    connection: Connection, table: Table, whose: Mapping[str, Any], key: PersonKey | None
) -> list[dict[str, Any]]:
    query: LiteralString = "SELECT * FROM " + table.name + " WHERE " + table.hers + " ORDER BY " + table.order  # noqa: S608 - only from the list above
    found = connection.execute(query, whose).fetchall()
    return [_shown(table, row, key) for row in found]


def _shown(table: Table, row: Mapping[str, Any], key: PersonKey | None) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name in table.omitted or value is None:
            continue
        if name not in table.sealed:
            shown[name] = plain(value)
        elif key is not None:
            sealed = table.sealed[name]
            words = key.open(sealed.place.format(**row), value).decode()
            shown[sealed.shown_as] = json.loads(words) if sealed.is_record else words
    return shown


def plain(value: Any) -> Any:
    """A value as JSON writes it; anything that is not an id, a code, a number, a time or a list of these is refused."""
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} is not shown by itself")
