"""Where personal data leaves: the consent engine is asked, its answer is kept and told, then something may be sealed.

Whatever runs here holds the person's consent as it stands (`persons.hold_epoch`) until it commits, so that a withdrawal
comes either before or after it, never in between.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, DisclosurePoint, Purpose, TaskKind
from contracts.event import Code
from contracts.fields import format_instant
from contracts.partner.dossier import categories_of
from contracts.referral import DisclosureDecided, DossierDestroyed, DossierSealed
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral import sealing
from services.referral.calendar import moment_of
from services.referral.config import Keys
from services.referral.domain.consent import Allowed, Refused, effective_back_level, may_disclose
from services.referral.domain.dossier import Composition, compose, narrowed, with_words
from services.referral.domain.footing import OWN_KEY_CHANNELS
from services.referral.domain.partner_keys import accepted_ids, sealing_keys
from services.referral.domain.referral import Referral, task
from services.referral.store import directory, dossiers, enclosures, grounds, keys, persons, timeline
from services.referral.store.directory import Listing
from services.referral.store.grounds import Standing


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One question to the consent engine with its answer, and what would leave on a yes."""

    decision_id: UUID
    composition: Composition
    listing: Listing

    @property
    def allowed(self) -> Allowed | None:
        answer = self.composition.decision
        return answer if isinstance(answer, Allowed) else None

    @property
    def consentref(self) -> str | None:
        return None if self.allowed is None else timeline.ground_name(self.allowed)


def decide(
    work: Work, vault_keys: Keys, referral: Referral, point: DisclosurePoint, *, disclosed: bool = False
) -> Disclosure:
    """What of this person may leave to this partner now? The answer is a fact, whichever it is."""
    listing = directory.listing(work.tx, referral.service_id)
    standing = grounds.standing(work.tx, referral.person_id, work.now)
    record = enclosures.record_of(work.tx, vault_keys.vault, referral)
    composition = _composed(referral, record, listing, standing)
    decision_id = _tell(
        work, referral, point, composition.decision, asked=composition.asked, at=standing.at, disclosed=disclosed
    )
    return Disclosure(decision_id, composition, listing)


def _composed(referral: Referral, record: Mapping[str, Any], listing: Listing, standing: Standing) -> Composition:
    return compose(
        referral.enquirer,
        record,
        standing.grounds,
        listing.recipient,
        Purpose(referral.topic.value),
        accepted=listing.terms.categories_accepted,
        minimum=listing.terms.minimum_categories,
        at=standing.at,
    )


def decide_answer(
    work: Work, vault_keys: Keys, referral: Referral, data: Mapping[str, Any], words: str | None
) -> Allowed | Refused:
    """May what is answered go into the dossier, on the one ground that carries the rest of it?

    Nothing leaves by this: what was answered is disclosed by the fetch that takes it along, if one ever comes.
    """
    told = categories_of(referral.enquirer, data) | ({DataCategory.FREE_TEXT} if words else frozenset())
    listing = directory.listing(work.tx, referral.service_id)
    standing = grounds.standing(work.tx, referral.person_id, work.now)
    answer = may_disclose(standing.grounds, listing.recipient, Purpose(referral.topic.value), told, standing.at)
    if told and isinstance(answer, Allowed):
        if not told <= set(listing.terms.categories_accepted):
            raise RefusedError("answer.not-accepted")
        record = with_words({**enclosures.record_of(work.tx, vault_keys.vault, referral), **data}, [words])
        answer = narrowed(_composed(referral, record, listing, standing).decision, told)
    _tell(work, referral, DisclosurePoint.ANSWER, answer, asked=told, at=standing.at, disclosed=False)
    return answer


def decide_categories(
    work: Work, referral: Referral, point: DisclosurePoint, categories: frozenset[DataCategory], *, disclosed: bool
) -> tuple[UUID, Allowed | Refused]:
    """May just these categories leave to this partner now?"""
    listing = directory.listing(work.tx, referral.service_id)
    standing = grounds.standing(work.tx, referral.person_id, work.now)
    answer = may_disclose(standing.grounds, listing.recipient, Purpose(referral.topic.value), categories, standing.at)
    told = _tell(work, referral, point, answer, asked=categories, at=standing.at, disclosed=disclosed)
    return told, answer


def decide_enclosure(work: Work, referral: Referral, beside: frozenset[DataCategory]) -> tuple[UUID, Allowed | Refused]:
    """May a paper leave at this fetch, on one ground with what the dossier holds? Only the paper is told as leaving."""
    asked = frozenset({DataCategory.DOCUMENTS})
    listing = directory.listing(work.tx, referral.service_id)
    standing = grounds.standing(work.tx, referral.person_id, work.now)
    purpose = Purpose(referral.topic.value)
    answer = may_disclose(standing.grounds, listing.recipient, purpose, beside | asked, standing.at)
    if isinstance(answer, Allowed):
        answer = replace(answer, categories=asked)
    told = _tell(work, referral, DisclosurePoint.FETCH, answer, asked=asked, at=standing.at, disclosed=True)
    return told, answer


