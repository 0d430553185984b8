"""What a change of consent sets off in the referrals it carried: nothing else is touched."""

from collections.abc import Collection
from uuid import UUID

from contracts.codes import Action, DataCategory, DisclosurePoint, DutyCause, EndReason, Party, Purpose
from contracts.referral import DeletionStated, DossierFetched
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands import disclosing, telling
from services.referral.commands.saving import save
from services.referral.config import Keys
from services.referral.domain import owing
from services.referral.domain.consent import Allowed
from services.referral.domain.dossier import carried_categories
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Facts, Referral
from services.referral.domain.withdrawing import AFTER_WITHDRAWAL, Carried, Consequence, Named
from services.referral.store import directory, grounds, referrals, timeline

CONSENT = Actor(Party.SYSTEM, "system:consent")
PERSON = Actor(Party.PERSON, "person:self")


def reconsider(work: Work, person_id: UUID) -> None:
    """A new consent came: what waits for one is decided once more, and what runs may be told as much as it says."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        released = domain.release_again(referral, moment_of(work))
        if released is not referral:
            save(work, released, ())
        telling.follow(work, referral.id)


def follow_withdrawal(work: Work, keys: Keys, person_id: UUID, concerned: Collection[Named]) -> None:
    """Look again at each referral to a recipient that was withdrawn from; nothing else is touched."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        if (referral.organization_id, referral.service_id) in concerned:
            withdraw_from(work, keys, referral)
            telling.follow(work, referral.id)


def withdraw_from(work: Work, keys: Keys, referral: Referral) -> None:
    """Do to one referral what the table says; of the rest of a consent, or of another one, it may go on living."""
    if referral.is_fetched:
        _after_fetch(work, keys, referral)
    elif referral.status in RUNNING:
        disclosing.destroy(work, referral)
        disclosure = disclosing.decide(work, keys, referral, DisclosurePoint.RESEAL)
        carried = Carried.NOTHING if disclosure.allowed is None else Carried.ALL
        if AFTER_WITHDRAWAL[referral.status, False, carried] is Consequence.REVOKED:
            revoke(work, referral)
        else:
            disclosing.seal(work, keys, referral, disclosure)


def _after_fetch(work: Work, keys: Keys, referral: Referral) -> None:
    held = owing.unanswered(_data_facts(work, referral))
    carried = still_carried(work, referral, held)
    case = Carried.NOTHING if carried is None else Carried.ALL if held <= carried else Carried.LESS
    consequence = AFTER_WITHDRAWAL[referral.status, True, case]
    if consequence is Consequence.REVOKED:
        revoke(work, referral)
    elif consequence is Consequence.ALL_IS_OWED:
        _save_if_told(work, *domain.withdraw_after_end(referral, moment_of(work)))
    elif consequence is Consequence.LESS_IS_OWED:
        moved, facts = domain.owe_deletion(referral, moment_of(work), DutyCause.WITHDRAWAL, held - (carried or held))
        referral = _save_if_told(work, moved, facts)
    if consequence in (Consequence.LESS_IS_OWED, Consequence.GOES_ON) and referral.status in RUNNING:
        reseal(work, keys, referral)


def _data_facts(work: Work, referral: Referral) -> list[DossierFetched | DeletionStated]:
    return timeline.told(work.tx, referral.id, DossierFetched, DeletionStated)


def _save_if_told(work: Work, moved: Referral, facts: Facts) -> Referral:
    return save(work, moved, facts) if facts else moved


def still_carried(
    work: Work, referral: Referral, held: frozenset[DataCategory], *, in_part: bool = False
) -> frozenset[DataCategory] | None:
    """The most of what the partner has that one ground carries now.

    None where that is nothing or, unless only a part is asked about, less than the partner's terms need.
    """
    listing = directory.listing(work.tx, referral.service_id)
    standing = grounds.standing(work.tx, referral.person_id, work.now)
    asked = carried_categories(
        referral.enquirer,
        standing.grounds,
        listing.recipient,
        Purpose(referral.topic.value),
        held,
        () if in_part else listing.terms.minimum_categories,
        standing.at,
    )
    _, answer = disclosing.decide_categories(work, referral, DisclosurePoint.RESEAL, asked, disclosed=False)
    return answer.categories if isinstance(answer, Allowed) else None


def revoke(work: Work, referral: Referral, cause: DutyCause = DutyCause.WITHDRAWAL) -> Referral:
    """The engine stops a referral whose consent holds no longer, or whose data are to exist no more."""
    moved, facts = domain.revoke(referral, CONSENT, moment_of(work), cause=cause)
    return save(work, moved, facts, action=Action.REVOKE)


def reseal_all(work: Work, keys: Keys, person_id: UUID) -> None:
    """The person's data changed: every dossier that is out is replaced, or goes where no ground carries it now."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        if referral.status in RUNNING:
            reseal(work, keys, referral)


def pass_on_rectification(work: Work, person_id: UUID, changed: Collection[DataCategory]) -> None:
    """Whoever fetched what was wrong is told and has to take over what is right, as long as consent carries it.

    Where consent carries it no longer nothing may be told; where deletion of all is owed there is nothing to correct.
    """
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        affected = owing.held(_data_facts(work, referral)) & frozenset(changed) if referral.is_fetched else None
        carried = still_carried(work, referral, affected, in_part=True) if affected else None
        if carried:
            _save_if_told(work, *domain.owe_rectification(referral, moment_of(work), carried))


def reseal(work: Work, keys: Keys, referral: Referral) -> None:
    """Replace the dossier that waits by one that says what is true now."""
    disclosing.destroy(work, referral)
    disclosure = disclosing.decide(work, keys, referral, DisclosurePoint.RESEAL)
    if disclosure.allowed is not None:
        disclosing.seal(work, keys, referral, disclosure)


def stop_all(work: Work, person_id: UUID) -> None:
    """Nothing of this person goes on: what runs is revoked, what waits cancelled, what has ended asks for deletion."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        if referral.status in RUNNING:
            revoke(work, referral, DutyCause.ERASURE)
        elif referral.status.is_terminal:
            _save_if_told(work, *domain.withdraw_after_end(referral, moment_of(work), cause=DutyCause.ERASURE))
        else:
            moved, facts = domain.cancel(referral, PERSON, moment_of(work), reason=EndReason.PERSON_DECLINED)
            save(work, moved, facts, action=Action.CANCEL)
