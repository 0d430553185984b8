"""Small readers that check a JSON value, return it in its one normal form, and note every problem with its place.

A reader takes (value, path, problems). It never raises and never stops at the first mistake: an editor wants them all.
What a reader returns after noting a problem is of no use and is thrown away with the row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Expected(str):
    """What was expected at a place, in plain English; keeps its pattern and values, to be said in German as well."""

    __slots__ = ("pattern", "values")
    pattern: str
    values: Mapping[str, Any]

    def __new__(cls, pattern: str, **values: Any) -> "Expected":
        made = super().__new__(cls, pattern % values)
        made.pattern, made.values = pattern, values
        return made


Problem = tuple[str, str]
Problems = list[Problem]
Reader = Callable[[Any, str, Problems], Any]

MAX_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object: how to read it, and whether it must be there."""

    read: Reader
    required: bool = False


def must(read: Reader) -> Field:
    """A field without which the row means nothing."""
    return Field(read, required=True)


def may(read: Reader) -> Field:
    """A field that may stay away: unknown stays empty."""
    return Field(read)


@dataclass(frozen=True, slots=True)
class Shape:
    """Reads an object with these fields and no others; a field that is null is the same as one left out."""

    fields: Mapping[str, Field]

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            return wrong(problems, path, "an object")
        for name in value.keys() - self.fields.keys():
            wrong(
                problems, join(path, name), Expected("no such field; there are %(names)s", names=", ".join(self.fields))
            )
        return {
            name: field.read(value[name], join(path, name), problems)
            for name, field in self.fields.items()
            if _is_given(value, name, field, path, problems)
        }


def _is_given(value: Mapping[str, Any], name: str, field: Field, path: str, problems: Problems) -> bool:
    given = value.get(name) is not None
    if field.required and not given:
        wrong(problems, join(path, name), "a value: the field is required")
    return given


@dataclass(frozen=True, slots=True)
class ListOf:
    """Reads a list without repetitions, in the order given."""

    item: Reader
    at_least: int = 0

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            return wrong(problems, path, Expected("a list of at most %(most)s entries", most=MAX_ITEMS))
        if len(value) < self.at_least:
            return wrong(problems, path, Expected("a list of at least %(least)s entry", least=self.at_least))
        items = [self.item(entry, f"{path}[{index}]", problems) for index, entry in enumerate(value)]
        for index, entry in enumerate(items):
            if entry is not None and entry in items[:index]:
                wrong(problems, f"{path}[{index}]", "an entry that is not in the list already")
        return items


@dataclass(frozen=True, slots=True)
class OneOf:
    """Reads a code of a list."""

    codes: tuple[str, ...]

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str) or value not in self.codes:
            return wrong(problems, path, Expected("one of %(codes)s", codes=", ".join(self.codes)))
        return str(value)


def one_of(codes: type[StrEnum] | Iterable[str]) -> OneOf:
    """A code of a list."""
    return OneOf(tuple(codes))


def flag(value: Any, path: str, problems: Problems) -> Any:
    """True or false, nothing that merely looks like it."""
    return value if isinstance(value, bool) else wrong(problems, path, "true or false")


@dataclass(frozen=True, slots=True)
class Whole:
    """Reads a whole number within bounds."""

    low: int
    high: int

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not int or not self.low <= value <= self.high:
            expected = Expected("a whole number from %(low)s to %(high)s", low=self.low, high=self.high)
            return wrong(problems, path, expected)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """Reads a number within bounds."""

    low: float
    high: float

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) not in (int, float) or not self.low <= value <= self.high:
            expected = Expected("a number from %(low)s to %(high)s", low=f"{self.low:g}", high=f"{self.high:g}")
            return wrong(problems, path, expected)
        return value


def join(path: str, name: str) -> str:
    """The path of a field inside an object."""
    return f"{path}.{name}" if path else name


def wrong(problems: Problems, path: str, expected: str) -> Any:
    """Note what was expected at a place; gives nothing back, so that a reader can end with it."""
    problems.append((path, expected))
    return None
