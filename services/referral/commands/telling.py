"""What a partner tells is decided before anything of it is kept: how much may come back about this person, now."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts.codes import Action, BackLevel, DisclosurePoint, Party, Purpose
from contracts.referral import BackLevelChanged, DisclosureDecided
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands.saving import save
from services.referral.domain.answering import says_more
from services.referral.domain.consent import Refused
from services.referral.domain.lifecycle import RUNNING, Actor, needed_level
from services.referral.domain.referral import Referral, above_level
from services.referral.domain.way_back import MayTell, may_tell_back
from services.referral.queries import affected
from services.referral.store import persons, referrals, timeline
from services.referral.store.referrals import Seen

ENGINE = Actor(Party.SYSTEM, "system:consent")


def decide(work: Work, referral: Seen, action: Action, details: dict[str, Any]) -> Seen:
    """The referral at the level that counts at this instant, or a refusal that keeps nothing of what was to be told.

    After the end nothing can be told any more, so nothing is asked; what a partner owes needs nobody's leave.
    """
    needed = needed_level(action, says_more=says_more(**details))
    if needed is None or referral.status not in RUNNING:
        return referral
    answer = _answer(referral, needed)
    decision = _decision(work, referral, answer)
    if isinstance(answer, Refused):
        refused = above_level(referral, moment_of(work))
        raise RefusedError(refused.slug, [*refused.facts, decision])
    timeline.decided(work, decision, at=referral.way_back.standing.at)
    if answer.level is referral.back_level:
        return referral
    timeline.tell(work, referral.id, _changed(referral, answer.level))
    return replace(referral, back_level=answer.level)


def _answer(referral: Seen, needed: BackLevel) -> MayTell | Refused:
    way = referral.way_back
    return may_tell_back(
        way.standing.grounds,
        way.recipient,
        Purpose(referral.topic.value),
        needed,
        way.standing.at,
        terms=way.terms,
        fetched_at=referral.fetched_at,
        about_nobody=way.about_nobody,
    )


def _decision(work: Work, referral: Referral, answer: MayTell | Refused) -> DisclosureDecided:
    """No category travels back; a no holds nothing from which one could see what the partner wanted to tell."""
    told = answer if isinstance(answer, MayTell) else None
    return DisclosureDecided(
        decision_id=work.new_id(),
        referral_id=referral.id,
        person_id=referral.advised_person_id,
        organization_id=referral.organization_id,
        service_id=referral.service_id,
        point=DisclosurePoint.BACK_CHANNEL,
        purpose=Purpose(referral.topic.value),
        categories=(),
        allowed=told is not None,
        ground=told.kind if told else None,
        ground_id=told.ground_id if told else None,
        ground_version=told.ground_version if told else None,
        refusal=answer.reason if isinstance(answer, Refused) else None,
        back_level=told.level if told else None,
    )


def _changed(referral: Referral, level: BackLevel) -> BackLevelChanged:
    return BackLevelChanged(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        previous=referral.back_level,
        back_level=level,
    )


def follow(work: Work, referral_id: UUID) -> None:
    """Consent or terms have changed: what the partner is offered to tell follows at once."""
    referral = referrals.see(work, referral_id, visible_to=ENGINE)
    if referral.status not in RUNNING:
        return
    answer = _answer(referral, BackLevel.NONE)
    level = answer.level if isinstance(answer, MayTell) else BackLevel.NONE
    if level is not referral.back_level:
        save(work, replace(referral, back_level=level), [_changed(referral, level)])


def follow_terms(work: Work, service_id: UUID) -> None:
    """A partner has changed its terms: all that is under way there, person by person in one order."""
    for person_id, referral_id in affected.persons_at(work.tx, service_id):
        persons.hold_epoch(work, person_id)
        referrals.load(work.tx, referral_id, visible_to=ENGINE, lock=True)
        follow(work, referral_id)
