"""Which of a partner's public keys count at an instant: to seal a dossier to, or to check a receipt with.

A key begins, may end, and may be revoked before. Of several that count the one that began last is sealed to, and what
was sealed to another of them stays good: a partner that changes its key reads with both for a while.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from contracts.codes import KeyUse
from contracts.directory import OrganizationPublished, PartnerKey

#: A new key is asked for so long before the last one ends.
RENEWAL_DAYS = 30
_ALWAYS = datetime.min.replace(tzinfo=UTC)


def life(organization: OrganizationPublished) -> tuple[PartnerKey, ...]:
    """All keys of a partner; the one without a life of its own has no end."""
    plain = organization.public_key
    if plain is None or any(one.key.get("kid") == plain.get("kid") for one in organization.keys):
        return organization.keys
    return (PartnerKey(key=plain, use=KeyUse.ENC), *organization.keys)


def counts(key: PartnerKey, at: datetime) -> bool:
    """Begun, not over, not revoked."""
    return (
        (key.not_before is None or key.not_before <= at)
        and (key.not_after is None or at < key.not_after)
        and (key.revoked_at is None or at < key.revoked_at)
    )


class KeyState(StrEnum):
    """How a key stands at an instant, as the register shows it."""

    SOON = "soon"
    COUNTS = "counts"
    AHEAD = "ahead"
    REVOKED = "revoked"
    ENDED = "ended"


def state_of(key: PartnerKey, at: datetime) -> KeyState:
    if key.revoked_at is not None and key.revoked_at <= at:
        return KeyState.REVOKED
    if key.not_after is not None and key.not_after <= at:
        return KeyState.ENDED
    if not counts(key, at):
        return KeyState.AHEAD
    is_short = key.not_after is not None and key.not_after - at <= timedelta(days=RENEWAL_DAYS)
    return KeyState.SOON if is_short else KeyState.COUNTS


def signing_keys(organization: OrganizationPublished, at: datetime) -> list[Mapping[str, Any]]:
    """What the partner's signatures of this instant are checked with."""
    return [one.key.as_dict() for one in organization.keys if one.use is KeyUse.SIG and counts(one, at)]


def sealing_keys(organization: OrganizationPublished, at: datetime) -> list[PartnerKey]:
    """What may be sealed to now, the newest first: that one is sealed to, what waits under the others stays good."""
    found = [one for one in life(organization) if one.use is KeyUse.ENC and counts(one, at)]
    return sorted(found, key=lambda one: one.not_before or _ALWAYS, reverse=True)


def accepted_ids(organization: OrganizationPublished, at: datetime) -> frozenset[str]:
    """The ids of keys a dossier that waits may be sealed to."""
    return frozenset(str(one.key.get("kid")) for one in sealing_keys(organization, at))


def sealed_until(organization: OrganizationPublished) -> datetime | None:
    """The instant after which nothing can be sealed to this partner any more; None where no end is known."""
    living = [one for one in life(organization) if one.use is KeyUse.ENC and one.revoked_at is None]
    ends = [one.not_after for one in living]
    return max((one for one in ends if one), default=None) if ends and all(ends) else None
