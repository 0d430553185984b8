"""A new enquiry step by step: every question stands in one step, every topic in one situation of life."""

from collections import Counter
from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from contracts.codes import EnquirerKind, Topic, Urgency
from services.referral.commands.enquiries import topics_of
from services.referral.domain.deadlines import consequence, contact_by, expires_on
from services.referral.web import enquiry_form, intake_steps
from services.referral.web.intake_steps import (
    CHECK,
    NEEDS,
    PAGE,
    SITUATIONS,
    neighbor,
    situations_of,
    step_of,
    steps_of,
)

KINDS = pytest.mark.parametrize("kind", EnquirerKind)


@KINDS
def test_every_question_of_the_one_page_stands_in_one_step(kind: EnquirerKind) -> None:
    asked = [name for step in steps_of(kind) for name in step.fields]
    papers = {enquiry_form.PAPERS} if kind is EnquirerKind.PERSON else set()
    assert Counter(asked) == Counter({*enquiry_form.fields_of(kind), *NEEDS.fields, *papers})


@KINDS
def test_the_one_page_asks_what_all_steps_ask(kind: EnquirerKind) -> None:
    everything = step_of(kind, PAGE)
    assert everything is not None
    assert set(everything.fields) == {name for step in steps_of(kind) for name in step.fields}


@KINDS
def test_every_topic_stands_in_one_situation(kind: EnquirerKind) -> None:
    assert Counter(topic for _, topics in situations_of(kind) for topic in topics) == Counter(topics_of(kind))
    assert Counter(topic for topics in SITUATIONS.values() for topic in topics) == Counter(Topic)


@KINDS
def test_from_step_to_step_and_back(kind: EnquirerKind) -> None:
    steps = steps_of(kind)
    assert neighbor(kind, steps[0], -1) == steps[0].name
    assert [neighbor(kind, step, 1) for step in steps] == [*(step.name for step in steps[1:]), CHECK]
    assert [neighbor(kind, step, -1) for step in steps[1:]] == [step.name for step in steps[:-1]]
    assert step_of(kind, "nowhere") is None


@pytest.mark.parametrize("urgency", Urgency)
def test_what_an_urgency_sets_off_are_the_days_of_the_deadlines(urgency: Urgency) -> None:
    def every_day(_: date) -> bool:
        return True

    found, monday = consequence(urgency), date(2026, 11, 23)
    assert (contact_by(urgency, monday, every_day) - monday).days == found.contact_working_days
    assert (expires_on(urgency, monday, every_day) - monday).days == found.expiry_days
    never_on_tuesday = expires_on(urgency, monday, lambda day: day.weekday() != 1)
    assert (never_on_tuesday != expires_on(urgency, monday, every_day)) == found.in_working_days


def test_a_draft_keeps_its_own_fields_and_only_so_much() -> None:
    form = MultiDict([("topics", "ARBEIT"), ("topics", "SPRACHE"), ("given_name", "Leyla"), ("go", "keep")])
    assert intake_steps.words_of(NEEDS, form) == {"topics": ["ARBEIT", "SPRACHE"], "urgency": []}
    flood = MultiDict([("topics", "x" * 5000)] * 50)
    kept = intake_steps.words_of(NEEDS, flood)["topics"]
    assert (len(kept), {len(one) for one in kept}) == (intake_steps.MOST, {intake_steps.LONGEST})
