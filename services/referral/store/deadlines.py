"""What falls due by itself: written with the referral, done once by the clock."""

from datetime import date
from uuid import UUID

from psycopg.types.json import Jsonb

from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.domain import deadlines
from services.referral.domain.referral import Referral


def due(referral: Referral) -> Jsonb:
    """What falls due by itself, as the referral's row says it; the table follows by a trigger."""
    found = deadlines.deadlines(referral, is_working_day)
    return Jsonb([[one.kind, one.due_at.isoformat()] for one in found])


def due_on(referral: Referral) -> date | None:
    """The day lists show beside it and sort it by."""
    return deadlines.due_on(referral, is_working_day)


def done(work: Work, referral_id: UUID, kind: str) -> None:
    """The clock has done this one; it does not come back."""
    work.tx.execute(
        "UPDATE deadlines SET done_at = %s WHERE referral_id = %s AND kind = %s AND due_at <= %s AND done_at IS NULL",
        (work.now, referral_id, kind, work.now),
    )
