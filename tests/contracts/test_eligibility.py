"""The grammar of eligibility rules says what is wrong, and where."""

from types import MappingProxyType

import pytest

from contracts.eligibility import MAX_DEPTH, MAX_LEAVES, check_rule, leaves

CRAFT = {"fact": "profession_group", "in": ["CRAFT"], "question": "profession_group"}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        CRAFT,
        {"all": [CRAFT, {"not": {"fact": "newly_arrived", "is": True}}]},
        {"any": [{"fact": "age", "at_least": 12}, {"fact": "age", "at_most": 26}]},
        {"fact": "profession", "in": ["26212"]},
        MappingProxyType({"all": (MappingProxyType({"fact": "benefit", "in": ("SGB2",)}),)}),
    ],
)
def test_a_well_formed_rule_has_no_problem(rule):
    assert check_rule(rule) == ()


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        ([], "", "a rule: an object"),
        (
            {
                "all": [],
            },
            ".all",
            "a list of at least one rule",
        ),
        ({"some": [CRAFT]}, "", "exactly one of all, any, not, fact"),
        ({"all": [CRAFT], "any": [CRAFT]}, "", "exactly one of all, any, not, fact"),
        ({"not": {"all": [CRAFT, 7]}}, ".not.all[1]", "a rule: an object"),
        ({"fact": "shoe_size", "in": ["X"]}, ".fact", "one of profession_group"),
        ({"fact": ["x"], "in": ["X"]}, ".fact", "one of profession_group"),
        ({"fact": "benefit", "is": True}, "", "exactly one of in for the fact benefit"),
        ({"fact": "benefit", "in": ["SGB2"], "is": True}, "", "exactly one of in"),
        ({"fact": "age", "at_least": True}, ".at_least", "a whole number from 0 to 150"),
        ({"fact": "age", "at_most": 151}, ".at_most", "a whole number from 0 to 150"),
        ({"fact": "newly_arrived", "is": "yes"}, ".is", "true or false"),
        ({"fact": "benefit", "in": []}, ".in", "a list of at least one code"),
        ({"fact": "benefit", "in": "SGB2"}, ".in", "a list of at least one code"),
        ({"fact": "benefit", "in": ["SGB99"]}, ".in", "codes out of SGB2"),
        ({"fact": "age", "at_least": 1, "question": "how old?"}, ".question", "a code of letters"),
    ],
)
def test_a_malformed_rule_is_refused_with_path_and_expectation(rule, path, expected):
    [(found, said)] = check_rule(rule)
    assert found == path
    assert said.startswith(expected)


def test_a_rule_nested_too_deeply_is_refused():
    rule = CRAFT
    for _ in range(MAX_DEPTH):
        rule = {"not": rule}
    [(path, expected)] = check_rule(rule)
    assert path == ".not" * MAX_DEPTH
    assert expected == f"at most {MAX_DEPTH} levels of rules"


def test_a_rule_with_too_many_conditions_is_refused():
    assert check_rule({"any": [CRAFT] * (MAX_LEAVES + 1)}) == (("", f"at most {MAX_LEAVES} conditions"),)


def test_leaves_are_found_wherever_they_stand():
    rule = {"all": [CRAFT, {"any": [{"not": {"fact": "age", "at_least": 3}}]}]}
    assert [leaf["fact"] for leaf in leaves(rule)] == ["profession_group", "age"]
