"""What metrics show of deliveries: how many, by which way, how long the oldest waits, what needs a person."""

from services.chassis.figures import Figure

DELIVERIES = (
    Figure(
        "lotsennetz_deliveries",
        "Notices that are not done with, by way and state",
        """SELECT channel, state, count(*)::float8 AS value FROM deliveries
        WHERE state IN ('pending', 'failed', 'sent', 'parked') GROUP BY channel, state""",
        ("channel", "state"),
    ),
    Figure(
        "lotsennetz_delivery_oldest_overdue_seconds",
        "How long the oldest notice whose time has come waits to be sent",
        """SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS value FROM deliveries
        WHERE state IN ('pending', 'failed') AND due_at < now()""",
    ),
    Figure(
        "lotsennetz_deliveries_parked",
        "Notices given up until somebody looks, by partner",
        """SELECT organization_id, count(*)::float8 AS value FROM deliveries
        WHERE state = 'parked' GROUP BY organization_id""",
        ("organization_id",),
    ),
)
