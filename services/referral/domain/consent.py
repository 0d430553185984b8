"""May personal data leave? Deny by default, one pure decision, and no way around it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.codes import BackLevel, ConsentChannel, DataCategory, GroundKind, Purpose, RefusalReason
from services.referral.domain.grounds import (
    ENTERPRISE_CATEGORIES,
    VERBAL_CATEGORIES,
    Consent,
    EnterpriseRequest,
    Ground,
    Recipient,
    StatutoryGround,
    Unreadable,
)
from services.referral.domain.workdays import PLACE


@dataclass(frozen=True, slots=True)
class Allowed:
    """A yes, bound to what was asked: recipient, purpose, categories - and the ground and version that carried it."""

    organization_id: UUID
    service_id: UUID
    purpose: Purpose
    categories: frozenset[DataCategory]
    kind: GroundKind
    ground_id: UUID | None
    ground_version: int | None
    back_level: BackLevel


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, with the reason that came closest to a yes."""

    reason: RefusalReason


def may_disclose(
    grounds: Iterable[Ground],
    recipient: Recipient,
    purpose: Purpose,
    categories: Collection[DataCategory],
    at: datetime,
) -> Allowed | Refused:
    """May these categories of this person go to this recipient for this purpose at this instant?

    One ground has to carry all of it: pieces of several consents are never put together.
    """
    expect_aware(at)
    asked = frozenset(categories)
    if not asked:
        return Allowed(
            recipient.organization_id,
            recipient.service_id,
            purpose,
            asked,
            GroundKind.NO_PERSONAL_DATA,
            None,
            None,
            BackLevel.OUTCOME,
        )
    refusals: list[tuple[Ground, RefusalReason]] = []
    for ground in grounds:
        reason = refusal_of(ground, recipient, purpose, asked, at)
        if reason is None:
            return _allowed(ground, recipient, purpose, asked)
        refusals.append((ground, reason))
    return Refused(nearest(refusals))


def expect_aware(at: datetime) -> None:
    """An instant without a time zone would be read as the machine's own; it decides nothing."""
    if at.tzinfo is None:
        raise ValueError("an instant needs its time zone")


#: How close a ground came, farthest first: the closest reason is the one worth telling.
CLOSENESS = (
    RefusalReason.NO_CONSENT,
    RefusalReason.RECIPIENT_NOT_COVERED,
    RefusalReason.PURPOSE_NOT_COVERED,
    RefusalReason.EMPLOYER_MAY_NOT_CARRY,
    RefusalReason.CATEGORY_NOT_COVERED,
    RefusalReason.RECIPIENT_MUST_STAND_ALONE,
    RefusalReason.TEXT_NOT_REVIEWED,
    RefusalReason.NOT_YET_VALID,
    RefusalReason.EXPIRED,
    RefusalReason.WITHDRAWN,
    RefusalReason.GROUND_UNREADABLE,
)


#: What is asked last: a version that came so far covers everything else.
OF_TIME = frozenset({RefusalReason.NOT_YET_VALID, RefusalReason.EXPIRED, RefusalReason.WITHDRAWN})


def nearest(refusals: Collection[tuple[Ground, RefusalReason]]) -> RefusalReason:
    """The closest reason. A version that gave way to one that came as far is not why: its end was no withdrawal."""
    latest: dict[UUID, int] = {}
    for ground, reason in refusals:
        if isinstance(ground, Consent) and reason in OF_TIME:
            latest[ground.id] = max(ground.version, latest.get(ground.id, 0))
    told = [reason for ground, reason in refusals if not _gave_way(ground, reason, latest)]
    return max(told, key=CLOSENESS.index, default=RefusalReason.NO_CONSENT)


def _gave_way(ground: Ground, reason: RefusalReason, latest: Mapping[UUID, int]) -> bool:
    return (
        isinstance(ground, Consent)
        and reason is RefusalReason.WITHDRAWN
        and ground.withdrawn_at is None
        and ground.version < latest[ground.id]
    )


def refusal_of(
    ground: Ground, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory], at: datetime
) -> RefusalReason | None:
    """Why this one ground does not carry it; None if it does."""
    if isinstance(ground, Unreadable):
        return RefusalReason.GROUND_UNREADABLE
    if isinstance(ground, Consent):
        return _refusal_of_consent(ground, recipient, purpose, asked, at)
    if isinstance(ground, EnterpriseRequest):
        return _refusal_of_request(ground, recipient, purpose, asked, at)
    return _refusal_of_statute(ground, recipient, purpose, asked, at)


