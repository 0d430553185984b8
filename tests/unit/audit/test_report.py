"""Small figures are hidden, and so is what would give them away."""

import random

import pytest

from services.audit.domain.report import SMALL, grouped, table


def shown(counted):
    made = table({(name,): n for name, n in counted.items()})
    return [cell.n for cell in made.cells], made.total


@pytest.mark.parametrize(
    ("counted", "cells", "total"),
    [
        ({}, [], 0),
        ({"a": 9, "b": 5}, [9, 5], 14),
        ({"a": 9, "b": 0}, [9], 9),
        pytest.param({"a": 90, "b": 9, "c": 4}, [90, None, None], 103, id="one takes the next smallest with it"),
        pytest.param({"a": 90, "b": 3, "c": 2}, [90, None, None], 95, id="two hide each other"),
        pytest.param({"a": 90, "b": 2, "c": 1}, [None, None, None], 93, id="few together take one more"),
        pytest.param({"a": 4}, [None], None, id="alone the total goes"),
        pytest.param({"a": 1, "b": 1}, [None, None], None, id="few in all"),
    ],
)
def test_small_figures_are_hidden(counted, cells, total):
    assert shown(counted) == (cells, total)


@pytest.mark.parametrize("seed", range(20))
def test_no_hidden_figure_can_be_worked_out_from_what_is_shown(seed):
    chance = random.Random(seed)
    counted = {str(name): chance.choice((0, 1, 3, 4, 5, 6, 50)) for name in range(chance.randrange(1, 8))}
    cells, total = shown(counted)
    hidden = sum(n is None for n in cells)
    assert all(n is None or n >= SMALL for n in cells)
    if total is not None and hidden:
        assert hidden > 1
        assert total - sum(n for n in cells if n is not None) >= SMALL


def test_figures_are_added_up_by_some_of_their_codes():
    assert grouped({("x", "a"): 2, ("y", "a"): 3, ("x", "b"): 1}, 1) == {("a",): 5, ("b",): 1}
