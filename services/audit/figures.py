"""What metrics show of the log: how long it is, how far it is signed, and whether it is whole."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.audit.queries.streams import never_heard, streams
from services.audit.queries.tree import COSIGNED
from services.chassis.db import Database
from services.chassis.errors import UnavailableError
from services.chassis.figures import Figure

LOG = (
    Figure("lotsennetz_log_entries", "Entries of the log", "SELECT coalesce(max(size), 0)::float8 AS value FROM heads"),
    Figure(
        "lotsennetz_log_signed_entries",
        "Entries under the newest signed head",
        "SELECT coalesce(max(size), 0)::float8 AS value FROM checkpoints",
    ),
    Figure(
        "lotsennetz_log_unsigned_seconds",
        "Since the first head that no signature covers yet; 0 when all is signed",
        """SELECT coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8 AS value FROM heads
        WHERE size > (SELECT coalesce(max(size), 0) FROM checkpoints)""",
    ),
    Figure(
        "lotsennetz_log_cosigned_entries",
        "Entries a witness has countersigned, by witness",
        f"{COSIGNED} SELECT witness, size::float8 AS value FROM newest",  # noqa: S608 - the text of the tree
        ("witness",),
    ),
    Figure(
        "lotsennetz_log_owners_differing",
        "Owners of entries that are missing in, or too much in, the list by which auditors see the log",
        """SELECT way, value FROM (
            SELECT coalesce(sum(missing), 0)::float8 AS missing, coalesce(sum(surplus), 0)::float8 AS surplus
            FROM owner_checks WHERE missing + surplus > 0
        ) AS found CROSS JOIN LATERAL (VALUES ('missing', missing), ('surplus', surplus)) AS ways (way, value)""",
        ("way",),
    ),
)

MEANINGS = {
    "missing": "Events a service says it published and the log has not heard, by service",
    "differing": "Comparisons in which what was heard was not what the service says it sent, by service",
    "report_age_seconds": "Since a service last said how far it has published, or since the log began, by service",
}
CLOCK = "SELECT now() AS now, (SELECT recorded_at FROM heads ORDER BY size LIMIT 1) AS began"


class Completeness(Collector):
    """What each service reported against what was heard; says nothing while the database does not answer.

    One that never reported has an age, too, or no alarm could ring for it.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def collect(self) -> Iterator[Metric]:
        try:
            with self._db.read() as connection:
                found = streams(connection)
                [clock] = connection.execute(CLOCK).fetchall()
        except UnavailableError:
            return
        told = {
            name: GaugeMetricFamily(f"lotsennetz_log_{name}", MEANINGS[name], labels=["source"]) for name in MEANINGS
        }
        for stream in found:
            labels = [stream.source]
            told["missing"].add_metric(labels, stream.position - stream.heard)
            told["differing"].add_metric(labels, stream.compared.differing)
        last = {one.source: one.reported_at for one in found} | dict.fromkeys(never_heard(found), clock["began"])
        for source, since in last.items():
            if since is not None:
                told["report_age_seconds"].add_metric([source], (clock["now"] - since).total_seconds())
        yield from told.values()
