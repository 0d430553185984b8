"""Referrals, consents and candidates that are valid by default; a test names only what matters to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from contracts.codes import (
    Action,
    BackLevel,
    ConsentChannel,
    DataCategory,
    Duty,
    DutyCause,
    EnquirerKind,
    GivenBy,
    GroundKind,
    Party,
    Purpose,
    QuestionCode,
    Signer,
    Site,
    Status,
    Topic,
    Urgency,
    Way,
)
from contracts.event import Reference
from contracts.referral import ConsentRecipient
from services.referral.domain.appointments import Appointment
from services.referral.domain.consent import Allowed
from services.referral.domain.drafting import DraftedConsent
from services.referral.domain.duties import OpenDuty
from services.referral.domain.grounds import Consent, EnterpriseRequest, Recipient, Signature
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import ByHand, Question, Referral
from services.referral.domain.workdays import Moment, is_weekday

TODAY = date(2026, 3, 2)  # a Monday
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
HWK = UUID(int=0xA)
IHK = UUID(int=0xB)
AUTHORITY = UUID(int=0xC)
HWK_SERVICE = UUID(int=0xA1)
IHK_SERVICE = UUID(int=0xB1)
AUTHORITY_SERVICE = UUID(int=0xC1)
SENDER = UUID(int=0xD)
PERSON = UUID(int=0xE)
ENQUIRY = UUID(int=0xF)

NAVIGATOR = Actor(Party.NAVIGATOR, "staff:" + "a" * 32)
PARTNER = Actor(Party.PARTNER, f"partner:{HWK}", HWK)
PERSON_SELF = Actor(Party.PERSON, "person:self")
SYSTEM = Actor(Party.SYSTEM, "system:consent")
CLOCK = Actor(Party.CLOCK, "system:clock")
ACTORS = {
    Party.NAVIGATOR: NAVIGATOR,
    Party.PARTNER: PARTNER,
    Party.PERSON: PERSON_SELF,
    Party.SYSTEM: SYSTEM,
    Party.CLOCK: CLOCK,
}


def ids() -> Callable[[], UUID]:
    numbers = count(1)
    return lambda: UUID(int=(0x1D << 64) + next(numbers))


def a_moment(days: int = 0, on: date = TODAY) -> Moment:
    """Noon, so many days later."""
    at = datetime.combine(on, NOON.timetz()) + timedelta(days=days)
    return Moment(at, at.date(), is_weekday, ids())


def an_allowance(**changes: Any) -> Allowed:
    allowed = Allowed(
        HWK, HWK_SERVICE, Purpose.ANERKENNUNG, frozenset({DataCategory.IDENTITY}), GroundKind.CONSENT, UUID(int=0x2), 1,
        BackLevel.OUTCOME,
    )  # fmt: skip
    return replace(allowed, **changes)


def a_referral(status: Status = Status.RECEIVED, **changes: Any) -> Referral:
    """A referral as the verbs would have left it in this status."""
    left = status not in (Status.DRAFT, Status.AWAITING_CONSENT)
    usual: dict[str, Any] = {
        "id": UUID(int=0x1),
        "reference": Reference("R-26-4F7KQ"),
        "version": 1,
        "status": status,
        "enquiry_id": ENQUIRY,
        "need_id": UUID(int=0x3),
        "person_id": PERSON,
        "enquirer": EnquirerKind.PERSON,
        "site": Site.AACHEN,
        "sender_id": SENDER,
        "organization_id": HWK,
        "service_id": HWK_SERVICE,
        "topic": Topic.ANERKENNUNG,
        "urgency": Urgency.NORMAL,
        "back_level": BackLevel.OUTCOME,
        "drafted_by": NAVIGATOR.actor,
        "drafted_on": TODAY,
        "release_at": NOON if status is Status.AWAITING_CONSENT else None,
        "duplicates_checked": status is not Status.DRAFT,
        "requested_on": TODAY if left else None,
        "clock_on": TODAY if left else None,
        "contact_by": TODAY + timedelta(days=7) if status is Status.ACCEPTED else None,
        "waitlisted_on": TODAY if status is Status.WAITLISTED else None,
        "questions": (a_question(),) if status is Status.CLARIFICATION else (),
        "ended_on": TODAY if status.is_terminal else None,
        "sender_staff": (NAVIGATOR.actor,),
    }
    return Referral(**{**usual, **changes})


def an_appointment(at: datetime = NOON, days: int = 7, minutes: int = 60, **changes: Any) -> Appointment:
    """So many days after a moment, an hour long."""
    usual = {"place": "Musterstraße 1, Zimmer 12", "bring": "Zeugnisse"}
    return Appointment(at + timedelta(days=days), minutes, **{**usual, **changes})


def a_question() -> Question:
    return Question(UUID(int=0x4), QuestionCode.LANGUAGE_LEVEL, TODAY)


def duties(due_on: date = TODAY + timedelta(days=14)) -> tuple[OpenDuty, ...]:
    return tuple(
        OpenDuty(id=UUID(int=0xD0 + number), duty=duty, cause=DutyCause.WITHDRAWAL, opened_at=NOON, due_on=due_on)
        for number, duty in enumerate(Duty)
    )


def said_by_hand() -> ByHand:
    return ByHand(Action.ACCEPT, Way.PHONE, TODAY, NAVIGATOR.actor)


def a_recipient_entry(
    organization_id: UUID = HWK,
    service_id: UUID | None = HWK_SERVICE,
    purposes: tuple[Purpose, ...] = (Purpose.ANERKENNUNG,),
    categories: tuple[DataCategory, ...] = (DataCategory.IDENTITY, DataCategory.CONTACT),
    back_level: BackLevel = BackLevel.OUTCOME,
) -> ConsentRecipient:
    return ConsentRecipient(
        organization_id=organization_id,
        service_id=service_id,
        purposes=purposes,
        categories=categories,
        back_level=back_level,
    )


def a_consent(*recipients: ConsentRecipient, **changes: Any) -> Consent:
    usual: dict[str, Any] = {
        "id": UUID(int=0x2),
        "version": 1,
        "person_id": PERSON,
        "given_by": GivenBy.SELF,
        "channel": ConsentChannel.SIGNED_PAPER,
        "text_id": "referral-consent.de.1",
        "text_sha256": "0" * 64,
        "text_reviewed": True,
        "language": "de",
        "recipients": recipients or (a_recipient_entry(),),
        "given_at": NOON - timedelta(hours=1),
        "valid_from": TODAY,
        "valid_until": TODAY + timedelta(days=180),
        "evidence_sha256": "1" * 64,
    }
    return Consent(**{**usual, **changes})


def a_drafted_consent(*recipients: ConsentRecipient, **changes: Any) -> DraftedConsent:
    """Ready to be signed: one body, two kinds of data, half a year."""
    usual: dict[str, Any] = {
        "id": UUID(int=0x2),
        "version": 1,
        "code": "234567892",
        "person_id": PERSON,
        "enquiry_id": ENQUIRY,
        "given_by": GivenBy.SELF,
        "text_id": "referral-1",
        "text_version": 1,
        "text_sha256": "0" * 64,
        "language": "de",
        "recipients": recipients or (a_recipient_entry(),),
        "controllers": (SENDER,),
        "valid_until": TODAY + timedelta(days=180),
        "prepared_at": NOON,
        "prepared_by": NAVIGATOR.actor,
    }
    return DraftedConsent(**{**usual, **changes})


def a_signature(**changes: Any) -> Signature:
    usual: dict[str, Any] = {
        "signer": Signer.PERSON,
        "channel": ConsentChannel.SIGNED_PAPER,
        "text_id": "referral-1",
        "text_version": 1,
        "text_sha256": "0" * 64,
        "language": "de",
        "signed_on": TODAY,
        "recorded_at": NOON,
        "recorded_by": NAVIGATOR.actor,
        "evidence_sha256": "1" * 64,
        "document_id": UUID(int=0x6),
    }
    return Signature(**{**usual, **changes})


def an_enterprise_request(**changes: Any) -> EnterpriseRequest:
    usual: dict[str, Any] = {
        "id": UUID(int=0x5),
        "person_id": PERSON,
        "recipients": ((IHK, IHK_SERVICE),),
        "purposes": (Purpose.FACHKRAEFTEVERFAHREN,),
        "requested_at": NOON - timedelta(hours=1),
        "valid_until": TODAY + timedelta(days=180),
        "notice_given": True,
    }
    return EnterpriseRequest(**{**usual, **changes})


TO_HWK = Recipient(HWK, HWK_SERVICE)
TO_IHK = Recipient(IHK, IHK_SERVICE)
TO_AUTHORITY = Recipient(AUTHORITY, AUTHORITY_SERVICE, must_stand_alone=True)
