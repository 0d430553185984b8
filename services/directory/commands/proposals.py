"""A partner's wish for its own entries waits until an editor releases or declines it; an editor may keep a draft."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts.codes import ProposalOutcome
from services.chassis.errors import InvalidError, NotFoundError, StaleError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands import editing
from services.directory.commands.editing import Wish
from services.directory.domain.differences import merged
from services.directory.domain.formats import as_id
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect
from services.directory.store import proposals as kept
from services.directory.store.proposals import Proposal, State

DECIDED = "directory.proposal-decided"
#: What nobody but the organization itself has said a word about.
ITS_OWN = (State.WAITING, State.WITHDRAWN)
#: What a partner may propose: its own entry, its services, its places, and which service is where.
PROPOSED = (Kind.ORGANIZATION, Kind.SERVICE, Kind.LOCATION, Kind.SERVICE_AT_LOCATION)


def propose(work: Work, wish: Wish, organization_id: str, proposal_id: UUID) -> Change:
    """Note what an organization wants one of its entries to be, checked as if it were written; nothing is changed."""
    change = editing.planned(work, wish)
    refuse_foreign(work, change, organization_id)
    if change.effect is not Effect.UNCHANGED:
        draft = _draft(work, replace(wish, value=change.row.document), change.row.id, proposal_id)
        _keep(work, replace(draft, organization_id=UUID(organization_id), state=State.WAITING))
    return change


def refuse_foreign(work: Work, change: Change, organization_id: str) -> None:
    """An organization speaks of itself and of what is its own, before the change and after it."""
    row = change.row
    if row.kind not in PROPOSED or (row.kind is Kind.ORGANIZATION and row.id != organization_id):
        raise NotFoundError("directory.object-unknown")
    for document in filter(None, (change.held, row.document)):
        for field, owner in _owners(work, row.kind, document):
            if owner != organization_id:
                raise InvalidError(editing.INVALID, {field: "something of your own organization"})


def _owners(work: Work, kind: Kind, document: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Whose an object is, by each field that says so."""
    if kind is Kind.SERVICE_AT_LOCATION:
        names = {"service_id": Kind.SERVICE, "location_id": Kind.LOCATION}
        wanted = {field: (kind, str(document[field])) for field, kind in names.items()}
        held = store.find(work.tx, wanted.values())
        return [(field, held.get(name, {}).get("organization_id")) for field, name in wanted.items()]
    return [] if kind is Kind.ORGANIZATION else [("organization_id", document["organization_id"])]


def keep_draft(work: Work, wish: Wish, proposal_id: UUID) -> None:
    """Keep what is not ready yet; nothing is checked and nothing is changed."""
    name = str(wish.value.get("id", ""))
    object_id = name if wish.kind is Kind.SOURCE else str(as_id(wish.kind, name) or "")
    _keep(work, _draft(work, wish, object_id, proposal_id))


def _keep(work: Work, proposal: Proposal) -> None:
    """What is not written down must not be called kept: a form sent again after its proposal was decided."""
    if kept.keep(work, proposal):
        return
    held = kept.load(work.tx, proposal.id)
    is_sent_again = proposal.state is State.WAITING and held is not None and held.state in ITS_OWN
    if held is None or not is_sent_again or held.organization_id != proposal.organization_id:
        raise StaleError(DECIDED)
    if held.state is State.WITHDRAWN or held.document != proposal.document:
        # under a number of its own, or an editor would release what she has not seen
        kept.keep(work, replace(proposal, id=work.new_id()))


def _draft(work: Work, wish: Wish, object_id: str, proposal_id: UUID) -> Proposal:
    return Proposal(
        id=proposal_id,
        kind=wish.kind,
        object_id=object_id,
        organization_id=None,
        document=wish.value,
        seen=wish.seen,
        state=State.DRAFT,
        why=wish.why,
        proposed_by=work.actor,
        proposed_at=work.now,
    )


def release(work: Work, proposal_id: UUID, seen: int) -> Change:
    """Do what was proposed, to the object as the editor sees it: what others changed meanwhile stays changed."""
    proposal = open_one(work, proposal_id)
    value = wanted(work, proposal)
    change = editing.save(work, Wish(proposal.kind, value, seen, proposal.why, proposal.named))
    kept.decide(work, proposal, ProposalOutcome.RELEASED)
    return change


def wanted(work: Work, proposal: Proposal) -> Mapping[str, Any]:
    """The object as proposed, with what was changed since by others and not by the proposal."""
    name = (proposal.kind, proposal.object_id)
    held = store.find(work.tx, [name]).get(name)
    base = store.state_at(work.tx, proposal.kind, proposal.object_id, proposal.seen)
    return merged(base, held, proposal.document) if held and base else proposal.document


def go_on(work: Work, wish: Wish, proposal_id: UUID) -> Change:
    """Save what an editor made of a proposal or draft; sent once more it changes nothing, and is as it was kept."""
    proposal = kept.load(work.tx, proposal_id)
    if proposal is None:
        raise NotFoundError("directory.proposal-unknown")
    saved = editing.save(work, replace(wish, proposal_id=proposal.named))
    if proposal.state is State.RELEASED and saved.effect is Effect.UNCHANGED:
        return saved
    if not proposal.is_open:
        raise StaleError(DECIDED)
    kept.decide(work, proposal, ProposalOutcome.CHANGED)
    return saved


def decline(work: Work, proposal_id: UUID, reason: str) -> None:
    """Leave the object as it is, and say why."""
    if not reason:
        raise InvalidError("directory.proposal-invalid", {"reason": "a value: the field is required"})
    kept.decide(work, open_one(work, proposal_id), ProposalOutcome.DECLINED, reason)


def withdraw(work: Work, proposal_id: UUID, organization_id: str | None) -> None:
    """Take back what one's own organization proposed; an editor throws a draft away."""
    proposal = open_one(work, proposal_id)
    own = str(proposal.organization_id) == organization_id if organization_id else proposal.state is State.DRAFT
    if not own:
        raise NotFoundError("directory.proposal-unknown")
    kept.decide(work, proposal, ProposalOutcome.WITHDRAWN)


def open_one(work: Work, proposal_id: UUID) -> Proposal:
    """A proposal nobody has decided yet."""
    proposal = kept.load(work.tx, proposal_id)
    if proposal is None:
        raise NotFoundError("directory.proposal-unknown")
    if not proposal.is_open:
        raise StaleError(DECIDED)
    return proposal
