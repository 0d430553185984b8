"""What is answered: representations without a word about a person."""

from apiflask import Schema
from marshmallow import fields


class NeedOut(Schema):
    id = fields.String()
    topic = fields.String()
    urgency = fields.String()
    person_id = fields.String()


class MemberOut(Schema):
    """One person of an enquiry, by pseudonym."""

    person_id = fields.String()
    relation = fields.String()


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


class ReferralOut(Schema):
    """A referral as its reader may see it, with what the reader may do now."""

    id = fields.String()
    reference = fields.String()
    version = fields.Integer()
    status = fields.String()
    fhir_status = fields.String()
    organization_id = fields.String()
    service_id = fields.String()
    topic = fields.String()
    urgency = fields.String()
    back_level = fields.String()
    waiting_for = fields.String(allow_none=True)
    due_on = fields.String(allow_none=True)
    requested_on = fields.String(allow_none=True)
    contact_by = fields.String(allow_none=True)
    estimated_on = fields.String(allow_none=True)
    first_contact_on = fields.String(allow_none=True)
    ended_on = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    better_service_id = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    obstacles = fields.List(fields.String())
    questions = fields.List(fields.Dict())
    duties = fields.List(fields.Dict())
    deletion = fields.String(allow_none=True)
    by_hand = fields.Dict(allow_none=True)
    allowed_actions = fields.List(fields.String())
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
    dossier = fields.String()
    notice = fields.String()
    receipts = fields.List(
        fields.String(),
        metadata={"description": "After an action: each fact, signed (RFC 8417)."},
    )