def _refusal_of_consent(
    consent: Consent, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory], at: datetime
) -> RefusalReason | None:
    named = [
        one
        for one in consent.recipients
        if (one.organization_id, one.service_id) == (recipient.organization_id, recipient.service_id)
    ]
    if not named:
        return RefusalReason.RECIPIENT_NOT_COVERED
    covering = [one for one in named if purpose in one.purposes]
    if not covering:
        return RefusalReason.PURPOSE_NOT_COVERED
    verbal = consent.channel is ConsentChannel.VERBAL_WITNESSED and not is_confirmed(consent, at)
    if not any(asked <= frozenset(one.categories) for one in covering) or (verbal and not asked <= VERBAL_CATEGORIES):
        return RefusalReason.CATEGORY_NOT_COVERED
    if recipient.must_stand_alone and any(
        one.organization_id != recipient.organization_id for one in consent.recipients
    ):
        return RefusalReason.RECIPIENT_MUST_STAND_ALONE
    if not consent.text_reviewed:
        return RefusalReason.TEXT_NOT_REVIEWED
    return _refusal_of_time(at, consent.given_at, consent.valid_from, last_day(consent, at), ended_at(consent))


def ended_at(consent: Consent) -> datetime | None:
    """When this version stopped: withdrawn or superseded, whichever came first."""
    return min((end for end in (consent.withdrawn_at, consent.superseded_at) if end is not None), default=None)


def is_confirmed(consent: Consent, at: datetime) -> bool:
    """Has what was said by word of mouth been confirmed by then?"""
    return consent.confirmed_at is not None and consent.confirmed_at <= at


def last_day(consent: Consent, at: datetime) -> date:
    """The last day on which this version holds, as known at an instant; an unconfirmed word of mouth lapses."""
    if consent.lapses_on is None or is_confirmed(consent, at):
        return consent.valid_until
    return min(consent.lapses_on, consent.valid_until)


def _refusal_of_time(
    at: datetime, since: datetime, first: date, last: date, end: datetime | None
) -> RefusalReason | None:
    day = at.astimezone(PLACE).date()
    if end is not None and end <= at:
        return RefusalReason.WITHDRAWN
    if at < since or day < first:
        return RefusalReason.NOT_YET_VALID
    return RefusalReason.EXPIRED if day > last else None


def _refusal_of_request(
    request: EnterpriseRequest, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory], at: datetime
) -> RefusalReason | None:
    if (recipient.organization_id, recipient.service_id) not in request.recipients:
        return RefusalReason.RECIPIENT_NOT_COVERED
    if purpose not in request.purposes or not request.notice_given:
        return RefusalReason.PURPOSE_NOT_COVERED
    if not asked <= ENTERPRISE_CATEGORIES:
        return RefusalReason.EMPLOYER_MAY_NOT_CARRY
    if recipient.must_stand_alone and len({organization for organization, _ in request.recipients}) > 1:
        return RefusalReason.RECIPIENT_MUST_STAND_ALONE
    first = request.requested_at.astimezone(PLACE).date()
    return _refusal_of_time(at, request.requested_at, first, request.valid_until, request.withdrawn_at)


def _refusal_of_statute(
    ground: StatutoryGround, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory], at: datetime
) -> RefusalReason | None:
    if not ground.enabled:
        return RefusalReason.NO_CONSENT
    if (recipient.organization_id, recipient.service_id) != (ground.organization_id, ground.service_id):
        return RefusalReason.RECIPIENT_NOT_COVERED
    if purpose not in ground.purposes:
        return RefusalReason.PURPOSE_NOT_COVERED
    if not asked <= frozenset(ground.categories):
        return RefusalReason.CATEGORY_NOT_COVERED
    first = ground.recorded_at.astimezone(PLACE).date()
    return _refusal_of_time(at, ground.recorded_at, first, ground.valid_until, ground.withdrawn_at)


def _allowed(ground: Ground, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory]) -> Allowed:
    level = level_of(ground, recipient, purpose, asked)
    return Allowed(
        recipient.organization_id,
        recipient.service_id,
        purpose,
        asked,
        kind_of(ground),
        ground.id,
        version_of(ground),
        level,
    )


def kind_of(ground: Ground) -> GroundKind:
    if isinstance(ground, Consent):
        return GroundKind.CONSENT
    return GroundKind.ENTERPRISE_REQUEST if isinstance(ground, EnterpriseRequest) else GroundKind.STATUTORY


def version_of(ground: Ground) -> int | None:
    return ground.version if isinstance(ground, Consent) else None


def level_of(ground: Ground, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory]) -> BackLevel:
    """How much may come back on this ground; a statutory one lets the partner say that it has received, no more."""
    if isinstance(ground, Consent):
        return consented_back_level(ground, recipient, purpose, asked)
    return ground.back_level if isinstance(ground, EnterpriseRequest) else BackLevel.RECEIPT


def consented_back_level(
    consent: Consent, recipient: Recipient, purpose: Purpose, asked: frozenset[DataCategory]
) -> BackLevel:
    """How much this recipient may tell back; where two entries cover the same, the narrower one counts."""
    levels = [
        one.back_level
        for one in consent.recipients
        if (one.organization_id, one.service_id) == (recipient.organization_id, recipient.service_id)
        and purpose in one.purposes
        and asked <= frozenset(one.categories)
    ]
    return min(levels, key=list(BackLevel).index, default=BackLevel.NONE)


def effective_back_level(consented: BackLevel, terms: BackLevel) -> BackLevel:
    """Neither the person nor the partner's own terms are overruled: the lower of both counts."""
    return min(consented, terms, key=list(BackLevel).index)
