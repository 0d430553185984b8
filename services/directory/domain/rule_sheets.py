"""Eligibility rules as a sheet somebody can fill in: for each fact what it must be, all of it together.

A rule with alternatives, or with rules inside rules, fits on no sheet and is edited as it is written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.eligibility import CODE_FACTS, FACTS, FactKind

Rule = Mapping[str, Any]
Sheet = dict[str, dict[str, Any]]

#: What a condition on codes may say: only these, or anybody but these.
ONLY, NOT = "only", "not"


def sheet_of(rule: Any) -> Sheet | None:
    """The sheet a rule fits on, well formed or not; None if it fits on none."""
    sheet: Sheet = {}
    for part in _together(rule):
        entry = _entry(part)
        if entry is None:
            return None
        fact, words = entry
        if sheet.get(fact, {}).keys() & words.keys():
            return None
        sheet.setdefault(fact, {}).update(words)
    return {fact: sheet[fact] for fact in FACTS if fact in sheet}


def _together(rule: Any) -> Sequence[Any]:
    """The parts of a rule that all have to be true."""
    if not rule:
        return ()
    together = rule.get("all") if isinstance(rule, Mapping) else None
    return together if isinstance(together, list) else (rule,)


def _entry(part: Any) -> tuple[str, dict[str, Any]] | None:
    """One line of a sheet: the fact, and what is said of it."""
    inner = part.get("not", part) if isinstance(part, Mapping) else None
    fact = inner.get("fact") if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(fact, str) or fact not in FACTS:
        return None
    if FACTS[fact] is FactKind.CODES and isinstance(inner.get("in"), list):
        return fact, {"mode": NOT if inner is not part else ONLY, "in": _in_order(fact, inner["in"])}
    words = {test: inner[test] for test in ("is", "at_least", "at_most") if test in inner}
    return (fact, words) if words and inner is part else None


def _in_order(fact: str, codes: Sequence[str]) -> list[str]:
    known = CODE_FACTS[fact]
    return list(codes) if known is None else [code for code in known if code in codes]


def rule_of(sheet: Sheet, held: Rule | None) -> Any:
    """The rule a sheet stands for; one that says the same as `held` stays as it is written, and keeps its questions."""
    known = sheet_of(held)
    if held is not None and sheet == known:
        return held
    asked = {} if known is None else dict(_questions(held))
    parts = [part for fact, words in sheet.items() for part in _parts(fact, words, asked.get(fact))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"all": parts}


def _questions(rule: Any) -> Iterator[tuple[str, str]]:
    for part in _together(rule):
        inner = part.get("not", part)
        if "question" in inner:
            yield inner["fact"], inner["question"]


def _parts(fact: str, words: Mapping[str, Any], question: str | None) -> Iterator[dict[str, Any]]:
    head = {"fact": fact, **({"question": question} if question else {})}
    if "in" in words:
        leaf = {**head, "in": words["in"]}
        yield {"not": leaf} if words["mode"] == NOT else leaf
        return
    for test, operand in words.items():
        yield {**head, test: operand}


def written(text: str) -> Any:
    """A rule as it was typed; what is no JSON stays the text it is, for the check of rules to refuse."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def as_written(rule: Any) -> str:
    return rule if isinstance(rule, str) else json.dumps(rule, ensure_ascii=False, indent=2)
