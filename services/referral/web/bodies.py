"""What staff may send: one closed schema per request; an unknown field is refused by its name."""

from collections.abc import Mapping
from typing import Any

import marshmallow
from apiflask import Schema
from marshmallow import fields, validate

from contracts.codes import (
    Action,
    BackLevel,
    CareResolution,
    ConsentChannel,
    DataCategory,
    Deletion,
    EndReason,
    EnquirerKind,
    EnterpriseGround,
    FundingJustification,
    GivenBy,
    IdentityCheck,
    Obstacle,
    Outcome,
    PersonOnCare,
    ProofKind,
    Purpose,
    RejectionReason,
    Relation,
    RetentionGround,
    Signer,
    Site,
    Topic,
    Urgency,
    Way,
    WithdrawalChannel,
)
from contracts.fields import PATTERNS, CodeOf, Day, Identifier, Instant, LanguageTag, Matches
from contracts.partner.appointment import AppointmentSchema
from contracts.partner.dossier import EMPLOYER, PERSON, SCHEMAS, EmployerSchema, PersonSchema
from services.chassis.errors import InvalidError
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.domain.capture import AT_THE_DESK
from services.referral.domain.grounds import Witness

LONGEST_WORDS = 4_000


class Body(Schema):
    """Closed: what is not named here does not come in."""

    class Meta:
        unknown = marshmallow.RAISE


class ClosedPerson(PersonSchema):
    class Meta:
        unknown = marshmallow.RAISE


class ClosedEmployer(EmployerSchema):
    class Meta:
        unknown = marshmallow.RAISE


def code(codes: Any, **more: Any) -> Any:
    """One code of a list, with the list in the description."""
    listed: list[str | None] = [str(one) for one in codes]
    if more.get("allow_none"):
        return CodeOf(codes, metadata={"type": "string", "enum": [*listed, None]}, **more)
    return CodeOf(codes, metadata={"type": "string", "enum": listed}, **more)


def _codes(codes: Any, **more: Any) -> Any:
    return fields.List(code(codes), validate=validate.Length(max=50), **more)


class NeedIn(Body):
    topic = code(Topic, required=True)
    urgency = code(Urgency, load_default=Urgency.NORMAL)


class FurtherNeedIn(NeedIn):
    """A need that comes up later, of whoever asked or of another person of the enquiry."""

    person_id = Identifier(load_default=None, allow_none=True)


class EnquiryIn(Body):
    """Who asks, where, and what is needed."""

    enquirer = code(EnquirerKind, required=True)
    site = code(Site, required=True)
    person = fields.Nested(ClosedPerson())
    employer = fields.Nested(ClosedEmployer())
    needs = fields.List(fields.Nested(NeedIn()), required=True, validate=validate.Length(min=1, max=20))

    @marshmallow.validates_schema
    def has_its_enquirer(self, data: Mapping[str, Any], **_: Any) -> None:
        kind = data.get("enquirer")
        if kind is not None and {"person", "employer"} & set(data) != {str(kind)}:
            raise marshmallow.ValidationError("exactly-the-enquirer", str(kind))


class RecipientIn(Body):
    organization_id = Identifier(required=True)
    service_id = Identifier(required=True, allow_none=True)
    purposes = _codes(Purpose, required=True)
    categories = _codes(DataCategory, required=True)
    back_level = code(BackLevel, required=True)


class CustodyIn(Body):
    """Who has custody of somebody under age: so many holders, or a guardian (Vormund) in their place."""

    holders = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 4))
    guardianship = fields.Boolean(load_default=False)
    guardian_organization_id = Identifier(load_default=None, allow_none=True)


class MemberIn(Body):
    """One more person of the enquiry, with what she needs."""

    relation = code(Relation, required=True)
    person = fields.Nested(ClosedPerson(), required=True)
    needs = fields.List(fields.Nested(NeedIn()), load_default=list, validate=validate.Length(max=20))


class RectificationIn(Body):
    """The fields that were wrong, as they should be, and those that should not be there at all."""

    person_id = Identifier(load_default=None, allow_none=True)
    person = fields.Nested(ClosedPerson())
    employer = fields.Nested(ClosedEmployer())
    remove = fields.List(fields.String(validate=validate.OneOf([*PERSON.fields, *EMPLOYER.fields])), load_default=list)
    #: Her request that is answered by it, by a lead.
    request_id = Identifier(load_default=None, allow_none=True)


