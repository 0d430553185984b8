"""What falls due by itself: written with the referral, done once by the clock."""

from uuid import UUID

from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.domain import deadlines
from services.referral.domain.referral import Referral

REPLACE = """
WITH wanted AS (SELECT kind, due_at FROM unnest(%(kinds)s::text[], %(times)s::timestamptz[]) AS w (kind, due_at)),
gone AS (DELETE FROM deadlines WHERE referral_id = %(id)s AND done_at IS NULL
         AND (kind, due_at) NOT IN (SELECT kind, due_at FROM wanted))
INSERT INTO deadlines (referral_id, kind, due_at) SELECT %(id)s, kind, due_at FROM wanted ON CONFLICT DO NOTHING"""


def follow(work: Work, before: Referral | None, after: Referral) -> None:
    """Write the deadlines of the referral as it now is; nothing if they are what they were."""
    wanted = deadlines.deadlines(after, is_working_day)
    if before is not None and deadlines.deadlines(before, is_working_day) == wanted:
        return
    work.tx.execute(
        REPLACE, {"id": after.id, "kinds": [one.kind for one in wanted], "times": [one.due_at for one in wanted]}
    )


def done(work: Work, referral_id: UUID, kind: str) -> None:
    """The clock has done this one; it does not come back."""
    work.tx.execute(
        "UPDATE deadlines SET done_at = %s WHERE referral_id = %s AND kind = %s AND due_at <= %s AND done_at IS NULL",
        (work.now, referral_id, kind, work.now),
    )
