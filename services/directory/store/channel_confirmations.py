"""By which channel each partner is reached, and which waits for a second person: SQL, and the reads telling needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import ChannelKind, ChannelOutcome
from contracts.directory import PartnerChannelHandedIn, PartnerChannelSettled
from contracts.event import Code
from services.chassis.db import Connection
from services.chassis.work import Work
from services.directory.domain import channel_life
from services.directory.store.key_confirmations import NOT_ASKED

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force, what waits, and everybody who had a hand in what waits."""

    in_force: Document | None
    waiting: Document | None = None
    touched_by: tuple[str, ...] = ()


def note(work: Work, participation: Document, *, second_person: bool, by: Sequence[str] = ()) -> None:
    """A channel that is written down waits for a second person, whichever way it came in by; one given up does not.

    ``by`` names who wrote it, where that is not who acts.
    """
    organization_id, wanted = participation["organization_id"], channel_life.written(participation)
    now = standing(work.tx, organization_id)
    at_once = channel_life.given_up(now.in_force, wanted) if second_person else wanted
    if now.waiting == wanted and second_person:
        return
    if now.waiting is not None:
        is_over = at_once == wanted
        settle(work, organization_id, now.waiting, ChannelOutcome.TAKEN_BACK if is_over else ChannelOutcome.REPLACED)
    if at_once != (now.in_force or channel_life.NOWHERE):
        put_in_force(work, organization_id, at_once)
    if at_once == wanted:
        drop(work, organization_id)
        return
    wait(work, organization_id, wanted, by or [work.actor])
    work.announce(
        PartnerChannelHandedIn(
            organization_id=UUID(organization_id),
            thumbprint=Code(channel_life.thumbprint(wanted)),
            kind=ChannelKind(wanted["channel"]["kind"]),
        )
    )


def settle(work: Work, organization_id: str, waited: Document, outcome: ChannelOutcome) -> None:
    """Say what became of it."""
    work.announce(
        PartnerChannelSettled(
            organization_id=UUID(organization_id), thumbprint=Code(channel_life.thumbprint(waited)), outcome=outcome
        )
    )


def standing(tx: Connection, organization_id: str) -> Standing:
    """How one stands, locked."""
    row = tx.execute(
        "SELECT in_force, waiting, touched_by FROM channel_confirmations WHERE organization_id = %s FOR UPDATE",
        (organization_id,),
    ).fetchone()
    return Standing(None) if row is None else Standing(row["in_force"], row["waiting"], tuple(row["touched_by"]))


def wait(work: Work, organization_id: str, reached_by: Document, by: Sequence[str]) -> None:
    """This one waits, in place of any that did; so long the one in force stays.

    Whoever wrote what it follows has a hand in this one, too: somebody else's correction is no second pair of eyes.
    """
    work.tx.execute(
        """
        INSERT INTO channel_confirmations AS known (organization_id, waiting, touched_by, handed_in_at)
        VALUES (%(organization)s, %(waiting)s, %(by)s, %(now)s)
        ON CONFLICT (organization_id) DO UPDATE SET waiting = EXCLUDED.waiting, handed_in_at = EXCLUDED.handed_in_at,
            touched_by = ARRAY(SELECT one FROM unnest(known.touched_by) one WHERE one <> ALL(%(by)s)) || %(by)s""",
        {"organization": organization_id, "waiting": Jsonb(reached_by), "by": list(by), "now": work.now},
    )


def put_in_force(work: Work, organization_id: str, reached_by: Document, by: str = NOT_ASKED) -> None:
    """From now on the partner is reached by this one."""
    work.tx.execute(
        """
        INSERT INTO channel_confirmations (organization_id, in_force, confirmed_by, confirmed_at)
        VALUES (%(organization)s, %(in_force)s, %(by)s, %(now)s)
        ON CONFLICT (organization_id) DO UPDATE SET in_force = EXCLUDED.in_force, confirmed_by = EXCLUDED.confirmed_by,
            confirmed_at = EXCLUDED.confirmed_at""",
        {"organization": organization_id, "in_force": Jsonb(reached_by), "by": by, "now": work.now},
    )


def drop(work: Work, organization_id: str) -> None:
    """None waits any longer."""
    work.tx.execute(
        "UPDATE channel_confirmations SET waiting = NULL, touched_by = '{}', handed_in_at = NULL"
        " WHERE organization_id = %s",
        (organization_id,),
    )


#: A participation whose channel is neither the one in force nor the one that waits. Notices go on to the one in force.
#: Whoever wrote it last has a hand in it also where another channel was confirmed since.
UNNOTED = """
SELECT p.organization_id::text AS organization_id, ARRAY(
    SELECT DISTINCT h.changed_by FROM object_history h
    WHERE h.kind = 'participation' AND h.id = p.organization_id::text AND (
        h.changed_at > coalesce(c.confirmed_at, '-infinity') OR h.number = (SELECT max(newest.number)
            FROM object_history newest WHERE newest.kind = h.kind AND newest.id = h.id))) AS changed_by
FROM participations p LEFT JOIN channel_confirmations c ON c.organization_id = p.organization_id
WHERE coalesce(c.waiting, c.in_force, %(nowhere)s) IS DISTINCT FROM jsonb_strip_nulls(jsonb_build_object(
    'channel', p.document -> 'channel', 'contact', p.document #> '{agreement,contact}'))
ORDER BY p.organization_id LIMIT %(limit)s"""


def unnoted(connection: Connection, limit: int) -> dict[str, list[str]]:
    """Organizations whose channel was written by a version that knew of no second person, each with who wrote it: while
    a new version is rolled out the old one still writes beside it."""
    rows = connection.execute(UNNOTED, {"nowhere": Jsonb(channel_life.NOWHERE), "limit": limit})
    return {row["organization_id"]: row["changed_by"] for row in rows}


def unconfirmed(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Every channel that waits, beside the one in force, the oldest first."""
    return connection.execute(
        """
        SELECT c.organization_id, c.in_force, c.waiting, c.touched_by, c.handed_in_at, o.document -> 'name' AS name
        FROM channel_confirmations c JOIN organizations o ON o.id = c.organization_id
        WHERE c.waiting IS NOT NULL ORDER BY c.handed_in_at, c.organization_id LIMIT 500"""
    ).fetchall()
