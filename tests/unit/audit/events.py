"""Events as the services say them, valid by default."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import (
    BackLevel,
    ConsentChannel,
    DataCategory,
    DisclosurePoint,
    GivenBy,
    GroundKind,
    Purpose,
    Urgency,
)
from contracts.event import Code, LanguageTag, Reference
from contracts.referral import ConsentGiven, ConsentRecipient, DisclosureDecided, ReferralReceived, ReferralRequested

REFERRAL = UUID(int=0xA)
ORGANIZATION = UUID(int=0xB)
PERSON = UUID(int=0xC)
SERVICE = UUID(int=0xD)
CONSENT = UUID(int=0xF)


def a_referral_received(**changes: Any) -> ReferralReceived:
    return ReferralReceived(**{"referral_id": REFERRAL, "organization_id": ORGANIZATION, **changes})


def a_referral_requested(**changes: Any) -> ReferralRequested:
    usual = {
        "referral_id": REFERRAL,
        "reference": Reference("R-26-4F7KQ"),
        "organization_id": ORGANIZATION,
        "service_id": SERVICE,
        "urgency": Urgency.NORMAL,
        "back_level": BackLevel.STATUS,
        "expires_on": date(2026, 12, 7),
    }
    return ReferralRequested(**{**usual, **changes})


def a_disclosure_decided(**changes: Any) -> DisclosureDecided:
    usual = {
        "decision_id": UUID(int=0xE),
        "referral_id": REFERRAL,
        "person_id": PERSON,
        "organization_id": ORGANIZATION,
        "service_id": SERVICE,
        "point": DisclosurePoint.FETCH,
        "purpose": Purpose.ANERKENNUNG,  # type: ignore[attr-defined]
        "categories": (DataCategory.IDENTITY, DataCategory.CONTACT),
        "allowed": True,
        "ground": GroundKind.CONSENT,
        "ground_id": CONSENT,
        "ground_version": 2,
        "refusal": None,
    }
    return DisclosureDecided(**{**usual, **changes})


def a_consent_given(**changes: Any) -> ConsentGiven:
    recipient = ConsentRecipient(
        organization_id=ORGANIZATION,
        service_id=SERVICE,
        purposes=(Purpose.ANERKENNUNG,),  # type: ignore[attr-defined]
        categories=(DataCategory.IDENTITY, DataCategory.CONTACT),
        back_level=BackLevel.STATUS,
    )
    usual = {
        "consent_id": CONSENT,
        "consent_version": 2,
        "person_id": PERSON,
        "given_by": GivenBy.SELF,
        "channel": ConsentChannel.SIGNED_PAPER,
        "text_id": Code("consent-1"),
        "text_sha256": Code("ab" * 32),
        "language": LanguageTag("fr"),
        "recipients": (recipient,),
        "valid_from": date(2026, 11, 23),
        "valid_until": date(2027, 5, 23),
    }
    return ConsentGiven(**{**usual, **changes})
