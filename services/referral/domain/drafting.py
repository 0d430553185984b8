"""A consent that is prepared: everything it will say, and who still has to agree to it. It carries nothing yet."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import DraftEnd, GivenBy, Relation, Signer
from contracts.referral import ConsentRecipient
from services.referral.domain.grounds import Consent, SecrecyRelease, Signature, has_lapsed
from services.referral.domain.workdays import PLACE

ADULT = 18
#: From here on the young person consents beside whoever has custody [law].
YOUNG_PERSON = 16


class Review(StrEnum):
    """How far a consent text has been checked."""

    DRAFT = "draft"
    TRANSLATED = "translated"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the text somebody agrees to, in one language."""

    id: str
    sha256: str
    language: str
    review: Review
    retired: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """For somebody under age: how many have custody, or that a guardian (Vormund) stands in their place."""

    holders: int = 1
    guardianship: bool = False
    #: A Jugendamt as Vormund does not consent to itself as recipient.
    guardian_organization_id: UUID | None = None

    @property
    def signers(self) -> tuple[Signer, ...]:
        if self.guardianship or self.guardian_organization_id is not None:
            return (Signer.GUARDIAN,)
        return (Signer.CUSTODY_HOLDER,) * self.holders


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedConsent:
    """What is printed, shown or linked: complete but for the signatures. `version` is the one it becomes."""

    id: UUID
    version: int
    code: str
    person_id: UUID
    enquiry_id: UUID
    given_by: GivenBy
    text_id: str
    text_version: int
    text_sha256: str
    language: str
    recipients: tuple[ConsentRecipient, ...]
    valid_until: date
    prepared_at: datetime
    prepared_by: str
    #: None: from the day it is given.
    valid_from: date | None = None
    interpreter: bool = False
    controllers: tuple[UUID, ...] = ()
    secrecy_releases: tuple[SecrecyRelease, ...] = ()
    custody: Custody | None = None
    signatures: tuple[Signature, ...] = ()
    ended_at: datetime | None = None
    ended_as: DraftEnd | None = None

    @property
    def terms_sha256(self) -> str:
        """Hash of everything that is agreed to: one paper, one consent."""
        terms = {
            "id": str(self.id),
            "version": self.version,
            "person": str(self.person_id),
            "given_by": self.given_by,
            "text": self.text_sha256,
            "recipients": [_terms_of(one) for one in self.recipients],
            "controllers": [str(one) for one in self.controllers],
            "secrecy": [[str(one.from_organization_id), str(one.to_service_id)] for one in self.secrecy_releases],
            "days": [self.valid_from.isoformat() if self.valid_from else None, self.valid_until.isoformat()],
        }
        return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _terms_of(one: ConsentRecipient) -> list[object]:
    return [str(one.organization_id), str(one.service_id), [*one.purposes], [*one.categories], one.back_level]


def age_on(born_on: date, day: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def confirms_too_late(drafted: DraftedConsent, said: Consent, day: date) -> bool:
    """Did it lie ready to confirm what was said, until the days for that were over?"""
    lay_ready = drafted.version == said.version + 1
    return lay_ready and has_lapsed(said, day) and not has_lapsed(said, drafted.prepared_at.astimezone(PLACE).date())


def is_minor(born_on: date | None, day: date) -> bool:
    return born_on is not None and age_on(born_on, day) < ADULT


def needs_birth_date(relation: Relation) -> bool:
    """Of whom it has to be known how old she is: a child counts as of age only where that shows [law]."""
    return relation is Relation.CHILD


def required_signers(drafted: DraftedConsent, born_on: date | None, on: date) -> tuple[Signer, ...]:
    """Everybody who has to agree on this day; from 16 the young person beside those who have custody."""
    if drafted.given_by is GivenBy.SELF:
        return (Signer.PERSON,)
    if drafted.given_by is GivenBy.REPRESENTATIVE:
        return (Signer.REPRESENTATIVE,)
    holders = drafted.custody.signers if drafted.custody else (Signer.CUSTODY_HOLDER,)
    young = born_on is not None and age_on(born_on, on) >= YOUNG_PERSON
    return (*holders, Signer.PERSON) if young else holders


def missing_signers(drafted: DraftedConsent, born_on: date | None, on: date) -> tuple[Signer, ...]:
    """Who has not agreed yet; a word nobody has witnessed yet counts as none."""
    there = Counter(one.signer for one in drafted.signatures if not one.waits_for_witness)
    return tuple((Counter(required_signers(drafted, born_on, on)) - there).elements())
