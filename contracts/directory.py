"""What directory says: who helps with what, where, on which terms. Public texts and public keys, never a person.

Each ``*_published`` event is a complete snapshot with a version: a consumer keeps the newest and ignores older ones.
"""

from datetime import date, datetime
from uuid import UUID

from contracts.codes import (
    AgreementKind,
    Audience,
    BackLevel,
    Capacity,
    ChannelKind,
    ChannelOutcome,
    Classification,
    DataCategory,
    DataProtectionLaw,
    KeyUse,
    LegalSphere,
    Participation,
    ProposalOutcome,
    ServiceRole,
    SessionEnd,
    Site,
    StaffRole,
    Topic,
    TransferParty,
    TransferSafeguard,
)
from contracts.event import (
    Code,
    JsonDocument,
    LanguageTag,
    OfficialKey,
    PublicContact,
    PublicJwk,
    PublicText,
    PublicUrl,
    Slug,
    event,
    value,
)

PUBLIC = Classification.PUBLIC


@value
class ThirdCountry:
    """One country outside the European Economic Area where a partner has data, and what carries that (Art. 44-49)."""

    country: Code
    party: TransferParty
    safeguard: TransferSafeguard


@value
class Agreement:
    """The footing a partner takes part on; none in force means nothing is sent to it (GDPR Art. 26, 28).

    `contact` is the function mailbox that is told when the partner owes an answer and does not give it. Of third
    countries an empty list says that there are none; without one nothing has been stated.
    """

    kind: AgreementKind
    law: DataProtectionLaw
    signed_on: date
    valid_until: date | None
    contact: PublicContact | None = None
    third_countries: tuple[ThirdCountry, ...] | None = None


@value
class Channel:
    """How a partner is reached: queue, webhook address, pull, mail of a unit, or not at all."""

    kind: ChannelKind
    webhook_url: PublicUrl | None = None
    unit_mailbox: PublicContact | None = None


@value
class Terms:
    """Terms of referral of one service: which data it takes, how fast it answers, how much it may tell back."""

    categories_accepted: tuple[DataCategory, ...]
    minimum_categories: tuple[DataCategory, ...]
    answer_days: int | None
    contact_days: int | None
    back_level: BackLevel


@value
class PartnerKey:
    """A public key of a partner with its life: from when it counts, until when, and whether it was revoked before."""

    key: PublicJwk
    use: KeyUse
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked_at: datetime | None = None


@event(
    "directory.organization_published.v1",
    subject=("organization", "organization_id"),
    classification=PUBLIC,
    snapshot=True,
)
class OrganizationPublished:
    """An organization as it now stands, with its channel, agreement and public key."""

    organization_id: UUID
    version: int
    name: PublicText
    kind: Code
    sites: tuple[Site, ...]
    social_data_body: bool
    must_stand_alone: bool
    own_measure: bool
    channel: Channel
    agreement: Agreement | None
    public_key: PublicJwk | None
    phone: PublicContact | None
    email: PublicContact | None
    website: PublicUrl | None
    address: PublicContact | None
    #: Keys with a life of their own; `public_key` is the one that counts until another is given.
    keys: tuple[PartnerKey, ...] = ()
    #: While it does not take part nothing is sent to it, and nothing it says is heard.
    participation: Participation = Participation.TAKING_PART


@event("directory.service_published.v1", subject=("service", "service_id"), classification=PUBLIC, snapshot=True)
class ServicePublished:
    """A service as it now stands: topics, area, audience, legal spheres, eligibility rules, terms, capacity."""

    service_id: UUID
    version: int
    organization_id: UUID
    name: PublicText
    description: PublicText
    delimitation: PublicText
    topics: tuple[Topic, ...]
    areas: tuple[OfficialKey, ...]
    audience: Audience
    legal_spheres: tuple[LegalSphere, ...]
    role: ServiceRole
    own_measure: bool
    residence_independent: bool
    profession_independent: bool
    profession_codes: tuple[Code, ...]
    eligibility: JsonDocument
    languages: tuple[LanguageTag, ...]
    interpreters: bool
    capacity: Capacity
    capacity_reported_on: date | None
    assured_on: date | None
    overlap_group: Code | None
    funder: Code | None
    excludes_funders: tuple[Code, ...]
    terms: Terms
    better_bodies: tuple[UUID, ...]
    #: The period of its funding; open where nothing is said.
    funded_from: date | None = None
    funded_until: date | None = None


