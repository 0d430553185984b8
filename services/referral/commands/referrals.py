"""The sender's side of a referral: drafted, prepared, released, answered, ended."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.codes import (
    Action,
    DisclosurePoint,
    EndReason,
    FundingJustification,
    Participation,
    Party,
    RefusalReason,
    TaskKind,
    Urgency,
    Way,
)
from contracts.event import Reference
from contracts.referral import ReferralEnteredInError
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands import (
    appointing,
    cascade,
    disclosing,
    duplicate_matters,
    duplicates,
    enquiries,
    matching,
    records,
    telling,
)
from services.referral.commands.enquiries import USUAL
from services.referral.commands.saving import load, load_for_disclosure, save, see
from services.referral.config import Keys
from services.referral.domain.by_hand import check_words
from services.referral.domain.consent import Allowed, effective_back_level
from services.referral.domain.dossier import missing_minimum
from services.referral.domain.duplicate_care import AskingRule
from services.referral.domain.footing import OWN_KEY_CHANNELS, lacking, may_receive
from services.referral.domain.lifecycle import Actor
from services.referral.domain.partner_keys import sealing_keys
from services.referral.domain.referral import Referral, refusal, task
from services.referral.store import breaches, directory, dossiers, enclosures, persons, referrals, timeline
from services.referral.store.enquiries import expect_open
from services.referral.store.referrals import StaffActor

ENGINE = Actor(Party.SYSTEM, "system:clock")
#: What lies on the desk while a prepared referral waits for its partner.
KEPT_BACK = {Participation.SUSPENDED: TaskKind.PARTNER_SUSPENDED, Participation.ENDED: TaskKind.PARTNER_LEFT}
#: No letters or digits that are mistaken for each other on the telephone.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The consent engine said no; the answer is committed before anybody is told."""

    referral: Referral
    reason: RefusalReason


def draft(
    work: Work,
    keys: Keys,
    by: StaffActor,
    enquiry_id: UUID,
    need_id: UUID,
    service_id: UUID,
    *,
    urgency: Urgency | None = None,
    based_on: UUID | None = None,
    justification: FundingJustification | None = None,
) -> Referral:
    """Begin a referral for one need to one service; only the sender sees it."""
    enquiry = enquiries.load(work, enquiry_id, by)
    expect_open(work, enquiry.id)
    need = enquiry.need(need_id)
    listing = directory.listing(work.tx, service_id)
    if need.topic not in listing.service.topics:
        raise InvalidError("referral.topic-not-offered", {"service_id": "a-service-on-this-topic"})
    earlier = referrals.load(work.tx, based_on, visible_to=by) if based_on else None
    referral, facts = domain.draft(
        by,
        moment_of(work),
        referral_id=work.new_id(),
        reference=new_reference(work.today),
        enquiry_id=enquiry.id,
        need_id=need.id,
        person_id=need.person_id,
        enquirer=enquiry.enquirer,
        site=enquiry.site,
        sender_id=enquiry.organization_id,
        organization_id=listing.organization_id,
        service_id=service_id,
        topic=need.topic,
        urgency=urgency or need.urgency,
        based_on=earlier,
    )
    referrals.add(work, referral)
    matching.choose(work, keys.vault, enquiry, referral, justification)
    timeline.tell_all(work, referral, facts)
    return referral


def new_reference(on: date) -> Reference:
    """The number people use: the year and six letters that cannot be counted up."""
    letters = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(6))
    return Reference(f"R-{on:%y}-{letters}")


