"""What metrics show of the keys: how many hang on which service key, and how many erasures are not finished."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.chassis.db import Database
from services.chassis.errors import UnavailableError
from services.referral.config import Keys
from services.referral.queries.custody import custody

HELD = {
    "person_keys": "Keys of persons, by the service key that wraps them",
    "custodial_keys": "Key pairs kept for light-path partners, by the service key that wraps them",
    "blind_indexes": "Persons by the service key their search marks were made with",
}


class KeyFigures(Collector):
    """Reads them when somebody asks; says nothing while a database does not answer."""

    def __init__(self, db: Database, keys: Callable[[], Keys]) -> None:
        self._db, self._keys = db, keys

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with self._db.read() as connection:
                found = custody(connection, self._keys())
        except UnavailableError:
            return
        for kind, counts in found.held.items():
            family = GaugeMetricFamily(f"lotsennetz_{kind}", HELD[kind], labels=["wrapping_id"])
            for wrapping_id, count in counts.items():
                family.add_metric([wrapping_id], count)
            yield family
        yield GaugeMetricFamily(
            "lotsennetz_unfinished_erasures",
            "Persons erased whose key still waits to be destroyed",
            found.unfinished_erasures,
        )
