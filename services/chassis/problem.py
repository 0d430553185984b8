"""Problem details (RFC 9457): what went wrong, as data. Never the text of an exception, never a name."""

import json
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

from flask import Response

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:lotsennetz:problem:"


def problem(status: int, slug: str, title: str, *, instance: str, data: Mapping[str, Any] | None = None) -> Response:
    """One answer for all failures: ``slug`` is stable, ``title`` is its sentence, ``instance`` the number to quote."""
    body = {
        **_plain(data or {}),
        "type": TYPE + slug,
        "slug": slug,
        "title": title,
        "status": status,
        "instance": instance,
    }
    return Response(json.dumps(body, ensure_ascii=False), status, content_type=MEDIA_TYPE)


def _plain(value: Any) -> Any:
    """Ids, codes and dates as JSON; anything else that is not JSON itself is left out rather than printed."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | date):
        return str(value) if isinstance(value, UUID) else value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else None
