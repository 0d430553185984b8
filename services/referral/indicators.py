"""What a funder asks for, as data: whose programme, which period, and for each indicator what it counts and means.

Read from `INDICATORS` (JSON, or `INDICATORS_FILE`); without it a sample is shown, and named as one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from services.chassis.config import ConfigError, Environment
from services.referral.domain.indicators import Asked, Counts, Source

SAMPLE = Path(__file__).with_name("indicators.json")
EXPECTED = (
    "JSON like services/referral/indicators.json: {sets: [{id, funder, programme, first, last, indicators: [{code,"
    " name: {de, ...}, definition: {de, ...}, source, tags, counts: cases | persons}]}]}"
)
GERMAN = "de"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure: what it is called, what exactly it means, and what is counted for it."""

    code: str
    name: Mapping[str, str]
    definition: Mapping[str, str]
    asked: Asked
    counts: Counts


@dataclass(frozen=True, slots=True)
class IndicatorSet:
    """What one funder wants to know of one period."""

    id: str
    funder: str
    programme: str
    first: date
    last: date
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class IndicatorSets:
    all: tuple[IndicatorSet, ...]
    is_sample: bool = False

    def beside(self, one: IndicatorSet) -> tuple[Asked, ...]:
        """Everything that is told of the same period, to whichever funder, in its order: figures must fit together."""
        of_period = [each for each in self.all if (each.first, each.last) == (one.first, one.last)]
        return tuple(dict.fromkeys(indicator.asked for each in of_period for indicator in each.indicators))


def load(settings: Environment) -> IndicatorSets:
    """Read and check them; what is wrong is named by its place, and the process does not start."""
    text = settings.secret("INDICATORS", EXPECTED, "", matches=r"(?s).*")
    return read(text) if text else sample()


def sample() -> IndicatorSets:
    return read(SAMPLE.read_text(encoding="utf-8"), is_sample=True)


def read(text: str, *, is_sample: bool = False) -> IndicatorSets:
    try:
        given = json.loads(text)
        found = tuple(_set(f"sets[{place}]", one) for place, one in enumerate(given["sets"]))
    except json.JSONDecodeError:
        raise ConfigError("INDICATORS", EXPECTED) from None
    except _WrongError as wrong:
        raise ConfigError("INDICATORS", f"{wrong}; {EXPECTED}") from None
    except (KeyError, TypeError) as error:
        raise ConfigError("INDICATORS", f"{error} is missing or of the wrong kind; {EXPECTED}") from None
    if len({one.id for one in found}) < len(found):
        raise ConfigError("INDICATORS", "each id once")
    _expect_apart(found)
    return IndicatorSets(found, is_sample)


def _expect_apart(sets: tuple[IndicatorSet, ...]) -> None:
    """Of periods that overlap one could be taken off the other, down to a few persons."""
    for one in sets:
        for other in sets:
            overlap = one.first <= other.last and other.first <= one.last
            if overlap and (one.first, one.last) != (other.first, other.last):
                raise ConfigError("INDICATORS", f"periods that are the same or apart, unlike {one.id} and {other.id}")


class _WrongError(ValueError):
    """A place in the document, and what belongs there."""


def _set(place: str, given: Mapping[str, Any]) -> IndicatorSet:
    first, last = _day(f"{place}.first", given["first"]), _day(f"{place}.last", given["last"])
    if last < first:
        raise _WrongError(f"{place}.last: not before first")
    indicators = tuple(
        _indicator(f"{place}.indicators[{number}]", one) for number, one in enumerate(given["indicators"])
    )
    if len({one.code for one in indicators}) < len(indicators):
        raise _WrongError(f"{place}.indicators: each code once")
    name, funder, programme = (_text(f"{place}.{key}", given[key]) for key in ("id", "funder", "programme"))
    return IndicatorSet(name, funder, programme, first, last, indicators)


def _indicator(place: str, given: Mapping[str, Any]) -> Indicator:
    tags = tuple(_text(f"{place}.tags", one) for one in given["tags"])
    if not tags:
        raise _WrongError(f"{place}.tags: at least one")
    return Indicator(
        _text(f"{place}.code", given["code"]),
        _texts(f"{place}.name", given["name"]),
        _texts(f"{place}.definition", given["definition"]),
        Asked(_one_of(f"{place}.source", given["source"], Source), tags),
        _one_of(f"{place}.counts", given["counts"], Counts),
    )


def _one_of(place: str, given: Any, codes: Any) -> Any:
    if given not in set(codes):
        raise _WrongError(f"{place}: one of {', '.join(codes)}")
    return codes(given)


def _text(place: str, given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _WrongError(f"{place}: a text")
    return given.strip()


def _texts(place: str, given: Any) -> Mapping[str, str]:
    if not isinstance(given, dict) or GERMAN not in given:
        raise _WrongError(f"{place}: a text in German, others beside it")
    return {str(language): _text(f"{place}.{language}", text) for language, text in given.items()}


def _day(place: str, given: Any) -> date:
    try:
        return date.fromisoformat(_text(place, given))
    except ValueError:
        raise _WrongError(f"{place}: a day like 2026-01-31") from None
