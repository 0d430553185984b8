"""What metrics show of a service beside its requests: how its streams, roles and connections are doing.

Everything is read from the service's own tables at the moment somebody asks, so that any replica tells the same and
none has to remember. A service adds figures of its own by a list of `Figure`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from contracts.topology import HEARS, source_of
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


@dataclass(frozen=True, slots=True)
class Figure:
    """One family of metrics, as a query: a column for each label, and `value`."""

    name: str
    meaning: str
    sql: LiteralString
    labels: tuple[str, ...] = ()
    params: tuple[Any, ...] | Mapping[str, Any] | None = None


ROLES = Figure(
    "lotsennetz_role_beat_age_seconds",
    "Since a role of the service last said that it lives; it does so every few seconds",
    "SELECT role, extract(epoch FROM now() - beaten_at)::float8 AS value FROM beats",
    ("role",),
)


#: Further back nobody looks: it is silence, however long.
SILENT_SECONDS = 900
#: Ids of events begin with the milliseconds they were made at, and the inbox is ordered by them. The newest of all is
#: asked for, and the newest that does not come from the future: a sender's clock that once was ahead would otherwise
#: hide, for as long as it was, everything it says since. What the database noted ahead of its time is no sign of life.
HEARD = """
SELECT told.source, coalesce(extract(epoch FROM now() - max(last.received_at)), %(silent)s)::float8 AS value
FROM unnest(%(sources)s::text[]) AS told (source) CROSS JOIN (
    SELECT array_agg(rpad(lpad(to_hex(1000 * (extract(epoch FROM now())::bigint + s)), 12, '0'), 32, '0')::uuid) AS made
    FROM unnest(%(bounds)s::bigint[]) AS s) AS ids CROSS JOIN unnest(made[2:]) AS ahead (id) LEFT JOIN LATERAL (
    SELECT received_at FROM inbox WHERE inbox.source = told.source AND event_id >= made[1] AND event_id < ahead.id
    ORDER BY event_id DESC LIMIT 1) AS last ON received_at < now() + interval '1 minute' GROUP BY told.source"""


def heard_of(service: str) -> Figure:
    """Each stream says every minute how far it goes; who hears nothing of it is cut off, whatever others hear."""
    sources = [source_of(told) for told in HEARS.get(service, ())]
    meaning = "Since anything was heard of a stream this service listens to; each speaks every minute"
    params = {"silent": SILENT_SECONDS, "sources": sources, "bounds": [-SILENT_SECONDS, 60, 10**9]}
    return Figure("lotsennetz_stream_heard_age_seconds", meaning, HEARD, ("source",), params)


class CountedFigures(Collector):
    """Figures read when somebody asks for metrics; they say nothing while the database does not answer."""

    def __init__(self, db: Database, service: str, counted: Sequence[Figure]) -> None:
        self._db, self._service, self._counted = db, service, counted

    def collect(self) -> Iterator[Metric]:
        try:
            with self._db.read() as connection:
                found = [(one, connection.execute(one.sql, one.params).fetchall()) for one in self._counted]
        except UnavailableError:
            return
        for figure, rows in found:
            family = GaugeMetricFamily(figure.name, figure.meaning, labels=["service", *figure.labels])
            for row in rows:
                family.add_metric([self._service, *(str(row[label]) for label in figure.labels)], row["value"])
            yield family


class StreamFigures(CountedFigures):
    """What every service tells: its streams, its roles, and how many wait for a connection to its database."""

    def __init__(self, db: Database, service: str) -> None:
        super().__init__(db, service, [ROLES, heard_of(service)])

    def collect(self) -> Iterator[Metric]:
        try:
            with self._db.read() as connection:
                found = figures(connection)
        except UnavailableError:
            return
        for name, value in found.items():
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = kind(f"lotsennetz_{name}", MEANINGS[name], labels=["service"])
            family.add_metric([self._service], value)
            yield family
        waiting = GaugeMetricFamily(
            "lotsennetz_database_waiting", "Requests that wait for a database connection", labels=["service"]
        )
        waiting.add_metric([self._service], self._db.waiting)
        yield waiting
        yield from super().collect()
