"""What notifications says: who was told what by which channel, and whether it arrived."""

from datetime import date, datetime
from uuid import UUID

from contracts.codes import ChannelKind, DiscardReason, LetterPlace, NoticeKind, ParkedOutcome, SessionEnd, StaffRole
from contracts.event import Code, Slug, event


@event("notifications.notice_sent.v1", subject=("delivery", "delivery_id"))
class NoticeSent:
    """A thin notice left by a channel: reference, status code, link - no personal data."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    kind: NoticeKind
    channel: ChannelKind
    attempt: int


@event("notifications.notice_confirmed.v1", subject=("delivery", "delivery_id"))
class NoticeConfirmed:
    """The partner's side has the notice."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    channel: ChannelKind


@event("notifications.notice_failed.v1", subject=("delivery", "delivery_id"))
class NoticeFailed:
    """An attempt failed; the next one is planned."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    channel: ChannelKind
    attempt: int
    cause: Code
    next_attempt_at: datetime | None


@event("notifications.notice_parked.v1", subject=("delivery", "delivery_id"))
class NoticeParked:
    """The ladder of attempts is used up; a person has to look."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    channel: ChannelKind
    cause: Code


@event("notifications.notice_withdrawn.v1", subject=("delivery", "delivery_id"))
class NoticeWithdrawn:
    """The referral was revoked before the notice left."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID


@event("notifications.notice_replayed.v1", subject=("delivery", "delivery_id"))
class NoticeReplayed:
    """An operator sent it on its way again."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID


@event("notifications.notice_discarded.v1", subject=("delivery", "delivery_id"))
class NoticeDiscarded:
    """An operator gave it up: it did not get through and is not tried any more; the feed keeps the notice."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    channel: ChannelKind
    cause: Code
    reason: DiscardReason


@event("notifications.desk_link_issued.v1", subject=("delivery", "delivery_id"))
class DeskLinkIssued:
    """A single-use link for a light-path unit left by mail."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    link_id: UUID
    expires_at: datetime


@event("notifications.trial_notice_made.v1", subject=("delivery", "delivery_id"))
class TrialNoticeMade:
    """An operator sent a partner a notice that is about no referral, to see whether it arrives."""

    delivery_id: UUID
    organization_id: UUID
    channel: ChannelKind


@event("notifications.webhook_disabled.v1", subject=("organization", "organization_id"))
class WebhookDisabled:
    """Nothing arrived at a partner's webhook for too long: it is called no more until an operator enables it."""

    organization_id: UUID
    cause: Code
    failing_since: datetime


@event("notifications.webhook_enabled.v1", subject=("organization", "organization_id"))
class WebhookEnabled:
    """An operator lets a partner's webhook be called again."""

    organization_id: UUID


@event("notifications.webhook_secret_changed.v1", subject=("organization", "organization_id"))
class WebhookSecretChanged:
    """The secret that signs a partner's webhooks is another one; until when the one before signs, too."""

    organization_id: UUID
    old_until: datetime | None


@event("notifications.unit_hours_set.v1", subject=("organization", "organization_id"))
class UnitHoursSet:
    """When a unit wants no mail was set; the id that is all zeros stands for every unit without hours of its own."""

    organization_id: UUID
    quiet: bool


@event("notifications.unit_absence_set.v1", subject=("organization", "organization_id"))
class UnitAbsenceSet:
    """On these days a unit's mail goes to its substitute."""

    absence_id: UUID
    organization_id: UUID
    from_on: date
    until_on: date


@event("notifications.unit_absence_ended.v1", subject=("organization", "organization_id"))
class UnitAbsenceEnded:
    """A unit is back earlier than it had said."""

    absence_id: UUID
    organization_id: UUID


@event("notifications.assurance_mailed.v1", subject=("ask", "ask_id"))
class AssuranceMailed:
    """The mail with which an organization is asked about its entries left, or never will, and why."""

    ask_id: UUID
    organization_id: UUID
    reminder: bool
    cause: Code | None


@event("notifications.parked_settled.v1", subject=("settlement", "settlement_id"))
class ParkedSettled:
    """An operator had a message tried again that notifications had put aside, or gave it up. Never what it said."""

    settlement_id: UUID
    event_id: UUID | None
    outcome: ParkedOutcome
    cause: Code
    reason: DiscardReason | None


@event("notifications.letter_returned.v1", subject=("letter", "letter_id"))
class LetterReturned:
    """An operator put a letter the broker could not deliver back into the queue it belongs to. Never what it said."""

    letter_id: UUID
    place: LetterPlace
    cause: Code
    home: Code


@event("notifications.letter_dropped.v1", subject=("letter", "letter_id"))
class LetterDropped:
    """An operator gave a letter up that the broker could not deliver, for a reason. Never what it said."""

    letter_id: UUID
    place: LetterPlace
    cause: Code
    reason: DiscardReason


@event("notifications.signed_in.v1", subject=("session", "session_id"))
class SignedIn:
    """A staff member signed in to notifications, in one role where she has several."""

    session_id: UUID
    role: StaffRole | None


@event("notifications.signed_out.v1", subject=("session", "session_id"))
class SignedOut:
    """A staff member signed out of notifications."""

    session_id: UUID


@event("notifications.session_ended.v1", subject=("session", "session_id"))
class SessionEnded:
    """A session of staff at notifications was ended, by another way than signing out of it."""

    session_id: UUID
    how: SessionEnd


@event("notifications.sign_in_refused.v1", subject=("refusal", "refusal_id"))
class SignInRefused:
    """A token or sign-in was refused at a door of notifications."""

    refusal_id: UUID
    slug: Slug
    count: int


@event("notifications.stream_reported.v1", subject=("stream", "stream_id"))
class StreamReported:
    """How far notifications has published, so that a missing event can be seen."""

    stream_id: UUID
    position: int
    count: int
    rolling_sha256: Code
    reported_at: datetime
