"""Which controllers may be asked whether they care for somebody already, and what two desks make of a possible yes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.codes import (
    CareResolution,
    DataCategory,
    DuplicateRefusal,
    GroundKind,
    MatterState,
    PersonOnCare,
    Purpose,
    RefusalReason,
)
from services.chassis.errors import InvalidError
from services.referral.domain.consent import CLOSENESS, Allowed, may_disclose
from services.referral.domain.grounds import Consent, Ground, Recipient

#: Enough for a long day at a desk, too little to look up a neighborhood.
USUAL_PER_DAY = 80
#: Each pair of last words that leaves the person with one desk, or two that do not get in each other's way.
FITTING = frozenset(
    {
        frozenset({CareResolution.HERE, CareResolution.THERE}),
        frozenset({CareResolution.OTHER_CARE}),
        frozenset({CareResolution.OTHER_PERSON}),
    }
)


@dataclass(frozen=True, slots=True)
class AskingRule:
    """How often one member of staff may ask on one day, and which other controllers the configuration lets be asked."""

    per_day: int = USUAL_PER_DAY
    #: Nobody else, unless an impact assessment (GDPR Art. 35) is configured.
    others: tuple[UUID, ...] = ()

    def besides(self, own: UUID) -> tuple[UUID, ...]:
        return tuple(one for one in self.others if one != own)


@dataclass(frozen=True, slots=True)
class Body:
    """Another controller, as the directory describes it."""

    organization_id: UUID
    must_stand_alone: bool = False
    #: A body under § 35 SGB I: whom it cares for is social data, so it never answers [law].
    social_data_body: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one controller may be asked, on what ground or why not."""

    asked_id: UUID
    refusal: DuplicateRefusal | None = None
    consent_refusal: RefusalReason | None = None
    ground: GroundKind | None = None
    ground_id: UUID | None = None
    ground_version: int | None = None

    @property
    def may_be_asked(self) -> bool:
        return self.refusal is None


def may_ask(
    asked_id: UUID, body: Body | None, grounds: Iterable[Ground], categories: Collection[DataCategory], at: datetime
) -> Verdict:
    """May another controller be asked about her now? Only on her own consent to that, named for that body."""
    if body is None:
        return Verdict(asked_id, DuplicateRefusal.BODY_UNKNOWN)
    if body.social_data_body:
        return Verdict(asked_id, DuplicateRefusal.SOCIAL_DATA_BODY)
    consents = [one for one in grounds if isinstance(one, Consent)]
    nearest = RefusalReason.NO_CONSENT
    for service_id in _services(consents, body.organization_id):
        recipient = Recipient(body.organization_id, service_id, body.must_stand_alone)
        answer = may_disclose(consents, recipient, Purpose.DOPPELPRUEFUNG, categories, at)
        if isinstance(answer, Allowed):
            return Verdict(asked_id, None, None, answer.kind, answer.ground_id, answer.ground_version)
        nearest = max(nearest, answer.reason, key=CLOSENESS.index)
    return Verdict(asked_id, DuplicateRefusal.NOT_CONSENTED, nearest)


def _services(consents: Iterable[Consent], organization_id: UUID) -> list[UUID]:
    """The services by which consents name this body."""
    named = (one for consent in consents for one in consent.recipients if one.organization_id == organization_id)
    return sorted({one.service_id for one in named if one.service_id is not None})


def state_of(asking: CareResolution | None, found: CareResolution | None) -> MatterState:
    """How the last words of both sides stand to each other: two who both stay, or both go, are not done."""
    if asking is None or found is None:
        return MatterState.OPEN
    return MatterState.SETTLED if frozenset({asking, found}) in FITTING else MatterState.AT_ODDS


def check_statement(person_says: PersonOnCare | None, resolution: CareResolution | None) -> None:
    """Something has to be said, and whoever says it is not her is not cared for there either."""
    if person_says is None and resolution is None:
        raise InvalidError("request.invalid", {"resolution": "an-answer-or-what-becomes-of-it"})
    kept = {CareResolution.HERE, CareResolution.THERE, CareResolution.OTHER_CARE}
    if person_says is PersonOnCare.NOT_ME and resolution in kept:
        raise InvalidError("request.invalid", {"resolution": "another-person"})
