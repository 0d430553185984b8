"""What audit says: how far the log reaches, and who looked at it."""

from datetime import date, datetime
from uuid import UUID

from contracts.codes import (
    DiscardReason,
    FindingJudgement,
    LogFindingKind,
    LogRetentionGround,
    ParkedOutcome,
    SessionEnd,
    StaffRole,
)
from contracts.event import Code, Slug, event, value


@event("audit.checkpoint_signed.v1", subject=("checkpoint", "checkpoint_id"))
class CheckpointSigned:
    """A tree head was signed and left the database."""

    checkpoint_id: UUID
    size: int
    root_sha256: Code
    key_id: Code


@event("audit.signing_key_replaced.v1", subject=("signing_key", "replacement_id"))
class SigningKeyReplaced:
    """Another key signs the log from here on; the one before signed up to this size and nothing longer."""

    replacement_id: UUID
    key_id: Code
    former_key_id: Code
    size: int


@event("audit.log_viewed.v1", subject=("view", "view_id"))
class LogViewed:
    """Somebody read the log: which page, and what was looked for. Of what was typed only ids, codes and times stay."""

    view_id: UUID
    role: StaffRole
    page: Slug
    filters: tuple[Slug, ...]
    entry: int | None
    enquiry_id: UUID | None
    referral_id: UUID | None
    person_id: UUID | None
    organization_id: UUID | None
    controller_id: UUID | None
    event_type: Slug | None
    sought_actor: Code | None
    since: datetime | None
    until: datetime | None


@event("audit.log_exported.v1", subject=("export", "export_id"))
class LogExported:
    """A part of the log left as a file: how much, and what was asked for."""

    export_id: UUID
    role: StaffRole
    form: Slug
    first: int
    size: int
    filters: tuple[Slug, ...]
    enquiry_id: UUID | None
    referral_id: UUID | None
    person_id: UUID | None
    organization_id: UUID | None
    controller_id: UUID | None
    event_type: Slug | None
    sought_actor: Code | None
    since: datetime | None
    until: datetime | None


@value
class EntrySpan:
    """Neighboring entries, the last one included."""

    first: int
    last: int


@event("audit.entries_expired.v1", subject=("retention", "run_id"))
class EntriesExpired:
    """The retention period of exactly these entries is over: their content goes, their hashes stay.

    It stands in the log before anything is emptied and never expires itself: whoever verifies the log holds every
    entry without content against it. Without a `kind` it is about all kinds that have no period of their own.
    """

    run_id: UUID
    entries: int
    first: int
    last: int
    spans: tuple[EntrySpan, ...]
    kind: Slug | None
    keep_days: int
    ground: LogRetentionGround


@event("audit.retention_period_set.v1", subject=("retention_period", "period_id"))
class RetentionPeriodSet:
    """How long entries of a kind (or, unnamed, of every other) are kept from now on, and on which ground."""

    period_id: UUID
    kind: Slug | None
    keep_days: int
    ground: LogRetentionGround


@event("audit.finding_assessed.v1", subject=("finding", "finding_id"))
class FindingAssessed:
    """The officer judged a finding, and signed it off or not. Her note stays where she wrote it; here is its hash."""

    finding_id: UUID
    number: int
    kind: LogFindingKind
    entry: int
    judgement: FindingJudgement
    signed_off: bool
    note_sha256: Code


@event("audit.access_ended.v1", subject=("staff_access", "access_id"))
class AccessEnded:
    """Somebody on the staff has no access from an instant on: what is done under her pseudonym later is a finding."""

    access_id: UUID
    staff: Code
    from_at: datetime


@event("audit.access_restored.v1", subject=("staff_access", "access_id"))
class AccessRestored:
    """She has access again; what was done in between stays what it was."""

    access_id: UUID
    staff: Code
    from_at: datetime


@event("audit.staff_rules_set.v1", subject=("staff_rules", "setting_id"))
class StaffRulesSet:
    """Rules about how staff look at cases hold from here on, on an agreement with the staff council - or no longer.

    They judge nothing that happened before this entry; hours are minutes after midnight in the zone, days are
    Monday (1) to Sunday (7), holidays those of the calendar.
    """

    setting_id: UUID
    is_on: bool
    agreement: Code | None
    agreed_on: date | None
    zone: Code
    opens: int
    closes: int
    days: tuple[int, ...]
    calendar: Code
    cases_per_hour: int


@event("audit.search_saved.v1", subject=("saved_search", "search_id"))
class SearchSaved:
    """An officer keeps a search under a name, or drops it. The name stays with her; here is its hash."""

    search_id: UUID
    number: int
    is_kept: bool
    name_sha256: Code
    filters: tuple[Slug, ...]
    enquiry_id: UUID | None
    referral_id: UUID | None
    person_id: UUID | None
    organization_id: UUID | None
    controller_id: UUID | None
    event_type: Slug | None
    sought_actor: Code | None
    since: datetime | None
    until: datetime | None


@event("audit.review_held.v1", subject=("review", "review_id"))
class ReviewHeld:
    """An officer has reviewed what a search finds under a signed head: how much there was, and how much still waits."""

    review_id: UUID
    search_id: UUID | None
    size: int
    root_sha256: Code
    entries: int
    findings: int
    waiting: int
    note_sha256: Code
    filters: tuple[Slug, ...]
    enquiry_id: UUID | None
    referral_id: UUID | None
    person_id: UUID | None
    organization_id: UUID | None
    controller_id: UUID | None
    event_type: Slug | None
    sought_actor: Code | None
    since: datetime | None
    until: datetime | None


@event("audit.report_issued.v1", subject=("yearly_report", "report_id"))
class ReportIssued:
    """The report of a year was issued and is fixed: under which head, and the hash of its bytes."""

    report_id: UUID
    year: int
    size: int
    root_sha256: Code
    report_sha256: Code


@event("audit.parked_settled.v1", subject=("settlement", "settlement_id"))
class ParkedSettled:
    """An operator had a message tried again that audit had put aside, or gave it up. Never what it said."""

    settlement_id: UUID
    event_id: UUID | None
    outcome: ParkedOutcome
    cause: Code
    reason: DiscardReason | None


@event("audit.signed_in.v1", subject=("session", "session_id"))
class SignedIn:
    """A staff member signed in to audit, in one role where she has several."""

    session_id: UUID
    role: StaffRole | None


@event("audit.signed_out.v1", subject=("session", "session_id"))
class SignedOut:
    """A staff member signed out of audit."""

    session_id: UUID


@event("audit.session_ended.v1", subject=("session", "session_id"))
class SessionEnded:
    """A session of staff at audit was ended, by another way than signing out of it."""

    session_id: UUID
    how: SessionEnd


@event("audit.sign_in_refused.v1", subject=("refusal", "refusal_id"))
class SignInRefused:
    """A token or sign-in was refused at a door of audit."""

    refusal_id: UUID
    slug: Slug
    count: int


@event("audit.stream_reported.v1", subject=("stream", "stream_id"))
class StreamReported:
    """How far audit has published, so that a missing event can be seen."""

    stream_id: UUID
    position: int
    count: int
    rolling_sha256: Code
    reported_at: datetime
