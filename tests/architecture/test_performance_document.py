"""docs/performance.md says what the results say, and how fast a curve may grow is judged as it says."""

import json

import pytest

from tests.benchmarks import charts, report
from tests.benchmarks.judging import no_worse_than_logarithmic


def test_the_page_and_its_charts_are_those_of_the_results() -> None:
    if not report.RESULTS.exists():
        assert not report.PAGE.exists(), "figures without a run"
        return
    found, grown = json.loads(report.RESULTS.read_text(encoding="utf-8")), report.kept(report.GROWTH)
    stale = "not current: python -m tests.benchmarks.report"
    assert report.PAGE.read_text(encoding="utf-8") == report.page(found, grown), stale
    drawn = dict((*report.pictures(found), *report.growth_pictures(grown or {"groups": {}})))
    assert {path.name: path.read_text(encoding="utf-8") for path in report.CHARTS.iterdir()} == drawn, stale


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ({10_000: 20.0, 1_000_000: 21.0}, True),
        ({10_000: 20.0, 1_000_000: 30.0}, True),
        ({10_000: 20.0, 1_000_000: 200.0}, False),
        ({10_000: 0.1, 1_000_000: 4.9}, True),
        ({10_000: 0.1, 1_000_000: 50.0}, False),
    ],
)
def test_a_curve_may_grow_as_the_logarithm_does_and_a_little_for_noise(values: dict[int, float], holds: bool) -> None:
    assert no_worse_than_logarithmic(values, floor=5.0) is holds


def test_a_chart_names_what_it_shows_and_lets_no_name_break_it() -> None:
    drawn = charts.stacked("A & B", "ms", {"<spine>": {"api": 1.0, "relay": 0.5}}, most=2.0)
    assert "<title>A &amp; B</title>" in drawn
    assert "&lt;spine&gt;, api: 1.00 ms" in drawn
    assert "<spine>" not in drawn
