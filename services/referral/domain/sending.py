"""What the welcome center does with a referral, and the engine on its behalf: draft, release, answer, conclude."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from contracts.codes import (
    Action,
    BackLevel,
    EnquirerKind,
    Outcome,
    Participation,
    Site,
    Status,
    TaskKind,
    Topic,
    Urgency,
)
from contracts.event import Reference
from contracts.referral import (
    ClarificationAnswered,
    DossierFetched,
    ReferralConcluded,
    ReferralDrafted,
    ReferralPrepared,
    ReferralRequested,
    ReferralRevised,
)
from services.chassis.errors import InvalidError
from services.referral.domain.consent import Allowed
from services.referral.domain.deadlines import clock_after_standstill, expires_on
from services.referral.domain.lifecycle import RUNNING, Actor, may_conclude
from services.referral.domain.owing import fetched_anew
from services.referral.domain.referral import Question, Referral, Told, check_hands, refusal, step, task
from services.referral.domain.workdays import Moment


def draft(
    by: Actor,
    moment: Moment,
    *,
    referral_id: UUID,
    reference: Reference,
    enquiry_id: UUID,
    need_id: UUID,
    person_id: UUID,
    enquirer: EnquirerKind,
    site: Site,
    sender_id: UUID,
    organization_id: UUID,
    service_id: UUID,
    topic: Topic,
    urgency: Urgency,
    based_on: Referral | None = None,
) -> Told:
    """Begin a referral; only the sender sees it. A follow-up names the ended one it is based on."""
    referral = Referral(
        id=referral_id,
        reference=reference,
        version=1,
        status=Status.DRAFT,
        enquiry_id=enquiry_id,
        need_id=need_id,
        person_id=person_id,
        enquirer=enquirer,
        site=site,
        sender_id=sender_id,
        organization_id=organization_id,
        service_id=service_id,
        topic=topic,
        urgency=urgency,
        back_level=BackLevel.NONE,
        drafted_by=by.actor,
        drafted_on=moment.on,
        based_on=based_on.id if based_on else None,
        own_employer=organization_id == sender_id,
        sender_staff=(by.actor,),
    )
    if based_on is not None:
        _check_follows(referral, based_on, moment)
    return referral, (_drafted(referral),)


def _check_follows(referral: Referral, earlier: Referral, moment: Moment) -> None:
    if earlier.enquiry_id != referral.enquiry_id:
        raise refusal(referral, "referral.based-on-foreign", None, moment)
    if not earlier.status.is_terminal:
        raise refusal(referral, "referral.based-on-open", None, moment)


def _drafted(referral: Referral) -> ReferralDrafted:
    return ReferralDrafted(
        referral_id=referral.id,
        reference=referral.reference,
        enquiry_id=referral.enquiry_id,
        person_id=referral.advised_person_id,
        organization_id=referral.organization_id,
        service_id=referral.service_id,
        topic=referral.topic,
        urgency=referral.urgency,
        site=referral.site,
        based_on=referral.based_on,
        own_employer=referral.own_employer,
    )


def prepare(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    undo_window: timedelta,
    lacking: Collection[str] = (),
    duplicates: Collection[UUID] = (),
    is_in_care_elsewhere: bool = False,
    duplicates_acknowledged: bool = False,
) -> Told:
    """Say it is complete: it leaves after the undo window, if the consent engine then allows it.

    `lacking` names what the partner misses (see `footing.lacking`), `duplicates` running referrals of the same matter.
    That there are more which this desk may not see is said in one word: never who, where or since when.
    """
    moved = step(referral, Action.PREPARE, by, moment)
    if lacking:
        raise refusal(referral, "referral.not-ready", Action.PREPARE, moment, lacking=sorted(lacking))
    if (duplicates or is_in_care_elsewhere) and not duplicates_acknowledged:
        others = sorted(str(one) for one in duplicates)
        raise refusal(referral, "referral.duplicate-care", Action.PREPARE, moment, duplicates=others)
    release_at = moment.at + undo_window
    prepared = ReferralPrepared(
        referral_id=referral.id, organization_id=referral.organization_id, release_at=release_at
    )
    return replace(moved, release_at=release_at, duplicates_checked=True), (prepared,)


def check_takes_part(referral: Referral, partner: Participation, action: Action | None, moment: Moment) -> None:
    """Nothing is sent to whoever rests or has left; the reason says what can be done instead."""
    if partner is Participation.SUSPENDED:
        raise refusal(referral, "referral.partner-suspended", action, moment)
    if partner is Participation.ENDED:
        raise refusal(referral, "referral.partner-left", action, moment)


def revise(referral: Referral, by: Actor, moment: Moment) -> Told:
    """Take it back to draft before it is released."""
    moved = replace(step(referral, Action.REVISE, by, moment), release_at=None, duplicates_checked=False)
    return moved, (ReferralRevised(referral_id=referral.id, organization_id=referral.organization_id),)


def request(referral: Referral, by: Actor, moment: Moment, *, ground: Allowed, back_level: BackLevel) -> Told:
    """Release it to the partner. Only a decision that allowed it can be handed in: there is no other way out."""
    moved = step(referral, Action.REQUEST, by, moment)
    if referral.release_at is None or moment.at < referral.release_at:
        raise refusal(referral, "referral.undo-window-open", Action.REQUEST, moment)
    if not referral.duplicates_checked:
        raise refusal(referral, "referral.duplicate-care-unchecked", Action.REQUEST, moment)
    _check_ground(referral, ground, moment)
    moved = replace(moved, release_at=None, requested_on=moment.on, clock_on=moment.on, back_level=back_level)
    return moved, (
        ReferralRequested(
            referral_id=referral.id,
            reference=referral.reference,
            organization_id=referral.organization_id,
            service_id=referral.service_id,
            urgency=referral.urgency,
            back_level=back_level,
            expires_on=expires_on(moved.urgency, moment.on, moment.is_working_day),
        ),
    )


def _check_ground(referral: Referral, ground: Allowed, moment: Moment) -> None:
    """A decision taken for another recipient opens nothing here."""
    if (ground.organization_id, ground.service_id) != (referral.organization_id, referral.service_id):
        raise refusal(referral, "consent.other-recipient", None, moment)


def withhold(referral: Referral, moment: Moment, why: TaskKind = TaskKind.CONSENT_MISSING) -> Told:
    """It may not leave: it stays where it is, the clock leaves it alone, and the navigator is told why."""
    if referral.release_at is None:
        return referral, ()
    return replace(referral, release_at=None), (task(referral, why, moment),)


def release_again(referral: Referral, moment: Moment) -> Referral:
    """What kept it back is gone: let the engine decide once more."""
    waits = referral.status is Status.AWAITING_CONSENT and referral.release_at is None
    return replace(referral, release_at=moment.at) if waits else referral


def fetch(
    referral: Referral, by: Actor, moment: Moment, *, ground: Allowed, decision_id: UUID, printed: bool = False
) -> Told:
    """Hand the sealed dossier out, by line or on paper; the decision was taken at this very moment."""
    check_hands(referral, by, moment)
    if referral.status not in RUNNING:
        raise refusal(referral, "referral.dossier-closed", None, moment)
    _check_ground(referral, ground, moment)
    fetched = DossierFetched(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        person_id=referral.advised_person_id,
        decision_id=decision_id,
        categories=tuple(sorted(ground.categories)),
        ground=ground.kind,
        ground_id=ground.ground_id,
        ground_version=ground.ground_version,
        first=not referral.is_fetched,
        printed=printed,
    )
    moved, corrected = fetched_anew(
        replace(referral, fetched_at=referral.fetched_at or moment.at), moment, ground.categories
    )
    return moved, (fetched, *corrected)


def answer(referral: Referral, by: Actor, moment: Moment, *, question_id: UUID) -> Told:
    """Answer the partner's question; what the answer discloses was decided before (point ANSWER)."""
    moved = step(referral, Action.ANSWER, by, moment)
    question = _open_question(referral, question_id)
    moved = replace(moved, questions=tuple(one for one in referral.questions if one.id != question_id))
    if referral.status is Status.CLARIFICATION and referral.clock_on is not None:
        clock_on = clock_after_standstill(
            referral.urgency, referral.clock_on, question.asked_on, moment.on, moment.is_working_day
        )
        moved = replace(moved, clock_on=clock_on)
    return moved, (
        ClarificationAnswered(
            referral_id=referral.id, organization_id=referral.organization_id, question_id=question_id
        ),
    )


def _open_question(referral: Referral, question_id: UUID) -> Question:
    for question in referral.questions:
        if question.id == question_id:
            return question
    raise InvalidError("referral.question-unknown", {"question_id": "an-open-question"})


def conclude(referral: Referral, by: Actor, moment: Moment, *, contact_on: date) -> Told:
    """The person says contact took place, where the partner may not say more than that it received the referral."""
    moved = step(referral, Action.CONCLUDE, by, moment)
    if not may_conclude(referral.status, referral.back_level, fetched=referral.is_fetched):
        raise refusal(referral, "lifecycle.not-allowed", Action.CONCLUDE, moment)
    if not (referral.requested_on or referral.drafted_on) <= contact_on <= moment.on:
        raise InvalidError("referral.contact-date", {"contact_on": "between-request-and-today"})
    outcome = Outcome.HANDED_OVER_NO_FEEDBACK
    concluded = ReferralConcluded(
        referral_id=referral.id, organization_id=referral.organization_id, contact_on=contact_on, outcome=outcome
    )
    return replace(moved, first_contact_on=contact_on, outcome=outcome), (concluded,)
