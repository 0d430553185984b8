"""What matching may know about who asks, made from the record where it lies; names and contacts never go along."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from contracts.codes import EnquirerKind
from contracts.eligibility import CODE_FACTS, FACTS, EmployerSize, FactKind
from services.referral.domain.candidates import Seeker
from services.referral.domain.drafting import age_on
from services.referral.domain.eligibility import Facts
from services.referral.domain.places import area_of, official_key

#: Fewer than so many employees (Commission Recommendation 2003/361/EC, head count alone).
EMPLOYER_SIZES = ((10, EmployerSize.MICRO), (50, EmployerSize.SMALL), (250, EmployerSize.MEDIUM))
NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


def seeker_of(
    kind: EnquirerKind, record: Mapping[str, Any], on: date, answers: Mapping[str, str] = NO_ANSWERS
) -> Seeker:
    """The record's facts, with `answers` to open questions on top: fact code to value code."""
    facts = _of_employer(record) if kind is EnquirerKind.EMPLOYER else _of_person(record, on)
    return Seeker(
        enquirer=kind,
        area=official_key(answers.get("area")) or area_of(record.get("postal_code")),
        languages=tuple(record.get("languages") or ()),
        facts={**facts, **_of_answers(answers)},
    )


def _of_person(record: Mapping[str, Any], on: date) -> Facts:
    known = {
        "profession": _codes("profession", [record.get("occupation_code")]),
        "residence_status": _codes("residence_status", [record.get("residence_status")]),
        "employment_status": _codes("employment_status", [record.get("employment_status")]),
        "benefit": _codes("benefit", record.get("benefits") or ()),
        "language_level": _codes("language_level", [_german(record)]),
    }
    facts: dict[str, frozenset[str] | bool | int] = {fact: codes for fact, codes in known.items() if codes}
    born_on = record.get("birth_date")
    if born_on:
        facts["age"] = age_on(born_on if isinstance(born_on, date) else date.fromisoformat(born_on), on)
    if record.get("qualification_country"):
        facts["degree_from_abroad"] = record["qualification_country"] != "DE"
    return facts


def _of_employer(record: Mapping[str, Any]) -> Facts:
    facts: dict[str, frozenset[str] | bool | int] = {}
    if record.get("occupation_sought"):
        facts["profession"] = frozenset({record["occupation_sought"]})
    if record.get("employees") is not None:
        sizes = (size for limit, size in EMPLOYER_SIZES if record["employees"] < limit)
        facts["employer_size"] = frozenset({str(next(sizes, EmployerSize.LARGE))})
    return facts


def _codes(fact: str, values: Any) -> frozenset[str]:
    """Only codes of the list count; a text somebody typed is not known to matching."""
    listed = CODE_FACTS[fact]
    return frozenset(value for value in values if value and (listed is None or value in listed))


def _german(record: Mapping[str, Any]) -> str | None:
    levels = {one["language"].partition("-")[0]: one["level"] for one in record.get("language_levels") or ()}
    level = levels.get("de")
    return "C2" if level == "native" else level


def _of_answers(answers: Mapping[str, str]) -> Facts:
    """Answers given at the desk: codes as they are, yes and no, whole numbers; anything else settles nothing."""
    facts: dict[str, frozenset[str] | bool | int] = {}
    for fact, answer in answers.items():
        kind = FACTS.get(fact)
        if kind is FactKind.CODES and (codes := _codes(fact, answer.split(","))):
            facts[fact] = codes
        elif kind is FactKind.FLAG and answer in ("true", "false"):
            facts[fact] = answer == "true"
        elif kind is FactKind.NUMBER and answer.isdecimal():
            facts[fact] = int(answer)
    return facts
