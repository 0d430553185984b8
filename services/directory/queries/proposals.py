"""Proposals and drafts that are open, and those that were decided last."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.directory.domain.objects import Kind
from services.directory.store.proposals import SELECT, Proposal, read

MOST_OPEN, MOST_DECIDED = 100, 20
#: An organization sees its own; the drafts of editors are theirs.
OWN: LiteralString = " WHERE (%(own)s::uuid IS NULL OR organization_id = %(own)s AND state <> 'draft')"


def waiting(connection: Connection, own: str | None) -> Sequence[Proposal]:
    """What is open, the oldest first."""
    rows = connection.execute(
        SELECT + OWN + " AND state IN ('draft', 'waiting') ORDER BY proposed_at, id LIMIT %(most)s",
        {"own": own, "most": MOST_OPEN},
    ).fetchall()
    return list(map(read, rows))


def decided(connection: Connection, own: str | None) -> Sequence[Proposal]:
    """What was decided last."""
    rows = connection.execute(
        SELECT + OWN + " AND decided_at IS NOT NULL ORDER BY decided_at DESC, id LIMIT %(most)s",
        {"own": own, "most": MOST_DECIDED},
    ).fetchall()
    return list(map(read, rows))


def one(connection: Connection, proposal_id: UUID, own: str | None) -> Proposal:
    """One of them; another organization's looks as if it were not there."""
    row = connection.execute(SELECT + OWN + " AND id = %(id)s", {"own": own, "id": proposal_id}).fetchone()
    if row is None:
        raise NotFoundError("directory.proposal-unknown")
    return read(row)


def about(connection: Connection, kind: Kind, name: str, own: str | None) -> Sequence[Proposal]:
    """What is open about one object."""
    rows = connection.execute(
        SELECT + OWN + " AND kind = %(kind)s AND object_id = %(name)s AND state IN ('draft', 'waiting')"
        " ORDER BY proposed_at, id LIMIT %(most)s",
        {"own": own, "kind": kind, "name": name, "most": MOST_OPEN},
    ).fetchall()
    return list(map(read, rows))