class ErasureIn(Body):
    """The request that is answered by it, if she made one."""

    request_id = Identifier(load_default=None, allow_none=True)


def told_of(kind: EnquirerKind, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is said about whoever asks, as fields of a record; a company has none of a person's, and nobody its."""
    if {"person", "employer"} & set(data) - {str(kind)}:
        raise InvalidError("request.invalid", {str(kind): "exactly-the-enquirer"})
    return dict(SCHEMAS[kind].dump(data.get(str(kind), {})))


def changes_of(kind: EnquirerKind, data: Mapping[str, Any]) -> dict[str, Any]:
    """A rectification as the fields of a record; None takes one out."""
    return {**told_of(kind, data), **dict.fromkeys(data["remove"])}


class DraftIn(Body):
    """What would be agreed to and until when. Text, hash and review are looked up."""

    person_id = Identifier(load_default=None, allow_none=True)
    given_by = code(GivenBy, required=True)
    text_id = fields.String(load_default=None, allow_none=True, validate=Matches(r"^[a-z0-9-]{1,60}$"))
    language = fields.String(required=True, validate=Matches(PATTERNS[LanguageTag]))
    interpreter = fields.Boolean(load_default=False)
    secrecy_release = fields.Boolean(load_default=False)
    recipients = fields.List(fields.Nested(RecipientIn()), required=True, validate=validate.Length(max=50))
    valid_from = Day(load_default=None, allow_none=True)
    valid_until = Day(load_default=None, allow_none=True)
    custody = fields.Nested(CustodyIn(), load_default=None, allow_none=True)
    follows = Identifier(load_default=None, allow_none=True)


class EvidenceIn(Body):
    """How somebody agreed, and what shows it: a scan taken in before, or who heard it.

    Nobody at a desk agrees online for her: that she does herself, by her own link.
    """

    channel = CodeOf(
        ConsentChannel,
        required=True,
        validate=validate.OneOf(AT_THE_DESK, error="one-of-those-offered"),
        metadata={"type": "string", "enum": [str(one) for one in AT_THE_DESK]},
    )
    document_id = Identifier(load_default=None, allow_none=True)
    witness = code(Witness, load_default=None, allow_none=True)
    interpreter_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 100))
    proof = code(ProofKind, load_default=None, allow_none=True)


class SignatureIn(EvidenceIn):
    """One of those who have to agree to what was prepared."""

    signer = code(Signer, required=True)
    signed_on = Day(load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True, validate=Matches(PATTERNS[LanguageTag]))
    interpreter = fields.Boolean(load_default=None, allow_none=True)


class ConsentIn(DraftIn, EvidenceIn):
    """Prepared and agreed to in one step."""


class WithdrawalIn(Body):
    """What is taken back, and how it was told; where nothing is named, all of it."""

    organization_id = Identifier(load_default=None, allow_none=True)
    service_id = Identifier(load_default=None, allow_none=True)
    category = code(DataCategory, load_default=None, allow_none=True)
    channel = code(WithdrawalChannel, required=True)


class ConfirmationIn(Body):
    """The scan of what she has signed by now."""

    document_id = Identifier(required=True)


class ServiceIn(Body):
    organization_id = Identifier(required=True)
    service_id = Identifier(required=True)


class EnterpriseRequestIn(Body):
    recipients = fields.List(fields.Nested(ServiceIn()), required=True, validate=validate.Length(max=20))
    purposes = _codes(Purpose, required=True)
    notice_given = fields.Boolean(required=True)
    notice_language = fields.String(load_default="de", validate=Matches(PATTERNS[LanguageTag]))
    ground = code(EnterpriseGround, load_default=EnterpriseGround.CONTRACT)
    asked_on = Day(load_default=None, allow_none=True)
    valid_until = Day(load_default=None, allow_none=True)


class SubjectAccessIn(Body):
    """How it was made sure who asks, and in which language she reads; without one, that of her last consent."""

    identity_check = code(IdentityCheck, required=True)
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(PERSON_LANGUAGES))
    request_id = Identifier(load_default=None, allow_none=True)


class CareQuestionIn(Body):
    """For which need it is asked whether she is cared for already."""

    need_id = Identifier(required=True)


class CareStatementIn(Body):
    """What the person answered, or what becomes of it at this desk."""

    person_says = code(PersonOnCare, load_default=None, allow_none=True)
    resolution = code(CareResolution, load_default=None, allow_none=True)


