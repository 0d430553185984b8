"""How values look in JSON: marshmallow fields that take no near misses."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import marshmallow
from marshmallow import fields

from contracts.documents import FrozenDocument


class Matches(marshmallow.validate.Regexp):
    """The whole text matches; a bare ``$`` would let a line break slip through."""

    def __call__(self, value: Any) -> Any:
        if not self.regex.fullmatch(value):
            raise marshmallow.ValidationError(self._format_error(value))
        return value


class StrictInteger(fields.Integer):
    """A whole number; ``true`` and ``"3"`` are none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return value


class StrictBoolean(fields.Boolean):
    """``true`` or ``false``; ``1`` and ``"yes"`` are neither."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant as aware UTC; ``datetime.fromisoformat`` alone takes too much."""
    if not isinstance(text, str) or not _INSTANT.match(text):
        raise ValueError("not an RFC 3339 instant")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("not an RFC 3339 instant") from error


def format_instant(instant: datetime) -> str:
    """Write an instant in UTC with microseconds, so that equal instants are equal bytes."""
    return f"{instant.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


class Instant(fields.Field[datetime]):
    """An RFC 3339 instant with offset."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return parse_instant(value)
        except ValueError as error:
            raise marshmallow.ValidationError("rfc3339-instant") from error


_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")


class Day(fields.Date):
    """A calendar day, ``YYYY-MM-DD`` and nothing shorter."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not _DAY.match(value):
            raise marshmallow.ValidationError("calendar-day")
        return super()._deserialize(value, attr, data, **kwargs)


class Identifier(fields.UUID):
    """A UUID in its hyphenated form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or len(value) != 36:
            raise self.make_error("invalid_uuid")
        return super()._deserialize(value, attr, data, **kwargs)


class CodeOf(fields.Field[StrEnum]):
    """One code of a list."""

    def __init__(self, codes: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes = codes

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value.value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> StrEnum:
        if not isinstance(value, str) or value not in self.codes.__members__.values():
            raise marshmallow.ValidationError(f"code-of-{self.codes.__name__}")
        return self.codes(value)


class Document(fields.Field[FrozenDocument]):
    """A public mapping."""

    def __init__(self, kind: type[FrozenDocument], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.as_dict()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> FrozenDocument:
        try:
            return self.kind(value)
        except (ValueError, AttributeError, TypeError) as error:
            raise marshmallow.ValidationError(f"document-{self.kind.__name__}") from error


class TupleOf(fields.List[Any]):
    """A list in JSON, a tuple in Python."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise marshmallow.ValidationError("list")
        return tuple(super()._deserialize(value, attr, data, **kwargs))
