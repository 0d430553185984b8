"""What can still be told of bytes that are no valid envelope, so that the right subject waits behind them."""

import contextlib
import json
import re
from typing import Any
from uuid import UUID

from services.chassis.parking import Stub

NAME = re.compile(r"[A-Za-z0-9_./:-]{1,160}")


def stub_of(raw: bytes) -> Stub:
    """Id, source, subject, number and type as far as each of them is well formed."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return Stub()
    if not isinstance(document, dict):
        return Stub()
    return Stub(
        uuid_of(document.get("id")),
        _name(document.get("source")),
        _name(document.get("subject")),
        _number(document.get("sequence")),
        _name(document.get("type")),
    )


def uuid_of(value: Any) -> UUID | None:
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        return UUID(value)
    return None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and NAME.fullmatch(value) else None


def _number(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