@event("directory.service_retired.v1", subject=("service", "service_id"), classification=PUBLIC)
class ServiceRetired:
    """A service is offered no more; what runs is carried on or transferred with fresh consent."""

    service_id: UUID
    version: int
    organization_id: UUID


@event("directory.partner_key_handed_in.v1", subject=("key", "thumbprint"))
class PartnerKeyHandedIn:
    """A partner's key was written down; it is used for nothing before a second person confirms it."""

    organization_id: UUID
    thumbprint: Code
    use: KeyUse


@event("directory.partner_key_confirmed.v1", subject=("key", "thumbprint"))
class PartnerKeyConfirmed:
    """Somebody else than who wrote it down confirmed a partner's key, by the thumbprint told another way."""

    organization_id: UUID
    thumbprint: Code
    use: KeyUse


@event("directory.partner_channel_handed_in.v1", subject=("organization", "organization_id"))
class PartnerChannelHandedIn:
    """A partner's channel was written down; the former stays in force before a second person confirms the new one."""

    organization_id: UUID
    thumbprint: Code
    kind: ChannelKind


@event("directory.partner_channel_settled.v1", subject=("organization", "organization_id"))
class PartnerChannelSettled:
    """A partner's channel waits no longer: somebody else than who wrote it down confirmed it, or it is not used."""

    organization_id: UUID
    thumbprint: Code
    outcome: ChannelOutcome


@event("directory.assurance_asked.v1", subject=("ask", "ask_id"))
class AssuranceAsked:
    """An organization is asked whether its entries are still true: one question for all of them, perhaps once more."""

    ask_id: UUID
    organization_id: UUID
    #: How many entries wait for its word.
    services: int
    reminder: bool


@event("directory.entry_doubted.v1", subject=("service", "service_id"))
class EntryDoubted:
    """An organization that was asked said that something in an entry is wrong; editors read what."""

    doubt_id: UUID
    ask_id: UUID
    organization_id: UUID
    service_id: UUID


@event("directory.doubt_settled.v1", subject=("service", "service_id"))
class DoubtSettled:
    """An editor has done what there was to do about an organization's doubt; its words are gone."""

    doubt_id: UUID
    service_id: UUID


@event("directory.proposal_made.v1", subject=("proposal", "proposal_id"))
class ProposalMade:
    """An organization would like one of its entries to be something else; editors read what, and decide."""

    proposal_id: UUID
    organization_id: UUID
    #: What kind of object it is about, and which.
    kind: Code
    object_id: UUID


@event("directory.proposal_settled.v1", subject=("proposal", "proposal_id"))
class ProposalSettled:
    """A proposal waits no longer: an editor released it, as it was or changed, or declined it; or it was taken back."""

    proposal_id: UUID
    organization_id: UUID
    outcome: ProposalOutcome


@event("directory.overlap_found.v1", subject=("service", "service_id"), classification=PUBLIC)
class OverlapFound:
    """A service stands on ground that another stood on before, and nobody has said why both are needed."""

    service_id: UUID
    other_service_id: UUID
    overlap_group: Code


@event("directory.overlap_settled.v1", subject=("service", "service_id"), classification=PUBLIC)
class OverlapSettled:
    """An overlap is none any more: it was said why both are needed, or one of them moved or ended."""

    service_id: UUID
    overlap_group: Code
    justified: bool


@event("directory.import_applied.v1", subject=("import", "import_id"))
class ImportApplied:
    """A file was taken in as a whole."""

    import_id: UUID
    organizations: int
    services: int
    unchanged: int
    sha256: Code


@event("directory.signed_in.v1", subject=("session", "session_id"))
class SignedIn:
    """A staff member signed in to directory, in one role where she has several."""

    session_id: UUID
    role: StaffRole | None


@event("directory.signed_out.v1", subject=("session", "session_id"))
class SignedOut:
    """A staff member signed out of directory."""

    session_id: UUID


@event("directory.session_ended.v1", subject=("session", "session_id"))
class SessionEnded:
    """A session of staff at directory was ended, by another way than signing out of it."""

    session_id: UUID
    how: SessionEnd


@event("directory.sign_in_refused.v1", subject=("refusal", "refusal_id"))
class SignInRefused:
    """Somebody was turned away at directory's door, so often within a minute."""

    refusal_id: UUID
    slug: Slug
    count: int


@event("directory.stream_reported.v1", subject=("stream", "stream_id"))
class StreamReported:
    """How far directory has published, so that a missing event can be seen."""

    stream_id: UUID
    position: int
    count: int
    rolling_sha256: Code
    reported_at: datetime
