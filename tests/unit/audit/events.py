"""Events as the services say them, valid by default."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import BackLevel, DataCategory, DisclosurePoint, GroundKind, Purpose, Urgency
from contracts.event import Reference
from contracts.referral import DisclosureDecided, ReferralReceived, ReferralRequested

REFERRAL = UUID(int=0xA)
ORGANIZATION = UUID(int=0xB)
PERSON = UUID(int=0xC)
SERVICE = UUID(int=0xD)


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
        "ground_id": UUID(int=0xF),
        "ground_version": 2,
        "refusal": None,
    }
    return DisclosureDecided(**{**usual, **changes})
