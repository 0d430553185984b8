"""Why this service and not another, in codes for the person's pages: no more than was decided, nor than is hers."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import ChannelKind, Participation
from services.referral.domain.explaining import (
    OURS_TO_MEND,
    PLAIN,
    Beside,
    Decision,
    Explanation,
    RuledOut,
    explained,
    fit_of,
)
from services.referral.domain.footing import Footing, lacking
from services.referral.domain.matching import OwnMeasureReason
from services.referral.domain.person_view import PersonState

CHOSEN, OTHER, FAR, NEED = (UUID(int=number) for number in range(1, 5))


def suggested(service_id: UUID = CHOSEN, **changes: Any) -> dict[str, Any]:
    usual = {"service_id": str(service_id), "score": 50, "fits": ["topic", "near"], "to_clarify": []}
    return {**usual, "own_measure": False, "pass_on": False, "declined": False, **changes}


def told(*suggestions: dict[str, Any], states: dict[UUID, PersonState] | None = None, **changes: Any) -> Explanation:
    usual: dict[str, Any] = {
        "service_id": CHOSEN,
        "need_id": NEED,
        "excluded_because": (),
        "is_own_measure": False,
        "suggestions": suggestions,
        "exclusions": (),
    }
    return explained(Decision(**{**usual, **changes}), states or {})


def beside(**changes: Any) -> Beside:
    [one] = told(suggested(), suggested(OTHER, **changes)).beside
    return one


def test_what_fits_and_what_is_open_is_said_of_the_chosen_one():
    found = told(suggested(fits=["topic", "language"], to_clarify=["age"], pass_on=True))
    assert (found.fits, found.to_clarify, found.passes_on) == (("topic", "language"), ("age",), True)
    assert (found.beside, found.ruled_out, found.chosen_although) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"score": 40, "fits": ["topic"]}, Beside(OTHER, "behind", behind=("near",))),
        ({"score": 40, "to_clarify": ["profession"]}, Beside(OTHER, "more_open", open=("profession",))),
        ({"score": 40}, Beside(OTHER, "as_well")),
        ({"score": 60, "fits": ["topic"]}, Beside(OTHER, "as_well")),
        ({"own_measure": True}, Beside(OTHER, "own_measure")),
    ],
)
def test_each_other_one_that_fits_has_its_reason(changes: dict[str, Any], said: Beside):
    assert beside(**changes) == said


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (PersonState.REJECTED, "declined"),
        (PersonState.NO_ANSWER, "no_answer"),
        *((state, "") for state in PersonState if state not in (PersonState.REJECTED, PersonState.NO_ANSWER)),
    ],
)
def test_that_a_body_has_declined_is_said_only_where_her_page_shows_its_answer(state: PersonState, code: str):
    [other] = told(suggested(), suggested(OTHER, declined=True), states={OTHER: state}).beside
    assert other.because == code


def test_what_a_body_lacks_towards_us_is_not_told_by_name():
    kept = [{"service_id": str(FAR), "because": ["area", "agreement", "key", "age"], "better_bodies": []}]
    assert told(suggested(), exclusions=kept).ruled_out == (RuledOut(FAR, ("area", "own_way"), ("age",)),)


def test_a_choice_against_the_comparison_says_so_and_is_not_among_what_was_ruled_out():
    kept = [{"service_id": str(CHOSEN), "because": ["profession_group"], "better_bodies": []}]
    found = told(suggested(OTHER), excluded_because=("profession_group",), exclusions=kept)
    assert found.chosen_although == RuledOut(CHOSEN, (), ("profession_group",))
    assert (found.fits, found.ruled_out, found.beside) == ((), (), (Beside(OTHER, "as_well"),))


def test_before_anything_is_chosen_only_what_was_suggested_has_reasons():
    assert fit_of([suggested(to_clarify=["age"])], CHOSEN) == Explanation(("topic", "near"), ("age",))
    assert fit_of([suggested()], OTHER) is None


def test_where_only_our_papers_are_missing_the_reasons_and_open_questions_are_told_all_the_same():
    kept = {"service_id": str(FAR), "because": ["agreement"], "fits": ["topic"], "to_clarify": ["profession_group"]}
    assert fit_of([suggested(), kept], FAR) == Explanation(("topic",), ("profession_group",))
    assert fit_of([{"service_id": str(FAR), "because": ["area"]}], FAR) is None
    [out] = told(suggested(), exclusions=[kept]).ruled_out
    assert out == RuledOut(FAR, ("own_way",), (), ("profession_group",))


def test_what_a_body_lacks_towards_us_is_never_told_as_something_about_her():
    bare: dict[str, Any] = {"agreement": None, "has_terms": False, "keys": (), "assured_on": None, "retired": True}
    codes = {
        code
        for participation in Participation
        for code in lacking(Footing(channel=ChannelKind.AMQP, participation=participation, **bare), date(2026, 11, 26))
    }
    assert {"suspended", "left", "key", "service"} <= codes <= OURS_TO_MEND | {*PLAIN}


def test_an_own_measure_beside_bodies_that_fit_says_so_and_they_come_first_of_what_was_ruled_out():
    kept = [
        {"service_id": str(OTHER), "because": ["profession_group"]},
        {"service_id": str(FAR), "because": ["agreement", "key"]},
    ]
    beside = {"is_own_measure": True, "own_measure_because": OwnMeasureReason.EXISTING_NOT_REFERABLE}
    found = told(suggested(own_measure=True), exclusions=kept, **beside)
    assert (found.is_own_measure, found.is_beside_existing) == (True, True)
    assert [(one.service_id, one.because) for one in found.ruled_out] == [(FAR, ("own_way",)), (OTHER, ())]
    nobody = told(suggested(own_measure=True), is_own_measure=True, own_measure_because=OwnMeasureReason.NOBODY_FITS)
    assert not nobody.is_beside_existing
