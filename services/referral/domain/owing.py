"""What a partner that fetched owes: opened when something stops, is deleted or corrected, settled by its own word."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from contracts.codes import (
    Action,
    DataCategory,
    Deletion,
    Duty,
    DutyCause,
    DutyState,
    FindingKind,
    RetentionGround,
    Way,
)
from contracts.referral import (
    DeletionStated,
    DossierFetched,
    DutyEscalated,
    DutyOpened,
    FindingRaised,
    RectificationAcknowledged,
    StopAcknowledged,
)
from services.chassis.errors import InvalidError
from services.referral.domain.deadlines import DUTY_WORKING_DAYS, escalated_on
from services.referral.domain.duties import ON_STOP, OpenDuty, SettledDuty
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Facts, Referral, Told, refusal, step
from services.referral.domain.workdays import Moment

Owed = tuple[Duty, DataCategory | None]


def unanswered(facts: Iterable[DossierFetched | DeletionStated]) -> frozenset[DataCategory]:
    """What the partner fetched, in order, and has stated nothing about since."""
    held: frozenset[DataCategory] = frozenset()
    for fact in facts:
        if isinstance(fact, DossierFetched):
            held |= frozenset(fact.categories)
        else:
            held = frozenset() if fact.category is None else held - {fact.category}
    return held


def held(facts: Iterable[DossierFetched | DeletionStated]) -> frozenset[DataCategory]:
    """What the partner still has, as far as it said: what it keeps on a legal ground is among it."""
    deleted = (fact for fact in facts if isinstance(fact, DossierFetched) or fact.deletion is Deletion.DELETED)
    return unanswered(deleted)


def owe_all(referral: Referral, moment: Moment, cause: DutyCause) -> Told:
    """Stop, and say what became of the data. A partner that never saw them owes nothing."""
    if not referral.is_fetched:
        return referral, ()
    referral = _give_way(referral, Duty.ACKNOWLEDGE_RECTIFICATION, moment)
    return _open(referral, moment, cause, [(duty, None) for duty in ON_STOP])


def owe_on_leaving(referral: Referral, moment: Moment) -> Told:
    """A partner that takes part no more says what became of what it fetched; the sender carries the matter on."""
    if not referral.is_fetched:
        return referral, ()
    return _open(referral, moment, DutyCause.PARTICIPATION_ENDED, [(Duty.STATE_DELETION, None)])


def owe_deletion(referral: Referral, moment: Moment, cause: DutyCause, categories: Collection[DataCategory]) -> Told:
    """Say what became of these kinds of data alone; the referral itself goes on."""
    return _open(referral, moment, cause, [(Duty.STATE_DELETION, one) for one in sorted(categories)])


def owe_rectification(referral: Referral, moment: Moment, categories: Collection[DataCategory]) -> Told:
    """Take over what was corrected, by fetching it anew or by saying so (GDPR Art. 16, 19)."""
    owed = [(Duty.ACKNOWLEDGE_RECTIFICATION, one) for one in sorted(categories)]
    return _open(referral, moment, DutyCause.RECTIFICATION, owed)


def _open(referral: Referral, moment: Moment, cause: DutyCause, wanted: Iterable[Owed]) -> Told:
    """Open what is not already open; where deletion of everything is owed, no part is asked about by itself."""
    is_open = {(one.duty, one.category) for one in referral.duties}
    all_is_owed = (Duty.STATE_DELETION, None) in is_open
    due_on = moment.in_working_days(DUTY_WORKING_DAYS)
    opened = tuple(
        OpenDuty(id=moment.new_id(), duty=duty, cause=cause, category=category, opened_at=moment.at, due_on=due_on)
        for duty, category in wanted
        if (duty, category) not in is_open and not (all_is_owed and category is not None)
    )
    return replace(referral, duties=(*referral.duties, *opened)), tuple(_opened(referral, one) for one in opened)


def _opened(referral: Referral, one: OpenDuty) -> DutyOpened:
    return DutyOpened(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        duty_id=one.id,
        duty=one.duty,
        cause=one.cause,
        category=one.category,
        due_on=one.due_on,
    )


def _give_way(referral: Referral, duty: Duty, moment: Moment) -> Referral:
    """Nobody has to correct what has to be deleted."""
    return _settle(referral, [one for one in referral.duties if one.duty is duty], DutyState.SUPERSEDED, moment)


def _settle(
    referral: Referral,
    answered: Collection[OpenDuty],
    state: DutyState,
    moment: Moment,
    ground: RetentionGround | None = None,
    by_hand: Way | None = None,
) -> Referral:
    settled = tuple(
        SettledDuty(was=one, state=state, settled_at=moment.at, ground=ground, by_hand=by_hand) for one in answered
    )
    left = tuple(one for one in referral.duties if one not in answered)
    return replace(referral, duties=left, settled=(*referral.settled, *settled))


def _answered(referral: Referral, duty: Duty, category: DataCategory | None, moment: Moment) -> tuple[OpenDuty, ...]:
    """The open duties a word is about; one that names no category is about all of them."""
    found = tuple(one for one in referral.duties if one.duty is duty and category in (None, one.category))
    if not found:
        raise refusal(referral, "referral.duty-not-open", Action(duty.value), moment)
    return found


def escalate(referral: Referral, moment: Moment) -> Facts:
    """What has been overdue for too long: told beyond the partner's own desk, and to the data-protection officer."""
    late = [one for one in referral.duties if escalated_on(one.due_on, moment.is_working_day) <= moment.on]
    if not late:
        return ()
    return (
        DutyEscalated(
            referral_id=referral.id,
            organization_id=referral.organization_id,
            duties=tuple(dict.fromkeys(one.duty for one in late)),
            due_on=min(one.due_on for one in late),
        ),
        FindingRaised(
            finding_id=moment.new_id(),
            kind=FindingKind.DUTY_OVERDUE,
            referral_id=referral.id,
            enquiry_id=referral.enquiry_id,
            organization_id=referral.organization_id,
        ),
    )


