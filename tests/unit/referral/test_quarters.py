"""Quarters, and the span of them somebody asks for."""

from datetime import date

import pytest

from contracts.codes import Site
from services.chassis.errors import InvalidError
from services.referral.domain.quarters import (
    View,
    first_day,
    name_of,
    offered,
    quarter_named,
    quarter_of,
    view_asked,
)

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("day", "name", "first"),
    [
        (date(2026, 1, 1), "2026-Q1", date(2026, 1, 1)),
        (date(2026, 6, 30), "2026-Q2", date(2026, 4, 1)),
        (date(2025, 12, 31), "2025-Q4", date(2025, 10, 1)),
    ],
)
def test_a_day_lies_in_its_quarter(day: date, name: str, first: date):
    assert name_of(quarter_of(day)) == name
    assert first_day(quarter_of(day)) == first
    assert quarter_named(name, "from") == quarter_of(day)


def test_a_quarter_follows_the_last_one_of_the_year_before():
    assert quarter_of(date(2026, 1, 1)) - quarter_of(date(2025, 12, 31)) == 1


def test_left_empty_it_is_the_last_year_and_this_one_so_far_over_all_sites():
    assert view_asked("", "", "", TODAY) == View(quarter_named("2025-Q1", ""), quarter_named("2026-Q4", ""))


def test_what_is_asked_ends_now():
    view = view_asked("2026-Q2", "2029-Q1", "neuss", TODAY)
    assert [name_of(one) for one in view.quarters] == ["2026-Q2", "2026-Q3", "2026-Q4"]
    assert view.site is Site.NEUSS


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("2026", "", ""), "from"),
        (("2026-Q5", "", ""), "from"),
        (("", "last year", ""), "to"),
        (("2026-Q3", "2026-Q2", ""), "to"),
        (("", "", "bonn"), "site"),
    ],
)
def test_what_is_no_period_or_site_is_named(asked: tuple[str, str, str], field: str):
    with pytest.raises(InvalidError) as refused:
        view_asked(*asked, TODAY)
    assert list(refused.value.fields) == [field]


def test_the_last_years_are_offered_the_present_quarter_first():
    names = [name_of(one) for one in offered(TODAY)]
    assert (names[0], names[-1]) == ("2026-Q4", "2021-Q1")
