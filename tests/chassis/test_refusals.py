"""Refusals are counted per caller, reason and minute; nobody can fill the log or the memory by being refused."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis import refusals
from services.chassis.errors import UnavailableError
from services.chassis.refusals import Refusals

START = datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_counter() -> tuple[Refusals, list[tuple[str, str, int]]]:
    told: list[tuple[str, str, int]] = []
    return Refusals(lambda *fact: told.append(fact)), told


def test_the_first_is_told_at_once_and_the_rest_when_the_minute_is_over() -> None:
    counter, told = a_counter()
    for _ in range(100):
        counter.count("staff:a", "auth.role-missing", START)
    assert told == [("staff:a", "auth.role-missing", 1)]
    counter.flush(START + MINUTE)
    assert told[1:] == [("staff:a", "auth.role-missing", 99)]


def test_each_caller_and_each_reason_counts_for_itself() -> None:
    counter, told = a_counter()
    for actor, slug in (("staff:a", "x.y"), ("staff:b", "x.y"), ("staff:a", "x.z")):
        counter.count(actor, slug, START)
    assert len(told) == 3


def test_nothing_is_told_twice() -> None:
    counter, told = a_counter()
    counter.count("staff:a", "x.y", START)
    counter.flush(START + MINUTE)
    counter.flush(START + 2 * MINUTE)
    assert told == [("staff:a", "x.y", 1)]


def test_very_many_callers_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "CALLERS_AT_MOST", 3)
    counter, told = a_counter()
    for number in range(50):
        counter.count(f"staff:{number}", "x.y", START)
    assert len(told) == 4
    counter.flush(START + MINUTE)
    assert told[-1] == ("anonymous:many", "x.y", 46)


def test_a_fact_that_cannot_be_told_is_not_silently_lost() -> None:
    def broken(*_: object) -> None:
        raise UnavailableError("database.unavailable")

    with pytest.raises(UnavailableError):
        Refusals(broken).count("staff:a", "x.y", START)
