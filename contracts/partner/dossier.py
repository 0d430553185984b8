"""The dossier: what one addressed partner is shown, each field marked with the kind of personal data it is.

What a disclosure covers is computed from these marks, never declared by the sender: `categories_of` tells which
categories a record holds, `select` cuts a record down to the categories that are allowed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts.codes import (
    BackLevel,
    ContactLimit,
    ContactTime,
    DataCategory,
    EnquirerKind,
    GroundKind,
    MediaType,
    SafeChannel,
    Topic,
    Urgency,
)
from contracts.fields import (
    PATTERNS,
    CodeOf,
    Day,
    Identifier,
    Instant,
    LanguageTag,
    Matches,
    Reference,
    StrictBoolean,
    StrictInteger,
)

MAX_NOTE = 4_000
CATEGORY = "category"
_TAG = Matches(PATTERNS[LanguageTag])


def _of(category: DataCategory | None, field: fields.Field[Any]) -> Any:
    """Mark a field; None says that it tells nothing about a person."""
    field.metadata = {**field.metadata, CATEGORY: category}
    return field


def _text(category: DataCategory | None, longest: int = 200) -> Any:
    return _of(category, fields.String(validate=validate.Length(min=1, max=longest)))


def _pattern(category: DataCategory | None, pattern: str) -> Any:
    return _of(category, fields.String(validate=Matches(pattern)))


def _number(category: DataCategory | None, low: int, high: int) -> Any:
    return _of(category, StrictInteger(validate=validate.Range(low, high)))


class LanguageLevelSchema(marshmallow.Schema):
    """How well somebody speaks a language, by the European reference frame."""

    language = fields.String(required=True, validate=_TAG)
    level = fields.String(required=True, validate=validate.OneOf(["A1", "A2", "B1", "B2", "C1", "C2", "native"]))


class DocumentSchema(marshmallow.Schema):
    """A paper that exists. With an id it can be fetched, otherwise the person hands it over herself."""

    id = Identifier()
    kind = fields.String(required=True, validate=Matches(r"^[A-Z][A-Z_]{1,40}$"))
    language = fields.String(validate=_TAG)
    translated = StrictBoolean()
    media_type = CodeOf(MediaType)
    size = StrictInteger(validate=validate.Range(1, 50_000_000))


class PersonSchema(marshmallow.Schema):
    """A person seeking advice. Every field is optional: data minimization decides what is there."""

    given_name = _text(DataCategory.IDENTITY, 100)
    family_name = _text(DataCategory.IDENTITY, 100)
    birth_date = _of(DataCategory.IDENTITY, Day())
    safe_channel = _of(DataCategory.CONTACT, CodeOf(SafeChannel))
    contact_limits = _of(DataCategory.CONTACT, fields.List(CodeOf(ContactLimit), validate=validate.Length(max=10)))
    contact_times = _of(DataCategory.CONTACT, fields.List(CodeOf(ContactTime), validate=validate.Length(max=10)))
    unavailable_times = _of(DataCategory.CONTACT, fields.List(CodeOf(ContactTime), validate=validate.Length(max=10)))
    email = _pattern(DataCategory.CONTACT, r"^[^@\s]{1,64}@[^@\s]{1,190}$")
    phone = _pattern(DataCategory.CONTACT, r"^\+?[0-9 ()/-]{3,30}$")
    address = _text(DataCategory.CONTACT)
    postal_code = _pattern(DataCategory.CONTACT, r"^[0-9]{5}$")
    city = _text(DataCategory.CONTACT, 100)
    languages = _of(DataCategory.LANGUAGE, fields.List(fields.String(validate=_TAG), validate=validate.Length(max=20)))
    language_levels = _of(DataCategory.LANGUAGE, fields.List(fields.Nested(LanguageLevelSchema())))
    interpreter = _of(DataCategory.LANGUAGE, fields.String(validate=_TAG))
    occupation = _text(DataCategory.QUALIFICATION)
    occupation_code = _pattern(DataCategory.QUALIFICATION, r"^[0-9]{1,8}$")
    qualification_title = _text(DataCategory.QUALIFICATION)
    qualification_country = _pattern(DataCategory.QUALIFICATION, r"^[A-Z]{2}$")
    qualification_year = _number(DataCategory.QUALIFICATION, 1940, 2100)
    recognition_notice = _text(DataCategory.QUALIFICATION)
    employment_status = _text(DataCategory.EMPLOYMENT, 100)
    employer_name = _text(DataCategory.EMPLOYMENT)
    experience_years = _number(DataCategory.EMPLOYMENT, 0, 80)
    residence_status = _text(DataCategory.RESIDENCE, 100)
    residence_until = _of(DataCategory.RESIDENCE, Day())
    household_size = _number(DataCategory.FAMILY, 1, 30)
    children = _number(DataCategory.FAMILY, 0, 30)
    housing = _text(DataCategory.HOUSING)
    benefits = _of(DataCategory.BENEFITS, fields.List(fields.String(validate=Matches(r"^[A-Z][A-Z0-9_]{1,40}$"))))
    health_note = _text(DataCategory.HEALTH, MAX_NOTE)
    documents = _of(DataCategory.DOCUMENTS, fields.List(fields.Nested(DocumentSchema())))
    note = _text(DataCategory.FREE_TEXT, MAX_NOTE)


class EmployerSchema(marshmallow.Schema):
    """An employer and, if named, the human to talk to there; what is wanted tells nothing about a person."""

    company = _text(DataCategory.BUSINESS_CONTACT)
    contact_name = _text(DataCategory.BUSINESS_CONTACT)
    mailbox = _pattern(DataCategory.BUSINESS_CONTACT, r"^[^@\s]{1,64}@[^@\s]{1,190}$")
    phone = _pattern(DataCategory.BUSINESS_CONTACT, r"^\+?[0-9 ()/-]{3,30}$")
    address = _text(DataCategory.BUSINESS_CONTACT)
    postal_code = _pattern(DataCategory.BUSINESS_CONTACT, r"^[0-9]{5}$")
    employees = _number(None, 0, 1_000_000)
    positions = _number(None, 1, 10_000)
    occupation_sought = _pattern(None, r"^[0-9]{1,8}$")
    note = _text(DataCategory.FREE_TEXT, MAX_NOTE)


class GroundSchema(marshmallow.Schema):
    """On what footing the dossier was disclosed."""

    kind = CodeOf(GroundKind, required=True)
    id = Identifier(allow_none=True)
    version = StrictInteger(allow_none=True)


class ReferralHeadSchema(marshmallow.Schema):
    """Which referral this is, without a word about the person."""

    id = Identifier(required=True)
    reference = fields.String(required=True, validate=Matches(PATTERNS[Reference]))
    organization_id = Identifier(required=True)
    service_id = Identifier(required=True)
    topic = CodeOf(Topic, required=True)
    urgency = CodeOf(Urgency, required=True)
    back_level = CodeOf(BackLevel, required=True)


class DossierSchema(marshmallow.Schema):
    """The whole document a partner opens: one referral, one ground, one enquirer."""

    referral = fields.Nested(ReferralHeadSchema(), required=True)
    ground = fields.Nested(GroundSchema(), required=True)
    sealed_at = Instant(required=True)
    person = fields.Nested(PersonSchema())
    employer = fields.Nested(EmployerSchema())

    @marshmallow.validates_schema
    def has_one_enquirer(self, data: dict[str, Any], **_: Any) -> None:
        """A dossier is about a person or an employer, never both, never nobody."""
        if ("person" in data) == ("employer" in data):
            raise marshmallow.ValidationError("one-of-person-employer", "person")


PERSON = PersonSchema()
EMPLOYER = EmployerSchema()
DOSSIER = DossierSchema()
SCHEMAS: Mapping[EnquirerKind, marshmallow.Schema] = {EnquirerKind.PERSON: PERSON, EnquirerKind.EMPLOYER: EMPLOYER}


def category_of(kind: EnquirerKind, field: str) -> DataCategory | None:
    """The category a field is marked with; None if it tells nothing about a person. Unknown fields raise KeyError."""
    category: DataCategory | None = SCHEMAS[kind].fields[field].metadata[CATEGORY]
    return category


def categories_of(kind: EnquirerKind, record: Mapping[str, Any]) -> frozenset[DataCategory]:
    """The categories a record really holds; an empty field holds nothing.

    A field that another version recorded may say anything, so it counts as the most sensitive.
    """
    known = SCHEMAS[kind].fields
    present = (
        category_of(kind, name) if name in known else DataCategory.FREE_TEXT
        for name, item in record.items()
        if not _is_empty(item)
    )
    return frozenset(category for category in present if category is not None)


def select(kind: EnquirerKind, record: Mapping[str, Any], categories: Iterable[DataCategory]) -> dict[str, Any]:
    """The part of a record that these categories allow; what tells nothing about a person always may go along.

    A field that another version recorded goes nowhere, whatever is allowed: nobody here knows what it says.
    """
    allowed = {*categories, None}
    known = {name: item for name, item in record.items() if name in SCHEMAS[kind].fields and not _is_empty(item)}
    return {name: item for name, item in known.items() if category_of(kind, name) in allowed}


def _is_empty(item: Any) -> bool:
    return item is None or item in ("", [], ())
