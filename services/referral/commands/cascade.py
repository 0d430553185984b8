"""What a change of consent sets off in the referrals it carried: nothing else is touched."""

from uuid import UUID

from contracts.codes import Action, DataCategory, DisclosurePoint, EndReason, Party
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands import disclosing
from services.referral.commands.saving import save
from services.referral.config import Keys
from services.referral.domain.consent import Allowed
from services.referral.domain.grounds import Consent
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral
from services.referral.store import directory, dossiers, referrals

CONSENT = Actor(Party.SYSTEM, "system:consent")
PERSON = Actor(Party.PERSON, "person:self")


def reconsider(work: Work, person_id: UUID) -> None:
    """A new consent came: what waits for one is decided once more."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        released = domain.release_again(referral, moment_of(work))
        if released is not referral:
            save(work, released, ())


def follow_withdrawal(work: Work, keys: Keys, consent: Consent, organization_id: UUID | None = None) -> None:
    """Stop at once what this consent carried and nothing else carries; whoever fetched owes its answer."""
    named = {(one.organization_id, one.service_id) for one in consent.recipients}
    for referral in referrals.of_person(work.tx, consent.person_id, lock=True):
        concerned = (referral.organization_id, referral.service_id) in named
        if concerned and organization_id in (None, referral.organization_id):
            withdraw_from(work, keys, referral)


def withdraw_from(work: Work, keys: Keys, referral: Referral) -> None:
    """One referral whose ground has gone: sealed anew if another ground carries it, otherwise revoked."""
    if referral.status.is_terminal:
        moved, facts = domain.withdraw_after_end(referral, moment_of(work))
        if facts:
            save(work, moved, facts)
    elif referral.status in RUNNING and not _is_still_carried(work, keys, referral):
        revoke(work, referral)


def _is_still_carried(work: Work, keys: Keys, referral: Referral) -> bool:
    if referral.is_fetched:
        asked = _disclosed_categories(work, referral)
        _, answer = disclosing.decide_categories(work, referral, DisclosurePoint.RESEAL, asked, disclosed=False)
        return isinstance(answer, Allowed)
    disclosing.destroy(work, referral)
    disclosure = disclosing.decide(work, keys, referral, DisclosurePoint.RESEAL)
    if disclosure.allowed is None:
        return False
    disclosing.seal(work, keys, referral, disclosure)
    return True


def _disclosed_categories(work: Work, referral: Referral) -> frozenset[DataCategory]:
    """What the partner has seen, or, where the sealed dossier is gone, what it needs at least."""
    try:
        return dossiers.load(work.tx, referral.id).categories
    except NotFoundError:
        minimum = directory.listing(work.tx, referral.service_id).terms.minimum_categories
        return frozenset(minimum) or frozenset({DataCategory.IDENTITY})


def revoke(work: Work, referral: Referral) -> Referral:
    """The engine stops a referral whose consent holds no longer."""
    moved, facts = domain.revoke(referral, CONSENT, moment_of(work))
    return save(work, moved, facts, action=Action.REVOKE)


def reseal_all(work: Work, keys: Keys, person_id: UUID) -> None:
    """The person's data changed: every dossier that is out is replaced, or goes where no ground carries it now."""
    for referral in referrals.of_person(work.tx, person_id, lock=True):
        if referral.status in RUNNING:
            reseal(work, keys, referral)


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
            revoke(work, referral)
        elif referral.status.is_terminal:
            moved, facts = domain.withdraw_after_end(referral, moment_of(work))
            if facts:
                save(work, moved, facts)
        else:
            moved, facts = domain.cancel(referral, PERSON, moment_of(work), reason=EndReason.PERSON_DECLINED)
            save(work, moved, facts, action=Action.CANCEL)
