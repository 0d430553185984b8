"""On what footing personal data may leave: a consent, an employer's own request, or a statutory ground switched on."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.codes import BackLevel, ConsentChannel, DataCategory, GivenBy, Purpose
from contracts.referral import ConsentRecipient

#: A consent given by word of mouth covers no more than this, and lapses after this many working days unless confirmed.
VERBAL_CATEGORIES = frozenset({DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.LANGUAGE})
VERBAL_WORKING_DAYS = 5
#: What an employer's own request can carry: its contact, never a worker's data.
ENTERPRISE_CATEGORIES = frozenset({DataCategory.BUSINESS_CONTACT})


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who would receive. `must_stand_alone` bodies are served only by a ground that names nobody else."""

    organization_id: UUID
    service_id: UUID
    must_stand_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One version of what a person (or who may for her) consented to; words after ISO/IEC TS 27560."""

    id: UUID
    version: int
    person_id: UUID
    given_by: GivenBy
    channel: ConsentChannel
    text_id: str
    text_sha256: str
    text_reviewed: bool
    language: str
    recipients: tuple[ConsentRecipient, ...]
    given_at: datetime
    valid_from: date
    valid_until: date
    interpreter: bool = False
    witnessed_by: str | None = None
    secrecy_release: bool = False
    evidence_sha256: str | None = None
    #: Word of mouth only: the last day on which it holds unless it is confirmed.
    lapses_on: date | None = None
    confirmed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    superseded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseRequest:
    """An employer asked to be put in touch; carries its own contact data and nothing else (Art. 6(1)(b), (e), (f))."""

    id: UUID
    person_id: UUID
    recipients: tuple[tuple[UUID, UUID], ...]
    purposes: tuple[Purpose, ...]
    requested_at: datetime
    valid_until: date
    notice_given: bool
    back_level: BackLevel = BackLevel.OUTCOME
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatutoryGround:
    """A ground in law, recorded by somebody, until a day; counts only if the deployment has enabled its article."""

    id: UUID
    person_id: UUID
    article: str
    organization_id: UUID
    service_id: UUID
    purposes: tuple[Purpose, ...]
    categories: tuple[DataCategory, ...]
    recorded_by: str
    recorded_at: datetime
    valid_until: date
    enabled: bool = False
    withdrawn_at: datetime | None = None


Ground = Consent | EnterpriseRequest | StatutoryGround
