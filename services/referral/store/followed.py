"""Referrals whose partners somebody asks how it stands."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.work import Work
from services.referral.store import referrals
from services.referral.store.referrals import StaffActor

#: In the order of their ids, so that two who ask at once never wait for each other.
LOCK: LiteralString = "SELECT id FROM referrals WHERE id = ANY(%s) AND {visible} ORDER BY id FOR UPDATE"
STANDING: LiteralString = """
SELECT r.id, r.reference, r.status, r.waiting_for, r.organization_id,
    organizations.snapshot ->> 'participation' AS participation, organizations.snapshot #>> '{channel,kind}' AS channel,
    (SELECT max(at) FROM timeline t WHERE t.referral_id = r.id AND t.type = 'referral.reminder_due.v1'
        AND t.data ->> 'waiting_for' = 'partner') AS last_reminded_at
FROM referrals r LEFT JOIN organizations ON organizations.id = r.organization_id
WHERE r.id = ANY(%s) ORDER BY r.id"""


def standing(work: Work, referral_ids: Sequence[UUID], *, visible_to: StaffActor) -> list[Mapping[str, Any]]:
    """Those of them the caller may see, locked; what was told of them is read only once they are."""
    condition, params = referrals.visible(visible_to)
    locked = work.tx.execute(LOCK.replace("{visible}", condition), ([*referral_ids], *params)).fetchall()
    return list(work.tx.execute(STANDING, ([row["id"] for row in locked],)).fetchall())
