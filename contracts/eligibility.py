"""The grammar of eligibility rules: directory checks them, referral evaluates them where the person's data is.

A rule is a small JSON document::

    {}                                                              no condition: true for everybody
    {"all": [rule, ...]}   {"any": [rule, ...]}   {"not": rule}
    {"fact": "profession_group", "in": ["CRAFT"]}                   fact of kind codes
    {"fact": "newly_arrived", "is": true}                           fact of kind flag
    {"fact": "age", "at_least": 12}   {"fact": "age", "at_most": 26}

Every leaf may carry ``"question": "<code>"``, the question to ask while the fact is not settled; left out, it is the
fact.

A fact is known as the *set of values still possible*; not asked means all of them. ``in`` is true if every possible
value is listed, false if none is, otherwise unknown; ``is``, ``at_least`` and ``at_most`` are unknown until the fact is
known. ``all`` is false as soon as one part is, ``any`` true as soon as one part is (strong Kleene logic). Unknown never
excludes: it becomes a question.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

MAX_DEPTH = 8
MAX_LEAVES = 100


class ProfessionGroup(StrEnum):
    """Which body is competent for a profession (BQFG § 8, HwO, IHKG and the laws on health professions)."""

    CRAFT = "CRAFT"
    INDUSTRY_COMMERCE = "INDUSTRY_COMMERCE"
    HEALTH = "HEALTH"
    OTHER = "OTHER"


#: Prefixes of the Klassifikation der Berufe 2010 whose profession narrows the group; what is not listed stays open.
#: Electronics technicians and metal workers are trained in the crafts *and* in industry: only asking settles it.
GROUPS_OF_PROFESSION: Mapping[str, frozenset[ProfessionGroup]] = MappingProxyType(
    {
        "244": frozenset({ProfessionGroup.CRAFT, ProfessionGroup.INDUSTRY_COMMERCE}),  # metal construction, welding
        "261": frozenset({ProfessionGroup.CRAFT, ProfessionGroup.INDUSTRY_COMMERCE}),  # mechatronics, automation
        "262": frozenset({ProfessionGroup.CRAFT, ProfessionGroup.INDUSTRY_COMMERCE}),  # energy technology
        "263": frozenset({ProfessionGroup.CRAFT, ProfessionGroup.INDUSTRY_COMMERCE}),  # electrical engineering
        "813": frozenset({ProfessionGroup.HEALTH}),  # nursing, emergency medical services, obstetrics
        "817": frozenset({ProfessionGroup.HEALTH}),  # therapy
        "821": frozenset({ProfessionGroup.HEALTH}),  # geriatric care
    }
)


class ResidenceStatus(StrEnum):
    """What a person's right of residence rests on; always optional, and "not asked" is unknown."""

    GERMAN = "GERMAN"
    EU_CITIZEN = "EU_CITIZEN"
    RESIDENCE_TITLE = "RESIDENCE_TITLE"
    TEMPORARY_PROTECTION = "TEMPORARY_PROTECTION"
    ASYLUM_PROCEDURE = "ASYLUM_PROCEDURE"
    TOLERATED = "TOLERATED"
    ABROAD = "ABROAD"


class EmploymentStatus(StrEnum):
    EMPLOYED = "EMPLOYED"
    SELF_EMPLOYED = "SELF_EMPLOYED"
    IN_TRAINING = "IN_TRAINING"
    SEEKING = "SEEKING"
    NOT_SEEKING = "NOT_SEEKING"


class Benefit(StrEnum):
    """Which benefits a person draws; decides between the legal spheres."""

    SGB2 = "SGB2"
    SGB3 = "SGB3"
    SGB12 = "SGB12"
    ASYLBLG = "ASYLBLG"
    NONE = "NONE"


class EmployerSize(StrEnum):
    """After Commission Recommendation 2003/361/EC; MICRO to MEDIUM together are the KMU."""

    MICRO = "MICRO"
    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"


class FactKind(StrEnum):
    CODES = "codes"
    FLAG = "flag"
    NUMBER = "number"


