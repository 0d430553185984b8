"""Write SQL about partners' proposals: who is still to be told that one waits, or how it ended."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.codes import ProposalOutcome
from contracts.directory import ProposalMade, ProposalSettled
from services.chassis.db import Connection

#: An editor's word; what a partner took back or replaced itself, it knows.
DECIDED = (ProposalOutcome.RELEASED, ProposalOutcome.CHANGED, ProposalOutcome.DECLINED)


def wait(tx: Connection, event: ProposalMade, now: datetime) -> None:
    tx.execute(
        "INSERT INTO proposals (proposal_id, organization_id, made_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (event.proposal_id, event.organization_id, now),
    )


def settled(tx: Connection, event: ProposalSettled, now: datetime) -> None:
    if event.outcome not in DECIDED:
        tx.execute("DELETE FROM proposals WHERE proposal_id = %s", (event.proposal_id,))
        return
    tx.execute(
        "UPDATE proposals SET outcome = %s, settled_at = %s WHERE proposal_id = %s",
        (event.outcome.value, now, event.proposal_id),
    )


def untold(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Whose proposals wait without the editors having been told, how many, and since when."""
    return connection.execute(
        """
        SELECT p.organization_id, coalesce(o.name, '{}') AS name, count(*) AS count, min(p.made_at) AS since,
            max(p.made_at) AS until
        FROM proposals p LEFT JOIN organizations o USING (organization_id)
        WHERE p.told_at IS NULL AND p.outcome IS NULL
        GROUP BY p.organization_id, o.name ORDER BY min(p.made_at), p.organization_id"""
    ).fetchall()


def told(tx: Connection, until: datetime, now: datetime) -> None:
    """Of everything proposed until then the editors have been told."""
    tx.execute("UPDATE proposals SET told_at = %s WHERE told_at IS NULL AND made_at <= %s", (now, until))


def ended(connection: Connection, until: datetime, today: date, limit: int) -> Sequence[Mapping[str, Any]]:
    """To whom an ending that was settled by then is to be told, with all its endings counted and the mailbox to write
    to: of the desk that gets its mail - on days when nobody is there, of its substitute -, else of its agreement. Who
    rests hears of it when it is back."""
    return connection.execute(
        """
        SELECT p.organization_id, max(p.settled_at) AS until,
            count(*) FILTER (WHERE p.outcome = 'released') AS released,
            count(*) FILTER (WHERE p.outcome = 'changed') AS changed,
            count(*) FILTER (WHERE p.outcome = 'declined') AS declined,
            coalesce((SELECT substitute_mailbox FROM unit_absences a WHERE a.ended_at IS NULL
                AND a.organization_id = o.organization_id AND %s BETWEEN a.from_on AND a.until_on LIMIT 1),
                o.unit_mailbox, o.contact) AS mailbox
        FROM proposals p JOIN organizations o USING (organization_id)
        WHERE p.outcome IS NOT NULL AND o.participation = 'taking_part'
        GROUP BY p.organization_id, o.organization_id HAVING min(p.settled_at) <= %s
        ORDER BY min(p.settled_at), p.organization_id LIMIT %s""",
        (today, until, limit),
    ).fetchall()


def ended_told(tx: Connection, organization_id: UUID, until: datetime) -> None:
    """It was told how these ended, or nobody can be: there is nothing left to say about them."""
    tx.execute(
        "DELETE FROM proposals WHERE organization_id = %s AND outcome IS NOT NULL AND settled_at <= %s",
        (organization_id, until),
    )
