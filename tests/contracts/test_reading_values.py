"""What the schemas refuse when they read: near misses of every kind."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from marshmallow import ValidationError

from contracts import fields as kinds
from contracts.codes import Topic
from contracts.fields import kind_of

NEAR_MISSES: list[tuple[Any, Any]] = [
    (UUID, "7b1d5f0e58a95c549a3f0c5b8d6f0a01"),
    (UUID, 5),
    (UUID, "x" * 36),
    (int, True),
    (int, "3"),
    (int, 3.5),
    (bool, 1),
    (bool, "true"),
    (date, "20261123"),
    (date, "2026-W48-1"),
    (date, "2026-11-23T00:00:00Z"),
    (date, "2026-13-01"),
    (date, 20261123),
    (datetime, "2026-11-23T09:30Z"),
    (datetime, "2026-11-23T09:30:00"),
    (datetime, "2026-11-23T09:30:00+05"),
    (datetime, "2026-11-23 09:30:00Z"),
    (datetime, "2026-11-23T25:30:00Z"),
    (datetime, "0001-01-01T00:00:00+14:00"),
    (datetime, 1),
    (Topic, "sprache"),
    (Topic, 1),
    (Topic, ["SPRACHE"]),
    (kinds.Code, "with space"),
    (kinds.Code, "line\n"),
    (kinds.Code, 1),
    (kinds.PublicText, "text"),
    (kinds.PublicText, ["text"]),
    (kinds.PublicJwk, {"kty": "RSA", "d": "secret"}),
    (kinds.JsonDocument, 5),
    (tuple[Topic, ...], "SPRACHE"),
    (tuple[Topic, ...], {"SPRACHE": 1}),
    (tuple[Topic, ...], ["SPRACHE", "UNKNOWN"]),
]


@pytest.mark.parametrize(("annotation", "item"), NEAR_MISSES, ids=str)
def test_a_near_miss_is_refused(annotation: Any, item: Any) -> None:
    field = kind_of(annotation).field()
    with pytest.raises(ValidationError):
        field.deserialize(item)


@pytest.mark.parametrize("annotation", [datetime, Topic, kinds.JsonDocument], ids=str)
def test_nothing_is_written_as_nothing(annotation: Any) -> None:
    assert kind_of(annotation).field().serialize("field", {"field": None}) is None


def test_instants_are_read_with_any_offset_and_written_in_utc() -> None:
    read = kinds.parse_instant("2026-11-23T10:30:00.5+01:00")
    assert kinds.format_instant(read) == "2026-11-23T09:30:00.500000Z"


def test_an_id_is_read_in_either_case() -> None:
    identity = uuid4()
    assert kind_of(UUID).field().deserialize(str(identity).upper()) == identity
