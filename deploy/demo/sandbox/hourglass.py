"""Two weeks in a moment: what waits for its day finds that it has come. The clock then does what it always does."""

import psycopg

#: As far as an unanswered request has to be moved for its last day to be today.
EXPIRY_DAYS = 14
PLACE = "Europe/Berlin"
#: Calendar days, not hours: a day on which the clocks change is a day like any other.
MOVE_DEADLINES = """
UPDATE deadlines SET due_at = ((due_at AT TIME ZONE %(place)s) - make_interval(days => %(days)s)) AT TIME ZONE %(place)s
WHERE referral_id = %(id)s AND done_at IS NULL"""
MOVE_CLOCK = """
UPDATE referrals SET clock_on = coalesce(clock_on, drafted_on) - %(days)s::int, due_on = due_on - %(days)s::int
WHERE id = %(id)s"""


class UnknownReferralError(Exception):
    """There is no such referral, so nothing of it can run out."""


def pull_expiry_forward(dsn: str, referral_id: str, days: int = EXPIRY_DAYS) -> None:
    """Behave as if this request had been sent so many days ago; touches no other referral."""
    given = {"id": referral_id, "days": days, "place": PLACE}
    with psycopg.connect(dsn) as connection:
        if connection.execute(MOVE_CLOCK, given).rowcount != 1:
            raise UnknownReferralError("no such referral")
        connection.execute(MOVE_DEADLINES, given)
