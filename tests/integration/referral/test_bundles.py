"""Small numbers: whatever period and site somebody asks for, no number of fewer than five persons can be worked out."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations_with_replacement, product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from contracts.codes import Site
from services.chassis.db import Database
from services.referral.domain.quarters import View, first_day, quarter_of
from services.referral.queries.bundles import COUNTED, FEWEST, SPREAD, bundled, params_of

TODAY = date(2026, 5, 20)
QUARTERS = range(quarter_of(date(2025, 1, 1)), quarter_of(TODAY) + 1)
EVERYTHING = View(QUARTERS[0], QUARTERS[-1])
HAPPENED = (
    "SELECT a, '', on_day, site, person_id, n"
    " FROM jsonb_to_recordset(%(rows)s) AS r (a text, on_day date, site text, person_id uuid, n int)"
)
Cell = tuple[int, str]


@dataclass(frozen=True)
class Fact:
    """Something that happened to a person in a quarter at a site; `n` tells one from another."""

    n: int
    person: int
    cell: Cell

    def as_row(self) -> dict[str, Any]:
        quarter, site = self.cell
        return {
            "a": "x",
            "on_day": first_day(quarter).isoformat(),
            "site": site,
            "person_id": str(UUID(int=self.person)),
            "n": self.n,
        }


World = tuple[Fact, ...]
CELLS: tuple[Cell, ...] = tuple((quarter, str(site)) for quarter in QUARTERS for site in Site)


@some.composite
def worlds(draw: some.DrawFn) -> World:
    """Mostly small cells, some persons in several of them and some more than once in one."""
    facts: list[Fact] = []
    known = draw(some.integers(6, 60))
    for place, cell in enumerate(CELLS):
        for number in range(draw(some.sampled_from((0, 0, 1, 2, 3, 4, 4, 4, 5, 6, 9)))):
            facts.append(Fact(len(facts), (place * 4 + number) % known, cell))
    return tuple(facts)


@pytest.fixture(scope="module")
def db(make_database: Callable[[str], Any]) -> Iterator[Database]:
    with Database(str(make_database("referral").app_dsn)) as db:
        yield db


def ask(db: Database, world: World, counted: Any, view: View = EVERYTHING, sites_first: bool = False) -> list[Any]:
    rows = json.dumps([one.as_row() for one in world])
    params = {"rows": rows, **params_of(view, TODAY, sites_first=sites_first)}
    with db.read() as connection:
        return connection.execute(bundled(HAPPENED, counted), params).fetchall()  # type: ignore[arg-type]


def bundles(db: Database, world: World, sites_first: bool) -> dict[tuple[Any, ...], list[int]]:
    """Every bundle that is told, with what is in it. Whatever is shown for any period and site is a sum of these."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for row in ask(db, world, " SELECT first, last, site, days FROM bundle", sites_first=sites_first):
        found.setdefault((row["first"], row["last"], row["site"]), []).append(row["days"])
    return found


def shown(db: Database, world: World, sites_first: bool) -> dict[tuple[Any, ...], int]:
    return {extent: len(inside) for extent, inside in bundles(db, world, sites_first).items()}


def expect_hidden(db: Database, world: World, sites_first: bool) -> None:
    """Nobody can tell this world from others, in which what is not told, or lies in a bundle, is another number."""
    facts = {one.n: one for one in world}
    told = bundles(db, world, sites_first)
    page = {extent: len(inside) for extent, inside in told.items()}
    for inside in told.values():
        assert len({facts[n].person for n in inside}) >= FEWEST
    inside_any = {n for inside in told.values() for n in inside}
    assert shown(db, tuple(one for one in world if one.n in inside_any), sites_first) == page, "what is not told shows"
    for inside in told.values():
        cells = Counter(facts[n].cell for n in inside)
        if len(cells) == 1 and len({facts[n].person for n in inside}) >= FEWEST:
            continue
        hidden = set(cells)
        for source, target in product(cells, around(cells, sites_first)):
            if hidden & {source, target} and shown(db, moved(world, source, target), sites_first) == page:
                hidden -= {source, target}
        assert not hidden, f"{hidden} follow from what is shown"


