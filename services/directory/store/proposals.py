"""Proposals and drafts: what somebody would like an object to be, kept beside it until it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import ProposalOutcome
from contracts.directory import ProposalMade, ProposalSettled
from contracts.event import Code
from services.chassis.db import Connection
from services.chassis.work import Work
from services.directory.domain.objects import Kind


class State(StrEnum):
    """How a proposal stands."""

    DRAFT = "draft"
    WAITING = "waiting"
    RELEASED = "released"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


OPEN = (State.DRAFT, State.WAITING)
#: What stands in the table of each outcome.
STATES = {
    ProposalOutcome.RELEASED: State.RELEASED,
    ProposalOutcome.CHANGED: State.RELEASED,
    ProposalOutcome.DECLINED: State.DECLINED,
    ProposalOutcome.WITHDRAWN: State.WITHDRAWN,
    ProposalOutcome.REPLACED: State.WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal, and how it was decided."""

    id: UUID
    kind: Kind
    object_id: str
    organization_id: UUID | None
    document: Mapping[str, Any]
    seen: int
    state: State
    why: str | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def named(self) -> UUID | None:
        """How the history of its object names it: as what its organization wished. A draft is nobody's wish."""
        return self.id if self.organization_id is not None else None


SELECT: LiteralString = """
    SELECT id, kind, object_id, organization_id, document, seen, state, why, proposed_by, proposed_at,
        decided_by, decided_at, reason FROM proposals"""

#: A draft is written anew each time. What waits is not: an editor releases what she has looked at.
KEEP: LiteralString = """
    INSERT INTO proposals AS held (id, kind, object_id, organization_id, document, seen, state, why, proposed_by,
        proposed_at)
    VALUES (%(id)s, %(kind)s, %(object_id)s, %(organization_id)s, %(document)s, %(seen)s, %(state)s, %(why)s, %(actor)s,
        %(now)s)
    ON CONFLICT (id) DO UPDATE SET document = EXCLUDED.document, seen = EXCLUDED.seen, object_id = EXCLUDED.object_id,
        organization_id = EXCLUDED.organization_id, why = EXCLUDED.why, proposed_by = EXCLUDED.proposed_by,
        proposed_at = EXCLUDED.proposed_at
    WHERE held.state = 'draft' AND EXCLUDED.state = 'draft' AND held.kind = EXCLUDED.kind
        AND held.organization_id IS NOT DISTINCT FROM EXCLUDED.organization_id"""

REPLACE: LiteralString = """
    UPDATE proposals SET state = 'withdrawn', decided_by = %(actor)s, decided_at = %(now)s
    WHERE kind = %(kind)s AND object_id = %(object_id)s AND organization_id = %(organization_id)s AND state = 'waiting'
        AND id <> %(id)s RETURNING id, organization_id"""

DECIDE: LiteralString = """
    UPDATE proposals SET state = %(state)s, decided_by = %(actor)s, decided_at = %(now)s, reason = %(reason)s
    WHERE id = %(id)s AND state IN ('draft', 'waiting')"""


def read(row: Mapping[str, Any]) -> Proposal:
    return Proposal(**{**row, "kind": Kind(row["kind"]), "state": State(row["state"])})


def load(tx: Connection, proposal_id: UUID) -> Proposal | None:
    """One proposal, locked until the end."""
    row = tx.execute(SELECT + " WHERE id = %s FOR UPDATE", (proposal_id,)).fetchone()
    return read(row) if row else None


def keep(work: Work, proposal: Proposal) -> bool:
    """Write a proposal down and tell it, a draft excepted; of an organization's earlier ones for the same object none
    waits any longer.

    False where its number is taken by what waits or is decided: then nothing was written.
    """
    params = {
        "id": proposal.id,
        "kind": proposal.kind,
        "object_id": proposal.object_id,
        "organization_id": proposal.organization_id,
        "document": Jsonb(proposal.document),
        "seen": proposal.seen,
        "state": proposal.state,
        "why": proposal.why,
        "actor": work.actor,
        "now": work.now,
    }
    if proposal.state is State.WAITING:
        for row in work.tx.execute(REPLACE, params).fetchall():
            _tell_settled(work, row["id"], row["organization_id"], ProposalOutcome.REPLACED)
    is_kept = work.tx.execute(KEEP, params).rowcount == 1
    if is_kept and proposal.organization_id is not None:
        work.announce(
            ProposalMade(
                proposal_id=proposal.id,
                organization_id=proposal.organization_id,
                kind=Code(proposal.kind.value),
                object_id=UUID(proposal.object_id),
            )
        )
    return is_kept


def decide(work: Work, proposal: Proposal, outcome: ProposalOutcome, reason: str | None = None) -> None:
    """Write down how it ended, and tell it of what an organization proposed; drafts are nobody's business."""
    params = {"id": proposal.id, "state": STATES[outcome], "reason": reason, "actor": work.actor, "now": work.now}
    work.tx.execute(DECIDE, params)
    if proposal.organization_id is not None:
        _tell_settled(work, proposal.id, proposal.organization_id, outcome)


def _tell_settled(work: Work, proposal_id: UUID, organization_id: UUID, outcome: ProposalOutcome) -> None:
    work.announce(ProposalSettled(proposal_id=proposal_id, organization_id=organization_id, outcome=outcome))
