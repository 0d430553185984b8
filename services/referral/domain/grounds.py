"""On what footing personal data may leave: a consent, an employer's own request, or a statutory ground switched on."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import (
    AskedBy,
    BackLevel,
    ConsentChannel,
    ConsentState,
    DataCategory,
    EnterpriseGround,
    GivenBy,
    ProofKind,
    Purpose,
    Signer,
    WithdrawalChannel,
)
from contracts.event import Code, LanguageTag
from contracts.referral import ConsentGiven, ConsentRecipient
from services.referral.domain.workdays import PLACE

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


@dataclass(frozen=True, slots=True)
class SecrecyRelease:
    """Somebody bound to professional secrecy (§ 203 StGB) may speak to this body, and to nobody else."""

    from_organization_id: UUID
    to_organization_id: UUID
    to_service_id: UUID | None


class Witness(StrEnum):
    """Who heard a consent given by word of mouth besides the one who wrote it down."""

    STAFF = "staff"
    INTERPRETER = "interpreter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One agreement to a consent: in which capacity, how, on which words, and what shows it."""

    signer: Signer
    channel: ConsentChannel
    text_id: str
    text_version: int
    text_sha256: str
    language: str
    signed_on: date
    recorded_at: datetime
    recorded_by: str
    interpreter: bool = False
    evidence_sha256: str | None = None
    document_id: UUID | None = None
    proof: ProofKind | None = None
    #: Word of mouth only: who is to have heard it, and once confirmed the member of staff or the interpreter.
    witness: Witness | None = None
    witnessed_by: str | None = None

    @property
    def waits_for_witness(self) -> bool:
        return self.channel is ConsentChannel.VERBAL_WITNESSED and self.witnessed_by is None


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
    secrecy_releases: tuple[SecrecyRelease, ...] = ()
    evidence_sha256: str | None = None
    text_version: int = 1
    #: Who is responsible, as the text named them: the own organization first, then joint controllers (Art. 26).
    controllers: tuple[UUID, ...] = ()
    signatures: tuple[Signature, ...] = ()
    #: Hash of everything that was agreed to; printed on the form, so that a signed paper belongs to one consent.
    terms_sha256: str | None = None
    code: str | None = None
    prepared_at: datetime | None = None
    #: A guardian's consent that the eighteenth birthday cuts off.
    ends_with_majority: bool = False
    #: Word of mouth only: the last day on which it holds unless it is confirmed.
    lapses_on: date | None = None
    confirmed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_channel: WithdrawalChannel | None = None
    superseded_at: datetime | None = None

    @property
    def agreed_on(self) -> date:
        """The day on which it was agreed to; what is left after a withdrawal in part is no new agreement."""
        return max((one.signed_on for one in self.signatures), default=self.given_at.astimezone(PLACE).date())

    @property
    def last_day(self) -> date:
        """The last day of this version as things stand; word of mouth that nobody confirmed runs out early."""
        lapses = self.lapses_on if self.confirmed_at is None else None
        return min(self.valid_until, lapses or self.valid_until)


def state_on(consent: Consent, day: date) -> ConsentState:
    """Where this version stands at the beginning of a day. What begins later is given already; see `holds_on`."""
    if consent.withdrawn_at is not None:
        return ConsentState.WITHDRAWN
    if consent.superseded_at is not None:
        return ConsentState.SUPERSEDED
    return ConsentState.EXPIRED if day > consent.last_day else ConsentState.GIVEN


def holds_on(consent: Consent, day: date) -> bool:
    """Does it carry anything on this day: given, begun, and not over?"""
    return state_on(consent, day) is ConsentState.GIVEN and consent.valid_from <= day


def has_lapsed(consent: Consent, day: date) -> bool:
    """Was it said by word of mouth, and not confirmed in time?"""
    return consent.lapses_on is not None and consent.confirmed_at is None and day > consent.lapses_on


def given(consent: Consent) -> ConsentGiven:
    """A version in force as the network hears of it."""
    return ConsentGiven(
        consent_id=consent.id,
        consent_version=consent.version,
        person_id=consent.person_id,
        given_by=consent.given_by,
        channel=consent.channel,
        text_id=Code(consent.text_id),
        text_sha256=Code(consent.text_sha256),
        language=LanguageTag(consent.language),
        recipients=consent.recipients,
        valid_from=consent.valid_from,
        valid_until=consent.valid_until,
    )


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
    asked_by: AskedBy = AskedBy.FUNCTION_MAILBOX
    asked_on: date | None = None
    ground: EnterpriseGround = EnterpriseGround.CONTRACT
    #: Which words the company was given (Art. 13), and who they named as responsible.
    notice_text_id: str = ""
    notice_version: int = 0
    notice_sha256: str = ""
    notice_language: str = "de"
    controllers: tuple[UUID, ...] = ()
    back_level: BackLevel = BackLevel.OUTCOME
    withdrawn_at: datetime | None = None


def request_state_on(request: EnterpriseRequest, day: date) -> ConsentState:
    if request.withdrawn_at is not None:
        return ConsentState.WITHDRAWN
    return ConsentState.EXPIRED if day > request.valid_until else ConsentState.GIVEN


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


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A ground kept by another version of this software, with a word this one does not know: it carries nothing."""

    id: UUID


Ground = Consent | EnterpriseRequest | StatutoryGround | Unreadable
