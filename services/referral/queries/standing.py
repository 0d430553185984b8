"""How the referrals as a whole are doing, for metrics: codes, ids of organizations and counts, never a person."""

from services.chassis.figures import Figure

STANDING = (
    Figure(
        "lotsennetz_referrals",
        "Referrals by where they stand",
        "SELECT status, count(*)::float8 AS value FROM referrals GROUP BY status",
        ("status",),
    ),
    Figure(
        "lotsennetz_referrals_unanswered",
        "Referrals a partner has neither accepted nor declined, by partner",
        """SELECT organization_id, count(*)::float8 AS value FROM referrals
        WHERE status IN ('requested', 'received') GROUP BY organization_id""",
        ("organization_id",),
    ),
    Figure(
        "lotsennetz_referral_oldest_unanswered_days",
        "Days since the oldest of them was requested, by partner",
        """SELECT organization_id, (current_date - min(requested_on))::float8 AS value FROM referrals
        WHERE status IN ('requested', 'received') AND requested_on IS NOT NULL GROUP BY organization_id""",
        ("organization_id",),
    ),
    Figure(
        "lotsennetz_referral_oldest_unacknowledged_seconds",
        "Since the oldest referral was sent of which no system and nobody has said that it arrived",
        """SELECT coalesce(extract(epoch FROM now() - min(changed_at)), 0)::float8 AS value FROM referrals
        WHERE status = 'requested' AND received_at IS NULL""",
    ),
    Figure(
        "lotsennetz_referral_deadlines_overdue",
        "Deadlines past for more than an hour that the clock has not met",
        """SELECT count(*)::float8 AS value FROM deadlines
        WHERE done_at IS NULL AND due_at < now() - interval '1 hour'""",
    ),
)
