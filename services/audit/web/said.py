"""What an entry says, for a reader: codes by the list its event declares, days and times as they are written here."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from contracts.event import REGISTRY
from contracts.fields import parse_instant
from services.audit.queries.search import FoundEntry
from services.chassis import i18n
from services.chassis.pages import label, language

Say = Callable[[Any], Any]


def said(entry: FoundEntry) -> Mapping[str, Any]:
    """The members of an entry in words; ids, and what nobody here knows, as they stand."""
    cls = REGISTRY.get(entry.type)
    return dict(entry.data) if cls is None else _of_class(cls, entry.data)


def _of_class(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    ways = ways_of(cls)
    return {name: _as_it_stands(value) if name not in ways else ways[name](value) for name, value in data.items()}


@cache
def ways_of(cls: type) -> Mapping[str, Say]:
    """How each member of an event or of a value inside it is said."""
    return {name: _way(annotation) for name, annotation in get_type_hints(cls).items()}


def _way(annotation: Any) -> Say:
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (one for one in get_args(annotation) if one is not NoneType)
    if get_origin(annotation) is tuple:
        each = _way(get_args(annotation)[0])
        return lambda items: [each(item) for item in items]
    if not isinstance(annotation, type):
        return _as_it_stands
    if issubclass(annotation, StrEnum):
        return _code(annotation)
    if is_dataclass(annotation):
        return lambda value: _of_class(annotation, value)
    return TIMES.get(annotation, _as_it_stands)


def _code(codes: type[StrEnum]) -> Say:
    """A code that has left its list meanwhile is said as it was recorded."""
    known = {str(one): one for one in codes}
    return lambda value: label(known[value]) if value in known else value


def _as_it_stands(value: Any) -> Any:
    return value


TIMES: Mapping[type, Say] = {
    date: lambda value: i18n.format_day(date.fromisoformat(value), language()),
    datetime: lambda value: i18n.format_moment(parse_instant(value), language()),
}