def prepare(
    work: Work,
    keys: Keys,
    by: StaffActor,
    referral_id: UUID,
    version: int | None,
    *,
    undo_window: timedelta,
    duplicates_acknowledged: bool = False,
    asking: AskingRule = USUAL,
) -> Referral:
    """Say that it is complete; the engine releases it when the undo window is over."""
    referral = load(work, referral_id, by, version)
    listing = directory.listing(work.tx, referral.service_id)
    domain.check_takes_part(referral, listing.organization.participation, Action.PREPARE, moment_of(work))
    record = enclosures.record_of(work.tx, keys.vault, referral)
    absent = missing_minimum(referral.enquirer, record, listing.terms.minimum_categories)
    asked = duplicates.ask_before_sending(work, keys.vault, asking, by, referral)
    try:
        moved, facts = domain.prepare(
            referral,
            by,
            moment_of(work),
            undo_window=undo_window,
            lacking=[*lacking(listing.footing, work.today), *(f"data:{category}" for category in absent)],
            duplicates=asked.seen.ours,
            is_in_care_elsewhere=asked.seen.elsewhere,
            duplicates_acknowledged=duplicates_acknowledged,
        )
    except RefusedError as error:
        error.facts = (*error.facts, *asked.facts)  # what was asked stays a fact, whatever came of it
        raise
    duplicates.tell(work, asked.facts)
    duplicate_matters.acknowledge(work, referral.enquiry_id, asked)
    return save(work, moved, facts, action=Action.PREPARE)


def revise(work: Work, by: StaffActor, referral_id: UUID, version: int | None) -> Referral:
    """Take it back to draft."""
    referral = load(work, referral_id, by, version)
    moved, facts = domain.revise(referral, by, moment_of(work))
    return save(work, moved, facts, action=Action.REVISE)


def release(work: Work, keys: Keys, referral_id: UUID) -> Referral:
    """The undo window is over: ask the consent engine and, on its yes, seal and request; on its no, tell the desk.

    Harmless to repeat: a referral that no longer waits is left as it is.
    """
    referral, epoch = load_for_disclosure(work, referral_id, ENGINE)
    if referral.release_at is None or referral.release_at > work.now:
        return referral
    footing = directory.listing(work.tx, referral.service_id).footing
    is_ready = not lacking(footing, work.today)
    disclosure = disclosing.decide(work, keys, referral, DisclosurePoint.REQUEST) if is_ready else None
    if disclosure is None or disclosure.allowed is None:
        ended = TaskKind.SERVICE_RETIRED if footing.retired else TaskKind.CONSENT_MISSING
        why = KEPT_BACK.get(footing.participation, ended)
        moved, facts = domain.withhold(referral, moment_of(work), why)
        return save(work, moved, facts)
    level = effective_back_level(disclosure.allowed.back_level, disclosure.listing.terms.back_level)
    moved, facts = domain.request(referral, ENGINE, moment_of(work), ground=disclosure.allowed, back_level=level)
    saved = save(work, moved, facts, action=Action.REQUEST, epoch=epoch, consentref=disclosure.consentref)
    disclosing.seal(work, keys, saved, disclosure)
    return saved


def answer(
    work: Work,
    keys: Keys,
    by: StaffActor,
    referral_id: UUID,
    version: int | None,
    *,
    question_id: UUID | None,
    data: Mapping[str, Any],
    words: str | None,
) -> Referral | Withheld:
    """Answer the partner's question; what is new is decided on together with the dossier that is to carry it.

    Data become part of her record, with all that follows from a change of it; words are for whoever asked, and go
    into no other body's dossier.
    """
    referral, epoch = load_for_disclosure(work, referral_id, by, version, changes_data=bool(data or words))
    if not referral.questions:
        raise refusal(referral, "lifecycle.not-allowed", Action.ANSWER, moment_of(work))
    check_agreement(work, referral)
    question_id = question_id or referral.questions[0].id
    moved, facts = domain.answer(referral, by, moment_of(work), question_id=question_id)
    decision = disclosing.decide_answer(work, keys, referral, data, words)
    if not isinstance(decision, Allowed):
        return Withheld(referral, decision.reason)
    person_key = persons.key_of(work.tx, keys.vault, referral.person_id)
    dossiers.keep_answer(work, person_key, question_id, words)
    saved = save(work, moved, facts, action=Action.ANSWER, epoch=epoch)
    if data:
        records.supplement(work, keys, referral.enquirer, referral.person_id, data)
        return load(work, referral_id, by)  # her true birth date may have ended it
    if decision.categories:
        cascade.reseal(work, keys, saved)
    return saved


