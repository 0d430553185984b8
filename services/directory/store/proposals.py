"""Proposals and drafts: what somebody would like an object to be, kept beside it until it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

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
        AND id <> %(id)s"""

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
    """Write a proposal down; of an organization's earlier ones for the same object none waits any longer.

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
        work.tx.execute(REPLACE, params)
    return work.tx.execute(KEEP, params).rowcount == 1


def decide(work: Work, proposal_id: UUID, state: State, reason: str | None = None) -> None:
    params = {"id": proposal_id, "state": state, "reason": reason, "actor": work.actor, "now": work.now}
    work.tx.execute(DECIDE, params)
