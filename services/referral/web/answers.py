"""What is answered: representations without a word about a person."""

from enum import StrEnum
from typing import Any

from apiflask import Schema
from marshmallow import fields

from contracts.codes import (
    Action,
    BackLevel,
    DataCategory,
    Deletion,
    Duty,
    DutyCause,
    Obstacle,
    Outcome,
    Party,
    QuestionCode,
    Status,
    Topic,
    Urgency,
    Way,
)
from contracts.fields import PATTERNS, Reference


def coded(codes: type[StrEnum], *, allow_none: bool = False) -> Any:
    """One code of a list, and the list in the description."""
    listed: list[str | None] = [one.value for one in codes]
    return fields.String(allow_none=allow_none, metadata={"enum": [*listed, None] if allow_none else listed})


def day(*, allow_none: bool = False) -> Any:
    return fields.String(allow_none=allow_none, metadata={"format": "date"})


def instant(*, allow_none: bool = False) -> Any:
    return fields.String(allow_none=allow_none, metadata={"format": "date-time"})


def identity(*, allow_none: bool = False) -> Any:
    return fields.String(allow_none=allow_none, metadata={"format": "uuid"})


class NeedOut(Schema):
    id = fields.String()
    topic = fields.String()
    urgency = fields.String()
    person_id = fields.String()


class MemberOut(Schema):
    """One person of an enquiry, by pseudonym."""

    person_id = fields.String()
    relation = fields.String()
    erased = fields.Boolean()


class FurtherNeedOut(NeedOut):
    """A need that came up later."""


class EnquiryOut(Schema):
    """An enquiry without a word about the person."""

    id = fields.String()
    enquirer = fields.String()
    site = fields.String()
    organization_id = fields.String()
    person_id = fields.String()
    persons = fields.List(fields.Nested(MemberOut()))
    closed_at = fields.String(allow_none=True)
    needs = fields.List(fields.Nested(NeedOut()))
    consents = fields.List(fields.Dict())
    drafted_consents = fields.List(fields.Dict())
    enterprise_requests = fields.List(fields.Dict())
    referrals = fields.List(fields.Dict())
    contact_cards = fields.List(fields.Dict())


class QuestionOut(Schema):
    """What the partner asked and nobody has answered yet."""

    id = identity()
    question = coded(QuestionCode)
    asked_on = day()


class DutyOut(Schema):
    """What the partner owes; without a category it is about all it fetched."""

    duty = coded(Duty)
    cause = coded(DutyCause)
    category = coded(DataCategory, allow_none=True)
    due_on = day()


class ByHandOut(Schema):
    """What a navigator wrote down for the partner."""

    action = coded(Action)
    way = coded(Way)
    told_on = day()


class HeadOut(Schema):
    """What every reader of a referral sees, with what this reader may do now."""

    id = identity()
    reference = fields.String(metadata={"pattern": PATTERNS[Reference]})
    version = fields.Integer()
    status = coded(Status)
    fhir_status = fields.String()
    organization_id = identity()
    service_id = identity()
    topic = coded(Topic)
    urgency = coded(Urgency)
    back_level = coded(BackLevel)
    waiting_for = coded(Party, allow_none=True)
    due_on = day(allow_none=True)
    requested_on = day(allow_none=True)
    contact_by = day(allow_none=True)
    estimated_on = day(allow_none=True)
    first_contact_on = day(allow_none=True)
    appointment_id = identity(allow_none=True)
    ended_on = day(allow_none=True)
    reason = fields.String(allow_none=True)
    better_service_id = identity(allow_none=True)
    outcome = coded(Outcome, allow_none=True)
    obstacles = fields.List(coded(Obstacle))
    questions = fields.List(fields.Nested(QuestionOut()))
    duties = fields.List(fields.Nested(DutyOut()))
    deletion = coded(Deletion, allow_none=True)
    by_hand = fields.Nested(ByHandOut(), allow_none=True)
    allowed_actions = fields.List(coded(Action))


class ReferralOut(HeadOut):
    """A referral as the welcome center sees it."""

    enquiry_id = fields.String()
    need_id = fields.String()
    site = fields.String()
    enquirer = fields.String()
    based_on = fields.String(allow_none=True)
    own_employer = fields.Boolean()
    fetched = fields.Boolean()
    release_at = fields.String(allow_none=True)
    recordable_actions = fields.List(fields.String())
    timeline = fields.List(fields.Dict())
    last_decision = fields.Dict(allow_none=True)


class PartnerReferralOut(HeadOut):
    """A referral as the addressed partner sees it: nothing about the case it belongs to."""

    dossier = fields.String(metadata={"description": "Path of the sealed dossier."})
    notice = fields.String(metadata={"enum": ["not-an-application"]})
    receipts = fields.List(
        fields.String(),
        metadata={"description": "After an action: each fact, signed (RFC 8417)."},
    )
