"""After 180 days it is time to ask whether an entry is still true, after 365 nobody is referred there."""

from datetime import date

import pytest

from services.directory.domain.freshness import Freshness, freshness


@pytest.mark.parametrize(
    ("assured_on", "found"),
    [
        (None, Freshness.NEVER),
        ("2026-11-26", Freshness.FRESH),
        ("2026-05-30", Freshness.FRESH),
        ("2026-05-29", Freshness.DUE),
        ("2025-11-26", Freshness.DUE),
        ("2025-11-25", Freshness.STALE),
    ],
)
def test_an_entry_is_as_fresh_as_the_day_it_was_confirmed(assured_on: str | None, found: Freshness) -> None:
    assert freshness(assured_on, date(2026, 11, 26)) is found