class ContactCardIn(Body):
    service_id = Identifier(required=True)
    organization_id = Identifier(load_default=None, allow_none=True)
    need_id = Identifier(load_default=None, allow_none=True)


class ReferralIn(Body):
    enquiry_id = Identifier(required=True)
    need_id = Identifier(required=True)
    service_id = Identifier(required=True)
    urgency = code(Urgency, load_default=None, allow_none=True)
    based_on = Identifier(load_default=None, allow_none=True)
    justification = code(FundingJustification, load_default=None, allow_none=True)


class AnswersIn(Body):
    """Answers to what an earlier suggestion asked, such as ``{"profession_group": "CRAFT"}``."""

    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 50)),
        values=fields.String(validate=validate.Length(1, 100)),
        required=True,
    )


class SearchIn(Body):
    """Exact search: a name and a birth date, sent in the body so that no address holds them."""

    given_name = fields.String(required=True, validate=validate.Length(1, 100))
    family_name = fields.String(required=True, validate=validate.Length(1, 100))
    birth_date = Day(required=True)


def _words() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.Length(1, LONGEST_WORDS))


class Nothing(Body):
    """An action that needs no more than its name."""


class PrepareIn(Body):
    duplicates_acknowledged = fields.Boolean(load_default=False)


class AnswerIn(Body):
    question_id = Identifier(load_default=None, allow_none=True)
    answer = _words()
    person = fields.Nested(ClosedPerson())
    employer = fields.Nested(ClosedEmployer())


class ConcludeIn(Body):
    contact_on = Day(required=True)


class CancelIn(Body):
    reason = code(EndReason, required=True)
    comment = _words()


class InErrorIn(Body):
    became_aware_at = Instant(load_default=None, allow_none=True)


ACTIONS: Mapping[Action, marshmallow.Schema] = {
    Action.PREPARE: PrepareIn(),
    Action.REVISE: Nothing(),
    Action.ANSWER: AnswerIn(),
    Action.CONCLUDE: ConcludeIn(),
    Action.CANCEL: CancelIn(),
    Action.MARK_ENTERED_IN_ERROR: InErrorIn(),
}


class RecordIn(Body):
    """What a partner told by telephone, letter or in person; which details belong to it is the action's business."""

    action = code(Action, required=True)
    way = code(Way, required=True)
    told_on = Day(required=True)
    unit = fields.String(load_default=None, allow_none=True, validate=Matches(r"^[A-Za-z0-9._:-]{1,64}$"))
    comment = _words()
    contact_by = Day()
    estimated_on = Day()
    first_contact_on = Day()
    appointment = fields.Nested(AppointmentSchema())
    reason = fields.String(validate=Matches(r"^[A-Z_]{1,40}$"))
    better_service_id = Identifier()
    outcome = code(Outcome)
    obstacles = _codes(Obstacle)
    deletion = code(Deletion)
    ground = code(RetentionGround)
    category = code(DataCategory)


#: Which of the details belong to which action by hand, and what code list a reason is of.
DETAILS: Mapping[Action, frozenset[str]] = {
    Action.RECEIVE: frozenset(),
    Action.ACCEPT: frozenset({"contact_by", "appointment"}),
    Action.WAITLIST: frozenset({"estimated_on"}),
    Action.REJECT: frozenset({"reason", "better_service_id"}),
    Action.START: frozenset({"first_contact_on", "appointment"}),
    Action.SET_APPOINTMENT: frozenset({"appointment"}),
    Action.CANCEL_APPOINTMENT: frozenset(),
    Action.COMPLETE: frozenset({"outcome", "obstacles"}),
    Action.END: frozenset({"reason"}),
    Action.ACKNOWLEDGE_STOP: frozenset(),
    Action.STATE_DELETION: frozenset({"deletion", "ground", "category"}),
    Action.ACKNOWLEDGE_RECTIFICATION: frozenset({"category"}),
}
#: What has to be said with it.
NEEDED: Mapping[Action, str] = {
    Action.STATE_DELETION: "deletion",
    Action.SET_APPOINTMENT: "appointment",
}
REASONS: Mapping[Action, Any] = {Action.REJECT: RejectionReason, Action.END: EndReason}


def fields_of(error: marshmallow.ValidationError) -> dict[str, Any]:
    """Which field was wrong and what was expected there; never what was sent."""
    messages = error.messages if isinstance(error.messages, dict) else {"": error.messages}
    return {str(name): message for name, message in messages.items()}