#: What rules may ask about: the fact and, for facts of kind codes, its values. None: any code (profession: KldB 2010).
CODE_FACTS: Mapping[str, tuple[str, ...] | None] = MappingProxyType(
    {
        "profession_group": tuple(ProfessionGroup),
        "profession": None,
        "residence_status": tuple(ResidenceStatus),
        "employment_status": tuple(EmploymentStatus),
        "benefit": tuple(Benefit),
        "language_level": ("NONE", "A1", "A2", "B1", "B2", "C1", "C2"),
        "employer_size": tuple(EmployerSize),
    }
)
FACTS: Mapping[str, FactKind] = MappingProxyType(
    {
        **dict.fromkeys(CODE_FACTS, FactKind.CODES),
        "newly_arrived": FactKind.FLAG,
        "wants_to_found": FactKind.FLAG,
        "degree_from_abroad": FactKind.FLAG,
        "age": FactKind.NUMBER,
    }
)

Problem = tuple[str, str]


def check_rule(rule: Any) -> tuple[Problem, ...]:
    """Say everything that is wrong with a rule, as (path, expectation); nothing means the rule is well formed."""
    problems = tuple(_walk(rule, "", 1)) if rule != {} else ()
    if not problems and sum(1 for _ in leaves(rule)) > MAX_LEAVES:
        return (("", f"at most {MAX_LEAVES} conditions"),)
    return problems


def leaves(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every condition on a fact in a well-formed rule."""
    if "fact" in rule:
        yield rule
    for part in (*rule.get("all", ()), *rule.get("any", ())):
        yield from leaves(part)
    if "not" in rule:
        yield from leaves(rule["not"])


def _walk(rule: Any, path: str, depth: int) -> Iterator[Problem]:
    if depth > MAX_DEPTH:
        yield path, f"at most {MAX_DEPTH} levels of rules"
    elif not isinstance(rule, Mapping):
        yield path, "a rule: an object"
    elif "fact" in rule:
        yield from _condition(rule, path)
    elif len(rule) != 1 or next(iter(rule)) not in ("all", "any", "not"):
        yield path, "exactly one of all, any, not, fact"
    elif "not" in rule:
        yield from _walk(rule["not"], f"{path}.not", depth + 1)
    else:
        yield from _parts(rule, path, depth)


def _parts(rule: Mapping[str, Any], path: str, depth: int) -> Iterator[Problem]:
    [(word, parts)] = rule.items()
    if not isinstance(parts, list | tuple) or not parts:
        yield f"{path}.{word}", "a list of at least one rule"
        return
    for index, part in enumerate(parts):
        yield from _walk(part, f"{path}.{word}[{index}]", depth + 1)


def _condition(rule: Mapping[str, Any], path: str) -> Iterator[Problem]:
    fact = rule["fact"]
    if not isinstance(fact, str) or fact not in FACTS:
        yield f"{path}.fact", f"one of {', '.join(FACTS)}"
        return
    question = rule.get("question", fact)
    if not isinstance(question, str) or not question.replace("_", "").isalnum() or len(question) > 64:
        yield f"{path}.question", "a code of letters, digits and underscores"
    tests = set(rule) - {"fact", "question"}
    allowed = _TESTS[FACTS[fact]]
    if len(tests) != 1 or not tests <= allowed:
        yield path, f"exactly one of {', '.join(sorted(allowed))} for the fact {fact}"
        return
    [test] = tests
    expected = _operand(fact, test, rule[test])
    if expected:
        yield f"{path}.{test}", expected


_TESTS = {
    FactKind.CODES: {"in"},
    FactKind.FLAG: {"is"},
    FactKind.NUMBER: {"at_least", "at_most"},
}


def _operand(fact: str, test: str, operand: Any) -> str:
    if test == "is":
        return "" if isinstance(operand, bool) else "true or false"
    if test in ("at_least", "at_most"):
        return "" if type(operand) is int and 0 <= operand <= 150 else "a whole number from 0 to 150"
    if not isinstance(operand, list | tuple) or not operand or not all(isinstance(code, str) for code in operand):
        return "a list of at least one code"
    known = CODE_FACTS[fact]
    if known is not None and not set(operand) <= set(known):
        return f"codes out of {', '.join(known)}"
    return ""
