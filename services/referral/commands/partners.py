"""The partner's side: the same commands for its own system, its queue and the light path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.codes import Action, ChannelKind, DisclosurePoint, RefusalReason
from contracts.partner import actions
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands import appointing, cascade, disclosing, receipts, telling
from services.referral.commands.referrals import Withheld, check_agreement, check_key, keep_comment
from services.referral.commands.saving import load_for_disclosure, save, see
from services.referral.config import Keys
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral, Told, refusal
from services.referral.sealing import SealedDossier, open_with
from services.referral.store import directory, dossiers, keys, persons, referrals, timeline

Verb = Callable[..., Told]

VERBS: Mapping[Action, Verb] = {
    Action.RECEIVE: domain.receive,
    Action.ASK: domain.ask,
    Action.ACCEPT: domain.accept,
    Action.WAITLIST: domain.waitlist,
    Action.REJECT: domain.reject,
    Action.START: domain.start,
    Action.SET_APPOINTMENT: domain.set_appointment,
    Action.CANCEL_APPOINTMENT: domain.cancel_appointment,
    Action.PAUSE: domain.pause,
    Action.RESUME: domain.resume,
    Action.COMPLETE: domain.complete,
    Action.END: domain.end,
    Action.ACKNOWLEDGE_STOP: domain.acknowledge_stop,
    Action.STATE_DELETION: domain.state_deletion,
    Action.ACKNOWLEDGE_RECTIFICATION: domain.acknowledge_rectification,
    Action.DISPUTE: domain.dispute,
}
#: Where the reason list may ask for words, or words say more than the code.
NEEDS_COMMENT = frozenset({Action.REJECT, Action.END, Action.COMPLETE})


@dataclass(frozen=True, slots=True)
class Fetched:
    """The sealed bytes; the decision and the fetch are committed before they are sent."""

    referral: Referral
    sealed: SealedDossier
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Performed:
    """How the referral stands after it, and a signed receipt for each fact it caused."""

    referral: Referral
    receipts: tuple[str, ...]


def perform(
    work: Work, keys: Keys, referral_id: UUID, by: Actor, action: Action, body: Any, version: int | None
) -> Performed:
    """Do what the addressed partner says. Above its back level nothing of it is kept, not even its words."""
    details = details_of(action, body)
    referral = telling.decide(work, see(work, referral_id, by, version), action, details)
    if sealed := getattr(body, appointing.SEALED, None):
        details |= appointing.details(work, keys.vault, referral, appointing.told(keys, sealed))
    moved, facts = VERBS[action](referral, by, moment_of(work), **details)
    words = _words(keys, body)
    if action is Action.DISPUTE:
        timeline.disputed(work, referral.id)
    if action is Action.ASK:
        _keep_question(work, keys, referral, moved, words)
    else:
        keep_comment(work, keys, referral, action, words)
    appointing.keep(work, keys.vault, referral, moved, details)
    saved = save(work, moved, facts, action=action, epoch=referral.way_back.standing.epoch)
    return Performed(saved, receipts.issue(work, keys.receipts, referral.organization_id))


def details_of(action: Action, body: Any) -> dict[str, Any]:
    """The body's fields as the verb takes them; sealed words never reach the domain, only that there are some.

    A sealed appointment is opened later: once it is decided that the partner may tell it at all.
    """
    details = {name: getattr(body, name) for name in actions.fields_of(action) if name != appointing.SEALED}
    has_comment = details.pop("sealed_comment", None) is not None
    return {**details, "has_comment": has_comment} if action in NEEDS_COMMENT else details


def _words(keys: Keys, body: Any) -> str | None:
    sealed = getattr(body, "sealed_comment", None)
    return keys.own.open_comment(sealed) if sealed else None


def _keep_question(work: Work, keys: Keys, before: Referral, after: Referral, words: str | None) -> None:
    asked = after.questions[-1]
    key = persons.key_of(work.tx, keys.vault, before.person_id)
    dossiers.keep_question(work, key, before.id, asked.id, asked.code, words)


def fetch_dossier(work: Work, keys: Keys, referral_id: UUID, by: Actor, *, printed: bool = False) -> Fetched | Withheld:
    """Hand the dossier out, if the consent engine says yes at this very moment.

    The bytes may be sent only after this work has committed: a decision that is lost was never a disclosure.
    """
    referral, epoch = load_for_disclosure(work, referral_id, by)
    if referral.status not in RUNNING:
        raise refusal(referral, "referral.closed", None, moment_of(work))
    check_agreement(work, referral)
    check_key(work, referral)
    point = DisclosurePoint.PRINT if printed else DisclosurePoint.FETCH
    disclosure = disclosing.decide(work, keys, referral, point, disclosed=True)
    if disclosure.allowed is None:
        return _withhold(work, referral, disclosure)
    sealed = _current_dossier(work, keys, referral, disclosure)
    moved, facts = domain.fetch(
        referral, by, moment_of(work), ground=disclosure.allowed, decision_id=disclosure.decision_id, printed=printed
    )
    if moved == referral:
        disclosing.tell_again(work, referral, facts, disclosure)
    else:
        moved = save(work, moved, facts, epoch=epoch, consentref=disclosure.consentref)
    # what is printed goes to the person: no system of the partner's fetched anything
    signed = () if printed else receipts.issue(work, keys.receipts, referral.organization_id, sealed.sha256)
    return Fetched(moved, sealed, signed)


def print_dossier(work: Work, vault_keys: Keys, referral_id: UUID, by: Actor) -> dict[str, Any] | Withheld:
    """The handover sheet for a partner that has no channel: exactly the consented fields, a disclosure like a fetch."""
    referral = referrals.load(work.tx, referral_id, visible_to=by)
    if directory.listing(work.tx, referral.service_id).channel is not ChannelKind.NONE:
        raise refusal(referral, "dossier.partner-has-a-channel", None, moment_of(work))
    answer = fetch_dossier(work, vault_keys, referral_id, by, printed=True)
    if isinstance(answer, Withheld):
        return answer
    private = keys.custodial_private(work.tx, vault_keys.vault, referral.organization_id)
    return open_with(answer.sealed.jwe, private)


def _withhold(work: Work, referral: Referral, disclosure: disclosing.Disclosure) -> Withheld:
    """No ground carries it any more: nothing leaves and, if nothing ever left, the referral ends here."""
    reason = getattr(disclosure.composition.decision, "reason", RefusalReason.NO_CONSENT)
    if not referral.is_fetched:
        referral = cascade.revoke(work, referral)
    return Withheld(referral, reason)


def _current_dossier(work: Work, keys: Keys, referral: Referral, disclosure: disclosing.Disclosure) -> SealedDossier:
    """The dossier as it waits, unless consent, key or data have changed since it was sealed."""
    person_key = persons.key_of(work.tx, keys.vault, referral.person_id)
    try:
        kept = dossiers.load(work.tx, person_key, referral.id)
    except NotFoundError:
        kept = None
    if kept is None or not disclosing.still_fits(work, keys, kept, disclosure):
        disclosing.seal(work, keys, referral, disclosure)
        kept = dossiers.load(work.tx, person_key, referral.id)
    return kept.sealed