def check_agreement(work: Work, referral: Referral) -> None:
    """Nothing goes to a partner without an agreement; what is under way has some days more (GDPR Art. 26, 28)."""
    footing = directory.listing(work.tx, referral.service_id).footing
    domain.check_takes_part(referral, footing.participation, None, moment_of(work))
    if not may_receive(footing, work.today, has_dossier=referral.is_fetched):
        raise refusal(referral, "agreement.not-in-force", None, moment_of(work))


def check_key(work: Work, referral: Referral) -> None:
    """Without a key of the partner's that counts nothing can be sealed; the desk is told, the partner too."""
    listing = directory.listing(work.tx, referral.service_id)
    if listing.channel in OWN_KEY_CHANNELS and not sealing_keys(listing.organization, work.now):
        refused = refusal(referral, "dossier.key-missing", None, moment_of(work))
        missing = task(referral, TaskKind.PARTNER_KEY_MISSING, moment_of(work))
        raise RefusedError(refused.slug, [*refused.facts, missing], **refused.data)


def conclude(work: Work, by: StaffActor, referral_id: UUID, version: int | None, *, contact_on: date) -> Referral:
    """The person says contact took place, where the partner may not say how it went."""
    referral = load(work, referral_id, by, version)
    moved, facts = domain.conclude(referral, by, moment_of(work), contact_on=contact_on)
    return save(work, moved, facts, action=Action.CONCLUDE)


def cancel(
    work: Work,
    keys: Keys,
    by: StaffActor,
    referral_id: UUID,
    version: int | None,
    *,
    reason: EndReason,
    comment: str | None = None,
) -> Referral:
    """Take it back, for the sender or at the person's own wish."""
    referral = load(work, referral_id, by, version)
    moved, facts = domain.cancel(referral, by, moment_of(work), reason=reason, has_comment=bool(comment))
    keep_comment(work, keys, referral, Action.CANCEL, comment)
    return save(work, moved, facts, action=Action.CANCEL)


def mark_entered_in_error(
    work: Work, by: StaffActor, referral_id: UUID, version: int | None, *, became_aware_at: datetime | None = None
) -> Referral:
    """Wrong person or recipient; the hours of GDPR Art. 33 run from becoming aware."""
    referral = load(work, referral_id, by, version)
    moved, facts = domain.mark_entered_in_error(
        referral, by, moment_of(work), became_aware_at=became_aware_at or work.now
    )
    saved = save(work, moved, facts, action=Action.MARK_ENTERED_IN_ERROR)
    if any(isinstance(fact, ReferralEnteredInError) and fact.breach_check for fact in facts):
        breaches.open_one(work, referral_id, became_aware_at or work.now)
    return saved


def record_for_partner(
    work: Work,
    keys: Keys,
    by: StaffActor,
    referral_id: UUID,
    version: int | None,
    *,
    action: Action,
    way: Way,
    told_on: date,
    unit: str | None = None,
    comment: str | None = None,
    **details: Any,
) -> Referral:
    """Write down what the partner told by telephone, letter or in person, as far as it may have told it."""
    check_words(action, comment)
    if action is Action.COMPLETE:
        details["has_comment"] = bool(comment)
    referral = telling.decide(work, see(work, referral_id, by, version), action, details)
    if appointment := details.pop("appointment", None):
        details |= appointing.details(work, keys.vault, referral, appointment)
    moved, facts = domain.record_for_partner(
        referral, by, moment_of(work), action=action, way=way, told_on=told_on, **details
    )
    timeline.recorded_by_hand(work, referral.id, action, way, told_on, unit)
    appointing.keep(work, keys.vault, referral, moved, details)
    keep_comment(work, keys, referral, action, comment)
    return save(work, moved, facts, action=action, epoch=referral.way_back.standing.epoch)


def keep_comment(work: Work, keys: Keys, referral: Referral, action: Action, words: str | None) -> None:
    """Words go under the person's key and nowhere else."""
    if words:
        key = persons.key_of(work.tx, keys.vault, referral.person_id)
        dossiers.keep_comment(work, key, referral.id, action, words)
