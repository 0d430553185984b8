"""Rules in three values: every connective as a truth table, every kind of fact, and a slower evaluator beside it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Assertion
from contracts.eligibility import CODE_FACTS, check_rule
from services.referral.domain.eligibility import Verdict, evaluate, with_profession_group
from tests.examples import tried

T, F, U = Assertion.TRUE, Assertion.FALSE, Assertion.UNKNOWN
RULES = {
    T: {"fact": "newly_arrived", "is": True},
    F: {"fact": "wants_to_found", "is": True},
    U: {"fact": "degree_from_abroad", "is": True, "question": "degree"},
}
FACTS: dict[str, Any] = {"newly_arrived": True, "wants_to_found": False}


def verdict(rule: dict[str, Any], **facts: Any) -> Assertion:
    return evaluate(rule, facts or FACTS).assertion


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [(T, T, T, T), (T, U, U, T), (T, F, F, T), (U, U, U, U), (U, F, F, U), (F, F, F, F), (F, U, F, U), (F, T, F, T)],
)
def test_all_and_any_follow_strong_kleene_logic(left, right, both, either):
    assert verdict({"all": [RULES[left], RULES[right]]}) is both
    assert verdict({"any": [RULES[left], RULES[right]]}) is either


@pytest.mark.parametrize(("inner", "outer"), [(T, F), (F, T), (U, U)])
def test_not_turns_true_and_false_and_leaves_unknown(inner, outer):
    assert verdict({"not": RULES[inner]}) is outer


def test_no_rule_is_true_for_everybody():
    assert evaluate({}, {}) == Verdict(T)


@pytest.mark.parametrize(
    ("rule", "known", "expected"),
    [
        ({"fact": "benefit", "in": ["SGB2"]}, frozenset({"SGB2"}), T),
        ({"fact": "benefit", "in": ["SGB2"]}, frozenset({"SGB3"}), F),
        ({"fact": "benefit", "in": ["SGB2"]}, frozenset({"SGB2", "SGB3"}), U),
        ({"fact": "benefit", "in": ["SGB2"]}, None, U),
        ({"fact": "benefit", "in": list(CODE_FACTS["benefit"] or ())}, None, T),
        ({"fact": "profession", "in": ["263"]}, frozenset({"26312"}), T),
        ({"fact": "profession", "in": ["263"]}, frozenset({"81302"}), F),
        ({"fact": "profession", "in": ["263"]}, None, U),
        ({"fact": "newly_arrived", "is": False}, False, T),
        ({"fact": "newly_arrived", "is": False}, None, U),
        ({"fact": "age", "at_least": 18}, 18, T),
        ({"fact": "age", "at_least": 18}, 17, F),
        ({"fact": "age", "at_most": 26}, 27, F),
        ({"fact": "age", "at_most": 26}, 0, T),
        ({"fact": "age", "at_most": 26}, None, U),
    ],
)
def test_each_kind_of_fact(rule, known, expected):
    assert check_rule(rule) == ()
    facts = {} if known is None else {rule["fact"]: known}
    assert evaluate(rule, facts).assertion is expected


def test_unknown_becomes_the_question_of_the_rule_and_a_settled_rule_asks_nothing():
    assert evaluate(RULES[U], FACTS).questions == {"degree"}
    assert evaluate({"fact": "age", "at_least": 18}, {}).questions == {"age"}
    assert evaluate({"any": [RULES[T], RULES[U]]}, FACTS).questions == frozenset()
    assert evaluate({"all": [RULES[F], RULES[U]]}, FACTS).questions == frozenset()


def test_what_failed_is_named():
    assert evaluate({"all": [RULES[T], RULES[F]]}, FACTS).failed == {"wants_to_found"}
    assert evaluate({"not": {"any": [RULES[T], {"not": RULES[F]}]}}, FACTS).failed == {
        "newly_arrived",
        "wants_to_found",
    }


@pytest.mark.parametrize(
    ("known", "group"),
    [
        ({"profession": frozenset({"81302"})}, {"HEALTH"}),
        ({"profession": frozenset({"26312"})}, {"CRAFT", "INDUSTRY_COMMERCE"}),
        ({"profession": frozenset({"99999"})}, None),
        ({"profession": frozenset({"81302", "26312"})}, None),
        ({}, None),
        ({"profession": frozenset({"81302"}), "profession_group": frozenset({"CRAFT"})}, {"CRAFT"}),
    ],
)
def test_a_known_profession_narrows_the_group_unless_somebody_asked(known, group):
    assert with_profession_group(known).get("profession_group") == (frozenset(group) if group else None)


# --- the same, slower: try every possible world of the leaves, combined by hand ---------------------------------------


def slowly(rule: dict[str, Any], facts: dict[str, Any]) -> Assertion:
    """Truth as numbers: false 0, unknown 1, true 2; all is the minimum, any the maximum, not turns around."""
    return {0: F, 1: U, 2: T}[_number(rule, facts)]


def _number(rule: dict[str, Any], facts: dict[str, Any]) -> int:
    if not rule:
        return 2
    if "all" in rule:
        return min(_number(part, facts) for part in rule["all"])
    if "any" in rule:
        return max(_number(part, facts) for part in rule["any"])
    if "not" in rule:
        return 2 - _number(rule["not"], facts)
    fact = rule["fact"]
    if "in" in rule:
        possible = facts.get(fact, CODE_FACTS[fact])
        answers = {value in rule["in"] for value in possible}
        return 1 if len(answers) == 2 else 2 * answers.pop()
    if fact not in facts:
        return 1
    return (
        2
        * {
            "is": lambda: facts[fact] == rule["is"],
            "at_least": lambda: facts[fact] >= rule["at_least"],
            "at_most": lambda: facts[fact] <= rule["at_most"],
        }[next(word for word in ("is", "at_least", "at_most") if word in rule)]()
    )


BENEFITS = list(CODE_FACTS["benefit"] or ())
GROUPS = list(CODE_FACTS["profession_group"] or ())
leaves = (
    st.lists(st.sampled_from(BENEFITS), min_size=1, unique=True).map(lambda codes: {"fact": "benefit", "in": codes})
    | st.lists(st.sampled_from(GROUPS), min_size=1, unique=True).map(
        lambda codes: {"fact": "profession_group", "in": codes}
    )
    | st.builds(lambda is_so: {"fact": "newly_arrived", "is": is_so}, st.booleans())
    | st.builds(
        lambda test, age: {"fact": "age", test: age}, st.sampled_from(["at_least", "at_most"]), st.integers(0, 99)
    )
)
rules = st.recursive(
    leaves,
    lambda inner: (
        st.builds(
            lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
        )
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=8,
)
known_facts = st.fixed_dictionaries(
    {},
    optional={
        "benefit": st.frozensets(st.sampled_from(BENEFITS), min_size=1),
        "profession_group": st.frozensets(st.sampled_from(GROUPS), min_size=1),
        "newly_arrived": st.booleans(),
        "age": st.integers(0, 99),
    },
)


@tried(1500)
@given(rules, known_facts)
def test_it_agrees_with_the_slow_evaluator_and_asks_exactly_while_something_is_open(rule, facts):
    found = evaluate(rule, facts)
    assert found.assertion is slowly(rule, facts)
    assert bool(found.questions) == (found.assertion is U)
    assert bool(found.failed) == (found.assertion is F)


@tried(500)
@given(rules, known_facts, known_facts)
def test_learning_more_never_turns_a_yes_into_a_no(rule, facts, more):
    before = evaluate(rule, facts).assertion
    learned = {**more, **facts}
    if before is not U:
        assert evaluate(rule, learned).assertion is before
