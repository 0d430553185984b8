"""Every role says every few seconds that it lives and what it measured; health pages and metrics read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from psycopg.types.json import Jsonb

from services.chassis.db import Connection

EVERY_SECONDS = 5.0

BEAT = """
INSERT INTO beats (role, beaten_at, figures) VALUES (%s, now(), %s)
ON CONFLICT (role) DO UPDATE SET beaten_at = EXCLUDED.beaten_at, figures = EXCLUDED.figures"""


@dataclass(frozen=True, slots=True)
class Beat:
    role: str
    beaten_at: datetime
    age_seconds: float
    figures: Mapping[str, Any]


def due(last: float, connection: Connection, role: str, figures: Mapping[str, Any]) -> float:
    """Beat if the last time is long enough ago; returns when the last beat was."""
    if monotonic() - last < EVERY_SECONDS:
        return last
    connection.execute(BEAT, (role, Jsonb(dict(figures))))
    return monotonic()


def beats(connection: Connection) -> list[Beat]:
    rows = connection.execute(
        "SELECT role, beaten_at, extract(epoch FROM now() - beaten_at)::float8 AS age_seconds, figures FROM beats"
    )
    return [Beat(**row) for row in rows]
