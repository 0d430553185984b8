"""The tour names only words of the pages, and does or looks at each; that it can be walked is tried elsewhere."""

import re
from collections.abc import Iterator

import pytest

from deploy.demo.people import STAFF
from deploy.demo.tour import STOPS, Select, Step, quoted
from deploy.dev import tour_page
from services.chassis.i18n import translations

SERVICES = ("referral", "directory", "audit")
STEPS = [step for stop in STOPS for step in stop.steps]


def words_of(step: Step) -> Iterator[str]:
    for act in step.acts:
        yield act.word
        if isinstance(act, Select):
            yield act.option


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.en[:40])
def test_every_word_a_step_names_is_done_or_looked_at(step: Step) -> None:
    assert [word for word in quoted(step.de) if word not in set(words_of(step))] == []


def test_every_word_of_the_tour_stands_in_a_catalogue() -> None:
    chains = [catalogue for service in SERVICES for catalogue in translations(service, "de").chain]
    said = " | ".join(str(text) for one in chains for text in one._catalog.values())  # type: ignore[attr-defined]  # gettext has no other way to list them
    assert [word for step in STEPS for word in words_of(step) if word not in said] == []


def test_everybody_on_the_tour_is_on_the_sign_in_page() -> None:
    assert {stop.person for stop in STOPS} <= {name for _, name, *_ in STAFF}


def test_the_page_numbers_every_step_in_both_languages() -> None:
    for text in (tour_page.german(), tour_page.english()):
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
        assert numbers == list(range(1, len(STEPS) + 1))