def around(cells: Collection[Cell], sites_first: bool) -> list[Cell]:
    """Where somebody in these cells could as well have been: in the same year, at these sites or in that quarter."""
    years, quarters, sites = {one[0] // 4 for one in cells}, {one[0] for one in cells}, {one[1] for one in cells}
    if sites_first and len(quarters) == 1:
        return [one for one in CELLS if one[0] in quarters]
    return [one for one in CELLS if one[0] // 4 in years and (sites_first or one[1] in sites)]


def moved(world: World, source: Cell, target: Cell) -> World:
    """The world in which one person of the one cell was in the other."""
    person = next(one.person for one in world if one.cell == source)
    return tuple(replace(one, cell=target) if one.cell == source and one.person == person else one for one in world)


FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(FEW, max_examples=400)


@pytest.mark.parametrize("sites_first", [False, True], ids=["quarters", "sites"])
def test_no_number_that_is_not_told_can_be_worked_out(db: Database, sites_first: bool):
    FEW(given(worlds())(lambda world: expect_hidden(db, world, sites_first)))()


@pytest.mark.long
@pytest.mark.parametrize("sites_first", [False, True], ids=["quarters", "sites"])
def test_no_number_that_is_not_told_can_be_worked_out_in_many_worlds(db: Database, sites_first: bool):
    MANY(given(worlds())(lambda world: expect_hidden(db, world, sites_first)))()


@pytest.mark.parametrize("sites_first", [False, True], ids=["quarters", "sites"])
def test_whatever_is_asked_for_is_a_sum_of_the_same_bundles(db: Database, sites_first: bool):
    """So that nothing is gained by taking one answer off another."""

    def expect_sums(world: World) -> None:
        page = shown(db, world, sites_first)
        for first, last in combinations_with_replacement((QUARTERS[0], QUARTERS[3], QUARTERS[-1]), 2):
            for site in (None, Site.AACHEN):
                view = View(first, last, site)
                said = sum(row["often"] for row in ask(db, world, COUNTED, view, sites_first))
                assert said == sum(often for extent, often in page.items() if lies_in(extent, view))

    settings(FEW, max_examples=4)(given(worlds())(expect_sums))()


def lies_in(extent: tuple[Any, ...], view: View) -> bool:
    first, last, site = extent
    return first >= view.first and last <= view.last and view.site in (None, site)


def a_world(**persons: int) -> World:
    """So many persons in each cell, each once: `aachen_0=3` are three in the first quarter at Aachen."""
    facts: list[Fact] = []
    for name, many in persons.items():
        site, _, quarter = name.partition("_")
        facts += [Fact(len(facts) + n, len(facts) + n, (QUARTERS[int(quarter)], site)) for n in range(many)]
    return tuple(facts)


@pytest.mark.parametrize(
    ("world", "told"),
    [
        (a_world(aachen_0=5), {(0, 0, "aachen"): 5}),
        (a_world(aachen_0=4), {}),
        (a_world(aachen_0=3, aachen_2=4), {(0, 3, "aachen"): 7}),
        # Here each would have to be four; where a third quarter is not told either, they need not.
        (a_world(aachen_0=9, aachen_1=9, aachen_2=4, aachen_3=4), {(0, 0, "aachen"): 9, (1, 1, "aachen"): 9}),
        (a_world(aachen_1=9, aachen_2=4, aachen_3=4), {(0, 3, "aachen"): 8, (1, 1, "aachen"): 9}),
        (a_world(aachen_0=2, neuss_3=3), {(0, 3, None): 5}),
        (a_world(aachen_0=2, aachen_4=3), {}),
        (a_world(aachen_4=3, aachen_5=3), {(4, 5, "aachen"): 6}),
    ],
    ids=["five", "four", "quarters", "told-by-the-sum", "not-told-by-the-sum", "sites", "years-apart", "year-so-far"],
)
def test_small_cells_are_put_together_by_the_year_and_then_over_the_sites(
    db: Database, world: World, told: dict[tuple[int, int, str | None], int]
):
    start = QUARTERS[0]
    assert shown(db, world, False) == {(start + a, start + b, site): often for (a, b, site), often in told.items()}


def test_the_quarter_comes_first_where_that_is_asked(db: Database):
    world = a_world(aachen_0=2, neuss_0=3, moenchengladbach_1=4, neuss_2=3)
    start = QUARTERS[0]
    assert shown(db, world, True) == {(start, start, None): 5, (start, start + 3, None): 7}


def test_one_who_came_often_is_one_person(db: Database):
    often = tuple(Fact(n, 1, (QUARTERS[0], "aachen")) for n in range(40))
    assert shown(db, often, False) == {}


@pytest.mark.parametrize(
    ("persons", "half", "median"), [(9, None, None), (10, None, 4), (19, None, 9), (20, (4, 14), 9)], ids=str
)
def test_a_median_has_five_persons_on_each_side_and_a_quartile_too(
    db: Database, persons: int, half: tuple[int, int] | None, median: int | None
):
    [row] = ask(db, a_world(aachen_0=persons), SPREAD)
    assert (row["middle"], row["low"], row["high"]) == (median, *(half or (None, None)))
