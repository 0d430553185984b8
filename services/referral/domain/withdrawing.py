"""What a person takes back - all of it, one recipient, or one kind of data - and what follows for a referral.

The table at the end is the whole rule: what follows depends on where the referral stands, on whether the partner has
the data, and on how much of them another ground still carries. The way the withdrawal came makes no difference.
"""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from contracts.codes import ConsentState, DataCategory, Status
from contracts.referral import ConsentRecipient
from services.chassis.errors import InvalidError
from services.referral.domain.grounds import (
    ENTERPRISE_CATEGORIES,
    Consent,
    EnterpriseRequest,
    request_state_on,
    state_on,
)
from services.referral.domain.lifecycle import RUNNING

#: An organization and its service.
Named = tuple[UUID, UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is withdrawn; where nothing is named, all of it."""

    organization_id: UUID | None = None
    service_id: UUID | None = None
    category: DataCategory | None = None

    def names(self, named: Named) -> bool:
        organization_id, service_id = named
        return self.organization_id in (None, organization_id) and self.service_id in (None, service_id)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The version that ends, the one that follows if anything is left, and whose referrals have to be looked at."""

    ended: Consent
    following: Consent | None
    concerned: frozenset[Named]


def take_back(consent: Consent, part: Part, at: datetime) -> TakenBack:
    """End this version; a withdrawal in part is the next one, without what was withdrawn."""
    left = [(one, _left_of(one, part)) for one in consent.recipients]
    concerned = frozenset((one.organization_id, one.service_id) for one, kept in left if kept != one)
    if not concerned:
        raise InvalidError("consent.recipient-unknown", _unknown(part))
    kept = tuple(one for _, one in left if one is not None)
    if not kept:
        return TakenBack(replace(consent, withdrawn_at=at), None, concerned)
    following = replace(consent, version=consent.version + 1, recipients=kept, given_at=at)
    return TakenBack(replace(consent, superseded_at=at), following, concerned)


def _left_of(one: ConsentRecipient, part: Part) -> ConsentRecipient | None:
    """What a recipient may still be told; None if nothing. A consent that names no data is none."""
    if not part.names((one.organization_id, one.service_id)):
        return one
    if part.category is None:
        return None
    categories = tuple(category for category in one.categories if category is not part.category)
    return replace(one, categories=categories) if categories else None


def _unknown(part: Part) -> dict[str, str]:
    """Which of the named things this consent does not say."""
    named = {"organization_id": part.organization_id, "service_id": part.service_id, "category": part.category}
    return {name: "named-by-this-consent" for name, value in named.items() if value is not None}


def may_be_taken_back(ground: Consent | EnterpriseRequest, on: date, holders: Container[Named]) -> bool:
    """Is there anything to withdraw: what holds or will, and what time alone has ended while a body has the data.

    Such a body may go on working and telling, as the ground had said; only the will of whoever gave it ends that.
    """
    if isinstance(ground, Consent):
        state, named = state_on(ground, on), {(one.organization_id, one.service_id) for one in ground.recipients}
    else:
        state, named = request_state_on(ground, on), {(one, service) for one, service in ground.recipients}
    return state is ConsentState.GIVEN or (state is ConsentState.EXPIRED and any(one in holders for one in named))


def covers(recipients: Collection[ConsentRecipient], part: Part) -> bool:
    """Does a version say any of this?"""
    return any(_left_of(one, part) != one for one in recipients)


def beyond(
    recipients: Collection[ConsentRecipient], left: Mapping[Named, Collection[DataCategory]]
) -> tuple[Part, ...]:
    """What a version says more than was left after a withdrawal, each as the part to take back."""
    if not left:
        return (Part(),)
    return tuple(part for one in recipients for part in _more(one, left.get((one.organization_id, one.service_id), ())))


def _more(one: ConsentRecipient, kept: Collection[DataCategory]) -> Iterator[Part]:
    if not kept:
        yield Part(organization_id=one.organization_id, service_id=one.service_id)
        return
    for category in one.categories:
        if category not in kept:
            yield Part(organization_id=one.organization_id, service_id=one.service_id, category=category)


def take_back_request(
    request: EnterpriseRequest, part: Part, at: datetime, following_id: UUID
) -> tuple[EnterpriseRequest, EnterpriseRequest | None, frozenset[Named]]:
    """The same for an employer's request. It carries one kind of data, so naming that kind names all of it."""
    if part.category is not None and part.category not in ENTERPRISE_CATEGORIES:
        raise InvalidError("consent.recipient-unknown", _unknown(part))
    concerned: frozenset[Named] = frozenset(one for one in request.recipients if part.names(one))
    if not concerned:
        raise InvalidError("consent.recipient-unknown", _unknown(part))
    kept = tuple(one for one in request.recipients if one not in concerned)
    following = replace(request, id=following_id, recipients=kept, requested_at=at) if kept else None
    return replace(request, withdrawn_at=at), following, concerned


class Carried(StrEnum):
    """How much of what this partner has, or would get, another ground still carries."""

    ALL = "all"
    #: Less than before, and still what the partner's terms need at least.
    LESS = "less"
    NOTHING = "nothing"


class Consequence(StrEnum):
    """What a withdrawal means for one referral."""

    #: It never left: it waits where it is until somebody consents again.
    STAYS = "stays"
    #: The waiting dossier is destroyed and sealed anew, with what is still carried.
    SEALED_ANEW = "sealed_anew"
    #: The waiting dossier is destroyed and the referral ends; whoever fetched must stop and state deletion.
    REVOKED = "revoked"
    #: Another ground carries all of it: nothing is owed.
    GOES_ON = "goes_on"
    #: It goes on with less; the partner states deletion of what is carried no longer.
    LESS_IS_OWED = "less_is_owed"
    #: It has ended already; whoever fetched must stop and state deletion of all of it.
    ALL_IS_OWED = "all_is_owed"
    #: It has ended already and nobody has anything.
    NOTHING = "nothing"


_UNFETCHED = {
    Carried.ALL: Consequence.SEALED_ANEW,
    Carried.LESS: Consequence.SEALED_ANEW,
    Carried.NOTHING: Consequence.REVOKED,
}
_FETCHED = {
    Carried.ALL: Consequence.GOES_ON,
    Carried.LESS: Consequence.LESS_IS_OWED,
    Carried.NOTHING: Consequence.REVOKED,
}
_ENDED_FETCHED = {**_FETCHED, Carried.NOTHING: Consequence.ALL_IS_OWED}

Case = tuple[Status, bool, Carried]


def _of_status(status: Status, *, fetched: bool) -> Mapping[Carried, Consequence]:
    if status in RUNNING:
        return _FETCHED if fetched else _UNFETCHED
    if status.is_terminal:
        return _ENDED_FETCHED if fetched else dict.fromkeys(Carried, Consequence.NOTHING)
    return dict.fromkeys(Carried, Consequence.STAYS)


#: (where it stands, whether the partner has fetched, how much is still carried) -> what follows.
AFTER_WITHDRAWAL: Mapping[Case, Consequence] = MappingProxyType(
    {
        (status, fetched, carried): consequence
        for status in Status
        for fetched in (False, True)
        for carried, consequence in _of_status(status, fetched=fetched).items()
    }
)
