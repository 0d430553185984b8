"""May a partner tell this back? Decided at the inlet, against the consent as it stands now, before anything is kept.

What a body under § 35 SGB I answers - even "accepted" - is social data (§ 67 SGB X) [law]. The person says how much
may come back, the partner's own terms may say less, and neither is overruled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from contracts.codes import BackLevel, DataCategory, GroundKind, Purpose, RefusalReason
from services.referral.domain.consent import (
    CLOSENESS,
    Refused,
    effective_back_level,
    ended_at,
    expect_aware,
    kind_of,
    last_day,
    level_of,
    refusal_of,
    version_of,
)
from services.referral.domain.grounds import Consent, Ground, Recipient, Unreadable
from services.referral.domain.workdays import ONE_DAY, start_of

#: Back comes no category of a dossier but a word about the matter; how much of it is what the level says.
NOTHING: frozenset[DataCategory] = frozenset()


@dataclass(frozen=True, slots=True)
class MayTell:
    """A yes: so much may come back, and on which ground."""

    level: BackLevel
    kind: GroundKind
    ground_id: UUID | None = None
    ground_version: int | None = None


class End(NamedTuple):
    """When a ground ceased to hold, and whether somebody wanted it so; of two at one instant the will counts."""

    at: datetime
    by_will: bool


def may_tell_back(
    grounds: Iterable[Ground],
    recipient: Recipient,
    purpose: Purpose,
    needed: BackLevel,
    at: datetime,
    *,
    terms: BackLevel,
    fetched_at: datetime | None = None,
    about_nobody: bool = False,
) -> MayTell | Refused:
    """May this partner tell so much about this matter at this instant?

    Where nothing about anybody was passed on there is nobody to ask, and the partner's terms alone count.
    """
    if about_nobody:
        answer: MayTell | Refused = MayTell(terms, GroundKind.NO_PERSONAL_DATA)
    else:
        answer = level_at(grounds, recipient, purpose, at, terms=terms, fetched_at=fetched_at)
    if isinstance(answer, MayTell) and not answer.level.covers(needed):
        return Refused(RefusalReason.BACK_LEVEL_NOT_COVERED)
    return answer


def level_at(
    grounds: Iterable[Ground],
    recipient: Recipient,
    purpose: Purpose,
    at: datetime,
    *,
    terms: BackLevel,
    fetched_at: datetime | None = None,
) -> MayTell | Refused:
    """How much may come back at this instant: the lower of what the best living ground and the terms say.

    Once the partner has the dossier, a ground that merely ran out lets the work go on at the level it had; one that
    was withdrawn or narrowed does not.
    """
    expect_aware(at)
    known = [(ground, refusal_of(ground, recipient, purpose, NOTHING, at)) for ground in grounds]
    holding = [ground for ground, reason in known if reason is None] or _that_ran_out(known, at, fetched_at)
    if not holding:
        reasons = (reason for _, reason in known if reason is not None)
        return Refused(max(reasons, key=CLOSENESS.index, default=RefusalReason.NO_CONSENT))
    level, best = max(
        ((level_of(ground, recipient, purpose, NOTHING), ground) for ground in holding), key=lambda pair: rank(pair[0])
    )
    return MayTell(effective_back_level(level, terms), kind_of(best), best.id, version_of(best))


def rank(level: BackLevel) -> int:
    return list(BackLevel).index(level)


Known = tuple[Ground, RefusalReason | None]


def _that_ran_out(known: list[Known], at: datetime, fetched_at: datetime | None) -> list[Ground]:
    """What held to the last, if time alone ended it and the partner already had the dossier by then."""
    ended = [(_end(ground, reason, at), ground) for ground, reason in known if reason in ENDED]
    if fetched_at is None or not ended:
        return []
    last = max(end for end, _ in ended)
    if last.by_will or last.at <= fetched_at:
        return []
    return [ground for end, ground in ended if end == last]


#: It named recipient and purpose and did hold once.
ENDED = frozenset({RefusalReason.EXPIRED, RefusalReason.WITHDRAWN})


def _end(ground: Ground, reason: RefusalReason | None, at: datetime) -> End:
    assert not isinstance(ground, Unreadable)
    if reason is RefusalReason.WITHDRAWN:
        end = ended_at(ground) if isinstance(ground, Consent) else ground.withdrawn_at
        assert end is not None
        return End(end, by_will=True)
    last = last_day(ground, at) if isinstance(ground, Consent) else ground.valid_until
    return End(start_of(last + ONE_DAY), by_will=False)
