"""What the streams tell about themselves."""

from prometheus_client.registry import CollectorRegistry

from services.chassis.beats import beats, due
from services.chassis.db import Database
from services.chassis.figures import MEANINGS, StreamFigures, figures
from tests.chassis.rig import Room


def test_every_figure_has_a_meaning_and_is_scraped_with_its_service(directory: Room) -> None:
    directory.tell(3)
    registry = CollectorRegistry()
    registry.register(StreamFigures(directory.db, "directory"))
    with directory.db.read() as connection:
        assert set(figures(connection)) == set(MEANINGS)
    assert registry.get_sample_value("lotsennetz_outbox_unpublished", {"service": "directory"}) == 3
    assert registry.get_sample_value("lotsennetz_parked_events", {"service": "directory"}) == 0


def test_nothing_is_said_while_the_database_does_not_answer() -> None:
    registry = CollectorRegistry()
    with Database("postgresql://nobody@127.0.0.1:1/none", 0, 1) as db:
        registry.register(StreamFigures(db, "directory"))
        assert list(registry.collect()) == []


def test_a_role_says_that_it_lives_and_the_lag_is_a_figure(directory: Room) -> None:
    with directory.session() as session:
        due(0.0, session, "worker", {"lag_ms": 250})
        (said,) = beats(session)
        assert said.role == "worker"
        assert said.age_seconds >= 0
        assert figures(session)["inbox_lag_seconds"] == 0.25
