"""What must be in force before a partner is sent anything: agreement, terms, channel, key, and an assured entry."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from contracts.codes import ChannelKind, Participation
from contracts.directory import Agreement, PartnerKey
from services.referral.domain.partner_keys import counts

#: An entry nobody has assured for so long is not referable; after the first span it is only marked.
STALE_DAYS = 180
UNREFERABLE_DAYS = 365
#: So long after an agreement ended what is under way may still be answered; nothing new goes out [law].
GRACE_DAYS = 30
#: An agreement is renewed in time if somebody looks so long before it ends.
RENEWAL_DAYS = 30
#: Channels whose partner opens the dossier with its own key. Light partners use a custodial one, no channel uses paper.
OWN_KEY_CHANNELS = frozenset({ChannelKind.AMQP, ChannelKind.WEBHOOK, ChannelKind.PULL})
#: What of `lacking` stands between us and a body, not between her and it: it could help, and she can go there herself.
OURS_TO_MEND = frozenset({"suspended", "left", "agreement", "terms", "key", "assurance"})


class AgreementState(StrEnum):
    """How an agreement stands on a day, the worst first."""

    NONE = "none"
    ENDED = "ended"
    AHEAD = "ahead"
    SOON = "soon"
    IN_FORCE = "in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """What the local copy of the directory says about a service and its organization."""

    channel: ChannelKind
    agreement: Agreement | None
    has_terms: bool
    keys: tuple[PartnerKey, ...]
    assured_on: date | None
    retired: bool = False
    participation: Participation = Participation.TAKING_PART


def lacking(footing: Footing, on: date) -> tuple[str, ...]:
    """Codes of what is missing for a referral on this day; empty means it can be sent."""
    missing = {
        "suspended": footing.participation is Participation.SUSPENDED,
        "left": footing.participation is Participation.ENDED,
        "service": footing.retired,
        "agreement": not _in_force(footing.agreement, on),
        "terms": not footing.has_terms,
        "key": footing.channel in OWN_KEY_CHANNELS and not _has_key(footing.keys, on),
        "assurance": footing.assured_on is None or not 0 <= (on - footing.assured_on).days <= UNREFERABLE_DAYS,
    }
    return tuple(code for code, is_missing in missing.items() if is_missing)


def may_receive(footing: Footing, on: date, *, has_dossier: bool) -> bool:
    """May data leave to this partner under its agreement: a first dossier, or more to one that has it already?"""
    since = on - timedelta(days=GRACE_DAYS) if has_dossier else on
    return any(_in_force(footing.agreement, day) for day in (on, since))


def state_of(agreement: Agreement | None, on: date) -> AgreementState:
    """What the register says of it."""
    if agreement is None:
        return AgreementState.NONE
    left = days_left(agreement, on)
    if left is not None and left < 0:
        return AgreementState.ENDED
    if agreement.signed_on > on:
        return AgreementState.AHEAD
    return AgreementState.SOON if left is not None and left <= RENEWAL_DAYS else AgreementState.IN_FORCE


def days_left(agreement: Agreement, on: date) -> int | None:
    """Days until the last one, 0 on it, negative after it; None if no end was agreed."""
    return None if agreement.valid_until is None else (agreement.valid_until - on).days


def _has_key(keys: tuple[PartnerKey, ...], on: date) -> bool:
    """One that counts at the end of this day, so that what is sent today can be sealed all day."""
    return any(counts(key, datetime.combine(on, time.max, UTC)) for key in keys)


def _in_force(agreement: Agreement | None, on: date) -> bool:
    if agreement is None or agreement.signed_on > on:
        return False
    return agreement.valid_until is None or on <= agreement.valid_until
