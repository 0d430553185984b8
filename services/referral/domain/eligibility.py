"""Whether a service's rule holds for a person, in three values; the grammar is `contracts.eligibility`.

Unknown is never a no: it becomes a question. The rule comes to the person's data, the data does not travel.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from contracts.codes import Assertion
from contracts.eligibility import CODE_FACTS, GROUPS_OF_PROFESSION

#: A code fact is the set of values still possible; a flag a bool, a number an int; what is missing is not known.
Facts = Mapping[str, frozenset[str] | bool | int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rule came out: with the questions that would settle it, or the facts that made it fail."""

    assertion: Assertion
    questions: frozenset[str] = field(default_factory=frozenset)
    failed: frozenset[str] = field(default_factory=frozenset)


TRUE = Verdict(Assertion.TRUE)


def evaluate(rule: Mapping[str, Any], facts: Facts) -> Verdict:
    """Evaluate a well-formed rule (`contracts.eligibility.check_rule` has seen it) on what is known."""
    if not rule:
        return TRUE
    if "all" in rule:
        return _every(rule["all"], facts)
    if "any" in rule:
        return _some(rule["any"], facts)
    if "not" in rule:
        return _negated(evaluate(rule["not"], facts), rule["not"])
    return _condition(rule, facts)


def _every(rules: Any, facts: Facts) -> Verdict:
    verdicts = [evaluate(rule, facts) for rule in rules]
    if any(one.assertion is Assertion.FALSE for one in verdicts):
        return Verdict(Assertion.FALSE, failed=_joined(one.failed for one in verdicts))
    return _open(verdicts) or TRUE


def _some(rules: Any, facts: Facts) -> Verdict:
    verdicts = [evaluate(rule, facts) for rule in rules]
    if any(one.assertion is Assertion.TRUE for one in verdicts):
        return TRUE
    return _open(verdicts) or Verdict(Assertion.FALSE, failed=_joined(one.failed for one in verdicts))


def _open(verdicts: list[Verdict]) -> Verdict | None:
    """What is still to be asked, if anything is."""
    unknown = [one for one in verdicts if one.assertion is Assertion.UNKNOWN]
    return Verdict(Assertion.UNKNOWN, questions=_joined(one.questions for one in unknown)) if unknown else None


def _joined(sets: Any) -> frozenset[str]:
    return frozenset().union(*sets)


def _negated(verdict: Verdict, rule: Mapping[str, Any]) -> Verdict:
    if verdict.assertion is Assertion.TRUE:
        return Verdict(Assertion.FALSE, failed=frozenset(_facts_in(rule)))
    return TRUE if verdict.assertion is Assertion.FALSE else verdict


def _facts_in(rule: Mapping[str, Any]) -> list[str]:
    parts = [*rule.get("all", ()), *rule.get("any", ()), *([rule["not"]] if "not" in rule else ())]
    return [rule["fact"]] if "fact" in rule else [fact for part in parts for fact in _facts_in(part)]


def _condition(rule: Mapping[str, Any], facts: Facts) -> Verdict:
    fact = rule["fact"]
    [test] = set(rule) - {"fact", "question"}
    assertion = _in(fact, rule[test], facts.get(fact)) if test == "in" else _compared(test, rule[test], facts.get(fact))
    if assertion is Assertion.UNKNOWN:
        return Verdict(assertion, questions=frozenset({rule.get("question", fact)}))
    return TRUE if assertion is Assertion.TRUE else Verdict(assertion, failed=frozenset({fact}))


def _is_listed(fact: str, value: str, codes: Any) -> bool:
    """Professions are listed by the first digits of their code (Klassifikation der Berufe), everything else exactly."""
    return any(value.startswith(code) for code in codes) if fact == "profession" else value in codes


def _in(fact: str, codes: Any, known: Any) -> Assertion:
    possible = known or CODE_FACTS[fact]
    if not possible:
        return Assertion.UNKNOWN
    listed = [_is_listed(fact, value, codes) for value in possible]
    if all(listed):
        return Assertion.TRUE
    return Assertion.UNKNOWN if any(listed) else Assertion.FALSE


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "is": lambda known, operand: known is operand,
        "at_least": lambda known, operand: known >= operand,
        "at_most": lambda known, operand: known <= operand,
    }
)


def _compared(test: str, operand: Any, known: Any) -> Assertion:
    if known is None:
        return Assertion.UNKNOWN
    return Assertion.TRUE if COMPARISONS[test](known, operand) else Assertion.FALSE


def with_profession_group(facts: Facts) -> Facts:
    """A known profession narrows which body is competent; a group that was asked for stays as it is."""
    professions = facts.get("profession")
    if "profession_group" in facts or not isinstance(professions, frozenset) or len(professions) != 1:
        return facts
    [profession] = professions
    prefixes = sorted((one for one in GROUPS_OF_PROFESSION if profession.startswith(one)), key=len)
    if not prefixes:
        return facts
    return {**facts, "profession_group": frozenset(str(one) for one in GROUPS_OF_PROFESSION[prefixes[-1]])}
