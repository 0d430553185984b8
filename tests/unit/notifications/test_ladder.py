"""The ladder of attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.domain.ladder import Ladder

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WAITS = [0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000]


@pytest.mark.parametrize(("made", "seconds"), list(enumerate(WAITS)))
def test_each_step_waits_as_standard_webhooks_says(made: int, seconds: int) -> None:
    assert Ladder().due(made, NOW) == NOW + timedelta(seconds=seconds)


def test_after_the_last_step_there_is_none() -> None:
    assert Ladder().due(len(WAITS), NOW) is None


def test_time_can_run_faster_for_a_demo() -> None:
    assert Ladder(scale=0.01).due(2, NOW) == NOW + timedelta(seconds=3)
