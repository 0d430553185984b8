"""Whatever is busy with a person, in this case and her others, and each hint that two fundings exclude each other."""

from typing import LiteralString
from uuid import UUID

from contracts.codes import Site, Status
from contracts.referral import DoubleFundingHinted
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.funding import Chosen
from services.referral.domain.lifecycle import OPEN
from services.referral.store import candidates, persons

#: Her referrals at one controller.
CHOSEN: LiteralString = (
    """
SELECT DISTINCT service_id, site, sender_id, status = 'completed' AS is_over FROM referrals r
WHERE r.id <> %(besides)s AND r.sender_id = %(controller)s AND r.status = ANY(%(counted)s) AND r.person_id IN ("""
    + persons.SAME_PERSON
    + """)
ORDER BY service_id, site, sender_id"""
)


def chosen_for(work: Work, person_id: UUID, controller: UUID, *, besides: UUID) -> list[Chosen]:
    """The services that are busy with this person or have been, drafts included: what is drafted will be sent."""
    params = {
        "person": person_id,
        "controller": controller,
        "besides": besides,
        "counted": [str(status) for status in (*OPEN, Status.COMPLETED)],
    }
    rows = work.tx.execute(CHOSEN, params).fetchall()
    known = candidates.of(work.tx, {row["service_id"] for row in rows}, work.today)
    return [
        Chosen(known[row["service_id"]], Site(row["site"]), row["sender_id"], row["is_over"])
        for row in rows
        if row["service_id"] in known
    ]


def tell(work: Work, hint: DoubleFundingHinted) -> None:
    """Each hint is kept and a fact, whether the choice was refused or justified."""
    work.tx.execute(
        "INSERT INTO funding_hints (id, enquiry_id, need_id, person_id, referral_id, service_id, other_service_ids,"
        " is_elsewhere, justification, hinted_by, hinted_at) VALUES (%s, %s, %s,"
        " (SELECT person_id FROM needs WHERE id = %s), %s, %s, %s, %s, %s, %s, %s)",
        (
            hint.hint_id,
            hint.enquiry_id,
            hint.need_id,
            hint.need_id,
            hint.referral_id,
            hint.service_id,
            list(hint.other_service_ids),
            hint.is_elsewhere,
            hint.justification,
            work.actor,
            work.now,
        ),
    )
    work.announce(hint)


def justification_of(connection: Connection, referral_id: UUID) -> str | None:
    """The code by which this choice was justified, if it had to be."""
    row = connection.execute(
        "SELECT justification FROM funding_hints WHERE referral_id = %s LIMIT 1", (referral_id,)
    ).fetchone()
    return row["justification"] if row else None
