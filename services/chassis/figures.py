"""How the streams of a service are doing, read from its own tables: what alerts and the operators' page look at."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.chassis.db import Connection, Database
from services.chassis.errors import UnavailableError

FIGURES = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL)::float8 AS outbox_unpublished,
       coalesce((SELECT extract(epoch FROM now() - min(written_at)) FROM outbox WHERE published_at IS NULL), 0)::float8
           AS outbox_lag_seconds,
       (SELECT count(*) FROM parked_events WHERE settled_at IS NULL)::float8 AS parked_events,
       (SELECT count(*) FROM held_events)::float8 AS held_events,
       coalesce((SELECT extract(epoch FROM now() - min(held_at)) FROM held_events), 0)::float8 AS held_seconds,
       coalesce((SELECT sum(published) FROM outbox_heads), 0)::float8 AS published_total,
       coalesce((SELECT (figures ->> 'lag_ms')::float8 / 1000 FROM beats WHERE role = 'worker'), 0)
           AS inbox_lag_seconds"""

MEANINGS = {
    "outbox_unpublished": "Letters written and not yet confirmed by the broker",
    "outbox_lag_seconds": "Age of the oldest letter not yet confirmed",
    "inbox_lag_seconds": "From being written to being heard, of the newest event heard",
    "parked_events": "Messages put aside until an operator decides",
    "held_events": "Events waiting for an earlier one",
    "held_seconds": "Age of the oldest event waiting for an earlier one",
    "published_total": "Letters published since the service began",
}


def figures(connection: Connection) -> dict[str, float]:
    """The figures by name."""
    row = connection.execute(FIGURES).fetchone()
    assert row is not None
    return dict(row)


class StreamFigures(Collector):
    """Reads the figures when somebody asks for metrics; says nothing while the database does not answer."""

    def __init__(self, db: Database, service: str) -> None:
        self._db = db
        self._service = service

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with self._db.read() as connection:
                found = figures(connection)
        except UnavailableError:
            return
        for name, value in found.items():
            family = GaugeMetricFamily(f"lotsennetz_{name}", MEANINGS[name], labels=["service"])
            family.add_metric([self._service], value)
            yield family
