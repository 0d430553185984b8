"""What notifications says: who was told what by which channel, and whether it arrived."""

from datetime import datetime
from uuid import UUID

from contracts.codes import ChannelKind, NoticeKind
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


@event("notifications.desk_link_issued.v1", subject=("delivery", "delivery_id"))
class DeskLinkIssued:
    """A single-use link for a light-path unit left by mail."""

    delivery_id: UUID
    referral_id: UUID
    organization_id: UUID
    link_id: UUID
    expires_at: datetime


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
