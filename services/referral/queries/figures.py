"""How often the consent engine said yes and no, and why: codes and counts for metrics, never a person."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import LiteralString

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from services.chassis.db import Connection, Database
from services.chassis.errors import UnavailableError

#: A decision is committed long before this much has passed since the instant it was given for.
SETTLING = timedelta(minutes=10)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
COUNT: LiteralString = """
SELECT allowed, coalesce(refusal, ground, '') AS reason, point, decided_at < %(until)s AS settled, count(*)::int AS n
FROM decisions WHERE decided_at >= %(since)s GROUP BY 1, 2, 3, 4"""

Labels = tuple[str, str, str]


class DecisionCounts(Collector):
    """Counts when somebody asks for metrics. What is settled is remembered, so that only the newest is counted anew."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = Lock()
        self._since = BEGINNING
        self._settled: Counter[Labels] = Counter()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Says nothing while the database does not answer."""
        try:
            with self._db.read() as connection:
                found = self.count(connection)
        except UnavailableError:
            return
        family = CounterMetricFamily(
            "referral_consent_decisions", "Decisions of the consent engine", labels=["decision", "reason", "point"]
        )
        for labels, count in sorted(found.items()):
            family.add_metric(labels, count)
        yield family

    def count(self, connection: Connection) -> Counter[Labels]:
        with self._lock:
            [clock] = connection.execute("SELECT now() AS now").fetchall()
            until = max(self._since, clock["now"] - SETTLING)
            rows = connection.execute(COUNT, {"since": self._since, "until": until}).fetchall()
            self._since = until
            fresh: Counter[Labels] = Counter()
            for row in rows:
                labels = ("allowed" if row["allowed"] else "refused", row["reason"], row["point"])
                (self._settled if row["settled"] else fresh)[labels] += row["n"]
            return self._settled + fresh
