"""The flow picture: as much leaves as arrives, nothing overlaps, and what nobody went through is not drawn."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from services.referral.domain.sankey import MOST_HEIGHT, NODE_WIDTH, Flow, draw

TOPICS, BODIES, ENDS = ["t1", "t2", "t3"], ["b1", "b2"], ["e1", "e2"]
COLUMNS = [TOPICS, BODIES, ENDS]


def flows_between(sources: list[str], targets: list[str]) -> some.SearchStrategy[list[Flow]]:
    pairs = [(source, target) for source in sources for target in targets]
    return some.lists(some.integers(0, 5_000), min_size=len(pairs), max_size=len(pairs)).map(
        lambda counts: [Flow(source, target, often) for (source, target), often in zip(pairs, counts, strict=True)]
    )


SOME_FLOWS = some.tuples(flows_between(TOPICS, BODIES), flows_between(BODIES, ENDS)).map(lambda both: both[0] + both[1])


def outline(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


@given(SOME_FLOWS)
def test_no_two_bars_of_a_column_touch_and_all_lie_in_the_picture(flows: list[Flow]):
    picture = draw(COLUMNS, flows)
    for column in range(3):
        bars = [one for one in picture.nodes if one.column == column]
        assert all(above.y + above.height < below.y for above, below in pairwise(bars))
    for one in picture.nodes:
        assert one.y >= 0 and one.y + one.height <= picture.height and one.x + NODE_WIDTH <= picture.width


@given(SOME_FLOWS)
def test_bands_of_a_bar_lie_within_it_and_follow_each_other(flows: list[Flow]):
    picture = draw(COLUMNS, flows)
    fullest = max(sum(one.often for one in picture.nodes if one.column == column) for column in range(3))
    thin = fullest > 10 * MOST_HEIGHT  # one person is then less than a tenth high, and a tenth is what is written
    for end, top in (("source", 1), ("target", 7)):
        for node in picture.nodes:
            bands = [outline(one.path) for one in picture.bands if getattr(one.flow, end) == node.id]
            tops = sorted(band[top] for band in bands)
            assert all(node.y - 0.1 <= one <= node.y + node.height + 1 for one in tops)
            assert thin or tops == sorted(set(tops)), "only what is thinner than a tenth lies upon another"


def test_a_bar_is_as_high_as_the_larger_of_what_came_and_what_went():
    picture = draw(COLUMNS, [Flow("t1", "b1", 30), Flow("t2", "b1", 10), Flow("b1", "e1", 20)])
    assert {one.id: one.often for one in picture.nodes} == {"t1": 30, "t2": 10, "b1": 40, "e1": 20}


def test_what_nobody_went_through_is_not_drawn():
    picture = draw(COLUMNS, [Flow("t1", "b1", 7), Flow("t2", "b1", 0)])
    assert [one.id for one in picture.nodes] == ["t1", "b1"]
    assert len(picture.bands) == 1


def test_without_figures_there_is_an_empty_picture():
    picture = draw(COLUMNS, [])
    assert len(picture.nodes) == 0
    assert not picture.bands


def test_names_of_the_first_column_end_at_their_bar_and_the_others_begin_there():
    nodes = {one.id: one for one in draw(COLUMNS, [Flow("t1", "b1", 7), Flow("b1", "e1", 7)]).nodes}
    assert [nodes[one].anchor for one in ("t1", "b1", "e1")] == ["end", "start", "start"]
    assert nodes["t1"].label_x < nodes["t1"].x and nodes["e1"].label_x > nodes["e1"].x
