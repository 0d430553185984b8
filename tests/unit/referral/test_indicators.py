"""A funder's indicators are read as data; what is wrong in them is named, and nothing starts."""

import json
from typing import Any

import pytest

from services.chassis.config import ConfigError
from services.chassis.i18n import translations
from services.referral.domain.indicators import Counts, Source
from services.referral.indicators import SAMPLE, read, sample


def a_document(**changes: Any) -> dict[str, Any]:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    document["sets"][0] |= changes
    return dict(document)


def an_indicator(**changes: Any) -> dict[str, Any]:
    return {**json.loads(SAMPLE.read_text(encoding="utf-8"))["sets"][0]["indicators"][0], **changes}


def test_the_sample_says_that_it_is_one_and_nothing_else_does():
    assert sample().is_sample and not read(SAMPLE.read_text(encoding="utf-8")).is_sample


@pytest.mark.parametrize("indicator", sample().all[0].indicators, ids=lambda one: one.code)
def test_every_figure_has_its_definition_in_both_languages_of_staff(indicator: Any):
    for language in ("de", "en"):
        assert indicator.name[language] and indicator.definition[language].endswith(".")


@pytest.mark.parametrize("code", [*Source, *Counts])
def test_every_source_has_a_word(code: Source | Counts):
    key = f"indicator_source:{code}" if isinstance(code, Source) else f"counts:{code}"
    assert translations("referral", "de").gettext(key) != key


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"first": "2026"}, "first: a day"),
        ({"last": "2025-12-31"}, "last: not before first"),
        ({"funder": " "}, "funder: a text"),
        ({"indicators": [an_indicator(), an_indicator()]}, "each code once"),
        ({"indicators": [an_indicator(source="gossip")]}, "source: one of"),
        ({"indicators": [an_indicator(counts="euros")]}, "counts: one of"),
        ({"indicators": [an_indicator(tags=[])]}, "tags: at least one"),
        ({"indicators": [an_indicator(name={"en": "Figure"})]}, "name: a text in German"),
        ({"indicators": [{"code": "x"}]}, "missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_by_its_place(changes: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        read(json.dumps(a_document(**changes)))


def test_what_is_no_json_is_refused():
    with pytest.raises(ConfigError, match="INDICATORS"):
        read("indicators: all")


@pytest.mark.parametrize(("first", "last"), [("2026-01-01", "2026-06-30"), ("2026-06-01", "2027-05-31")])
def test_periods_that_overlap_are_refused_since_one_could_be_taken_off_the_other(first: str, last: str):
    document = a_document()
    document["sets"].append({**document["sets"][0], "id": "second", "first": first, "last": last})
    with pytest.raises(ConfigError, match="the same or apart"):
        read(json.dumps(document))


def test_figures_of_the_same_period_are_told_beside_each_other_whoever_the_funder_is():
    document = a_document(indicators=[an_indicator()])
    other = an_indicator(code="persons", tags=["person"])
    document["sets"].append({**document["sets"][0], "id": "second", "indicators": [other, an_indicator()]})
    document["sets"].append({**document["sets"][0], "id": "later", "first": "2027-01-01", "last": "2027-12-31"})
    sets = read(json.dumps(document))
    assert [one.tags for one in sets.beside(sets.all[1])] == [("all",), ("person",)]
    assert len(sets.beside(sets.all[2])) == 1