def acknowledge_stop(referral: Referral, by: Actor, moment: Moment, *, by_hand: Way | None = None) -> Told:
    """The partner has stopped its work on the referral."""
    moved = step(referral, Action.ACKNOWLEDGE_STOP, by, moment)
    answered = _answered(referral, Duty.ACKNOWLEDGE_STOP, None, moment)
    fact = StopAcknowledged(referral_id=referral.id, organization_id=referral.organization_id, by_hand=by_hand)
    return _settle(moved, answered, DutyState.ACKNOWLEDGED, moment, by_hand=by_hand), (fact,)


def state_deletion(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    deletion: Deletion,
    ground: RetentionGround | None = None,
    category: DataCategory | None = None,
    by_hand: Way | None = None,
) -> Told:
    """The partner says that the data are deleted, or on which legal ground it keeps them."""
    moved = step(referral, Action.STATE_DELETION, by, moment)
    answered = _answered(referral, Duty.STATE_DELETION, category, moment)
    if (deletion is Deletion.RETAINED) != (ground is not None):
        raise InvalidError("referral.retention-ground", {"ground": "exactly-when-retained"})
    facts = tuple(
        DeletionStated(
            referral_id=referral.id,
            organization_id=referral.organization_id,
            deletion=deletion,
            ground=ground,
            category=one.category,
            by_hand=by_hand,
        )
        for one in answered
    )
    moved = _settle(moved, answered, DutyState(deletion.value), moment, ground, by_hand)
    if any(one.category is None for one in answered):
        moved = replace(moved, deletion=deletion, retention_ground=ground)
    return moved, facts


def acknowledge_rectification(
    referral: Referral,
    by: Actor,
    moment: Moment,
    *,
    category: DataCategory | None = None,
    by_hand: Way | None = None,
) -> Told:
    """The partner says that it has corrected what it holds."""
    moved = step(referral, Action.ACKNOWLEDGE_RECTIFICATION, by, moment)
    answered = _answered(referral, Duty.ACKNOWLEDGE_RECTIFICATION, category, moment)
    facts = tuple(_corrected(referral, one, by_fetch=False, by_hand=by_hand) for one in answered)
    return _settle(moved, answered, DutyState.ACKNOWLEDGED, moment, by_hand=by_hand), facts


def fetched_anew(referral: Referral, moment: Moment, categories: Collection[DataCategory]) -> Told:
    """Whoever fetches the corrected dossier has the corrected data, of the kinds that are in it."""
    answered = tuple(
        one for one in referral.duties if one.duty is Duty.ACKNOWLEDGE_RECTIFICATION and one.category in categories
    )
    facts = tuple(_corrected(referral, one, by_fetch=True) for one in answered)
    return _settle(referral, answered, DutyState.FETCHED_ANEW, moment), facts


def _corrected(
    referral: Referral, one: OpenDuty, *, by_fetch: bool, by_hand: Way | None = None
) -> RectificationAcknowledged:
    return RectificationAcknowledged(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        category=one.category,
        by_fetch=by_fetch,
        by_hand=by_hand,
    )


def _is_open(referral: Referral, one: OpenDuty) -> bool:
    return any((other.duty, other.category) == (one.duty, one.category) for other in referral.duties)


def reopen(referral: Referral, action: Action) -> Told:
    """What was written down for the partner is not so: what that settled is owed again, by the same day."""
    by_hand = [one for one in referral.settled if one.by_hand is not None and one.was.duty.value == action.value]
    last = max((one.settled_at for one in by_hand), default=None)
    undone = [one for one in by_hand if one.settled_at == last and not _is_open(referral, one.was)]
    again = tuple(one.was for one in undone)
    moved = replace(
        referral,
        duties=(*referral.duties, *again),
        settled=tuple(one for one in referral.settled if one not in undone),
    )
    if any(one.duty is Duty.STATE_DELETION and one.category is None for one in again):
        moved = replace(moved, deletion=None, retention_ground=None)
    facts: Facts = tuple(_opened(referral, one) for one in again)
    return moved, facts