def _tell(
    work: Work,
    referral: Referral,
    point: DisclosurePoint,
    answer: Allowed | Refused,
    *,
    asked: frozenset[DataCategory],
    at: datetime,
    disclosed: bool,
) -> UUID:
    allowed = answer if isinstance(answer, Allowed) else None
    decision = DisclosureDecided(
        decision_id=work.new_id(),
        referral_id=referral.id,
        person_id=referral.advised_person_id,
        organization_id=referral.organization_id,
        service_id=referral.service_id,
        point=point,
        purpose=Purpose(referral.topic.value),
        categories=tuple(sorted(asked)),
        allowed=allowed is not None,
        ground=allowed.kind if allowed else None,
        ground_id=allowed.ground_id if allowed else None,
        ground_version=allowed.ground_version if allowed else None,
        refusal=answer.reason if isinstance(answer, Refused) else None,
    )
    timeline.decided(work, decision, at=at, disclosed=disclosed and decision.allowed)
    return decision.decision_id


def seal(work: Work, vault_keys: Keys, referral: Referral, disclosure: Disclosure) -> None:
    """Encrypt what was allowed to the partner's own key, or to the custodial one of a light-path partner.

    Where the partner has no key that counts nothing can be sealed: it waits, and somebody has to see to it.
    """
    allowed = disclosure.allowed
    assert allowed is not None, "nothing is sealed without a yes"
    recipient = recipient_key(work, vault_keys, disclosure.listing)
    if recipient is None:
        timeline.open_task(work, task(referral, TaskKind.PARTNER_KEY_MISSING, moment_of(work)))
        return
    key, custodial = recipient
    sealed = sealing.seal(_document(work, referral, disclosure, allowed), key, custodial=custodial)
    person_key = persons.key_of(work.tx, vault_keys.vault, referral.person_id)
    dossiers.keep(work, person_key, referral.id, sealed, allowed.categories, disclosure.consentref)
    fact = DossierSealed(
        referral_id=referral.id,
        organization_id=referral.organization_id,
        categories=tuple(sorted(allowed.categories)),
        key_id=Code(sealed.key_id),
        custodial=custodial,
    )
    timeline.tell(work, referral.id, fact, consentref=disclosure.consentref)


def recipient_key(work: Work, vault_keys: Keys, listing: Listing) -> tuple[sealing.PublicKey, bool] | None:
    """The partner's own key of now or, for one that has no system, the custodial one, and then it is marked so."""
    if listing.channel not in OWN_KEY_CHANNELS:
        return keys.custodial_public(work, vault_keys.vault, listing.organization_id), True
    own = sealing_keys(listing.organization, work.now)
    return (sealing.public_key(own[0].key.as_dict()), False) if own else None


def _document(work: Work, referral: Referral, disclosure: Disclosure, allowed: Allowed) -> Mapping[str, Any]:
    """The dossier as the contract describes it: which referral, on which ground, and exactly what it carries."""
    level = effective_back_level(allowed.back_level, disclosure.listing.terms.back_level)
    return {
        "referral": {
            "id": str(referral.id),
            "reference": referral.reference,
            "organization_id": str(referral.organization_id),
            "service_id": str(referral.service_id),
            "topic": referral.topic,
            "urgency": referral.urgency,
            "back_level": level,
        },
        "ground": {
            "kind": allowed.kind,
            "id": str(allowed.ground_id) if allowed.ground_id else None,
            "version": allowed.ground_version,
        },
        "sealed_at": format_instant(work.now),
        str(referral.enquirer): dict(disclosure.composition.content),
    }


def destroy(work: Work, referral: Referral) -> None:
    """Make the sealed dossier unfetchable for ever, and say so if there was one."""
    if dossiers.destroy(work, referral.id):
        fact = DossierDestroyed(referral_id=referral.id, organization_id=referral.organization_id)
        timeline.tell(work, referral.id, fact)


def still_fits(work: Work, vault_keys: Keys, kept: dossiers.Kept, disclosure: Disclosure) -> bool:
    """Was it sealed on this ground, with these categories, to a key of the partner's that counts now?"""
    allowed = disclosure.allowed
    return (
        allowed is not None
        and kept.categories == allowed.categories
        and kept.ground == disclosure.consentref
        and kept.sealed.key_id in _accepted(work, vault_keys, disclosure.listing)
    )


def _accepted(work: Work, vault_keys: Keys, listing: Listing) -> frozenset[str]:
    if listing.channel in OWN_KEY_CHANNELS:
        return accepted_ids(listing.organization, work.now)
    return frozenset({str(keys.custodial_public(work, vault_keys.vault, listing.organization_id).kid)})


def tell_again(work: Work, referral: Referral, facts: Iterable[Any], disclosure: Disclosure) -> None:
    """A repeated fetch changes nothing of the referral and is told all the same."""
    timeline.tell_all(work, referral, facts, consentref=disclosure.consentref)
