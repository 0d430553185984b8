"""What the streams tell about themselves."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client.registry import CollectorRegistry

from services.chassis.beats import beats, due
from services.chassis.db import Database
from services.chassis.figures import MEANINGS, SILENT_SECONDS, StreamFigures, figures
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


def heard(room: Room, source: str, ago: timedelta, ahead: timedelta = timedelta()) -> None:
    """One event, made and heard so long ago, by a clock that may have been ahead."""
    at = datetime.now(UTC) - ago
    made = UUID(int=(int((at + ahead).timestamp() * 1000) << 80) | (uuid4().int & ((1 << 80) - 1)))
    with room.session() as session:
        session.execute("INSERT INTO inbox (event_id, source, received_at) VALUES (%s, %s, %s)", (made, source, at))


def test_a_stream_nothing_is_heard_of_is_told_whatever_is_heard_of_others(referral: Room) -> None:
    registry = CollectorRegistry()
    registry.register(StreamFigures(referral.db, "notifications"))

    def age(service: str) -> float | None:
        labels = {"service": "notifications", "source": f"/lotsennetz/{service}"}
        return registry.get_sample_value("lotsennetz_stream_heard_age_seconds", labels)

    assert (age("directory"), age("referral"), age("audit")) == (SILENT_SECONDS, SILENT_SECONDS, None)
    heard(referral, "/lotsennetz/directory", timedelta(hours=5))
    heard(referral, "/lotsennetz/referral", timedelta(minutes=4))
    assert age("directory") == SILENT_SECONDS
    assert 239 < (age("referral") or 0) < 270
    heard(referral, "/lotsennetz/directory", timedelta(seconds=10))
    assert 9 < (age("directory") or 0) < 40
    heard(referral, "/lotsennetz/referral", timedelta(minutes=3), ahead=timedelta(hours=1))
    assert 179 < (age("referral") or 0) < 210, "its clock is ahead, and it is heard all the same"
    heard(referral, "/lotsennetz/referral", timedelta(seconds=10))
    assert 9 < (age("referral") or 0) < 40, "its clock is right again"
    heard(referral, "/lotsennetz/referral", timedelta(hours=-1))
    assert 9 < (age("referral") or 0) < 40, "the database was ahead, too: that is no sign of life"
